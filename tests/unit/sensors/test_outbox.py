"""Events reach StackStorm once, whoever dies when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, List, Mapping, Optional

import pytest

from opsroom.db.store import Store
from opsroom.sensors import outbox
from opsroom.sensors.outbox import Post
from support.records.stores import rows, run
from support.stackstorm.sensors import (
    Asked,
    Room,
)

pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.databases("sqlite", "postgresql")
def test_nothing_is_lost_when_stackstorm_takes_nothing_for_a_while(store: Store) -> None:
    room, source = Room(store), Asked()
    room.sees(web=source)
    room.passes(60)
    room.refuses = ConnectionError("no broker")
    for version in ("v2", "v3"):
        source.answer = version
        room.passes(60)
    assert room.dispatched == []
    room.refuses = None
    room.passes(15)
    assert [payload["version"] for _, payload, _ in room.dispatched] == ["v2", "v3"], (
        "in the order of what happened"
    )
    room.passes(120)
    assert len(room.dispatched) == 2


def test_a_crash_between_telling_and_noting_it_tells_once_more_under_the_same_id(
    store: Store,
) -> None:
    room, source = Room(store), Asked()
    room.sees(web=source)
    room.passes(60)
    source.answer = "v2"

    def dispatch_and_die(trigger: str, payload: Mapping[str, Any], event: str) -> None:
        room.dispatched.append((trigger, payload, event))
        raise SystemExit

    dying = Post(lambda: store, "version:", dispatch_and_die)
    with store.write() as connection:
        outbox.add(
            store,
            connection,
            "version:web:uat",
            [outbox.make("version:web:uat", "9", "version_changed", app="web")],
        )
    with pytest.raises(SystemExit):
        dying.deliver()
    assert Post(lambda: store, "version:", room.dispatch).deliver() == 1
    assert len({event for _, _, event in room.dispatched}) == 1
    assert len(room.dispatched) == 2


class Engine:
    """A rules engine that takes what is handed on only when `takes` is set. `fails` is what asking
    it raises."""

    def __init__(self) -> None:
        self.handed: List[str] = []
        self.there: List[str] = []
        self.takes = True
        self.fails: Optional[Exception] = None

    def dispatch(self, trigger: str, payload: Mapping[str, Any], event: str) -> None:
        self.handed.append(event)
        if self.takes:
            self.there.append(event)

    def arrived(self, trigger: str, event: str) -> bool:
        if self.fails:
            raise self.fails
        return event in self.there

    def post(self, store: Store) -> Post:
        return Post(lambda: store, "version:", self.dispatch, self.arrived)


def an_event(store: Store, what: str = "1") -> None:
    with store.write() as connection:
        outbox.add(
            store,
            connection,
            "version:web:uat",
            [outbox.make("version:web:uat", what, "version_changed")],
        )


def end_the_wait(store: Store) -> None:
    run(store, "UPDATE news SET taken_until = '2000-01-01T00:00:00.000000+00:00'")


def waiting(store: Store) -> Any:
    return rows(store, "SELECT count(*) FROM news WHERE sent_at = ''")[0][0]


def test_what_arrived_is_marked_and_not_told_again(store: Store) -> None:
    engine = Engine()
    an_event(store)
    assert engine.post(store).deliver() == 1
    assert waiting(store) == 1, "that it was handed on says nothing"
    assert engine.post(store).deliver() == 0
    assert waiting(store) == 0
    assert len(engine.handed) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_what_was_lost_on_the_way_is_told_again_after_a_while_and_under_the_same_id(
    store: Store,
) -> None:
    engine = Engine()
    engine.takes = False
    an_event(store)
    assert [engine.post(store).deliver() for _ in range(3)] == [1, 0, 0]
    engine.takes = True
    end_the_wait(store)
    assert engine.post(store).deliver() == 1
    engine.post(store).deliver()
    assert waiting(store) == 0
    assert len(engine.handed) == 2
    assert len(set(engine.handed)) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_each_wait_is_as_long_as_all_before_it_and_never_longer_than_an_hour(store: Store) -> None:
    engine = Engine()
    engine.takes = False
    an_event(store)
    for made, least, most in (("0 s", 115, 125), ("1000 s", 990, 1010), ("9 h", 3590, 3610)):
        seconds = int(made.split()[0]) * (3600 if made.endswith("h") else 1)
        at = (datetime.now(timezone.utc) - timedelta(seconds=seconds)).isoformat(
            timespec="microseconds"
        )
        run(store, f"UPDATE news SET made_at = '{at}', taken_until = ''")
        engine.post(store).deliver()
        until = datetime.fromisoformat(rows(store, "SELECT taken_until FROM news")[0][0])
        assert least <= (until - datetime.now(timezone.utc)).total_seconds() <= most


def test_whoever_died_after_it_handed_something_on_has_told_it(store: Store) -> None:
    engine = Engine()
    an_event(store)

    def dispatch_and_die(trigger: str, payload: Mapping[str, Any], event: str) -> None:
        engine.dispatch(trigger, payload, event)
        raise SystemExit

    with pytest.raises(SystemExit):
        Post(lambda: store, "version:", dispatch_and_die, engine.arrived).deliver()
    assert engine.post(store).deliver() == 0
    assert waiting(store) == 0
    assert len(engine.handed) == 1


def test_nothing_is_handed_on_while_it_cannot_be_known_what_arrives(store: Store) -> None:
    engine = Engine()
    engine.fails = ConnectionError("no MongoDB")
    an_event(store)
    with pytest.raises(ConnectionError):
        engine.post(store).deliver()
    assert engine.handed == []
    engine.fails = None
    assert engine.post(store).deliver() == 1


def test_one_event_that_does_not_arrive_holds_up_no_other(store: Store) -> None:
    engine = Engine()
    engine.takes = False
    an_event(store)
    engine.post(store).deliver()
    engine.takes = True
    an_event(store, "2")
    assert engine.post(store).deliver() == 1
    engine.post(store).deliver()
    assert waiting(store) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_news_that_a_dead_process_had_taken_are_told_by_another_one(store: Store) -> None:
    room = Room(store)
    with store.write() as connection:
        outbox.add(
            store,
            connection,
            "version:web:uat",
            [outbox.make("version:web:uat", "1", "version_changed")],
        )
        assert len(outbox.take(store, connection, "version:")) == 1
    post = Post(lambda: store, "version:", room.dispatch)
    assert post.deliver() == 0, "someone is at it"
    run(store, "UPDATE news SET taken_until = '2000-01-01T00:00:00.000000+00:00'")
    assert post.deliver() == 1
    assert post.deliver() == 0


def test_a_sensor_tells_what_is_its_own_sort(store: Store) -> None:
    room = Room(store)
    with store.write() as connection:
        outbox.add(
            store, connection, "cards:board", [outbox.make("cards:board", "1", "card_created")]
        )
    assert Post(lambda: store, "version:", room.dispatch).deliver() == 0
    assert Post(lambda: store, "cards:", room.dispatch).deliver() == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_the_same_event_is_written_down_once(store: Store) -> None:
    one = outbox.make("cards:board", "comment 5", "card_commented", card="A-1")
    for expected in (1, 0):
        with store.write() as connection:
            assert len(outbox.add(store, connection, "cards:board", [one, one])) == expected
    run(store, "UPDATE news SET sent_at = '2000-01-01T00:00:00.000000+00:00'")
    Post(lambda: store, "cards:", lambda *told: None).tidy()
    assert rows(store, "SELECT count(*) FROM news") == [(0,)]
