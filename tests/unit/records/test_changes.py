"""Changes: made, found, narrowed, approved, and one of many at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Dict, List

import pytest

from opsroom.db.store import Store, open_store
from opsroom.errors import Failure
from opsroom.records import changes
from opsroom.records.change import ALPHABET, LETTERS, Kind, State, new_id, typed_id
from opsroom.records.changes import (
    add_approval,
    approvals_of,
    begin,
    close,
    end,
    find,
    find_same,
    open_change,
    open_changes,
    put_back,
    tidy,
)
from support.processes import at_once
from support.records.drafts import DRAFT, found, opened


def test_a_change_is_found_again_as_it_was_made(store: Store) -> None:
    made = opened(store)
    assert found(store, made) == made
    assert made.state is State.OPEN
    assert made.expires_at is not None
    assert made.expires_at - made.asked_at == timedelta(seconds=60)
    assert {name: getattr(made, name) for name in vars(DRAFT)} == vars(DRAFT)


def test_how_an_id_is_typed_does_not_matter(store: Store) -> None:
    made = opened(store)
    with store.read() as connection:
        for typed in ("{0}", "{1}", " {0} ", "'{1}'", "#{0}", "{0}."):
            one = find(connection, typed.format(made.id, made.id.lower()))
            assert one is not None, typed
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
