"""The commands about cards and their forms."""

from __future__ import annotations

from typing import Tuple

from .families import alone, by_id, giving, text_last, text_within
from .forms import COLON, LAST, PAIRS, REST, WORD, Command, Form, gaps, plain, value, words

_CARD = words("create") + r"\s+(?:a\s+)?card"
_PROJECT = r"(?!:)\S(?:(?!\s*:(?!\S))[^\n]){0,255}"
_IN_PROJECT = gaps(_CARD, "in", value("project", _PROJECT))
_ABOUT = words("cards about") + r"\s+"
_ONE_PROJECT = rf"(?!(?!{WORD}{PAIRS}))"
_IN_ONE = rf"\s+in\s+{_ONE_PROJECT}{value('project')}{PAIRS}"

CARDS: Tuple[Command, ...] = (
    giving("assign_card", "assign card", "assignee"),
    Command(
        "comment_card",
        rf"(?:{words('comment on card')}|{words('add comment')})",
        (
            text_last(
                "comment on card {{ card }}: {{ text }}",
                gaps(words("comment on card"), value("card", r"(?!:)\S+?")),
                "text",
            ),
            text_within(
                "add comment {{ text }} to card {{ card }}",
                words("add comment"),
                "text",
                *("to", "card", value("card", r"\S+")),
            ),
        ),
    ),
    Command(
        "create_card",
        _CARD,
        (
            text_last("create card: {{ text }}", _CARD, "text", r"\s*:\s*"),
            text_last("create card in {{ project }}: {{ text }}", _IN_PROJECT, "text"),
            text_within(
                "create a card {{ text }} in project {{ project }}",
                words("create a card") + rf"(?!\s*:)(?!\s+in\s+{_PROJECT}{COLON}\S)",
                "text",
                *("in", "project", value("project", LAST)),
            ),
        ),
    ),
    Command(
        "find_cards",
        words("cards"),
        (
            Form(
                "cards about {{ text }}",
                _ABOUT + rf"(?!{REST}{plain(_IN_ONE)})" + value("text", REST),
            ),
            Form(
                "cards about {{ text }} in {{ project }}",
                _ABOUT + value("text", REST) + _IN_ONE,
                before={"project": _ONE_PROJECT},
            ),
        ),
    ),
    by_id("get_card", "show card", "card"),
    giving("move_card", "move card", "column"),
    alone("my_cards", "my cards"),
)
