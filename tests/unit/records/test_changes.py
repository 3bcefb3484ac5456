"""Changes in the database: each step happens once, whoever else tries at the same moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Dict, List

import pytest

from opsroom.db.sql import Transaction, moment
from opsroom.db.store import Store, open_store
from opsroom.errors import Failure
from opsroom.records import changes
from opsroom.records.change import ALPHABET, LETTERS, Change, Draft, Kind, State, new_id, typed_id
from opsroom.records.changes import (
    add_approval,
    approvals_of,
    begin,
    close,
    end,
    expire,
    find,
    find_same,
    is_begun,
    open_change,
    open_changes,
    put_back,
    settle,
    stale,
    tidy,
)
from opsroom.records.claims import Claim, take
from opsroom.records.ledger import append
from opsroom.records.model import Event
from support.processes import at_once
from support.stores import entry, rows, run

DRAFT = Draft(
    deployment="d1",
    kind=Kind.APPROVAL,
    command="deploy",
    app="web",
    environment="production",
    asked_version="v1.2.0",
    version="v1.2.0",
    owner="person:alice",
    shown="alice",
    commit_id="c0ffee",
    version_before="v1.1.0",
    person="alice",
    chat_name="alice",
    room="#ops",
    st2_user="bot",
    execution_id="65f0",
    plan="web on production would go from v1.1.0 to v1.2.0",
    needed=2,
    facts={"did": "deployed web {version} to production", "redeploy": False},
)


def opened(store: Store, draft: Draft = DRAFT, seconds: float = 60.0) -> Change:
    with store.write() as connection:
        return open_change(store, connection, draft, seconds)


def found(store: Store, change: Change) -> Change:
    with store.read() as connection:
        one = find(connection, change.id)
    assert one is not None
    return one


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


def test_a_change_is_found_again_as_it_was_made(store: Store) -> None:
    made = opened(store)
    assert found(store, made) == made
    assert made.state is State.OPEN
    assert made.expires_at is not None
    assert made.expires_at - made.asked_at == timedelta(seconds=60)
    assert {name: getattr(made, name) for name in vars(DRAFT)} == vars(DRAFT)


@pytest.mark.parametrize("typed", ["{0}", "{1}", " {0} ", "'{1}'", "#{0}", "{0}."])
def test_how_an_id_is_typed_does_not_matter(store: Store, typed: str) -> None:
    made = opened(store)
    with store.read() as connection:
        one = find(connection, typed.format(made.id, made.id.lower()))
        assert one is not None
        assert one.id == made.id
        assert find(connection, made.id + "C") is None
        assert find(connection, "") is None


def test_ids_have_no_letters_that_look_alike_and_no_vowels() -> None:
    assert not set(ALPHABET) & set("0O1IL5S2Z8BUVAE")
    ids = {new_id() for _ in range(500)}
    assert all(len(one) == 4 and one[0] in LETTERS and typed_id(one.lower()) == one for one in ids)
    assert len(ids) > 450


def test_an_id_that_is_taken_is_drawn_again_and_longer_after_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "new_id", lambda length: "K" * length)
    assert opened(store).id == "KKKK"
    assert opened(store, replace(DRAFT, deployment="d2")).id == "KKKKK"
    # The same deployment cannot have two changes, whatever their ids.
    with pytest.raises(Failure):
        opened(store)


def test_asking_for_the_same_again_finds_the_open_change(store: Store) -> None:
    made = opened(store)
    with store.write() as connection:
        assert find_same(connection, replace(DRAFT, deployment="d2")) == made
        for other in (
            replace(DRAFT, version="v1.3.0"),
            replace(DRAFT, owner="person:bob"),
            replace(DRAFT, environment="uat"),
            replace(DRAFT, app="api"),
            replace(DRAFT, kind=Kind.CONFIRMATION),
        ):
            assert find_same(connection, other) is None
        close(store, connection, made.id, State.OPEN, State.REJECTED, "carol", "no")
        assert find_same(connection, DRAFT) is None


def test_what_waits_can_be_narrowed(store: Store) -> None:
    first = opened(store)
    second = opened(store, replace(DRAFT, deployment="d2", app="api", environment="uat"))
    third = opened(store, replace(DRAFT, deployment="d3", kind=Kind.EMERGENCY))
    fourth = opened(store, replace(DRAFT, deployment="d4"))
    with store.write() as connection:
        close(store, connection, fourth.id, State.OPEN, State.WITHDRAWN, "alice")
        assert [one.id for one in open_changes(connection)] == [first.id, second.id, third.id]
        assert [one.id for one in open_changes(connection, "production")] == [first.id, third.id]
        assert [one.id for one in open_changes(connection, app="api")] == [second.id]
        assert open_changes(connection, "production", "api") == []


def test_nobody_approves_the_same_change_twice(store: Store) -> None:
    made = opened(store)
    with store.write() as connection:
        assert add_approval(store, connection, made.id, "person:carol", "carol", "e1", True) == 1
        assert add_approval(store, connection, made.id, "person:carol", "carol", "e2", False) == 1
        assert add_approval(store, connection, made.id, "person:dave", "dave", "e3", False) == 2
        given = approvals_of(connection, made.id)
    assert [(one.owner, one.second_factor) for one in given] == [
        ("person:carol", True),
        ("person:dave", False),
    ]


# What may become of a change: the step, whether it is made, and the state afterwards.
STEPS: Dict[str, Any] = {
    "begin": lambda store, connection, one: begin(store, connection, one.id, "carol"),
    "done": lambda store, connection, one: end(store, connection, one.id, True),
    "failed": lambda store, connection, one: end(store, connection, one.id, False),
    "back": lambda store, connection, one: put_back(store, connection, one.id),
    "reject": lambda store, connection, one: close(
        store, connection, one.id, State.OPEN, State.REJECTED, "dave", "no"
    ),
}
WAYS = [
    (["begin", "done"], State.DONE),
    (["begin", "failed"], State.FAILED),
    (["begin", "back"], State.OPEN),
    (["begin", "back", "begin", "done"], State.DONE),
    (["reject"], State.REJECTED),
    (["begin", "back", "reject"], State.REJECTED),
]


@pytest.mark.parametrize(("way", "state"), WAYS)
def test_a_change_goes_its_way_and_no_other(store: Store, way: List[str], state: State) -> None:
    made = opened(store)
    for step in way:
        with store.write() as connection:
            assert STEPS[step](store, connection, made)
    assert found(store, made).state is state
    with store.write() as connection:
        if state is not State.OPEN:
            assert not any(STEPS[step](store, connection, made) for step in STEPS)
        assert not begin(store, connection, "XXXX", "carol")
    assert found(store, made).state is state


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


def test_half_a_surrogate_pair_names_no_change(store: Store) -> None:
    with store.read() as connection:
        assert find(connection, "K7\ud800") is None


def test_an_approval_given_again_with_a_code_has_it_from_then_on(store: Store) -> None:
    made = opened(store)
    with store.write() as connection:
        for with_code in (False, True, False):
            assert (
                add_approval(store, connection, made.id, "person:carol", "carol", "e1", with_code)
                == 1
            )
        assert [one.second_factor for one in approvals_of(connection, made.id)] == [True]


def _begin(index: int, url: str, change_id: str) -> bool:
    opened_store = open_store(url)
    with opened_store.write() as connection:
        return begin(opened_store, connection, change_id, f"approver {index}")


def _begin_or_close(index: int, url: str, change_id: str) -> bool:
    opened_store = open_store(url)
    with opened_store.write() as connection:
        if index % 2:
            return close(
                opened_store, connection, change_id, State.OPEN, State.REJECTED, f"r{index}"
            )
        return begin(opened_store, connection, change_id, f"a{index}")


def _approve(index: int, url: str, change_id: str) -> int:
    opened_store = open_store(url)
    with opened_store.write() as connection:
        return add_approval(
            opened_store, connection, change_id, f"person:{index // 2}", "x", "", False
        )


def _open(index: int, url: str) -> str:
    opened_store = open_store(url)
    with opened_store.write() as connection:
        # As the use case does: it waits for its turn before it looks.
        tidy(opened_store, connection)
        same = find_same(connection, DRAFT)
        return (
            same
            or open_change(opened_store, connection, replace(DRAFT, deployment=f"d{index}"), 60)
        ).id


def test_of_many_that_begin_at_once_one_does(store: Store, store_url: str) -> None:
    made = opened(store)
    store.close()
    assert sorted(at_once(8, _begin, store_url, made.id)) == [False] * 7 + [True]


def test_of_beginning_and_rejecting_at_once_one_happens(store: Store, store_url: str) -> None:
    made = opened(store)
    store.close()
    assert sum(at_once(8, _begin_or_close, store_url, made.id)) == 1


def test_of_many_approvals_at_once_each_person_counts_once_and_each_count_is_seen_by_somebody(
    store: Store, store_url: str
) -> None:
    made = opened(store)
    store.close()
    counts = at_once(8, _approve, store_url, made.id)
    assert set(counts) == set(range(1, 5))


def test_of_many_who_ask_for_the_same_at_once_one_makes_the_change(
    store: Store, store_url: str
) -> None:
    store.close()
    assert len(set(at_once(10, _open, store_url))) == 1
