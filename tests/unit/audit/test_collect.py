"""What of the ledger belongs to a report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import pytest

import opsroom.commands
from opsroom.audit.collect import Collected, collect
from opsroom.audit.model import Change, Ending
from opsroom.audit.narrative import _ABOUT
from opsroom.audit.period import read_period
from opsroom.db.store import Store
from opsroom.errors import Code
from opsroom.records.model import Event
from support.records.ledgers import Book
from support.records.stores import open_gates, run
from support.records.templates import copy_database

NOVEMBER = read_period("2026-11")


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """SQLite alone: test_wrong_clocks.py makes its reports from PostgreSQL too."""
    return copy_database(tmp_path / "opsroom" / "opsroom.db")


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store)


def collected(book: Book, period: str = "2026-11", environment: str = "") -> Collected:
    with book.store.read() as connection:
        return collect(connection, read_period(period), environment)


def only(book: Book, period: str = "2026-11") -> Change:
    found = collected(book, period)
    (change,) = [*found.changes, *found.attempts]
    return change


def test_an_approved_change_has_everybody_who_had_a_hand_in_it(book: Book) -> None:
    book.approved("d1")
    book.write(Event.REVIEWED, "dave", message="all well", facts={"change": "K7QX"})
    change = only(book)
    assert (change.change, change.deployment, change.place) == ("K7QX", "d1", "web on production")
    assert (change.version_before, change.version, change.cards) == ("v1", "v2", ("OPS-12",))
    assert (change.asked_by, change.person, change.chat_name, change.room) == (
        "alice",
        "alice",
        "alice",
        "#ops",
    )
    assert change.plan == "web on production would go from v1 to v2"
    assert [(one.by, one.second_factor, one.record) for one in change.approvals] == [
        ("carol", True, 3)
    ]
    assert change.needed == 1
    assert (change.ending, change.code, change.touched) == (Ending.SUCCEEDED, "deployed", True)
    assert [at.strftime("%H:%M") for at in (change.asked_at, change.started_at,
    change.ended_at) if at] == [
        "09:00", "09:03", "09:04",
    ]  # fmt: skip
    assert change.review is not None
    assert (change.review.by, change.review.text) == ("dave", "all well")
    assert change.execution_ids == ("x-d1-alice", "x-d1-carol", "x-d1-dave")
    assert change.records == (1, 2, 3, 4, 5, 6)


ENDINGS = [
    ([Event.ASKED], Ending.UNKNOWN, False),
    ([Event.ASKED, Event.REFUSED], Ending.REFUSED, False),
    ([Event.ASKED, Event.FAILED], Ending.FAILED, False),
    ([Event.ASKED, Event.INTERRUPTED], Ending.INTERRUPTED, False),
    ([Event.ASKED, Event.STARTED], Ending.RUNNING, True),
    ([Event.ASKED, Event.STARTED, Event.SUCCEEDED], Ending.SUCCEEDED, True),
    ([Event.ASKED, Event.STARTED, Event.FAILED], Ending.FAILED, True),
    ([Event.ASKED, Event.STARTED, Event.INTERRUPTED], Ending.INTERRUPTED, True),
    ([Event.ASKED, Event.WAITING], Ending.WAITING, False),
    ([Event.ASKED, Event.WAITING, Event.REJECTED], Ending.REJECTED, False),
    ([Event.ASKED, Event.WAITING, Event.EXPIRED], Ending.EXPIRED, False),
    ([Event.ASKED, Event.WAITING, Event.APPROVED, Event.REFUSED], Ending.WAITING, False),
    (
        [Event.ASKED, Event.WAITING, Event.APPROVED, Event.REFUSED, Event.EXPIRED],
        Ending.EXPIRED,
        False,
    ),
    (
        [Event.ASKED, Event.WAITING, Event.CONFIRMED, Event.STARTED, Event.SUCCEEDED],
        Ending.SUCCEEDED,
        True,
    ),
    ([Event.ASKED, Event.OVERRIDDEN, Event.STARTED, Event.FAILED], Ending.FAILED, True),
    ([Event.ASKED, Event.STARTED, Event.SUCCEEDED, Event.LOCKED], Ending.SUCCEEDED, True),
]


@pytest.mark.parametrize(
    ("events", "ending", "touched"), ENDINGS, ids=lambda value: str(value)[:60]
)
def test_what_became_of_it_is_told_by_its_records(
    book: Book, events: List[Event], ending: Ending, touched: bool
) -> None:
    for event in events:
        book.write(event)
    change = only(book)
    assert (change.ending, change.touched) == (ending, touched)


def test_a_version_that_was_there_already_is_no_refusal(book: Book) -> None:
    book.write(Event.ASKED)
    book.write(Event.REFUSED, code=Code.ALREADY_THERE.value)
    assert only(book).ending is Ending.UNCHANGED


def test_the_refusal_of_an_approver_ends_nothing_and_is_no_attempt_of_its_own(book: Book) -> None:
    book.write(Event.ASKED)
    book.write(Event.WAITING)
    book.write(Event.REFUSED, "alice", command="approve", code="own_change")
    book.write(Event.REFUSED, "alice", "another", command="approve", code="own_change")
    change = only(book)
    assert change.ending is Ending.WAITING
    assert [one.by for one in change.refusals] == ["alice"]


def test_locks_are_no_attempts_to_change_anything(book: Book) -> None:
    book.write(Event.ASKED, command="lock")
    book.write(Event.LOCKED, command="lock")
    book.write(Event.ASKED, deployment="d2", command="unlock")
    book.write(Event.REFUSED, deployment="d2", command="unlock", code="not_allowed")
    found = collected(book)
    assert (found.changes, found.attempts) == ((), ())


@pytest.mark.parametrize(
    ("command", "event"),
    [
        ("quiet", Event.QUIET),
        ("loud", Event.LOUD),
        ("declare incident", Event.DECLARED),
        ("declare incident", Event.CARD_CREATED),
        ("close incident", Event.CLOSED),
        ("close incident", Event.REFUSED),
        ("drift", Event.DRIFT),
        ("page in an emergency", Event.PAGED),
        ("watch pages", Event.UNCONFIRMED),
    ],
)
def test_what_changes_nothing_that_runs_is_no_attempt(
    book: Book, command: str, event: Event
) -> None:
    book.write(event, command=command)
    assert collected(book).attempts == ()


def test_every_command_that_is_recorded_deploys_or_is_no_attempt() -> None:
    sources = Path(opsroom.commands.__file__).parent.rglob("*.py")
    found = {
        one
        for path in sources
        for one in re.findall(r'Request\(\w+, "([^"]+)"', path.read_text("utf-8"))
    }
    # `plan` records nothing.
    left = {one for one in found if one.split(" ")[0] not in _ABOUT}
    assert left <= {"deploy", "redeploy", "promote", "rollback", "emergency deploy", "plan"}
    assert len(found) > 10


def test_an_emergency_has_its_reason_and_what_it_passed(book: Book) -> None:
    book.write(Event.ASKED, command="emergency deploy")
    facts = {"change": "K7QX", "reason": "checkout is down", "passed": ["frozen", "approval"]}
    book.write(Event.OVERRIDDEN, command="emergency deploy", message="...", facts=facts)
    book.write(Event.STARTED, command="emergency deploy")
    book.write(Event.SUCCEEDED, command="emergency deploy")
    override = only(book).override
    assert override is not None
    assert (override.by, override.text, override.passed) == (
        "alice",
        "checkout is down",
        ("frozen", "approval"),
    )


def test_an_interruption_knows_what_ran(book: Book) -> None:
    book.write(Event.ASKED)
    book.write(Event.STARTED)
    book.write(Event.INTERRUPTED, facts={"running": "v1"})
    assert only(book).running == "v1"
    book.write(Event.ASKED, deployment="d2")
    book.write(Event.STARTED, deployment="d2")
    book.write(Event.INTERRUPTED, deployment="d2", facts={"running": "unknown"})
    assert collected(book).changes[1].running is None


def test_a_change_belongs_to_the_month_in_which_it_was_started_with_all_that_was_said_of_it(
    book: Book,
) -> None:
    book.at("2026-10-31T23:50:00").write(Event.ASKED)
    book.write(Event.WAITING)
    book.at("2026-11-01T00:10:00").write(Event.STARTED)
    book.write(Event.SUCCEEDED)
    book.at("2026-12-03T10:00:00").write(Event.REVIEWED, "dave")
    assert only(book).records == (1, 2, 3, 4, 5)
    for other in ("2026-10", "2026-12"):
        assert collected(book, other).changes == collected(book, other).attempts == ()


def test_one_that_was_never_started_belongs_to_the_month_in_which_it_was_asked(book: Book) -> None:
    book.at("2026-11-30T23:59:30").write(Event.ASKED)
    book.at("2026-12-01T00:00:00").write(Event.REFUSED)
    assert only(book).ending is Ending.REFUSED
    assert collected(book, "2026-12").attempts == ()


def test_an_environment_narrows_it_whatever_was_typed(book: Book) -> None:
    book.write(Event.ASKED, environment="Production")
    book.write(Event.STARTED)
    book.deployed("d2", environment="uat")
    assert [one.deployment for one in collected(book, environment="production").changes] == ["d1"]
    assert [one.deployment for one in collected(book).changes] == ["d1", "d2"]


def test_what_ran_before_the_period_comes_from_the_last_change_before_it(book: Book) -> None:
    book.at("2026-10-05T10:00:00").deployed("d1", version="v7")
    book.at("2026-11-05T10:00:00").deployed("d2", before="v7", version="v8")
    book.deployed("d3", before="v8", version="v9")
    book.deployed("d4", environment="uat")
    assert collected(book).before == {("web", "production"): "v7", ("web", "uat"): ""}


def test_locks_are_told_as_far_as_they_reach_into_the_period(book: Book) -> None:
    def lock(event: Event, **values: object) -> None:
        book.write(event, "bob", "", command="lock", version="", **values)

    book.at("2026-10-01T10:00:00")
    lock(Event.LOCKED, app="", environment="uat", facts={"reason": "gone before"})
    lock(Event.UNLOCKED, app="", environment="uat")
    lock(Event.LOCKED, facts={"reason": "load test", "until": "2026-11-02T12:00:00Z"})
    book.at("2026-11-20T10:00:00")
    lock(Event.LOCKED, app="", environment="", facts={"reason": "kill switch"})
    told = [
        (one.app, one.environment, one.by, one.reason, one.until) for one in collected(book).locks
    ]
    assert [one[:4] for one in told] == [
        ("web", "production", "bob", "load test"),
        ("", "", "bob", "kill switch"),
    ]
    assert str(told[0][4]) == "2026-11-02 12:00:00+00:00"
    assert told[1][4] is None


@pytest.mark.parametrize(
    "change", ["event = 'bogus'", "facts = '{'", "facts = '[]'", "event = 'asked', facts = 'null'"]
)
def test_a_record_that_opsroom_cannot_have_written_is_named_and_the_rest_is_read(
    book: Book, change: str
) -> None:
    book.deployed("d1")
    book.deployed("d2", before="v2", version="v3")
    open_gates(book.store)
    run(book.store, f"UPDATE ledger SET {change} WHERE seq = 2")
    found = collected(book)
    assert found.unreadable == (2,)
    assert [one.deployment for one in found.changes] == ["d1", "d2"]


def test_the_text_of_a_forger_that_is_no_text_is_named(tmp_path: Path) -> None:
    from opsroom.audit.report import make_report
    from opsroom.db.store import open_store

    store = open_store(f"sqlite:///{tmp_path}/opsroom.db")
    book = Book(store)
    book.deployed("d1")
    open_gates(store)
    run(
        store,
        "UPDATE ledger SET message = CAST(x'ff00fe' AS TEXT), requester = x'ff00' WHERE seq = 2",
    )
    report = make_report(store, NOVEMBER)
    assert not report.complete
    assert any("Record 2" in one.message for one in report.gaps)


def test_the_executions_that_records_name_are_found_on_either_database(book: Book) -> None:
    from opsroom.audit.reconcile import known, noted

    book.at("2026-10-31T23:50:00").deployed("d1")
    book.at("2026-11-01T00:00:00").deployed("d2", who="bob")
    book.write(Event.ASKED, deployment="d3", execution_id="")
    with book.store.read() as connection:
        found = noted(connection, NOVEMBER)
        assert [(one.id, one.record, one.what) for one in found.values()] == [
            ("x-d2-bob", 4, "deploy by bob")
        ]
        assert known(connection, ["x-d1-alice", "nobody", *map(str, range(1200))]) == ["x-d1-alice"]
