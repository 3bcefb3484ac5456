"""When a freeze is in force, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import List, Optional, Tuple

from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.config.model import Environment, Freeze
from opsroom.errors import Code
from opsroom.policy.freezes import frozen, in_force
from opsroom.times.zones import UTC
from support.cases import cases

LONDON, NEW_YORK = "Europe/London", "America/New_York"
WEEKEND = Freeze("weekend", "Fri 16:00", "Mon 08:00", LONDON)
YEAR_END = Freeze("year end", "2026-12-20", "2027-01-04", LONDON)
NIGHT = Freeze("night", "Sun 01:30", "Sun 02:30", LONDON)
HOUR = Freeze("hour", "Sun 01:15", "Sun 01:45", LONDON)
NIGHT_THERE = Freeze("night", "Sun 01:30", "Sun 02:30", NEW_YORK)
ALMOST_ALL_WEEK = Freeze("week", "Wed 12:00", "Wed 11:00", "UTC")
SAME_DAY = Freeze("lunch", "Wed 12:00", "Wed 13:00", "UTC")
STOCKTAKING = Freeze("stocktaking", "2026-11-24 18:00", "2026-11-25 06:00", "UTC")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def until(freezes: List[Freeze], now: str) -> Optional[datetime]:
    found = in_force(freezes, moment(now))
    return found.until if found else None


@cases(
    ("freeze", "now", "end"),
    [
        # A week in winter and one in summer.
        (WEEKEND, "2026-11-27 15:59:59.999999", None),
        (WEEKEND, "2026-11-27 16:00", "2026-11-30 08:00"),
        (WEEKEND, "2026-11-29 03:00", "2026-11-30 08:00"),
        (WEEKEND, "2026-11-30 07:59:59.999999", "2026-11-30 08:00"),
        (WEEKEND, "2026-11-30 08:00", None),
        (WEEKEND, "2026-11-25 12:00", None),
        (WEEKEND, "2026-07-03 14:59", None),
        (WEEKEND, "2026-07-03 15:00", "2026-07-06 07:00"),
        # Weekends on which London's clocks change: an hour shorter, an hour longer.
        (WEEKEND, "2026-03-27 15:59", None),
        (WEEKEND, "2026-03-27 16:00", "2026-03-30 07:00"),
        (WEEKEND, "2026-03-30 07:00", None),
        (WEEKEND, "2026-10-23 15:00", "2026-10-26 08:00"),
        (WEEKEND, "2026-10-26 07:59", "2026-10-26 08:00"),
        (WEEKEND, "2026-10-26 08:00", None),
        # Within the night of the change: 01:30 is skipped in March and comes twice in October.
        (NIGHT, "2026-03-29 00:59:59", None),
        (NIGHT, "2026-03-29 01:00", "2026-03-29 01:30"),
        (NIGHT, "2026-03-29 01:30", None),
        (NIGHT, "2026-10-25 00:29", None),
        (NIGHT, "2026-10-25 00:30", "2026-10-25 02:30"),
        (NIGHT, "2026-10-25 01:10", "2026-10-25 02:30"),
        (NIGHT, "2026-10-25 02:30", None),
        # All of it is skipped; all of it comes twice, and holds from the first beginning to the
        # last end.
        (HOUR, "2026-03-29 00:59:59", None),
        (HOUR, "2026-03-29 01:00", None),
        (HOUR, "2026-10-25 00:15", "2026-10-25 01:45"),
        (HOUR, "2026-10-25 01:00", "2026-10-25 01:45"),
        (HOUR, "2026-10-25 01:45", None),
        (NIGHT_THERE, "2026-03-08 06:29", None),
        (NIGHT_THERE, "2026-03-08 06:30", "2026-03-08 07:00"),
        (NIGHT_THERE, "2026-03-08 07:00", None),
        (NIGHT_THERE, "2026-11-01 05:29", None),
        (NIGHT_THERE, "2026-11-01 05:30", "2026-11-01 07:30"),
        (NIGHT_THERE, "2026-11-01 07:30", None),
        # Within a day, and around the week to the same day.
        (SAME_DAY, "2026-11-25 11:59", None),
        (SAME_DAY, "2026-11-25 12:30", "2026-11-25 13:00"),
        (SAME_DAY, "2026-11-25 13:00", None),
        (ALMOST_ALL_WEEK, "2026-11-25 11:30", None),
        (ALMOST_ALL_WEEK, "2026-11-25 12:00", "2026-12-02 11:00"),
        (ALMOST_ALL_WEEK, "2026-12-02 10:59", "2026-12-02 11:00"),
        # Dated: the last day as a whole, or to the minute.
        (YEAR_END, "2026-12-19 23:59", None),
        (YEAR_END, "2026-12-20 00:00", "2027-01-05 00:00"),
        (YEAR_END, "2027-01-04 23:59", "2027-01-05 00:00"),
        (YEAR_END, "2027-01-05 00:00", None),
        (STOCKTAKING, "2026-11-24 17:59", None),
        (STOCKTAKING, "2026-11-24 18:00", "2026-11-25 06:00"),
        (STOCKTAKING, "2026-11-25 06:00", None),
    ],
)
def test_a_freeze_holds_from_its_beginning_to_before_its_end(
    freeze: Freeze, now: str, end: Optional[str]
) -> None:
    assert until([freeze], now) == (moment(end) if end else None)


FAIR = Freeze("fair", "2026-11-23", "2026-11-27", LONDON)
MONDAY, WEDNESDAY = Freeze("a", "2026-11-23", "2026-11-24"), Freeze("b", "2026-11-25", "2026-11-26")
TEN = Freeze("a", "2026-11-23 10:00", "2026-11-23 11:00")
ELEVEN = Freeze("b", "2026-11-23 11:01", "2026-11-23 12:00")
WEEK = Freeze("week", "2026-11-23", "2026-11-27")
HERE, THERE = (
    Freeze("here", "Mon 09:00", "Mon 17:00", LONDON),
    Freeze("there", "Mon 09:00", "Mon 17:00", NEW_YORK),
)


@cases(
    ("freezes", "now", "expected"),
    [
        # 2026-12-18 is a Friday: the weekend runs into the year's end, which ends on a Tuesday at
        # midnight.
        ([WEEKEND, YEAR_END], "2026-12-18 17:00", ("weekend and year end", "2027-01-05 00:00")),
        ([WEEKEND, YEAR_END], "2026-12-29 12:00", ("year end", "2027-01-05 00:00")),
        # Ends on a Saturday: the weekend goes on.
        ([WEEKEND, FAIR], "2026-11-23 12:00", ("fair and weekend", "2026-11-30 08:00")),
        # They only touch; a minute between them is a minute; one within the other; two zones.
        ([MONDAY, WEDNESDAY], "2026-11-23 12:00", ("a and b", "2026-11-27 00:00")),
        ([TEN, ELEVEN], "2026-11-23 10:30", ("a", "2026-11-23 11:00")),
        ([STOCKTAKING, WEEK], "2026-11-24 19:00", ("stocktaking and week", "2026-11-28 00:00")),
        ([HERE, THERE], "2026-11-23 10:00", ("here and there", "2026-11-23 22:00")),
    ],
)
def test_freezes_that_touch_end_together(
    freezes: List[Freeze], now: str, expected: Tuple[str, str]
) -> None:
    found = in_force(freezes, moment(now))
    assert found is not None
    assert (found.name, found.until) == (expected[0], moment(expected[1]))


def test_windows_that_follow_one_another_all_year_have_no_end_in_sight() -> None:
    halves = (Freeze("first", "Mon 00:00", "Thu 00:00"), Freeze("second", "Thu 00:00", "Mon 00:00"))
    found = in_force(halves, moment("2026-11-23 12:00"))
    assert found is not None
    assert found.until is None
    decision = frozen(Environment("production", freezes=halves), moment("2026-11-23 12:00"))
    assert decision.message == "production is frozen (first and second) with no end in sight."


def test_without_freezes_nothing_is_frozen() -> None:
    assert in_force((), moment("2026-11-28 12:00")) is None
    assert frozen(Environment("uat"), moment("2026-11-28 12:00")).allowed


def test_the_answer_says_until_when_and_what_would_work() -> None:
    decision = frozen(Environment("production", freezes=(WEEKEND,)), moment("2026-11-28 12:00"))
    assert (decision.allowed, decision.code) == (False, Code.FROZEN)
    assert (
        decision.message
        == "production is frozen (weekend) until Mon 2026-11-30 08:00 Europe/London."
    )
    assert decision.hint == "Try again after that."
    urgent = frozen(
        Environment("production", freezes=(WEEKEND,), emergency=("carol",)),
        moment("2026-11-28 12:00"),
    )
    assert urgent.hint.endswith(
        "In an emergency carol may: emergency deploy APP VERSION to production: REASON"
    )
    assert len(urgent.message) + len(urgent.hint) < 400


ZONES = st.sampled_from([LONDON, NEW_YORK, "UTC", "Australia/Lord_Howe"])
CLOCKS = st.times().map(lambda one: one.strftime("%H:%M"))
WEEKLY = st.builds(
    "{} {}".format, st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]), CLOCKS
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda one: one.replace(tzinfo=UTC)
)
WEEKLY_FREEZES = (
    st.tuples(WEEKLY, WEEKLY, ZONES)
    .filter(lambda one: one[0] != one[1])
    .map(lambda one: Freeze(f"{one[0]}/{one[1]}", *one))
)
DATED_FREEZES = st.tuples(MOMENTS, st.integers(0, 40), ZONES).map(
    lambda one: Freeze(
        "dated", f"{one[0]:%Y-%m-%d}", f"{one[0] + timedelta(days=one[1]):%Y-%m-%d}", one[2]
    )
)
FREEZES = st.lists(st.one_of(WEEKLY_FREEZES, DATED_FREEZES), min_size=1, max_size=4)


@given(FREEZES, MOMENTS)
@settings(max_examples=300, deadline=None)
def test_the_end_is_never_in_force_and_all_up_to_it_is(
    freezes: List[Freeze], now: datetime
) -> None:
    found = in_force(freezes, now)
    if found is None or found.until is None:
        return
    assert found.until > now
    assert in_force(freezes, found.until) is None
    for part in (0.0, 0.3, 0.7, 0.99):
        between = in_force(freezes, now + (found.until - now) * part)
        assert between is not None
        assert between.until == found.until
    last = in_force(freezes, found.until - timedelta(microseconds=1))
    assert last is not None
    assert last.until == found.until


def minute_of_week(point: str) -> int:
    day, clock = point.split()
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return days.index(day) * 1440 + int(clock[:2]) * 60 + int(clock[3:])


@given(WEEKLY_FREEZES, MOMENTS)
@settings(deadline=None)
def test_where_clocks_never_change_a_week_is_a_circle_of_minutes(
    freeze: Freeze, now: datetime
) -> None:
    begins, ends = minute_of_week(freeze.begins), minute_of_week(freeze.ends)
    minute = now.weekday() * 1440 + now.hour * 60 + now.minute
    expected = (minute - begins) % 10080 < (ends - begins) % 10080
    assert (in_force([Freeze("x", freeze.begins, freeze.ends, "UTC")], now) is not None) is expected
