"""The board, the ledger, the sensors and the metrics, as the config says them."""

from __future__ import annotations

from typing import Any

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import BoardSettings, MetricsSettings, Watching
from support.cases import cases
from support.errors import refusal_of

SMALLEST = {"environments": {"test": {}, "uat": {}}}


def settings(key: str, raw: Any) -> Any:
    """What the config says of one part."""
    return getattr(load({**SMALLEST, key: raw}, KINDS), key)


@cases(
    ("key", "expected"),
    [
        ("board", BoardSettings(folder="")),
        ("watching", Watching(versions=60.0, cards=60.0, pages=30.0, misses=3)),
        ("metrics", MetricsSettings("")),
    ],
)
def test_what_is_not_said_has_its_default(key: str, expected: Any) -> None:
    assert getattr(load(SMALLEST, KINDS), key) == settings(key, {}) == expected


@cases(
    ("key", "raw", "expected"),
    [
        (
            "board",
            {"folder": "/var/www/opsroom"},
            BoardSettings("/var/www/opsroom", None, True, True, ask_within=5.0, stale_after=300.0),
        ),
        (
            "board",
            {
                **{"folder": "/w", "environments": ["uat"], "people": False, "ask": False},
                **{"ask_within": "2s", "stale_after": "10m"},
            },
            BoardSettings("/w", ("uat",), False, False, 2.0, 600.0),
        ),
        # An empty list shows none of them.
        ("board", {"folder": "/w", "environments": []}, BoardSettings("/w", environments=())),
        ("watching", {"cards": "2m"}, Watching(cards=120.0)),
        # Zero is never.
        (
            "watching",
            {"versions": "0s", "cards": 0, "pages": "0s", "misses": 1},
            Watching(0.0, 0.0, 0.0, 1),
        ),
        ("metrics", {"folder": "/var/lib/x"}, MetricsSettings("/var/lib/x")),
    ],
)
def test_what_is_said_is_read(key: str, raw: Any, expected: Any) -> None:
    assert settings(key, raw) == expected


@cases(
    ("text", "months"),
    [
        (None, 0),
        *[("7y", 84), ("7 years", 84), ("1 year", 12)],
        *[("18mo", 18), ("84 months", 84), ("100y", 1200)],
    ],
)
def test_records_stay_for_years_or_months_else_for_good(text: Any, months: int) -> None:
    raw = {} if text is None else {"keep": text}
    assert settings("ledger", raw).keep == months
    assert load(SMALLEST, KINDS).ledger.keep == 0


@cases(
    "wrong", ["30d", "7", "7m", "7w", "11mo", "0y", "101y", "seven years", "-7y", 7, 7.5, None, ""]
)
def test_any_other_period_is_refused_with_one_that_works(wrong: Any) -> None:
    (line,) = refusal_of(settings, "ledger", {"keep": wrong}).facts["problems"]
    assert line.startswith(
        "ledger.keep: expected a number of years or months, from 1y to 100y, such as 7y or 84mo, "
        "found "
    )


@cases(
    ("key", "raw", "complaint"),
    [
        ("board", {"ask": True}, ".folder: expected the full path of a folder, found nothing"),
        ("board", {"folder": "www"}, ".folder: expected the full path of a folder, found 'www'"),
        (
            "board",
            {"folder": "/w", "environments": ["prod"]},
            ".environments: expected environments of the config, found 'prod'",
        ),
        (
            "board",
            {"folder": "/w", "stale_after": "30s"},
            ".stale_after: expected a length of time of 120s or more such as 30s, 5m or 2h, "
            "found '30s'",
        ),
        ("board", {"folder": "/w", "people": "no"}, ".people: expected true or false, found 'no'"),
        ("board", {"folder": "/w", "asks": 1}, ".asks: there is no such key; did you mean ask?"),
        ("ledger", {"keeep": "7y"}, ".keeep: there is no such key; did you mean keep?"),
        ("ledger", "7y", ""),
        ("ledger", None, ""),
        ("watching", {"versions": "1s"}, ".versions: expected 5s or more, or 0s for never; found "),
        (
            "watching",
            {"pages": "often"},
            ".pages: expected a length of time such as 30s, 5m or 2h, found 'often'",
        ),
        ("watching", {"misses": 0}, ".misses: expected a whole number from 1 to 100, found 0"),
        ("watching", {"version": "1m"}, ".version: there is no such key; did you mean versions?"),
        ("watching", ["x"], ": expected a mapping, found a list"),
        ("metrics", {"folder": "x/y"}, ".folder: expected the full path of a folder, found 'x/y'"),
        ("metrics", {"folder": None}, ".folder"),
        ("metrics", {"file": "/x"}, ".folder: expected the full path of a folder, found nothing"),
        ("metrics", "on", ""),
    ],
)
def test_a_mistake_is_named_by_its_key(key: str, raw: Any, complaint: str) -> None:
    problems = refusal_of(settings, key, raw).facts["problems"]
    assert [one for one in problems if one.startswith(f"{key}{complaint}")], problems
