"""How long records stay, as the config says it."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.errors import Refusal
from support.cases import cases

SMALLEST = {"environments": {"uat": {}}}


def keep(raw: Any) -> int:
    return load({**SMALLEST, "ledger": raw}, KINDS).ledger.keep


def test_without_the_key_records_stay_for_good() -> None:
    assert load(SMALLEST, KINDS).ledger.keep == 0
    assert keep({}) == 0


@cases(
    ("text", "months"),
    [("7y", 84), ("7 years", 84), ("1 year", 12), ("18mo", 18), ("84 months", 84), ("100y", 1200)],
)
def test_years_and_months_are_read(text: str, months: int) -> None:
    assert keep({"keep": text}) == months


@cases(
    "wrong", ["30d", "7", "7m", "7w", "11mo", "0y", "101y", "seven years", "-7y", 7, 7.5, None, ""]
)
def test_any_other_period_is_refused_with_one_that_works(wrong: Any) -> None:
    with pytest.raises(Refusal) as refused:
        keep({"keep": wrong})
    (line,) = refused.value.facts["problems"]
    assert line.startswith(
        "ledger.keep: expected a number of years or months, from 1y to 100y, such as 7y or 84mo, "
        "found "
    )


@cases(
    ("raw", "complaint"),
    [
        ({"keeep": "7y"}, "ledger.keeep: there is no such key; did you mean keep?"),
        ("7y", "ledger"),
        (None, "ledger"),
    ],
)
def test_what_is_wrong_is_named(raw: Any, complaint: str) -> None:
    with pytest.raises(Refusal) as refused:
        keep(raw)
    assert any(one.startswith(complaint) for one in refused.value.facts["problems"])
