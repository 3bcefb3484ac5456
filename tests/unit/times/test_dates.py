"""Points in time and lengths that people type in chat: understood where they mean one thing, asked
back otherwise."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.errors import Code, Refusal
from opsroom.times.dates import looks_like_point, readings
from opsroom.times.durations import looks_like_duration, read_duration
from opsroom.times.moments import read_end, split_end
from opsroom.times.zones import UTC
from support.cases import cases
from support.errors import refusal_of

LONDON = "Europe/London"
# A Monday.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def end_of(text: str, now: datetime = NOW, place: str = LONDON) -> str:
    """The end of a reason, in UTC."""
    reason, end = split_end(f"load test {text}")
    assert reason == "load test"
    assert end
    return f"{read_end(end, now, place):%Y-%m-%d %H:%M}"


TODAY, TOMORROW = "2026-11-23", "2026-11-24"


@cases(
    ("text", "expected"),
    [
        ("until 17.00", f"{TODAY} 17:00"),
        ("until 09.30", f"{TOMORROW} 09:30"),
        ("until 17h", f"{TODAY} 17:00"),
        ("until 17h30", f"{TODAY} 17:30"),
        ("until 1730", f"{TODAY} 17:30"),
        ("until 17:00:30", f"{TODAY} 17:00"),
        ("until 5pm", f"{TODAY} 17:00"),
        ("until 5 PM", f"{TODAY} 17:00"),
        ("until 5 p.m.", f"{TODAY} 17:00"),
        ("until 5.30pm", f"{TODAY} 17:30"),
        ("until 12am", f"{TOMORROW} 00:00"),
        ("until 12pm", f"{TOMORROW} 12:00"),
        ("until noon", f"{TOMORROW} 12:00"),
        ("until 12 noon", f"{TOMORROW} 12:00"),
        ("until midday", f"{TOMORROW} 12:00"),
        ("until midnight", f"{TOMORROW} 00:00"),
        ("until midnight tonight", f"{TOMORROW} 00:00"),
        ("until today midnight", f"{TOMORROW} 00:00"),
        ("until 17 o'clock", f"{TODAY} 17:00"),
        ("until 17 o\u2019clock", f"{TODAY} 17:00"),
        ("until 17:00 sharp", f"{TODAY} 17:00"),
        ("until 17:00, please", f"{TODAY} 17:00"),
        ("until \u201c17:00\u201d", f"{TODAY} 17:00"),
        ("until 17:00 today", f"{TODAY} 17:00"),
        ("until tonight at 22:00", f"{TODAY} 22:00"),
        ("until tomorrow noon", f"{TOMORROW} 12:00"),
        ("until noon tomorrow", f"{TOMORROW} 12:00"),
        ("until 9am tomorrow", f"{TOMORROW} 09:00"),
        ("until the day after tomorrow 9:00", "2026-11-25 09:00"),
        ("until Fri 9am", "2026-11-27 09:00"),
        ("until 17:00 on Friday", "2026-11-27 17:00"),
        ("until Friday, 17.00", "2026-11-27 17:00"),
        ("until this Friday 17:00", "2026-11-27 17:00"),
        ("until next Monday 17:00", "2026-11-30 17:00"),
        ("until Weds 9:00", "2026-11-25 09:00"),
        ("until end of day", f"{TOMORROW} 00:00"),
        ("until the end of the day", f"{TOMORROW} 00:00"),
        ("until EOD", f"{TOMORROW} 00:00"),
        ("until end of Friday", "2026-11-28 00:00"),
        ("until 24.12.2026", "2026-12-25 00:00"),
        ("until 24.12.2026 17:00", "2026-12-24 17:00"),
        ("until 24.12.26", "2026-12-25 00:00"),
        ("until 24.12.", "2026-12-25 00:00"),
        ("until 24/12", "2026-12-25 00:00"),
        ("until 12/24", "2026-12-25 00:00"),
        ("until 24/12/2026 5pm", "2026-12-24 17:00"),
        ("until 2026/12/24", "2026-12-25 00:00"),
        ("until 24-12-2026", "2026-12-25 00:00"),
        ("until 24 Dec", "2026-12-25 00:00"),
        ("until Dec 24", "2026-12-25 00:00"),
        ("until December 24th, 2026 17:00", "2026-12-24 17:00"),
        ("until the 24th of December", "2026-12-25 00:00"),
        ("until Thu 24 Dec 17:00", "2026-12-24 17:00"),
        ("until Jan 5", "2027-01-06 00:00"),
        ("until 17:00 UTC", f"{TODAY} 17:00"),
        ("until 17:00 utc", f"{TODAY} 17:00"),
        ("until 17:00 GMT", f"{TODAY} 17:00"),
        ("until 17:00Z", f"{TODAY} 17:00"),
        ("until 17:00 CET", f"{TODAY} 16:00"),
        ("until 17:00 CEST", f"{TOMORROW} 15:00"),
        ("until 17:00+01:00", f"{TODAY} 16:00"),
        ("until 17:00 UTC+1", f"{TODAY} 16:00"),
        ("until 17:00 europe/berlin", f"{TODAY} 16:00"),
        ("until 5pm America/New_York", f"{TODAY} 22:00"),
        ("until 2026-12-24T17:00:00+01:00", "2026-12-24 16:00"),
        ("until 2026-12-24T17:00:00-05:00", "2026-12-24 22:00"),
        ("until 2026-12-24T17:00Z", "2026-12-24 17:00"),
        ("for 1h30", f"{TODAY} 16:30"),
        ("for 1 hour 30", f"{TODAY} 16:30"),
        ("for 1:30h", f"{TODAY} 16:30"),
        ("for half an hour", f"{TODAY} 15:30"),
        ("for a half hour", f"{TODAY} 15:30"),
        ("for an hour", f"{TODAY} 16:00"),
        ("for one hour", f"{TODAY} 16:00"),
        ("for an hour and a half", f"{TODAY} 16:30"),
        ("for one and a half hours", f"{TODAY} 16:30"),
        ("for 1\u00bd hours", f"{TODAY} 16:30"),
        ("for 1,5 hours", f"{TODAY} 16:30"),
        ("for a quarter of an hour", f"{TODAY} 15:15"),
        ("for three quarters of an hour", f"{TODAY} 15:45"),
        ("for an hour and a quarter", f"{TODAY} 16:15"),
        ("for 1 hour and 15 minutes", f"{TODAY} 16:15"),
        ("for 1 hour, 15 min", f"{TODAY} 16:15"),
        ("for 90 min", f"{TODAY} 16:30"),
        ("for twenty minutes", f"{TODAY} 15:20"),
        ("for the next 2 hours", f"{TODAY} 17:00"),
        ("for the next hour", f"{TODAY} 16:00"),
        ("for 2 days", "2026-11-25 15:00"),
        ("for a day", f"{TOMORROW} 15:00"),
        ("for 17h", f"{TOMORROW} 08:00"),
    ],
)
def test_what_means_one_thing_is_understood(text: str, expected: str) -> None:
    assert end_of(text) == expected


@cases(
    ("text", "offers"),
    [
        ("until 2h", ["for 2h", "until 2026-11-24 02:00"]),
        ("until 2h30", ["for 2h30", "until 2026-11-24 02:30"]),
        ("until 17.10", ["until 17:10", "until 2027-10-17"]),
        ("until 05/12", ["until 2026-12-05", "until 2027-05-12"]),
        ("until 05/12 17:00", ["until 2026-12-05 17:00", "until 2027-05-12 17:00"]),
        ("until next Friday 17:00", ["until 2026-11-27 17:00", "until 2026-12-04 17:00"]),
        ("until Friday midnight", ["until 2026-11-27 00:00", "until 2026-11-28 00:00"]),
        ("until 5 o'clock", ["until 17:00", "until 2026-11-24 05:00"]),
        ("until 22 Nov", ["until 2027-11-22"]),
    ],
)
def test_what_may_mean_several_things_is_asked_back_with_each_of_them(
    text: str, offers: list
) -> None:
    refused = refusal_of(end_of, text)
    assert refused.code is Code.INVALID_TIME
    for one in offers:
        assert one in refused.hint
        # What is offered works, and means one thing.
        assert end_of(one) > f"{NOW:%Y-%m-%d %H:%M}"
    assert refused.hint.count("until") + refused.hint.count("for") == len(offers)


def test_a_zone_named_after_its_winter_means_nothing_certain_in_summer() -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert end_of("until 17:00 CEST", summer) == "2026-07-01 15:00"
    with pytest.raises(Refusal, match="is not a time"):
        end_of("until 17:00 CET", summer)


def test_a_time_that_is_skipped_or_comes_twice_is_one_moment() -> None:
    spring = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    assert end_of("until 1.30am", spring) == end_of("until 01.30", spring) == "2026-03-29 01:00"
    assert end_of("until tomorrow 1:30 am", autumn) == "2026-10-25 00:30"
    assert (
        end_of("until 25 Oct 1:30am", autumn.replace(day=25, hour=0, minute=45))
        == "2026-10-25 01:30"
    )


@cases("text", ["wait for it", "3 tests", "2.0", "production", "", "the release", "1.4.2 is out"])
def test_what_is_no_time_does_not_look_like_one(text: str) -> None:
    assert not looks_like_point(text)
    assert not looks_like_duration(text)
    assert readings(text, NOW, LONDON) == []


@cases(
    "text", ["2 months", "a couple of hours", "2h and", "and a half", "half", "1h 2", "2", "0.5"]
)
def test_what_is_no_fixed_length_is_none(text: str) -> None:
    assert read_duration(text) is None or text in ("2h and", "1h 2")


_WORDS = (
    "17:00 17.10 5pm 2h noon midnight Fri next this today tonight tomorrow 24 Dec 2026 05/12 "
    "24.12.2026 2026-12-01 "
    "end of day UTC CET Europe/London +01:00 half an hour and a 1h30 90 min the 5 o'clock EOD"
)


@given(st.lists(st.sampled_from(_WORDS.split()), min_size=1, max_size=6).map(" ".join))
def test_whatever_is_said_is_a_moment_within_a_year_or_one_refusal(text: str) -> None:
    with suppress(Refusal):
        assert NOW < read_end(text, NOW, LONDON) <= NOW + timedelta(days=366)


@cases(
    "text",
    [
        *("until \u00b2", "until \u00b2 Dec", "until \u2460", "until \u00b2 pm"),
        *(
            "until 9999-12-31",
            "until 9999-12-31 23:59",
            "until 31.12.9999",
            "until 0001-01-01",
            "until 1.1.0001 0:00",
        ),
        *("until end of", "until the end of", "for -1h", "for +2h", "for -2 hours"),
    ],
)
@cases("place", [LONDON, "Pacific/Kiritimati", "America/Los_Angeles"])
def test_what_is_no_number_or_far_away_is_refused_in_a_sentence(text: str, place: str) -> None:
    reason, end = split_end(f"load test {text}")
    assert reason == "load test"
    refused = refusal_of(read_end, end, NOW, place)
    assert refused.code is Code.INVALID_TIME


@given(st.text("0123456789\u00b2\u0663\uff11\u2460\u00bd:.-/hdm apFeb", max_size=20), st.booleans())
def test_whatever_digits_are_typed_an_end_is_read_or_refused(text: str, until: bool) -> None:
    _, end = split_end(f"load test {'until' if until else 'for'} {text}")
    with suppress(Refusal):
        read_end(end or text, NOW, LONDON)
