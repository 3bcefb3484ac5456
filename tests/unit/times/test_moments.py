"""Ends that people type: found behind a reason, read, said again."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.errors import Code, Refusal
from opsroom.times.moments import read_end, split_end
from opsroom.times.zones import UTC, local_time
from support.cases import cases
from support.errors import refusal_of

LONDON = "Europe/London"
# A Monday.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cases(
    ("text", "expected"),
    [
        ("load test until 17:00", ("load test", "17:00")),
        ("load test UNTIL 17:00", ("load test", "17:00")),
        ("load test until  9:05 ", ("load test", "9:05")),
        ("load test until 17:00.", ("load test", "17:00")),
        ("load test, until 17:00!", ("load test", "17:00")),
        ("load test (until 17:00)", ("load test", "17:00")),
        ("load test - until 17:00", ("load test", "17:00")),
        ("load test\nuntil 17:00", ("load test", "17:00")),
        ("load test until 17:00 Europe/Berlin", ("load test", "17:00 Europe/Berlin")),
        ("load test until 17:00 UTC", ("load test", "17:00 UTC")),
        ("load test until Fri 09:00", ("load test", "Fri 09:00")),
        ("load test until friday 9:00", ("load test", "friday 9:00")),
        ("load test until tomorrow 09:00", ("load test", "tomorrow 09:00")),
        ("load test until 2026-12-01", ("load test", "2026-12-01")),
        ("load test until 2026-12-01 10:00", ("load test", "2026-12-01 10:00")),
        ("load test for 2h", ("load test", "2h")),
        ("load test for 90 minutes", ("load test", "90 minutes")),
        ("load test for 1h 30m", ("load test", "1h 30m")),
        ("load test for 1h30m", ("load test", "1h30m")),
        ("made for the release for 2h", ("made for the release", "2h")),
        ("until 12:00 we wait until 17:00", ("until 12:00 we wait", "17:00")),
        ("until 17:00", ("", "17:00")),
        ("for 2h", ("", "2h")),
        # No ends.
        ("wait for it", ("wait for it", "")),
        ("needed for 3 tests", ("needed for 3 tests", "")),
        ("wait for 2h then look", ("wait for 2h then look", "")),
        ("load test until", ("load test until", "")),
        ("load test for", ("load test for", "")),
        ("before 2h", ("before 2h", "")),
        ("load test 17:00", ("load test 17:00", "")),
        ("", ("", "")),
        ("fix the till is broken", ("fix the till is broken", "")),
        ("for the Friday release", ("for the Friday release", "")),
        ("migrate to 2.0", ("migrate to 2.0", "")),
        ("upgrade to 17.10", ("upgrade to 17.10", "")),
        ("from staging to production", ("from staging to production", "")),
        ("made for now", ("made for now", "")),
        # It is said that there is none.
        ("until the release, no end", ("until the release", "")),
        ("until 17:00 (without an end)", ("until 17:00", "")),
        ("load test with no end.", ("load test", "")),
        ("load test until further notice", ("load test", "")),
        # Other words, and blanks that look like others.
        ("load test till 17:00", ("load test", "17:00")),
        ("load test 'til 5pm", ("load test", "5pm")),
        ("load test \u2019til 5pm", ("load test", "5pm")),
        ("load test from 10:00 to 17:00", ("load test from 10:00", "17:00")),
        ("load test to noon", ("load test", "noon")),
        ("load test through Fri 17:00", ("load test", "Fri 17:00")),
        ("load test until\u00a017:00\u00a0", ("load test", "17:00")),
        ("load test until 17h", ("load test", "until 17h")),
        # Meant as one: read_end refuses these, so that nobody thinks there is an end where there is
        # none.
        ("load test until 25:00", ("load test", "25:00")),
        ("load test until 5pm", ("load test", "5pm")),
        ("load test until 17:00 sharp", ("load test", "17:00 sharp")),
        ("load test until Friday", ("load test", "Friday")),
        ("load test until tomorrow", ("load test", "tomorrow")),
        ("load test until 2026-13-01", ("load test", "2026-13-01")),
        ("load test for 2 months", ("load test", "2 months")),
        ("until the release", ("", "the release")),
        ("frozen until 1.4.2 is out", ("frozen", "1.4.2 is out")),
        ("from 10:00 until 17:00 nobody deploys", ("from 10:00", "17:00 nobody deploys")),
        ("until 17:00 for the load test", ("", "17:00 for the load test")),
        ("load test till Friday", ("load test", "Friday")),
        ("load test to tomorrow", ("load test", "tomorrow")),
        ("load test for a few hours", ("load test", "a few hours")),
        ("load test for the weekend", ("load test", "the weekend")),
        ("load test for today", ("load test", "today")),
        ("load test for 1:30", ("load test", "for 1:30")),
    ],
)
def test_an_end_is_taken_off_a_text_only_where_it_stands_last_and_is_one(
    text: str, expected: Tuple[str, str]
) -> None:
    assert split_end(text) == expected


@given(st.text(max_size=120))
def test_whatever_is_typed_nothing_of_it_is_invented(text: str) -> None:
    reason, end = split_end(text)
    assert reason in text
    assert end in text
    if not end and "end" not in text:
        assert reason == text.strip()


@cases(
    ("text", "now", "expected"),
    [
        ("17:00", "2026-11-23 15:00", "2026-11-23 17:00"),
        ("15:00", "2026-11-23 15:00", "2026-11-24 15:00"),
        ("15:00", "2026-11-23 14:59", "2026-11-23 15:00"),
        ("9:30", "2026-11-23 15:00", "2026-11-24 09:30"),
        ("Fri 09:00", "2026-11-23 15:00", "2026-11-27 09:00"),
        ("monday 16:00", "2026-11-23 15:00", "2026-11-23 16:00"),
        ("Mon 15:00", "2026-11-23 15:00", "2026-11-30 15:00"),
        ("today 16:00", "2026-11-23 15:00", "2026-11-23 16:00"),
        ("tomorrow 09:00", "2026-11-23 15:00", "2026-11-24 09:00"),
        ("2026-12-01 10:00", "2026-11-23 15:00", "2026-12-01 10:00"),
        ("2026-12-01T10:00", "2026-11-23 15:00", "2026-12-01 10:00"),
        # A day is meant as a whole, today too.
        ("2026-12-01", "2026-11-23 15:00", "2026-12-02 00:00"),
        ("2026-11-23", "2026-11-23 15:00", "2026-11-24 00:00"),
        ("2h", "2026-11-23 15:00", "2026-11-23 17:00"),
        ("90m", "2026-11-23 15:00", "2026-11-23 16:30"),
        ("1.5 hours", "2026-11-23 15:00", "2026-11-23 16:30"),
        ("1 day 2 h", "2026-11-23 15:00", "2026-11-24 17:00"),
        ("2 weeks", "2026-11-23 15:00", "2026-12-07 15:00"),
        ("17:00 Europe/Berlin", "2026-11-23 15:00", "2026-11-23 16:00"),
        ("17:00 UTC", "2026-07-01 15:30", "2026-07-01 17:00"),
        # In summer London is an hour ahead.
        ("17:00", "2026-07-01 15:00", "2026-07-01 16:00"),
        ("00:30", "2026-07-01 23:15", "2026-07-01 23:30"),
        # The night when 01:00 becomes 02:00, and the one when 02:00 becomes 01:00.
        ("01:30", "2026-03-28 20:00", "2026-03-29 01:00"),
        ("01:30", "2026-10-25 00:15", "2026-10-25 00:30"),
        ("01:30", "2026-10-25 00:45", "2026-10-25 01:30"),
        ("01:30", "2026-10-25 01:30", "2026-10-26 01:30"),
        ("2026-10-25 01:30", "2026-10-25 00:45", "2026-10-25 01:30"),
        ("2h", "2026-10-25 00:15", "2026-10-25 02:15"),
    ],
)
def test_an_end_means_the_next_such_moment(text: str, now: str, expected: str) -> None:
    assert read_end(text, moment(now), LONDON) == moment(expected)


@cases(
    ("text", "said_of_it"),
    [
        ("25:00", "is not a time"),
        ("17", "is not a time"),
        ("30", "is not a time"),
        ("13pm", "is not a time"),
        ("0am", "is not a time"),
        ("1.4", "is not a time"),
        ("9.30", "is not a time"),
        ("17.60", "is not a time"),
        ("24:00", "is not a time"),
        ("2027", "is not a time"),
        ("31.11.2026", "is not a time"),
        ("29 Feb", "is not a time"),
        ("tonight 10:00", "is not a time"),
        ("Thu 2026-11-27", "is not a time"),
        ("end of business", "is not a time"),
        ("17:00 BST", "is not a time"),
        ("10:00-12:00", "is not a time"),
        ("17:00 18:00", "is not a time"),
        ("Fri Sat 17:00", "is not a time"),
        ("24 Dec 2026-12-24", "is not a time"),
        ("for 1:30", "is not a time"),
        ("2h until", "is not a time"),
        ("until noon or so", "is not a time"),
        ("a couple of hours", "is not a time"),
        ("Fri 24:00", "is not a time"),
        ("2026-02-29", "is not a time"),
        ("2026-12-01 10", "is not a time"),
        ("17:00 Mars/Phobos", "is not a time"),
        ("-2h", "is not a time"),
        ("", "is not a time"),
        ("0h", "is over already: it is 15:00 Europe/London"),
        ("2026-11-22", "is over already"),
        ("22.11.2026", "is over already"),
        ("this Monday 9am", "is over already"),
        ("2026-11-23 14:59", "is over already"),
        ("today 09:00", "is over already"),
        ("2999-12-31", "is more than a year away"),
        ("400d", "is more than a year away"),
        ("999999w", "is more than a year away"),
    ],
)
def test_what_is_no_time_to_come_is_refused_with_examples(text: str, said_of_it: str) -> None:
    refused = refusal_of(read_end, text, NOW, LONDON)
    assert refused.code is Code.INVALID_TIME
    assert said_of_it in refused.message
    assert "until Fri 09:00" in refused.hint
    assert len(refused.sentence()) < 400


@cases(
    "text",
    ["tomorrow", "Friday", "next Friday", "today", "tonight", "until the day after tomorrow"],
)
def test_for_a_day_the_time_of_day_is_asked(text: str) -> None:
    refused = refusal_of(read_end, text, NOW, LONDON)
    assert (refused.code, refused.message) == (
        Code.INVALID_TIME,
        f"'{text}' lacks a time of day.",
    )
    example = refused.hint.partition(": ")[2].replace(f" ({LONDON}).", "")
    assert example.startswith(f"until {text.replace('until ', '')} ")
    with suppress(Refusal):
        # "next Friday" may be one of two.
        assert read_end(example, NOW, LONDON) > NOW


def test_the_examples_of_the_refusal_are_right() -> None:
    refused = refusal_of(read_end, "x", NOW, LONDON)
    examples = refused.hint.split(": ", 1)[1].replace(f" ({LONDON})", "").rstrip(".").split(", ")
    assert len(examples) == 5
    for one in examples:
        reason, end = split_end(f"load test {one}")
        assert reason == "load test"
        assert read_end(end, NOW, LONDON) > NOW


@given(st.text(alphabet="0123456789:-. hmdwsapFri uteonyUTC", max_size=24))
def test_whatever_is_typed_the_end_lies_within_the_next_year_or_is_refused(text: str) -> None:
    # Any other exception than a refusal fails the test.
    with suppress(Refusal):
        assert NOW < read_end(text, NOW, LONDON) <= NOW + timedelta(days=366)


@pytest.mark.parametrize(
    ("when", "zone_name", "expected"),
    [
        ("2026-11-23 17:00", LONDON, "17:00 Europe/London"),
        ("2026-11-27 17:00", LONDON, "Fri 2026-11-27 17:00 Europe/London"),
        ("2026-11-27 17:00", "UTC", "Fri 2026-11-27 17:00 UTC"),
        ("2026-11-23 23:30", "Asia/Tokyo", "08:30 Asia/Tokyo"),
        ("2026-07-01 17:00", LONDON, "Wed 2026-07-01 18:00 Europe/London"),
    ],
)
def test_a_moment_is_said_with_its_day_unless_that_is_today(
    when: str, zone_name: str, expected: str
) -> None:
    assert local_time(moment(when), NOW, zone_name) == expected


@given(
    st.datetimes(datetime(2026, 11, 23, 16), datetime(2027, 11, 1)),
    st.sampled_from([LONDON, "UTC", "Asia/Tokyo"]),
)
def test_what_is_said_can_be_typed_again(when: datetime, zone_name: str) -> None:
    wanted = when.replace(second=0, microsecond=0, tzinfo=UTC)
    shown = local_time(wanted, NOW, zone_name)
    again = read_end(shown, NOW, "America/New_York")
    # In the hour that comes twice the clock's reading means the first time.
    assert again == wanted or (zone_name == LONDON and wanted - again == timedelta(hours=1))
