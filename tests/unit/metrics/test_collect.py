"""What of the record counts, on both databases."""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest

from opsroom.audit.period import read_period
from opsroom.db.store import Store
from opsroom.metrics.model import Report, Scope
from opsroom.metrics.report import make_report
from opsroom.records.model import Event
from opsroom.times.zones import zone
from support.records.ledgers import Book

PRODUCTION = Scope("production", "production", None, {"web": "web", "api": "api"})


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store)


def report(
    book: Book,
    since: str = "2026-11",
    apps: Optional[Tuple[str, ...]] = None,
    timezone: str = "UTC",
    now: str = "2026-12-24",
) -> Report:
    scope = Scope("production", "production", apps, PRODUCTION.incident_apps)
    clock = book.clock
    book.at(now)
    period = read_period(since, zone=zone(timezone))
    made = make_report(book.store, scope, period, zone(timezone), timezone)
    book.clock = clock
    return made


def facts(*times: str) -> List[int]:
    """Commits of November 2026, as facts have their times."""
    return [int(read_period(f"2026-11-{one}").since.timestamp()) for one in times]


def test_deployments_of_the_place_count_and_nothing_else(book: Book) -> None:
    book.deployed("d1")
    book.deployed("d2", environment="uat")
    book.deployed("d3", app="api", before="", version="v9")
    for event in (Event.ASKED, Event.REFUSED):
        book.write(event, deployment="d4")
    book.write(Event.DRIFT, deployment="d5", command="drift")
    book.write(Event.FAILED, deployment="d6", command="create card", app="", environment="")
    made = report(book)
    assert (made.figures.deployments, sorted(made.by_app)) == (2, ["api", "web"])
    assert report(book, apps=("web",)).figures.deployments == 1
    assert report(book, apps=("nothing",)).figures.deployments == 0


def test_what_never_began_is_no_deployment(book: Book) -> None:
    for deployment, event in (("d1", Event.FAILED), ("d2", Event.INTERRUPTED)):
        book.write(Event.ASKED, deployment=deployment)
        book.write(event, deployment=deployment)
    assert report(book).figures.attempts == 0
    book.write(Event.STARTED, deployment="d3")
    book.write(Event.FAILED, deployment="d3")
    made = report(book)
    assert (made.figures.attempts, made.figures.failures) == (1, 1)


def test_the_last_of_several_ends_counts(book: Book) -> None:
    """Others took its runner for lost, and then that one recorded how it really ended."""
    book.write(Event.STARTED, deployment="d1", version_before="v1")
    book.write(
        Event.INTERRUPTED, deployment="d1", version_before="v1", facts={"running": "unknown"}
    )
    book.write(Event.FAILED, deployment="d1", version_before="v1", facts={"running": "v1"})
    made = report(book)
    assert (made.figures.attempts, made.figures.untouched) == (0, 1)


def test_facts_of_the_record_are_read(book: Book) -> None:
    times = facts("01", "02")
    book.at("2026-11-03").deployed("d1", facts={"commit_times": times, "commits": 2})
    book.deployed("d2", "v2", "v1", facts={"goes_back": True})
    book.deployed("d3", "v1", "v3", facts={"commit_times": times, "more_commits": True})
    book.deployed("d4", "v3", "v4", facts={"commit_times": ["nonsense"]})
    figures = report(book).figures
    assert (figures.lead_known, figures.deployments, figures.rollbacks) == (1, 3, 1)
    # Both ends were two minutes after midnight.
    assert sorted(figures.lead_times) == [86400.0 + 120, 2 * 86400.0 + 120]


def test_incidents_come_from_the_record(book: Book) -> None:
    book.deployed("d1")
    told = {"command": "declare incident", "app": "", "environment": ""}
    noted = {"incident": "K7QX", "app": "web", "who": "web-team"}
    book.write(Event.DECLARED, deployment="i1", facts=noted, **told)
    book.write(Event.CLOSED, deployment="i2", facts={"incident": "K7QX"}, **told)
    figures = report(book).figures
    assert (figures.failures, figures.incidents, list(figures.recoveries)) == (1, 1, [120.0])


def test_an_incident_from_long_before_may_still_be_open(book: Book) -> None:
    noted = {"incident": "K7QX", "app": "web", "who": "web"}
    told = {"command": "declare incident", "app": "", "environment": "", "facts": noted}
    book.at("2026-01-01").write(Event.DECLARED, deployment="i1", **told)
    book.at("2026-11-02").deployed("d1")
    assert report(book).figures.rework == 1
    book.at("2026-11-03").write(Event.CLOSED, deployment="i2", **told)
    book.at("2026-11-04").deployed("d2", "v2", "v3")
    figures = report(book).figures
    assert (figures.rework, figures.deployments, figures.incidents) == (1, 2, 0)


def test_an_incident_of_a_wrong_clock_is_put_right(book: Book) -> None:
    book.at("2026-11-02").deployed("d1")
    noted = {"incident": "K7QX", "app": "web", "who": "web"}
    told = {"command": "declare incident", "app": "", "environment": "", "facts": noted}
    book.at("2099-01-01").write(Event.LOCKED, deployment="l1")
    book.at("2026-11-02T01:00:00").write(Event.DECLARED, deployment="i1", **told)
    assert report(book).figures.failures == 1


def test_the_period_and_the_one_before(book: Book) -> None:
    book.at("2026-10-01T00:00:00").deployed("d1")
    book.at("2026-10-31T23:58:00").deployed("d2", "v2", "v3")  # ends at midnight
    book.at("2026-11-30T23:57:00").deployed("d3", "v3", "v4")  # ends a minute before
    book.at("2026-12-01T00:00:00").deployed("d4", "v4", "v5")
    made = report(book)
    assert (made.figures.deployments, made.figures_before.deployments) == (2, 1)
    assert (made.figures.days, round(made.figures_before.days, 3)) == (30.0, 31.0)
    assert made.period.title == "November 2026"
    assert made.before.title == "2026-10-01 to 2026-10-31"
    assert not made.notes
    assert [one.figures.deployments for one in made.buckets].count(1) == 2


def test_days_are_those_of_the_time_zone(book: Book) -> None:
    """In London October 2026 begins at 23:00 UTC, and ends at midnight UTC."""
    book.at("2026-09-30T22:30:00").deployed("d1")  # the end is two minutes later
    book.at("2026-09-30T23:00:00").deployed("d2", "v2", "v3")
    book.at("2026-10-31T23:30:00").deployed("d3", "v3", "v4")
    made = report(book, "2026-10", timezone="Europe/London")
    assert made.figures.deployments == 2
    assert (made.figures.days, made.figures_before.deployments) == (31 + 1 / 24, 1)
    assert report(book, "2026-10").figures.deployments == 1


def test_a_period_that_is_not_over_counts_up_to_now(book: Book) -> None:
    book.at("2026-10-01").deployed("d0", "v0", "v1")
    book.at("2026-11-02").deployed("d1")
    made = report(book, now="2026-11-11T12:00:00")
    assert made.figures.days == 10.5
    assert made.figures.per_week == 7 / 10.5
    assert "The period is not over: figures count up to 2026-11-11 12:00 UTC." in made.notes


def test_a_record_that_begins_within_says_so(book: Book) -> None:
    book.at("2026-11-21T00:00:00").deployed("d1")
    made = report(book)
    assert made.figures.days == 10.0
    assert made.figures_before.per_week is None
    assert made.notes == (
        "The record begins at 2026-11-21 00:00 UTC: there is no period before to compare.",
    )


def test_an_empty_record_and_an_empty_period(book: Book) -> None:
    made = report(book)
    assert (made.figures.per_week, made.notes) == (None, ("The record is empty.",))
    book.at("2026-08-01").deployed("d1")
    made = report(book)
    assert (made.figures.per_week, made.figures.fail_rate, made.by_app) == (0.0, None, {})


def test_a_period_in_the_future_has_nothing(book: Book) -> None:
    book.deployed("d1")
    made = report(book, "2099")
    assert (made.figures.deployments, made.figures.per_week, made.buckets) == (0, None, ())


def test_times_of_a_wrong_clock_are_put_right(book: Book) -> None:
    book.at("2026-10-01").deployed("d0", "v0", "v1")
    book.at("2026-11-10").deployed("d1")
    book.at("2099-01-01").write(Event.LOCKED, deployment="l1")  # one command, far ahead
    book.at("2026-11-12").deployed("d2", "v2", "v3")
    assert report(book, now="2026-12-24").figures.deployments == 2


def test_what_was_written_by_hand_is_left_out(book: Book) -> None:
    book.deployed("d1")
    book.write(Event.STARTED, deployment="d2")
    book.write(Event.SUCCEEDED, deployment="d2", facts={"commit_times": "x", "running": 7})
    assert report(book).figures.deployments == 2
