"""No line of an answer is longer than IRC takes: with letters that are not Latin it is the bytes
that count."""

from __future__ import annotations

from typing import List

import pytest

from opsroom.action import _fit
from opsroom.text import LINE_BYTES, MESSAGE_CHARACTERS, in_lines
from support.cases import cases

URL = "https://stackstorm.example.com/#/history/34e73f799c082f8f8eac809b/general"
TEXTS = [
    "ж" * 395,
    "слово " * 65,
    "尺 寸 " * 80,
    "尺" * 395,
    "🚀" * 395,
    "Ünïcödé " * 49,
    f"{'a' * 200} {'ж' * 190}",
]


def sizes(text: str) -> List[int]:
    return [len(row.encode("utf-8")) for row in text.split("\n")]


@cases("text", TEXTS)
def test_a_long_line_is_broken_and_nothing_of_it_is_lost(text: str) -> None:
    broken, hint = in_lines(text)
    assert hint == ""
    assert max(sizes(broken)) <= LINE_BYTES
    assert broken.replace("\n", "").replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole_where_they_can() -> None:
    assert set(in_lines("слово " * 65)[0].split()) == {"слово"}


@pytest.mark.parametrize(
    "text", ["a" * MESSAGE_CHARACTERS, "one\ntwo", "", "ж" * 150, "deployed → uat … × 3"]
)
def test_what_fits_is_left_alone(text: str) -> None:
    assert in_lines(text) == (text, "")


@cases("hint", ["", "short", "подсказка " * 15, "ask: " + "🚀" * 80])
@cases("text", ["ж" * 200, "слово " * 33, "a" * 200, "🚀" * 190])
def test_message_hint_and_link_fit_as_the_aliases_put_them_after_one_another(
    text: str, hint: str
) -> None:
    result = _fit({"message": text, "hint": hint})
    said = result["message"] + (f" {result['hint']}" if result["hint"] else "")
    if len(said + URL) < 398:
        said += f" {URL}"
    # Before it goes, on IRC, who says it and where; all of it in 512 bytes.
    assert max(sizes(said)) <= LINE_BYTES + 1 + len(URL)
