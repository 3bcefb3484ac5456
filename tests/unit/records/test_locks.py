"""Locks in the database: one owner each, an end that comes by itself, and every change on the
record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import List, Tuple

import pytest

from opsroom.db.store import Store, open_store
from opsroom.people import Person, Speaker
from opsroom.records.claims import Claim
from opsroom.records.claims import take as claim
from opsroom.records.ledger import append, of_deployment
from opsroom.records.locks import (
    Lock,
    Taken,
    active,
    current,
    find,
    lock_after_rollback,
    release,
    sweep,
    take,
)
from opsroom.records.model import Event
from support.processes import at_once
from support.records.stores import entry, rows, run

MINE = Lock(
    "",
    "uat",
    "person:alice",
    "alice",
    "load test",
    person="alice",
    room="#dev",
    execution_id="65f0",
)
THEIRS = replace(MINE, owner="person:bob", shown="bob", reason="demo", person="bob")
CAROL = Speaker("carol", Person("carol"), "carol", "chatops_bot", "#ops", through_relay=True)


def _take(store: Store, lock: Lock) -> Taken:
    with store.write() as connection:
        return take(store, connection, lock)


def _now(store: Store) -> datetime:
    with store.read() as connection:
        return store.now(connection)


def _over(store: Store) -> None:
    """As if the time of every lock with an end had passed."""
    run(store, "UPDATE locks SET until = '2000-01-01T00:00:00.000000+00:00' WHERE until != ''")


def _places(locks: List[Lock]) -> List[Tuple[str, str]]:
    return [(lock.app, lock.environment) for lock in locks]


def test_the_first_gets_the_lock_and_the_second_is_told_whose_it_is(store: Store) -> None:
    until = _now(store) + timedelta(hours=2)
    taken = _take(store, replace(MINE, until=until))
    assert taken.ok
    assert taken.renewed is None
    assert taken.lock == replace(MINE, since=taken.lock.since, until=until)
    assert abs(taken.lock.since - _now(store)) < timedelta(minutes=1)
    assert _take(store, THEIRS) == Taken(taken.lock, ok=False)


def test_a_transaction_goes_on_after_a_lock_was_in_the_way(store: Store) -> None:
    _take(store, MINE)
    with store.write() as connection:
        assert not take(store, connection, THEIRS).ok
        append(store, connection, entry(Event.REFUSED))
    assert rows(store, "SELECT event FROM ledger") == [("refused",)]


def test_claiming_ones_own_lock_again_gives_it_a_new_reason_and_end_and_keeps_its_beginning(
    store: Store,
) -> None:
    first = _take(store, MINE).lock
    until = _now(store) + timedelta(hours=1)
    again = _take(store, replace(MINE, reason="longer", until=until))
    assert again == Taken(replace(first, reason="longer", until=until), ok=True, renewed=first)
    with store.read() as connection:
        assert current(store, connection) == [again.lock]


def test_a_lock_that_was_given_back_can_be_taken_by_another(store: Store) -> None:
    mine = _take(store, MINE).lock
    with store.write() as connection:
        assert not release(connection, THEIRS)
        assert release(connection, mine)
        assert not release(connection, mine)
    assert _take(store, THEIRS).ok


def test_a_deployment_meets_the_locks_of_its_place_its_environment_and_everything(
    store: Store,
) -> None:
    for app, environment in (
        ("web", "uat"),
        ("", "uat"),
        ("", ""),
        ("api", "uat"),
        ("web", "test"),
        ("", "test"),
    ):
        _take(store, replace(MINE, app=app, environment=environment))
    with store.read() as connection:
        assert _places(active(store, connection, "web", "uat")) == [
            ("", ""),
            ("", "uat"),
            ("web", "uat"),
        ]
        assert _places(active(store, connection, "api", "production")) == [("", "")]
        assert _places(current(store, connection, environment="test")) == [
            ("", ""),
            ("", "test"),
            ("web", "test"),
        ]
        assert len(current(store, connection)) == 6
        assert find(connection, "web", "production") is None
        assert find(connection, "web", "uat") is not None


def test_a_lock_whose_time_is_over_holds_nobody_up_and_its_end_is_recorded_once(
    store: Store,
) -> None:
    _take(store, replace(MINE, until=_now(store) + timedelta(hours=1)))
    _take(store, replace(MINE, app="web"))
    _over(store)
    with store.read() as connection:
        assert _places(active(store, connection, "web", "uat")) == [("web", "uat")]
    assert _take(store, THEIRS).ok
    with store.write() as connection:
        assert sweep(store, connection) == []
    assert rows(store, "SELECT event, requester, environment, message FROM ledger") == [
        ("unlocked", "alice", "uat", "its time was over")
    ]


def test_a_lock_is_gone_with_the_transaction_that_took_it(store: Store) -> None:
    def stopped() -> None:
        with store.write() as connection:
            take(store, connection, MINE)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert _take(store, THEIRS).ok


def test_a_rollback_locks_its_place_for_who_rolled_back_and_says_so_on_the_record(
    store: Store,
) -> None:
    _take(store, replace(THEIRS, until=_now(store) + timedelta(hours=1)))
    reason = "rolled back from v1.2.0 to v1.1.0"
    with store.write() as connection:
        locked = lock_after_rollback(store, connection, CAROL, "web", "uat", reason, "d1", "65f1")
    assert locked is not None
    assert (locked.owner, locked.shown, locked.reason, locked.until) == (
        "person:carol",
        "carol",
        reason,
        None,
    )
    with store.read() as connection:
        assert locked in active(store, connection, "web", "uat")
        (record,) = of_deployment(connection, "d1")
    assert (record.event, record.person, record.room, record.app) == (
        Event.LOCKED,
        "carol",
        "#ops",
        "web",
    )
    assert record.message == reason


def test_a_rollback_leaves_a_lock_that_is_on_its_place_as_it_is_unless_that_ones_time_is_over(
    store: Store,
) -> None:
    _take(store, replace(THEIRS, app="web", until=_now(store) + timedelta(hours=1)))
    with store.write() as connection:
        assert lock_after_rollback(store, connection, CAROL, "web", "uat", "rolled back") is None
    assert rows(store, "SELECT event FROM ledger") == []
    _over(store)
    with store.write() as connection:
        assert (
            lock_after_rollback(store, connection, CAROL, "web", "uat", "rolled back") is not None
        )
    assert rows(store, "SELECT event FROM ledger ORDER BY seq") == [("unlocked",), ("locked",)]


def test_of_eight_processes_that_lock_one_place_at_once_one_owns_it(
    store: Store, store_url: str
) -> None:
    answers = at_once(8, _lock, store_url)
    owners = [index for index, ok, _ in answers if ok]
    assert len(owners) == 1
    assert {shown for _, _, shown in answers} == {f"person{owners[0]}"}
    assert sorted(rows(store, "SELECT event, count(*) FROM ledger GROUP BY event")) == [
        ("locked", 1),
        ("refused", 7),
    ]


def test_a_deployment_began_before_the_lock_or_was_refused(store: Store, store_url: str) -> None:
    # Ten lock all of uat while ten claim an application on it, all at the same moment.
    at_once(20, _lock_or_claim, store_url)
    events = [event for (event,) in rows(store, "SELECT event FROM ledger ORDER BY seq")]
    locked = events.index("locked")
    assert "started" not in events[locked:]
    assert events.count("started") + events.count("refused") == 10 + 9
    (facts,) = rows(store, "SELECT facts FROM ledger WHERE event = 'locked'")[0]
    # The lock saw everyone who had begun.
    assert f'"deploying":{events.count("started")}' in facts


def test_of_many_who_sweep_at_once_one_records_the_end(store: Store, store_url: str) -> None:
    _take(store, replace(MINE, until=_now(store) + timedelta(hours=1)))
    _over(store)
    assert sorted(at_once(8, _sweep, store_url)) == [0] * 7 + [1]
    assert rows(store, "SELECT event FROM ledger") == [("unlocked",)]


def _lock(index: int, url: str) -> Tuple[int, bool, str]:
    store = open_store(url)
    with store.write() as connection:
        taken = take(
            store, connection, replace(MINE, owner=f"person:{index}", shown=f"person{index}")
        )
        append(store, connection, entry(Event.LOCKED if taken.ok else Event.REFUSED))
    return index, taken.ok, taken.lock.shown


def _lock_or_claim(index: int, url: str) -> None:
    from opsroom.records.claims import current as claims

    store = open_store(url)
    with store.write() as connection:
        if index % 2:
            taken = take(store, connection, replace(MINE, owner=f"person:{index}"))
            facts = {"deploying": len(claims(store, connection, environment="uat"))}
            append(
                store, connection, entry(Event.LOCKED if taken.ok else Event.REFUSED, facts=facts)
            )
            return
        app = f"app{index}"
        if active(store, connection, app, "uat"):
            append(store, connection, entry(Event.REFUSED))
            return
        wanted = Claim(
            app=app, environment="uat", deployment=f"d{index}", command="deploy", holder="x"
        )
        assert claim(store, connection, wanted, 600) is None
        append(store, connection, entry(Event.STARTED, deployment=f"d{index}"))


def _sweep(_index: int, url: str) -> int:
    store = open_store(url)
    with store.write() as connection:
        return len(sweep(store, connection))


def test_a_lock_as_data_has_its_times_in_utc() -> None:
    at = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)
    facts = replace(MINE, since=at, until=at + timedelta(hours=1)).facts()
    assert (facts["since"], facts["until"]) == ("2026-11-23T15:00:00Z", "2026-11-23T16:00:00Z")
    assert MINE.facts()["until"] == ""
