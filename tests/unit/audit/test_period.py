"""The period of a report, as people write it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from opsroom.audit.period import read_period
from opsroom.errors import Code, Refusal
from opsroom.times.zones import zone
from support.cases import cases
from support.errors import refusal_of
from support.records.templates import copy_database


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """SQLite alone: test_wrong_clocks.py makes its reports from PostgreSQL too."""
    return copy_database(tmp_path / "opsroom" / "opsroom.db")


PERIODS = [
    ("2026-Q3", "", "2026-07-01 2026-10-01", "Q3 2026", "2026-Q3"),
    ("2026-q4", "", "2026-10-01 2027-01-01", "Q4 2026", "2026-Q4"),
    ("2026-Q1", "2026-Q2", "2026-01-01 2026-07-01", "Q1 2026 to Q2 2026", "2026-Q1-to-2026-Q2"),
    ("2026", "", "2026-01-01 2027-01-01", "2026", "2026"),
    ("2026-11", "", "2026-11-01 2026-12-01", "November 2026", "2026-11"),
    ("2026-12", "", "2026-12-01 2027-01-01", "December 2026", "2026-12"),
    ("2026-11-23", "", "2026-11-23 2026-11-24", "2026-11-23", "2026-11-23"),
    (
        " 2026-11-01 ",
        "2026-11-30",
        "2026-11-01 2026-12-01",
        "2026-11-01 to 2026-11-30",
        "2026-11-01-to-2026-11-30",
    ),
    (
        "2026-10",
        "2026-11",
        "2026-10-01 2026-12-01",
        "October 2026 to November 2026",
        "2026-10-to-2026-11",
    ),
    ("2024-02-29", "2024-02-29", "2024-02-29 2024-03-01", "2024-02-29", "2024-02-29-to-2024-02-29"),
]


@cases(("since", "until", "span", "title", "slug"), PERIODS)
def test_a_period_is_what_its_words_mean(
    since: str, until: str, span: str, title: str, slug: str
) -> None:
    period = read_period(since, until)
    assert f"{period.since:%Y-%m-%d} {period.until:%Y-%m-%d}" == span
    assert (period.title, period.slug) == (title, slug)
    assert period.has(period.since)
    assert not period.has(period.until)


NOW = datetime(2026, 11, 30, 9, 30, tzinfo=timezone.utc)


NEAR = [
    ("30d", "2026-11-01 2026-12-01", "2026-11-01-to-2026-11-30"),
    ("30 days", "2026-11-01 2026-12-01", "2026-11-01-to-2026-11-30"),
    ("the last 2 weeks", "2026-11-17 2026-12-01", "2026-11-17-to-2026-11-30"),
    ("1d", "2026-11-30 2026-12-01", "2026-11-30"),
    ("today", "2026-11-30 2026-12-01", "2026-11-30"),
    ("Yesterday", "2026-11-29 2026-11-30", "2026-11-29"),
    ("this week", "2026-11-30 2026-12-07", "2026-11-30-to-2026-12-06"),
    ("last week", "2026-11-23 2026-11-30", "2026-11-23-to-2026-11-29"),
    ("this month", "2026-11-01 2026-12-01", "2026-11"),
    ("last month", "2026-10-01 2026-11-01", "2026-10"),
    ("last quarter", "2026-07-01 2026-10-01", "2026-Q3"),
    ("this quarter", "2026-10-01 2027-01-01", "2026-Q4"),
    ("Q3", "2026-07-01 2026-10-01", "2026-Q3"),
    ("q4 2025", "2025-10-01 2026-01-01", "2025-Q4"),
    ("last year", "2025-01-01 2026-01-01", "2025"),
    ("October", "2026-10-01 2026-11-01", "2026-10"),
    ("oct", "2026-10-01 2026-11-01", "2026-10"),
    ("november", "2026-11-01 2026-12-01", "2026-11"),
    ("December", "2025-12-01 2026-01-01", "2025-12"),
    ("October 2025", "2025-10-01 2025-11-01", "2025-10"),
]


@cases(("words", "span", "slug"), NEAR)
def test_a_period_may_be_said_from_today_on(words: str, span: str, slug: str) -> None:
    period = read_period(words, now=NOW)
    assert f"{period.since:%Y-%m-%d} {period.until:%Y-%m-%d}" == span
    assert period.slug == slug


def test_both_ends_may_be_said_so() -> None:
    period = read_period("October", "yesterday", now=NOW)
    assert f"{period.since:%Y-%m-%d} {period.until:%Y-%m-%d}" == "2026-10-01 2026-11-30"
    assert read_period("last month", now=NOW.replace(month=1)).slug == "2025-12"
    assert read_period("last quarter", now=NOW.replace(month=1)).slug == "2025-Q4"
    assert read_period("Q4", now=NOW.replace(month=1)).slug == "2025-Q4"


@cases("words", ["0d", "30", "3 months", "month", "day", "this today", "ma", "mayo", "30d ago"])
def test_what_could_mean_several_periods_is_refused(words: str) -> None:
    with pytest.raises(Refusal):
        read_period(words, now=NOW)


def test_from_a_moment_on_means_to_the_end_of_its_day() -> None:
    period = read_period("2026-11-23T14:00")
    assert (period.since.isoformat(), period.until.isoformat()) == (
        "2026-11-23T14:00:00+00:00", "2026-11-24T00:00:00+00:00",
    )  # fmt: skip


def test_a_moment_may_have_a_zone_and_is_kept_in_utc() -> None:
    period = read_period("2026-11-23T14:00+02:00", "2026-11-23T13:30")
    assert (period.since.isoformat(), period.until.isoformat()) == (
        "2026-11-23T12:00:00+00:00", "2026-11-23T13:30:00+00:00",
    )  # fmt: skip
    assert period.title == "2026-11-23 12:00 UTC to 2026-11-23 13:30 UTC"


@cases(
    ("since", "until"),
    [("", ""), ("novembre", ""), ("2026-13", ""), ("2026-02-30", ""), ("26-11", ""),
     ("2026-11", "soon"), ("0000", ""),
     ("2026-11", "2026-10"), ("2026-11-23T14:00", "2026-11-23T14:00"), ("2026-11-23T25:00", ""),
     ("9999", "9999-13"),
     ("٢٠٢٦", "")],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_examples(since: str, until: str) -> None:
    refused = refusal_of(read_period, since, until)
    assert refused.code is Code.INVALID_TIME
    assert "2026-11" in refused.hint


DAYS = [
    ("2026-10-25", "2026-10-24T23:00:00+00:00", "2026-10-26T00:00:00+00:00"),
    ("2026-Q1", "2026-01-01T00:00:00+00:00", "2026-03-31T23:00:00+00:00"),
    ("2026-07-01T00:30", "2026-06-30T23:30:00+00:00", "2026-07-01T23:00:00+00:00"),
    ("2026-07-01T00:30Z", "2026-07-01T00:30:00+00:00", "2026-07-01T23:00:00+00:00"),
]


@cases(("since", "first", "end"), DAYS)
def test_days_may_be_those_of_a_time_zone(since: str, first: str, end: str) -> None:
    period = read_period(since, zone=zone("Europe/London"))
    assert (period.since.isoformat(), period.until.isoformat()) == (first, end)


def test_yesterday_is_that_of_the_time_zone() -> None:
    late = datetime(2026, 7, 1, 23, 30, tzinfo=timezone.utc)
    assert read_period("yesterday", now=late).slug == "2026-06-30"
    assert read_period("yesterday", now=late, zone=zone("Europe/London")).slug == "2026-07-01"
