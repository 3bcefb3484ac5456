"""When each source is looked at, and that a broken one stops no other."""

from __future__ import annotations

from typing import List

import pytest

from opsroom.db.store import Store
from opsroom.errors import Code, Failure
from opsroom.sensors.outbox import Post
from opsroom.sensors.poller import Pool, Schedule, Watch, phase
from support.stackstorm.sensors import (
    Asked,
    Room,
)

pytestmark = pytest.mark.databases("sqlite")


class TestSchedule:
    def test_each_is_due_once_in_every_interval_and_all_are_spread_over_it(self) -> None:
        schedule, keys = Schedule(0.0), [f"version:app{number}:uat" for number in range(600)]
        schedule.set(dict.fromkeys(keys, 60.0), 0.0)
        seconds = [schedule.due(float(second)) for second in range(1, 121)]
        for minute in (seconds[:60], seconds[60:]):
            assert sorted(key for second in minute for key in second) == sorted(keys)
        assert max(len(second) for second in seconds) < 30, "10 a second on average"

    def test_the_place_in_the_interval_is_always_the_same_for_a_name(self) -> None:
        assert phase("version:web:uat") == phase("version:web:uat") != phase("version:web:test")
        assert 0 <= phase("x") < 1

    def test_a_machine_that_slept_makes_up_for_nothing(self) -> None:
        schedule = Schedule(0.0)
        schedule.set({"a": 10.0}, 0.0)
        assert schedule.due(100_000.0) == ["a"]
        assert schedule.due(100_000.0) == []
        assert 100_000.0 < schedule.next() <= 100_010.0

    def test_others_keep_their_time_when_one_comes_or_goes(self) -> None:
        schedule = Schedule(0.0)
        schedule.set({"a": 10.0, "b": 10.0}, 0.0)
        before = schedule.next()
        schedule.set({"a": 10.0, "b": 10.0, "c": 1000.0}, 0.0)
        assert schedule.next() == before
        schedule.set({"c": 1000.0}, 0.0)
        assert schedule.due(500.0) in ([], ["c"])
        schedule.set({}, 0.0)
        assert schedule.next() == float("inf")


def test_a_watch_with_nothing_to_do_waits_and_one_with_much_to_do_comes_when_it_is_due(
    store: Store,
) -> None:
    room = Room(store)
    assert room.watch.step() == 1.0
    room.sees(web=Asked())
    room.clock.at += 3600.0
    room.watch.step()
    room.clock.at += 0.5
    assert 0.01 <= room.watch.step() <= 1.0


@pytest.mark.databases("sqlite", "postgresql")
def test_a_broken_source_never_stops_the_others(store: Store) -> None:
    room, fine, broken = Room(store), Asked("v1"), Asked(RuntimeError("hunter2"))
    room.sees(broken=broken, fine=fine)
    room.passes(60)
    fine.answer = "v2"
    room.passes(180)
    assert fine.asked == broken.asked == 4
    assert sorted(room.triggers) == ["unreachable", "version_unknown_change"]
    ((_, payload, _),) = [one for one in room.dispatched if one[0] == "unreachable"]
    assert (payload["app"], payload["code"]) == ("broken", "crashed"), "a defect counts as a miss"


def test_a_source_that_hangs_is_not_asked_again_and_counts_as_a_miss(store: Store) -> None:
    room, slow, fine = Room(store), Asked(), Asked()
    room.pool.later = True
    room.sees(slow=slow)
    room.passes(60)
    (hanging,) = room.pool.jobs
    room.pool.jobs, room.pool.later = [], False
    room.sees(slow=slow, fine=fine)
    room.passes(300)
    assert fine.asked == 5
    assert room.triggers == ["unreachable"]
    assert slow.asked == 0
    hanging()
    room.passes(61)
    assert room.triggers == ["unreachable", "reachable"]
    assert slow.asked == 2


def test_what_another_sensor_saw_and_did_not_live_to_see_change_back_is_told(store: Store) -> None:
    ours, theirs = Room(store), Room(store)
    source, other = Asked("v1"), Asked("v1")
    ours.sees(web=source)
    ours.passes(60)
    theirs.sees(web=other)
    other.answer = "v2"
    theirs.passes(60)
    assert theirs.triggers == ["version_unknown_change"]
    ours.passes(121)
    assert ours.triggers == ["version_unknown_change"], "it was v2, and is v1 again"


@pytest.mark.databases("sqlite", "postgresql")
def test_a_database_that_is_away_for_a_while_loses_nothing(store: Store) -> None:
    away: List[bool] = []

    def opened() -> Store:
        if away:
            raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")
        return store

    room, source = Room(store), Asked()
    room.watch = Watch(
        opened, Post(opened, "version:", room.dispatch), room.log.append, room.clock, room.pool
    )
    room.sees(web=source)
    room.passes(60)
    away.append(True)
    source.answer = "v2"
    room.passes(120)
    assert room.dispatched == []
    away.clear()
    room.passes(121)
    assert room.triggers == ["version_unknown_change"]
    assert any("The database does not answer" in line for line in room.log)
    assert any("works again" in line for line in room.log)


def test_a_pool_has_no_more_threads_than_it_may_and_loses_no_job() -> None:
    import threading

    pool, gate, done, busy = Pool(limit=3), threading.Event(), threading.Semaphore(0), []

    def job() -> None:
        busy.append(threading.current_thread().name)
        gate.wait(20)
        done.release()

    for _ in range(10):
        pool.start(job)
    gate.set()
    assert all(done.acquire(timeout=20) for _ in range(10))
    assert len(set(busy)) <= 3
    pool.stop()
