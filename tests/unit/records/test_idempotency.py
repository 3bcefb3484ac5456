"""Doing a thing elsewhere once: who asks the same gets the answer, a turn, or is told to look
first."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any, List

import pytest

from opsroom.db.sql import from_moment, moment
from opsroom.db.store import Store
from opsroom.records import idempotency
from opsroom.records.idempotency import Begun, Step, key_of
from support.records.stores import rows, run

KEY = key_of("person:alice", "create_card", "OPS", "checkout is broken")


def begin(store: Store, key: str = KEY, deployment: str = "d1") -> Begun:
    with store.write() as connection:
        return idempotency.begin(store, connection, key, deployment)


def done(store: Store, answer: Any, key: str = KEY) -> None:
    with store.write() as connection:
        idempotency.done(store, connection, key, answer)


def age(store: Store, seconds: float) -> None:
    """Make everything in the table older."""
    for key, began, ended in rows(store, "SELECT key, began_at, ended_at FROM repeats"):
        older = [
            moment(from_moment(one) - timedelta(seconds=seconds)) if one else ""
            for one in (began, ended)
        ]
        run(
            store,
            "UPDATE repeats SET began_at=:b, ended_at=:e WHERE key=:k",
            b=older[0],
            e=older[1],
            k=key,
        )


def test_what_nobody_has_asked_is_to_be_made_with_a_mark_of_its_own(store: Store) -> None:
    first, other = begin(store), begin(store, key_of("x"))
    assert first.step is other.step is Step.GO
    assert first.mark != other.mark
    assert re.match(r"^ops[0-9a-f]{13}$", first.mark)


def test_while_somebody_is_at_it_the_same_is_not_begun_again(store: Store) -> None:
    first = begin(store)
    second = begin(store, deployment="d2")
    assert (second.step, second.since, second.deployment) == (Step.BUSY, first.since, "d1")


def test_what_was_made_a_moment_ago_is_answered_with_what_was_made(store: Store) -> None:
    begin(store)
    done(store, {"card": "OPS-12", "notes": ["Grüße ✓"]})
    again = begin(store)
    assert (again.step, again.answer) == (Step.DONE, {"card": "OPS-12", "notes": ["Grüße ✓"]})


def test_after_a_minute_the_same_words_are_a_new_request(store: Store) -> None:
    first = begin(store)
    done(store, {"card": "OPS-12"})
    age(store, idempotency.WITHIN - 5)
    assert begin(store).step is Step.DONE
    age(store, 6)
    later = begin(store)
    assert later.step is Step.GO
    assert later.mark != first.mark


def test_what_may_have_been_made_is_looked_for_by_the_same_mark(store: Store) -> None:
    first = begin(store)
    with store.write() as connection:
        idempotency.unsure(connection, KEY)
    again = begin(store, deployment="d2")
    assert (again.step, again.mark, again.since) == (Step.LOOK, first.mark, first.since)
    assert begin(store, deployment="d3").step is Step.BUSY


def test_what_a_dead_runner_was_at_is_looked_for(store: Store) -> None:
    first = begin(store)
    age(store, idempotency.LEASE - 5)
    assert begin(store).step is Step.BUSY
    age(store, 6)
    again = begin(store)
    assert (again.step, again.mark) == (Step.LOOK, first.mark)


def test_nobody_looks_for_ever_for_what_may_have_been_made(store: Store) -> None:
    # "page web-team: checkout is down", said again days after one whose outcome stayed unknown, is
    # another outage.
    first = begin(store)
    with store.write() as connection:
        idempotency.unsure(connection, KEY)
    age(store, idempotency.LOOKED_FOR + 1)
    again = begin(store)
    assert again.step is Step.GO
    assert again.mark != first.mark


def test_what_was_not_made_for_certain_may_be_asked_again_at_once(store: Store) -> None:
    begin(store)
    with store.write() as connection:
        idempotency.undone(connection, KEY)
    assert begin(store).step is Step.GO


@pytest.mark.parametrize(
    "other", [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), ("", "abc")]
)
def test_keys_tell_apart_what_only_looks_the_same_when_it_is_joined(other: Any) -> None:
    assert (key_of(*other) == key_of("ab", "c")) is (other == ("ab", "c"))


def test_a_key_does_not_hold_the_text(store: Store) -> None:
    begin(store)
    assert "checkout" not in str(rows(store, "SELECT * FROM repeats"))


def test_of_twenty_at_the_same_moment_one_has_the_turn(store: Store) -> None:
    turns: List[Step] = []
    start = threading.Barrier(20)

    def one() -> None:
        start.wait()
        turns.append(begin(store).step)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(turns) == [Step.BUSY] * 19 + [Step.GO]


def test_old_answers_go_and_those_nobody_knows_stay(store: Store) -> None:
    for name in ("old", "unknown"):
        begin(store, key_of(name))
    done(store, {}, key_of("old"))
    with store.write() as connection:
        idempotency.unsure(connection, key_of("unknown"))
    age(store, 90_000)
    begin(store)
    done(store, {})
    assert sorted(rows(store, "SELECT state FROM repeats")) == [("done",), ("unknown",)]
