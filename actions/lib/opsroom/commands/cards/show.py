"""show card: a card as it is now, with its latest comments. Changes nothing, and leaves no
record."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import Any, Dict, List, Tuple

from ...errors import Code
from ...people import read_line
from ...text import MESSAGE_CHARACTERS, one_line, when
from ...trackers import Card, Comment
from .. import Context, Outcome
from . import tracker_of_card

# So many of the latest comments are told; all that the tracker sent are in the facts.
_COMMENTS = 2
# In characters: of a summary, of a description or comment, and what is too little of either to say
# anything.
_SUMMARY = 100
_TEXT = 120
_SHORTEST = 20
# A cut address leads nowhere.
_LONGEST_URL = 200


def get_card(context: Context, card: str) -> Outcome:
    """The card, what it says and where it stands. Raises Refusal(unknown_card).

    What opsroom wrote in someone's name is told as theirs, for every kind of tracker.
    """
    found = tracker_of_card(context, card)
    card_shown = in_their_names(found.tracker.show(found.id))
    return Outcome(
        True,
        Code.CARD,
        "\n".join(_lines(found.name, card_shown)),
        card_facts(found.name, card_shown),
    )


def card_facts(tracker: str, card: Card) -> Dict[str, Any]:
    """A card as data."""
    return {
        "tracker": tracker,
        "card": card.id,
        **{name: one for name, one in asdict(card).items() if name != "id"},
    }


def in_their_names(card: Card) -> Card:
    """The card, with the first lines that name who asked taken off its texts and those people as
    reporter and authors.

    The tracker's own word on who wrote it goes into `via`: anyone over there can write such a
    line.
    """
    comments = tuple(_in_their_name(one) for one in card.comments)
    name, text = read_line(card.description)
    if not name:
        return replace(card, comments=comments)
    via = "" if card.reporter == name else card.reporter
    return replace(card, comments=comments, reporter=name, via=via, description=text)


def _in_their_name(comment: Comment) -> Comment:
    name, text = read_line(comment.text)
    if not name:
        return comment
    return replace(
        comment, author=name, text=text, via="" if comment.author == name else comment.author
    )


def _lines(tracker: str, card: Card) -> List[str]:
    now = datetime.now(timezone.utc)
    state = [one_line(card.archived, 40)] if card.archived else []
    state += [one_line(card.status, 30)] if card.status else []
    state.append(
        f"assigned to {one_line(card.assignee, 30)}" if card.assignee else "assigned to nobody"
    )
    state += [f"reported by {_who(card.reporter, card.via)}"] if card.reporter else []
    state += [f"changed {when(card.changed_at, now)}"] if card.changed_at else []
    url = [card.url] if card.url and len(card.url) <= _LONGEST_URL else []
    head = f"{card.id} in {tracker}: "
    below = [", ".join(state), *url]
    room = MESSAGE_CHARACTERS - len("\n".join([head, *below]))
    lines = [head + one_line(card.summary, min(max(room, _SHORTEST), _SUMMARY)), *below]
    texts = [("", card.description)] if card.description.strip() else []
    for comment in card.comments[-_COMMENTS:]:
        at = f", {when(comment.at, now)}" if comment.at else ""
        texts.append((f"{_who(comment.author, comment.via)}{at}: ", comment.text))
    return lines + _fitting(texts, MESSAGE_CHARACTERS - len("\n".join(lines)))


def _who(name: str, via: str) -> str:
    return f"{one_line(name, 30)} via {one_line(via, 20)}" if via else one_line(name, 30)


def _fitting(texts: List[Tuple[str, str]], room: int) -> List[str]:
    """Each text behind what says whose it is, in so many characters together; the first ones go
    where it is too narrow.

    What a short one leaves is for those after it.
    """
    while texts and room < sum(len(whose) + 1 + _SHORTEST for whose, _ in texts):
        texts = texts[1:]
    room -= sum(len(whose) + 1 for whose, _ in texts)
    lines: List[str] = []
    for number, (whose, text) in enumerate(texts):
        line = one_line(text, min(room // (len(texts) - number), _TEXT))
        lines.append(whose + line)
        room -= len(line)
    return lines
