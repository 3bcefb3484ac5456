"""How changes end that expire, or whose runner dies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, List

import pytest

from opsroom.db.sql import Transaction, moment
from opsroom.db.store import Store
from opsroom.records.change import Change, Kind, State
from opsroom.records.changes import (
    begin,
    close,
    expire,
    find,
    is_begun,
    open_change,
    put_back,
    settle,
    stale,
    tidy,
)
from opsroom.records.claims import Claim, take
from opsroom.records.ledger import append
from opsroom.records.model import Event
from support.records.drafts import DRAFT, found, opened
from support.records.stores import entry, rows, run


def begun(store: Store, change: Change, by: str = "carol") -> bool:
    with store.write() as connection:
        return begin(store, connection, change.id, by)


def age(store: Store, change: Change) -> None:
    """As if its time had passed."""
    run(
        store,
        "UPDATE changes SET expires_at = '2000-01-01T00:00:00.000000+00:00' WHERE id = :id",
        id=change.id,
    )


def test_what_expired_is_closed_once_with_a_record(store: Store) -> None:
    made, other = opened(store), opened(store, replace(DRAFT, deployment="d2", version="v1.3.0"))
    age(store, made)
    with store.read() as connection:
        assert stale(store, connection)
    with store.write() as connection:
        assert [one.id for one in expire(store, connection)] == [made.id]
        assert expire(store, connection) == []
        assert not begin(store, connection, made.id, "carol")
        assert not stale(store, connection)
    assert (found(store, made).state, found(store, other).state) == (State.EXPIRED, State.OPEN)
    assert rows(store, "SELECT event, deployment, requester, code FROM ledger") == [
        ("expired", "d1", "alice", "change_expired")
    ]


def test_what_is_being_deployed_does_not_expire(store: Store) -> None:
    made = opened(store)
    assert begun(store, made)
    age(store, made)
    with store.write() as connection:
        tidy(store, connection)
    assert found(store, made).state is State.DEPLOYING


def test_an_emergency_waits_for_review_without_end(store: Store) -> None:
    with store.write() as connection:
        made = open_change(
            store, connection, replace(DRAFT, kind=Kind.EMERGENCY, reason="checkout is down")
        )
        tidy(store, connection)
    assert (made.state, made.expires_at, made.reason) == (State.REVIEW, None, "checkout is down")
    assert found(store, made) == made
    assert not begun(store, made)
    with store.write() as connection:
        assert close(
            store, connection, made.id, State.REVIEW, State.REVIEWED, "carol", "it was right"
        )
        assert not close(store, connection, made.id, State.REVIEW, State.REVIEWED, "dave", "me too")
    assert found(store, made).facts["closed_by"] == "carol"


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        (Event.SUCCEEDED, State.DONE),
        (Event.FAILED, State.FAILED),
        (Event.INTERRUPTED, State.FAILED),
    ],
)
def test_a_change_whose_runner_died_at_the_end_is_closed_by_the_record(
    store: Store, ending: Event, state: State
) -> None:
    made = opened(store)
    begun(store, made)
    with store.write() as connection:
        append(store, connection, entry(Event.STARTED, deployment="d1"))
        append(store, connection, entry(ending, deployment="d1"))
        assert [one.id for one in settle(store, connection)] == [made.id]
    assert found(store, made).state is state


def test_what_may_still_be_going_on_is_left_alone(store: Store) -> None:
    made = opened(store)
    with store.write() as connection:
        # The end of an earlier try, before it was put back, says nothing about this one.
        append(store, connection, entry(Event.FAILED, deployment="d1"))
    begun(store, made)
    with store.write() as connection:
        # Nor does an end without a start after it: nothing was touched then.
        append(store, connection, entry(Event.FAILED, deployment="d1"))
        append(store, connection, entry(Event.INTERRUPTED, deployment="d1"))
        assert settle(store, connection) == []
        take(store, connection, Claim("web", "production", "d1", "deploy", "alice"), 60)
        append(store, connection, entry(Event.STARTED, deployment="d1"))
        append(store, connection, entry(Event.SUCCEEDED, deployment="d1"))
        assert settle(store, connection) == []
    assert found(store, made).state is State.DEPLOYING


def let_minutes_pass(store: Store, change: Change, minutes: float) -> None:
    """As if it had been set off so long ago."""
    with store.write() as connection:
        facts = dict(found_in(connection, change).facts)
        begun_at = datetime.fromisoformat(facts["begun_at"]) - timedelta(minutes=minutes)
        facts["begun_at"] = moment(begun_at)
        connection.execute("UPDATE changes SET facts = :facts", {"facts": json.dumps(facts)})


def found_in(connection: Transaction, change: Change) -> Change:
    one = find(connection, change.id)
    assert one is not None
    return one


def events(store: Store) -> List[Any]:
    return rows(store, "SELECT event, code, deployment, requester FROM ledger ORDER BY seq")


def test_what_was_set_off_and_not_started_within_five_minutes_waits_again_with_a_record(
    store: Store,
) -> None:
    made = opened(store, seconds=3600)
    begun(store, made)
    let_minutes_pass(store, made, 4.9)
    with store.write() as connection:
        assert settle(store, connection) == []
    let_minutes_pass(store, made, 0.2)
    with store.write() as connection:
        assert [one.id for one in settle(store, connection)] == [made.id]
        assert settle(store, connection) == []
    assert found(store, made).state is State.OPEN
    assert events(store) == [("waiting", "waiting", "d1", "alice")]
    assert begun(store, made, "dave")


def test_what_was_set_off_and_not_started_expires_when_its_time_is_over_by_then(
    store: Store,
) -> None:
    made = opened(store)
    begun(store, made)
    age(store, made)
    let_minutes_pass(store, made, 6)
    with store.write() as connection:
        assert [one.id for one in settle(store, connection)] == [made.id]
    assert found(store, made).state is State.EXPIRED
    assert events(store) == [("expired", "change_expired", "d1", "alice")]


@pytest.mark.parametrize(("lease", "state"), [(60.0, State.DEPLOYING), (-1.0, State.OPEN)])
def test_a_claim_keeps_what_is_not_started_until_its_lease_has_run_out(
    store: Store, lease: float, state: State
) -> None:
    made = opened(store, seconds=3600)
    begun(store, made)
    let_minutes_pass(store, made, 6)
    with store.write() as connection:
        take(store, connection, Claim("web", "production", "d1", "deploy", "alice"), lease)
        settle(store, connection)
    assert found(store, made).state is state
    assert len(rows(store, "SELECT * FROM claims")) == (1 if state is State.DEPLOYING else 0)


def test_what_was_started_longer_ago_than_any_execution_lives_and_has_no_end_has_failed(
    store: Store,
) -> None:
    made = opened(store, seconds=7200)
    begun(store, made)
    with store.write() as connection:
        append(store, connection, entry(Event.STARTED, deployment="d1"))
    let_minutes_pass(store, made, 64)
    with store.write() as connection:
        assert settle(store, connection) == []
    let_minutes_pass(store, made, 2)
    with store.write() as connection:
        assert [one.id for one in settle(store, connection)] == [made.id]
    assert found(store, made).state is State.FAILED
    assert [one[0] for one in events(store)] == ["started", "interrupted"]


def test_who_began_it_knows_when_it_is_another_s(store: Store) -> None:
    made = opened(store, seconds=3600)
    begun(store, made)
    mine = found(store, made)
    with store.write() as connection:
        assert is_begun(connection, mine)
        put_back(store, connection, made.id)
        assert not is_begun(connection, mine)
        begin(store, connection, made.id, "dave")
        assert not is_begun(connection, mine)
        assert is_begun(connection, found_in(connection, made))
