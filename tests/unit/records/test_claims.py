"""Claims: one deployment at a time, and none that outlives its runner."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Optional, Tuple

import pytest

from opsroom.db.store import Store, open_store
from opsroom.errors import Code
from opsroom.records.claims import (
    Claim,
    checkpoint,
    current,
    expired,
    keep_checkpoint,
    release,
    renew,
    settle,
    take,
)
from opsroom.records.ledger import append
from opsroom.records.model import Event
from support.errors import failure_of
from support.processes import at_once
from support.records.stores import entry, rows

MINE = Claim(
    app="web",
    environment="uat",
    deployment="d1",
    command="deploy",
    holder="Alice",
    person="alice",
    room="#ops",
    st2_user="bot",
    execution_id="65f0",
    version="v2",
    step="checking",
)
THEIRS = replace(MINE, deployment="d2", holder="Bob")


def _take(store: Store, claim: Claim, lease: float = 60.0) -> Claim | None:
    with store.write() as connection:
        return take(store, connection, claim, lease)


def test_the_first_claim_is_taken_and_the_second_is_told_who_holds_it(store: Store) -> None:
    assert _take(store, MINE) is None
    in_the_way = _take(store, THEIRS)
    assert in_the_way is not None
    assert replace(in_the_way, started_at=MINE.started_at, lease_until=MINE.lease_until) == MINE
    assert in_the_way.lease_until - in_the_way.started_at == timedelta(seconds=60)
    assert not in_the_way.expired


def test_a_transaction_goes_on_after_a_claim_was_in_the_way(store: Store) -> None:
    _take(store, MINE)
    with store.write() as connection:
        assert take(store, connection, THEIRS, 60) is not None
        append(store, connection, entry(Event.REFUSED))
    assert rows(store, "SELECT event FROM ledger") == [("refused",)]


def test_other_places_are_free(store: Store) -> None:
    _take(store, MINE)
    assert _take(store, replace(THEIRS, environment="test")) is None
    assert _take(store, replace(THEIRS, app="api", deployment="d3")) is None
    with store.read() as connection:
        assert [claim.deployment for claim in current(store, connection)] == ["d1", "d2", "d3"]
        assert [claim.deployment for claim in current(store, connection, app="web")] == ["d1", "d2"]
        assert [claim.deployment for claim in current(store, connection, environment="uat")] == [
            "d1",
            "d3",
        ]
        assert [claim.deployment for claim in current(store, connection, "web", "test")] == ["d2"]


def test_one_deployment_cannot_hold_two_places(store: Store) -> None:
    _take(store, MINE)
    caught = failure_of(_take, store, replace(MINE, environment="test"))
    assert caught.code is Code.STORE_FAILED


def test_a_claim_that_was_given_back_can_be_taken_again(store: Store) -> None:
    _take(store, MINE)
    with store.write() as connection:
        assert release(connection, "d1")
    with store.write() as connection:
        assert not release(connection, "d1")
    assert _take(store, THEIRS) is None


def test_a_claim_is_gone_with_the_transaction_that_took_it(store: Store) -> None:
    def stopped() -> None:
        with store.write() as connection:
            take(store, connection, MINE, 60)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert _take(store, THEIRS) is None


def test_renewing_moves_the_lease_and_notes_the_step(store: Store) -> None:
    _take(store, MINE, 10)
    with store.write() as connection:
        assert renew(store, connection, "d1", 500, "deploying")
        assert renew(store, connection, "d1", 500)
        assert not renew(store, connection, "other", 500)
    with store.read() as connection:
        (claim,) = current(store, connection)
    assert claim.step == "deploying"
    assert claim.lease_until - claim.started_at >= timedelta(seconds=500)


def test_a_claim_whose_lease_ran_out_stays_in_the_way_until_it_is_settled(store: Store) -> None:
    _take(store, MINE, lease=0)
    in_the_way = _take(store, THEIRS)
    assert in_the_way is not None
    assert in_the_way.expired
    with store.read() as connection:
        assert expired(store, connection) == [in_the_way]
        assert expired(store, connection, environment="test") == []
    with store.write() as connection:
        assert settle(store, connection, in_the_way)
        assert take(store, connection, THEIRS, 60) is None
    with store.write() as connection:
        assert not renew(store, connection, "d1", 60)
        assert not settle(store, connection, in_the_way)


def test_a_claim_that_was_renewed_meanwhile_is_not_settled(store: Store) -> None:
    _take(store, MINE, lease=-1)
    with store.read() as connection:
        (seen,) = expired(store, connection)
    with store.write() as connection:
        assert renew(store, connection, "d1", 60)
    with store.write() as connection:
        assert not settle(store, connection, seen)
    with store.read() as connection:
        assert [claim.deployment for claim in current(store, connection)] == ["d1"]


def test_of_eight_processes_that_claim_one_place_at_once_one_gets_it(
    store: Store, store_url: str
) -> None:
    answers = at_once(8, _claim, store_url)
    winners = [index for index, holder in answers if holder is None]
    assert len(winners) == 1
    assert {holder for _, holder in answers if holder is not None} == {f"person{winners[0]}"}
    # Each recorded what it saw in the transaction in which it asked.
    assert sorted(rows(store, "SELECT event, count(*) FROM ledger GROUP BY event")) == [
        ("refused", 7),
        ("started", 1),
    ]


def test_of_eight_processes_that_settle_one_claim_at_once_one_does(
    store: Store, store_url: str
) -> None:
    _take(store, MINE, lease=-1)
    assert sorted(at_once(8, _settle, store_url)) == [False] * 7 + [True]
    assert rows(store, "SELECT event FROM ledger") == [("interrupted",)]
    assert rows(store, "SELECT * FROM claims") == []


def test_processes_that_take_renew_record_and_release_in_any_order_never_block_each_other(
    store_url: str,
) -> None:
    assert sum(at_once(8, _work, store_url)) >= 1


def _claim(index: int, url: str) -> Tuple[int, Optional[str]]:
    store = open_store(url)
    with store.write() as connection:
        claim = Claim("web", "uat", f"d{index}", "deploy", f"person{index}")
        in_the_way = take(store, connection, claim, 60)
        append(store, connection, entry(Event.REFUSED if in_the_way else Event.STARTED))
    return index, in_the_way.holder if in_the_way else None


def _settle(index: int, url: str) -> bool:
    store = open_store(url)
    with store.read() as connection:
        found = expired(store, connection)
    # Whoever comes late sees nothing; those who saw it compete.
    with store.write() as connection:
        done = bool(found) and settle(store, connection, found[0])
        if done:
            append(store, connection, entry(Event.INTERRUPTED))
    return done


def _work(index: int, url: str) -> int:
    """Ten rounds on two places; records before and after the row is touched, so that orders
    differ."""
    store = open_store(url)
    taken = 0
    for number in range(10):
        deployment = f"{index}.{number}"
        claim = Claim("web", ("uat", "test")[(index + number) % 2], deployment, "deploy", "x")
        with store.write() as connection:
            if number % 2:
                append(store, connection, entry(Event.ASKED))
            got = take(store, connection, claim, 60) is None
            append(store, connection, entry(Event.STARTED if got else Event.REFUSED))
        if got:
            taken += 1
            with store.write() as connection:
                assert renew(store, connection, deployment, 60)
                append(store, connection, entry(Event.SUCCEEDED))
            with store.write() as connection:
                if number % 3:
                    append(store, connection, entry(Event.SUCCEEDED))
                assert release(connection, deployment)
    return taken


def _keep(index: int, url: str) -> None:
    store = open_store(url)
    for _ in range(20):
        with store.write() as connection:
            keep_checkpoint(store, connection, "web", "uat", "cancel", f"by {index}")
    store.close()


def test_of_many_who_note_the_same_the_last_one_stays(store_url: str) -> None:
    at_once(6, _keep, store_url)
    with open_store(store_url).read() as connection:
        assert checkpoint(connection, "web", "uat", "cancel").startswith("by ")
