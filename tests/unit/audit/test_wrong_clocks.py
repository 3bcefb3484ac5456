"""A machine whose clock was wrong for a command: its records count where they belong, and nothing
waits for years."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, List, Tuple

import pyotp
import pytest

from opsroom.audit.clock import read_clock
from opsroom.audit.heads import verify_record
from opsroom.audit.period import read_period
from opsroom.audit.reconcile import noted
from opsroom.audit.report import make_report, verdict
from opsroom.config.model import PageLimit
from opsroom.db.store import Store
from opsroom.errors import Code
from opsroom.people import Person, Speaker
from opsroom.records import locks
from opsroom.records.announcements import DUE, Announcement, left
from opsroom.records.announcements import begin as begin_telling
from opsroom.records.announcements import begin_silence as begin_silence
from opsroom.records.announcements import current as silence
from opsroom.records.change import Change, Kind
from opsroom.records.claims import Claim, current, expired, renew, settle, take
from opsroom.records.idempotency import Step, begin, done
from opsroom.records.ledger import append
from opsroom.records.model import Entry, Event
from opsroom.records.otp import MAX_WRONG, check_code
from opsroom.records.pages import Page, moments
from opsroom.records.pages import begin as begin_page
from opsroom.records.queries import deployments, newest
from opsroom.sensors import outbox
from support.records.ledgers import Book

pytestmark = pytest.mark.databases("sqlite")

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
AHEAD = datetime(2099, 1, 1, 12, 0, tzinfo=timezone.utc)


def mark_posted(store: Store, since: str, now: datetime = NOW) -> Tuple[List[str], List[str]]:
    """The deployments of a report, and the codes of its gaps."""
    store.now = lambda connection: now
    report = make_report(store, read_period(since))
    assert report.chain.ok
    return [one.deployment for one in report.changes], [one.code for one in report.gaps]


def story(store: Store, *clocks: str) -> Book:
    """A deployment at each of these times, as the machine's clock told them."""
    book, version = Book(store), 1
    for number, clock in enumerate(clocks, start=1):
        book.at(clock).deployed(f"d{number}", f"v{version}", f"v{version + 1}")
        version += 1
    return book


@pytest.mark.parametrize(
    ("clocks", "jumps"),
    [
        (("2026-11-02", "2099-01-01", "2026-11-03"), 1),
        (("2026-11-02", "2099-01-01", "2026-11-03", "2026-11-04", "2026-11-05"), 1),
        (("2026-11-02", "2099-01-01"), 1),
        (("2099-01-01", "2026-11-03"), 1),
        (("2026-11-02", "2026-12-24", "2026-11-03", "2026-11-04"), 1),
        (("2026-11-02", "1970-01-01", "2026-11-03"), 3),
        (("2026-11-02", "2099-01-01", "1970-01-01", "2026-11-04"), 1),
        (("2026-11-02", "2099-01-01", "2026-11-03", "2100-01-01", "2026-11-04"), 2),
    ],
)
@pytest.mark.databases("sqlite", "postgresql")
def test_the_true_month_has_all_of_it_and_says_why_that_is_not_sure(
    store: Store, clocks: Tuple[str, ...], jumps: int
) -> None:
    story(store, *clocks)
    changes, gaps = mark_posted(store, "2026-11")
    assert sorted(changes) == [f"d{number}" for number in range(1, len(clocks) + 1)]
    assert gaps == ["clock_jump"] * jumps
    # No other month claims them.
    assert mark_posted(store, "2026-10") == ([], [])
    assert mark_posted(store, "2099-06") == ([], [])
    with store.read() as on:
        found = verify_record(on, (), (), NOW)
    assert (found.ok, len(found.jumps)) == (True, jumps)


def test_the_month_that_the_clock_claimed_does_not_read_as_empty_and_complete(store: Store) -> None:
    story(store, "2026-11-02", "2099-01-01", "2026-11-03")
    assert mark_posted(store, "2099-01") == ([], ["clock_jump"])
    report = make_report(store, read_period("2099-01"))
    assert "Records 4 to 6 are dated 2099-01-01T" in verdict(report)


def test_a_jump_that_has_become_past_is_still_told_by_the_order(store: Store) -> None:
    story(store, "2026-11-02", "2026-11-09", "2026-11-03", "2026-11-04", "2026-11-12")
    changes, gaps = mark_posted(store, "2026-11-03")
    assert changes[-1] == "d3"
    assert gaps == ["clock_jump"]
    assert mark_posted(store, "2026-11-09") == ([], ["clock_jump"])
    assert mark_posted(store, "2026-11-12") == (["d5"], [])


@pytest.mark.parametrize(
    "clocks", [("2026-11-02", "2026-11-02T09:00:30", "2026-11-02T09:00:10"), ("2026-11-02",), ()]
)
def test_clocks_that_differ_by_seconds_are_no_jump(store: Store, clocks: Tuple[str, ...]) -> None:
    story(store, *clocks)
    assert mark_posted(store, "2026-11")[1] == []
    with store.read() as on:
        assert read_clock(on, NOW).jumps == ()


def test_a_fact_of_that_name_is_no_clock(store: Store) -> None:
    book = Book(store)
    for value in ("noon", 7, None, {"clock": "2026-01-01T00:00:00.000000+00:00"}):
        book.write(
            Event.DRIFT,
            facts={"clock": value, "inner": {"clock": "2001-01-01T00:00:00.000000+00:00"}},
        )
    store.now = lambda connection: NOW
    with store.read() as on:
        assert read_clock(on, NOW).jumps == ()


def test_locks_of_the_true_month_are_told(store: Store) -> None:
    book = Book(store).at("2099-01-01")
    book.write(Event.DRIFT)
    book.at("2026-11-03").write(Event.LOCKED, deployment="", message="load test")
    store.now = lambda connection: NOW
    report = make_report(store, read_period("2026-11"))
    assert [one.reason for one in report.locks] == ["load test"]
    assert report.locks[0].since.year == 2026


def test_history_shows_what_the_clock_said(store: Store) -> None:
    story(store, "2099-01-01", "2026-11-03")
    with store.read() as on:
        assert [one.clock.year for one in deployments(on)] == [2026, 2099]


@pytest.mark.databases("sqlite", "postgresql")
def test_what_happened_lately_leaves_out_what_only_is_dated_late(store: Store) -> None:
    book = Book(store).at("2099-01-01")
    book.write(Event.ASKED)
    for day in ("2026-11-03", "2026-11-19"):
        book.at(day).write(Event.DRIFT, deployment=day)
    with store.read() as on:
        assert [one.deployment for one in newest(on, Event.DRIFT, NOW - timedelta(days=2))] == [
            "2026-11-19"
        ]


def at(store: Store, now: datetime) -> Store:
    """The store, on a machine whose clock says this from now on."""
    store.now = lambda connection: now
    return store


def claim(deployment: str = "d1") -> Claim:
    return Claim("web", "uat", deployment, "deploy", "alice")


class TestNothingWaitsForYears:
    @pytest.mark.databases("sqlite", "postgresql")
    def test_a_claim_of_a_dead_runner(self, store: Store) -> None:
        with at(store, AHEAD).write() as on:
            assert take(store, on, claim(), 60.0) is None
        with at(store, NOW).write() as on:
            (there,) = expired(store, on)
            assert settle(store, on, there)
            assert take(store, on, claim("d2"), 60.0) is None

    def test_a_claim_that_its_runner_renews_stays(self, store: Store) -> None:
        with at(store, AHEAD).write() as on:
            take(store, on, claim(), 60.0)
        with at(store, NOW).write() as on:
            (stale,) = expired(store, on)
            assert renew(store, on, "d1", 60.0)
            assert not settle(store, on, stale)
            assert [one.expired for one in current(store, on)] == [False]

    @pytest.mark.parametrize(("end", "turn"), [(True, Step.GO), (False, Step.LOOK)])
    def test_the_same_words(self, store: Store, end: bool, turn: Step) -> None:
        with at(store, AHEAD).write() as on:
            mark = begin(store, on, "key", "d1").mark
            if end:
                done(store, on, "key", {"card": "OPS-1"})
        with at(store, NOW).write() as on:
            again = begin(store, on, "key", "d2")
        assert again.step is turn
        assert (again.mark == mark) is (turn is Step.LOOK)

    def test_a_change_is_over(self, store: Store) -> None:
        texts = (
            "deployment",
            "command",
            "app",
            "environment",
            "asked_version",
            "version",
            "owner",
            "shown",
        )
        values: Any = dict.fromkeys(texts, "")
        asked = Change(
            **values, kind=Kind.APPROVAL, asked_at=AHEAD, expires_at=AHEAD + timedelta(minutes=30)
        )
        assert asked.expired(NOW)
        usual = Change(
            **values, kind=Kind.APPROVAL, asked_at=NOW, expires_at=NOW + timedelta(minutes=30)
        )
        assert not usual.expired(NOW)

    def test_an_announcement_is_told_by_the_next(self, store: Store) -> None:
        with at(store, AHEAD).write() as on:
            assert begin_telling(store, on, Announcement("key", "#deploys", "text"))
        with at(store, NOW).write() as on:
            assert [one.key for one in left(store, on)] == ["key"], DUE

    def test_wrong_codes_close_nobody_out(self, store: Store) -> None:
        carol = Person("carol", totp="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        right = pyotp.TOTP(carol.totp)

        def code(when: datetime) -> str:
            return right.generate_otp(right.timecode(when))

        at(store, AHEAD)
        for number in range(MAX_WRONG):
            near = {code(AHEAD + timedelta(seconds=30 * step)) for step in range(-1, 2)}
            wrong = next(one for one in (f"{digits:06d}" for digits in range(9)) if one not in near)
            with store.write() as on:
                assert check_code(store, on, carol, wrong, "approve").code is Code.CODE_WRONG, (
                    number
                )
        with at(store, NOW).write() as on:
            assert check_code(store, on, carol, code(NOW), "approve").allowed
        with store.write() as on:
            assert check_code(store, on, carol, code(NOW), "approve").code is Code.CODE_USED

    def test_pages_do_not_fill_the_limit(self, store: Store) -> None:
        at(store, AHEAD)
        for number in range(3):
            with store.write() as on:
                begin_page(
                    store, on, Page(f"m{number}", "d", "duty", "web-team", "alice", "Alice", "down")
                )
        with at(store, NOW).read() as on:
            assert moments(store, on, PageLimit(), "alice", "Web-Team") == ([], [], NOW)

    @pytest.mark.parametrize("hours", [1, 24 * 365])
    def test_quiet_is_over(self, store: Store, hours: int) -> None:
        alice = Speaker("Alice", None, "alice", "st2", "#ops", True)
        with at(store, AHEAD).write() as on:
            begin_silence(store, on, alice, AHEAD + timedelta(hours=hours), "x")
            assert silence(store, on) is not None
        with at(store, NOW).write() as on:
            assert silence(store, on) is None
            begin_silence(store, on, alice, NOW + timedelta(hours=hours), "x")
            assert silence(store, on) is not None

    def test_news_of_sensors_are_handed_on(self, store: Store) -> None:
        with at(store, AHEAD).write() as on:
            outbox.add(store, on, "cards:work", [outbox.make("cards:work", "1", "card_moved")])
            assert len(outbox.take(store, on, "cards")) == 1
        with at(store, NOW).write() as on:
            assert len(outbox.take(store, on, "cards")) == 1
            # It is taken now, and for a while.
            assert outbox.take(store, on, "cards") == []


class TestLock:
    """One that a wrong clock dated ends after the time that it was wanted for, counted by the
    clocks that are right."""

    def lock(self, store: Store, hours: float = 2.0, owner: str = "alice") -> locks.Taken:
        with store.write() as on:
            until = store.now(on) + timedelta(hours=hours) if hours else None
            taken = locks.take(
                store, on, locks.Lock("web", "uat", owner, owner, "load test", until=until)
            )
            if taken.ok:
                append(store, on, Entry(Event.LOCKED, command="lock", app="web", environment="uat"))
        return taken

    def held(self, store: Store) -> List[Any]:
        with store.read() as on:
            return [(one.since, one.until) for one in locks.current(store, on, "web", "uat")]

    @pytest.mark.databases("sqlite", "postgresql")
    def test_it_runs_from_the_first_record_of_a_right_clock(self, store: Store) -> None:
        at(store, AHEAD)
        self.lock(store)
        at(store, NOW)
        assert self.held(store) == [(NOW, NOW + timedelta(hours=2))]
        with store.write() as on:
            append(store, on, Entry(Event.ASKED, deployment="d1"))
        at(store, NOW + timedelta(hours=1))
        assert self.held(store) == [(NOW, NOW + timedelta(hours=2))]
        assert not self.lock(store, owner="bob").ok
        at(store, NOW + timedelta(hours=2))
        assert self.held(store) == []
        assert self.lock(store, owner="bob").ok

    def test_one_without_an_end_holds_and_shows_a_time_that_can_be(self, store: Store) -> None:
        at(store, AHEAD)
        self.lock(store, 0)
        at(store, NOW)
        assert self.held(store) == [(NOW, None)]

    def test_who_has_it_can_give_it_a_new_end(self, store: Store) -> None:
        at(store, AHEAD)
        self.lock(store)
        at(store, NOW)
        taken = self.lock(store, 4.0)
        assert (taken.ok, taken.lock.until) == (True, NOW + timedelta(hours=4))
        assert self.held(store) == [(NOW, NOW + timedelta(hours=4))]


@pytest.mark.databases("sqlite", "postgresql")
def test_a_comparison_with_stackstorm_takes_executions_of_the_true_month(store: Store) -> None:
    story(store, "2026-10-02", "2099-01-01", "2026-11-03")
    with store.read() as on:
        clock = read_clock(on, NOW)
        # The second one was written at some time between the first and the third: it counts where a
        # report has it.
        assert set(noted(on, read_period("2026-10"), clock)) == {"x-d1-alice", "x-d2-alice"}
        assert set(noted(on, read_period("2026-11"), clock)) == {"x-d3-alice"}
        assert noted(on, read_period("2099-01"), clock) == {}
        assert {"x-d2-alice", "x-d3-alice"} == set(noted(on, read_period("2099-01")))
