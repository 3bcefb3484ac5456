"""Answers are cut and cleaned without losing a word."""

from __future__ import annotations

import pytest
from opsroom_relay.text import addressed, clean, pieces


@pytest.mark.parametrize("text", ["", "a", "a b " * 99, "x" * 300, "ж€🚀" * 60, "a\n\nb\n" * 40])
def test_pieces_have_the_limit_and_all_of_the_text(text: str) -> None:
    cut = list(pieces(text, 40))
    assert all(len(one.encode()) <= 40 for one in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


def test_blank_lines_stay_within_a_piece() -> None:
    assert list(pieces("a\n\nb", 40)) == ["a\n\nb"]


def test_control_characters_go_and_line_breaks_stay() -> None:
    assert clean("a\x00b\r\nc\rd\te\x1b[0m\u2028f\ud800") == "ab\nc\nd\te[0mf"
    assert clean(7) == "7"


def test_who_is_named_is_not_addressed_again() -> None:
    assert addressed("nothing is locked", "bob") == "bob: nothing is locked"
    assert addressed("Bob deployed web", "bob") == "Bob deployed web"
    assert addressed("bobby deployed web", "bob") == "bob: bobby deployed web"
    assert addressed("done", "") == "done"
