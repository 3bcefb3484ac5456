"""Moments as services write them."""

from __future__ import annotations

from datetime import datetime, timezone

from opsroom.times.iso import moment_of
from support.cases import cases

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)


@cases(
    "written",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T12:00:00.000000000Z",
        "2026-11-23T13:00:00.000+0100",
        "2026-11-23T06:30:00-05:30",
        "2026-11-23 12:00:00",
    ],
)
def test_each_form_is_the_same_moment_in_utc(written: str) -> None:
    found = moment_of(written)
    assert found == NOON
    assert found.tzinfo is timezone.utc


def test_a_fraction_is_kept_to_the_microsecond() -> None:
    assert moment_of("2026-11-23T12:00:00.25Z") == NOON.replace(microsecond=250_000)
    assert moment_of("2026-11-23T12:00:00.123456789Z") == NOON.replace(microsecond=123_456)


@cases(
    "value",
    [
        None,
        7,
        [],
        "",
        "soon",
        "2026-11-23",
        "2026-13-23T12:00:00Z",
        "0001-01-01T00:00:00+1400",
        "2026-11-23T12:00:00Z\n",
        "２026-11-23T12:00:00Z",
        "2026-11-23T12:00:00+99:99",
    ],
)
def test_what_is_no_moment_is_none(value: object) -> None:
    assert moment_of(value) is None
