"""What is told once: of many who tell the same at the same moment, one does; and what comes again
is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Callable, List

from opsroom.db.store import Store
from opsroom.people import Speaker
from opsroom.records.announcements import (
    LEASE,
    STALE,
    Announcement,
    begin,
    current,
    left,
    mark_posted,
    silenced,
)
from opsroom.records.announcements import begin_silence as begin_silence
from opsroom.records.idempotency import KEPT, first_time

NEWS = Announcement("deployment:1", "#deploys", "alice deployed web v1 to uat")
ALICE = Speaker("alice", None, "alice", "chatops_bot", "#dev", through_relay=True)


def at_once(what: Callable[[], bool]) -> List[bool]:
    with ThreadPoolExecutor(12) as pool:
        return [one.result() for one in [pool.submit(what) for _ in range(12)]]


def later(store: Store, seconds: float) -> None:
    now = store.now
    store.now = lambda connection: now(connection) + timedelta(seconds=seconds)


def test_of_twelve_who_tell_the_same_at_once_one_does(store: Store) -> None:
    def tell() -> bool:
        with store.write() as connection:
            return begin(store, connection, NEWS)

    assert sorted(at_once(tell)) == [False] * 11 + [True]


def test_of_twelve_who_see_the_same_event_at_once_one_acts(store: Store) -> None:
    def act() -> bool:
        with store.write() as connection:
            return first_time(store, connection, "drift", "e1")

    assert sorted(at_once(act)) == [False] * 11 + [True]
    with store.write() as connection:
        assert first_time(store, connection, "drift", "e2")
        assert first_time(store, connection, "other", "e1")


def test_an_event_is_known_for_longer_than_it_could_be_acted_upon(store: Store) -> None:
    with store.write() as connection:
        assert first_time(store, connection, "drift", "e1")
    later(store, KEPT - 60)
    with store.write() as connection:
        assert not first_time(store, connection, "drift", "e1")
    later(store, 120)
    with store.write() as connection:
        assert first_time(store, connection, "drift", "e2")  # old ones go on the way
        assert first_time(store, connection, "drift", "e1")


def test_what_its_teller_left_is_taken_over_by_one_and_only_while_it_is_news(store: Store) -> None:
    def take() -> bool:
        with store.write() as connection:
            return bool(left(store, connection))

    with store.write() as connection:
        begin(store, connection, NEWS)
    assert not take()
    later(store, LEASE + 1)
    assert sorted(at_once(take)) == [False] * 11 + [True]
    later(store, LEASE + 1)
    with store.write() as connection:
        assert left(store, connection) == [NEWS]
        mark_posted(store, connection, NEWS.key)
    later(store, LEASE + 1)
    assert not take()
    with store.write() as connection:
        begin(store, connection, Announcement("deployment:2", "#deploys", "..."))
    later(store, STALE + 1)
    assert not take()


def test_while_it_is_quiet_only_what_must_be_told_is(store: Store) -> None:
    with store.write() as connection:
        until = store.now(connection) + timedelta(minutes=30)
        silence = begin_silence(store, connection, ALICE, until, "x1")
        assert not begin(store, connection, NEWS)
        assert begin(store, connection, Announcement("emergency", "#deploys", "..."), always=True)
        assert silenced(connection, silence.since) == 1
    later(store, 1801)
    with store.write() as connection:
        assert current(store, connection) is None
        assert not begin(store, connection, NEWS)  # it is not told afterwards
        assert begin(store, connection, Announcement("deployment:3", "#deploys", "..."))
        assert left(store, connection) == [Announcement("emergency", "#deploys", "...")]
