"""Watching: nothing lost and nothing doubled whoever dies when; one broken source stops no
other."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import pytest

from opsroom.config.model import Kind
from opsroom.db.store import Store
from opsroom.errors import Code, Failure, Refusal
from opsroom.pagers import Incident, State
from opsroom.sensors import outbox
from opsroom.sensors.integrations import Backoff, WatchedCards, WatchedPages
from opsroom.sensors.outbox import Post
from opsroom.sensors.poller import Pool, Schedule, Watch, phase
from opsroom.sensors.runner import REREAD, Runner
from opsroom.sensors.sources import card_watch, version_watch
from opsroom.sensors.versions import WatchedVersion
from opsroom.trackers import CardEvent, CardEvents, EventKind
from opsroom.versions import Running
from opsroom.versions.http import Options
from support.stores import rows, run

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
DOWN = Failure(Code.UNREACHABLE, "It does not answer.")
Dispatched = Tuple[str, Mapping[str, Any], str]


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class AtOnce:
    """Runs a job when it is started; `later` keeps jobs until `go`."""

    def __init__(self) -> None:
        self.later = False
        self.jobs: List[Callable[[], None]] = []

    def start(self, job: Callable[[], None]) -> None:
        if self.later:
            self.jobs.append(job)
        else:
            job()

    def stop(self) -> None:
        self.jobs.clear()

    def go(self) -> None:
        jobs, self.jobs = self.jobs, []
        for job in jobs:
            job()


class Asked:
    """A version source that answers as it is told."""

    def __init__(self, answer: Any = "v1") -> None:
        self.answer, self.asked = answer, 0

    def ask(self) -> Running:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return Running(self.answer)


class Room:
    """A watch with a clock, a pool and a StackStorm of its own. `sees(app=source)` says what there
    is to watch."""

    def __init__(self, store: Store, sort: str = "version:") -> None:
        self.store, self.clock, self.pool = store, Clock(), AtOnce()
        self.told: List[Dispatched] = []
        self.said: List[str] = []
        self.refuses: Optional[Exception] = None
        self.watch = Watch(
            lambda: store,
            Post(lambda: store, sort, self.dispatch),
            self.said.append,
            self.clock,
            self.pool,
        )

    def dispatch(self, trigger: str, payload: Mapping[str, Any], event: str) -> None:
        if self.refuses:
            raise self.refuses
        self.told.append((trigger, payload, event))

    def sees(self, interval: float = 60.0, **sources: Asked) -> Room:
        kind = Kind("http", Options("http://example.com/"))
        self.watch.set(
            [
                WatchedVersion(app, "uat", kind, lambda one=one: one, interval, 3)
                for app, one in sources.items()
            ]
        )
        return self

    def passes(self, seconds: float) -> None:
        """Let the time pass, a second at a time."""
        for _ in range(int(seconds)):
            self.clock.at += 1.0
            self.watch.step()

    @property
    def triggers(self) -> List[str]:
        return [trigger for trigger, _, _ in self.told]


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


def test_a_broken_source_never_stops_the_others(store: Store) -> None:
    room, fine, broken = Room(store), Asked("v1"), Asked(RuntimeError("hunter2"))
    room.sees(broken=broken, fine=fine)
    room.passes(60)
    fine.answer = "v2"
    room.passes(180)
    assert fine.asked == broken.asked == 4
    assert sorted(room.triggers) == ["unreachable", "version_unknown_change"]
    ((_, payload, _),) = [one for one in room.told if one[0] == "unreachable"]
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


def test_nothing_is_lost_when_stackstorm_takes_nothing_for_a_while(store: Store) -> None:
    room, source = Room(store), Asked()
    room.sees(web=source)
    room.passes(60)
    room.refuses = ConnectionError("no broker")
    for version in ("v2", "v3"):
        source.answer = version
        room.passes(60)
    assert room.told == []
    room.refuses = None
    room.passes(15)
    assert [payload["version"] for _, payload, _ in room.told] == ["v2", "v3"], (
        "in the order of what happened"
    )
    room.passes(120)
    assert len(room.told) == 2


def test_a_crash_between_telling_and_noting_it_tells_once_more_under_the_same_id(
    store: Store,
) -> None:
    room, source = Room(store), Asked()
    room.sees(web=source)
    room.passes(60)
    source.answer = "v2"

    def dispatch_and_die(trigger: str, payload: Mapping[str, Any], event: str) -> None:
        room.told.append((trigger, payload, event))
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
    assert len({event for _, _, event in room.told}) == 1
    assert len(room.told) == 2


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


def the_wait_is_over(store: Store) -> None:
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


def test_what_was_lost_on_the_way_is_told_again_after_a_while_and_under_the_same_id(
    store: Store,
) -> None:
    engine = Engine()
    engine.takes = False
    an_event(store)
    assert [engine.post(store).deliver() for _ in range(3)] == [1, 0, 0]
    engine.takes = True
    the_wait_is_over(store)
    assert engine.post(store).deliver() == 1
    engine.post(store).deliver()
    assert waiting(store) == 0
    assert len(engine.handed) == 2
    assert len(set(engine.handed)) == 1


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


def test_the_same_event_is_written_down_once(store: Store) -> None:
    one = outbox.make("cards:board", "comment 5", "card_commented", card="A-1")
    for expected in (1, 0):
        with store.write() as connection:
            assert len(outbox.add(store, connection, "cards:board", [one, one])) == expected
    run(store, "UPDATE news SET sent_at = '2000-01-01T00:00:00.000000+00:00'")
    Post(lambda: store, "cards:", lambda *told: None).tidy()
    assert rows(store, "SELECT count(*) FROM news") == [(0,)]


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


def test_a_database_that_is_away_for_a_while_loses_nothing(store: Store) -> None:
    away: List[bool] = []

    def opened() -> Store:
        if away:
            raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")
        return store

    room, source = Room(store), Asked()
    room.watch = Watch(
        opened, Post(opened, "version:", room.dispatch), room.said.append, room.clock, room.pool
    )
    room.sees(web=source)
    room.passes(60)
    away.append(True)
    source.answer = "v2"
    room.passes(120)
    assert room.told == []
    away.clear()
    room.passes(121)
    assert room.triggers == ["version_unknown_change"]
    assert any("The database does not answer" in said for said in room.said)
    assert any("works again" in said for said in room.said)


class Tracker:
    """Tells what it is told to tell; `since` counts the looks."""

    def __init__(self) -> None:
        self.made: List[CardEvent] = []
        self.trouble: Optional[Exception] = None
        self.asked: List[str] = []

    def events_since(self, since: str) -> CardEvents:
        self.asked.append(since)
        if self.trouble:
            raise self.trouble
        return CardEvents(tuple(self.made), str(int(since or 0) + 1))


def watch_cards(room: Room, **trackers: Any) -> None:
    kind = Kind("local", None)
    room.watch.set(
        [WatchedCards(name, kind, lambda one=one: one, 60.0) for name, one in trackers.items()]
    )


def created(number: int) -> CardEvent:
    return CardEvent(f"c{number}", EventKind.CREATED, f"OPS-{number}", NOON, after="To do")


class TestCards:
    def test_nothing_is_told_of_the_first_look_and_everything_once_afterwards(
        self, store: Store
    ) -> None:
        room, tracker = Room(store, "cards:"), Tracker()
        watch_cards(room, jira=tracker)
        tracker.made = [created(1)]
        room.passes(60)
        assert room.told == []
        tracker.made = [
            created(2),
            CardEvent("h1", EventKind.MOVED, "OPS-2", NOON, "To do", "Doing"),
            CardEvent("k1", EventKind.COMMENTED, "OPS-2", NOON),
        ]
        room.passes(180)
        told = [(trigger, {**payload, "event": ""}) for trigger, payload, _ in room.told]
        common = {"tracker": "jira", "card": "OPS-2", "at": "2026-11-23T12:00:00Z", "event": ""}
        assert told == [
            ("card_created", {**common, "to": "To do"}),
            ("card_moved", {**common, "from": "To do", "to": "Doing"}),
            ("card_commented", common),
        ]

    def test_a_restart_goes_on_where_it_was(self, store: Store) -> None:
        for expected in (["", "1"], ["2", "3"]):
            room, tracker = Room(store, "cards:"), Tracker()
            watch_cards(room, jira=tracker)
            room.passes(120)
            assert tracker.asked == expected

    def test_a_tracker_that_is_down_pauses_longer_each_time_and_only_it(self, store: Store) -> None:
        room, down, fine = Room(store, "cards:"), Tracker(), Tracker()
        down.trouble = DOWN
        watch_cards(room, down=down, fine=fine)
        room.passes(3600)
        assert len(fine.asked) == 60
        assert 6 <= len(down.asked) <= 8, "after 2, 4, 8 minutes and then every 15"
        down.trouble = None
        room.passes(1800)
        assert len(down.asked) > 15, "and as before once it is back"

    def test_a_tracker_that_says_for_how_long_is_left_alone_for_so_long(self, store: Store) -> None:
        room, tracker = Room(store, "cards:"), Tracker()
        tracker.trouble = Failure(Code.RATE_LIMITED, "Too many.", facts={"retry_after": 600.0})
        watch_cards(room, jira=tracker)
        room.passes(600)
        assert len(tracker.asked) == 1
        room.passes(120)
        assert len(tracker.asked) == 2

    def test_a_tracker_that_cannot_tell_is_no_trouble(self, store: Store) -> None:
        room = Room(store, "cards:")
        watch_cards(room, wiki=object())
        room.passes(300)
        assert room.said == []
        assert room.told == []

    def test_names_of_columns_are_told_without_expressions(self, store: Store) -> None:
        room, tracker = Room(store, "cards:"), Tracker()
        watch_cards(room, jira=tracker)
        room.passes(60)
        tracker.made = [
            CardEvent(
                "h1", EventKind.MOVED, "OPS-2", NOON, "{{ st2kv.system.x }}", "<% ctx() %>\n" * 50
            )
        ]
        room.passes(60)
        ((_, payload, _),) = room.told
        assert "{{" not in payload["from"]
        assert "<%" not in payload["to"]
        assert len(payload["to"]) <= 128


def test_the_pause_grows_to_a_quarter_of_an_hour_and_a_success_ends_it() -> None:
    back = Backoff(60.0)
    assert [back.after(DOWN) for _ in range(6)] == [120.0, 240.0, 480.0, 900.0, 900.0, 900.0]
    assert back.after(None) is None
    assert back.after(DOWN) == 120.0
    assert Backoff(3600.0).after(DOWN) == 3600.0


class Pager:
    """`open` are the incidents in the list; `closed` those that can be asked for anyway."""

    def __init__(self) -> None:
        self.open: Dict[str, Incident] = {}
        self.closed: Dict[str, Incident] = {}
        self.trouble: Optional[Exception] = None
        self.asked: List[str] = []

    def incidents(self, target: Any = None, limit: int = 10) -> Tuple[Incident, ...]:
        self.asked.append("list")
        if self.trouble:
            raise self.trouble
        return tuple(self.open.values())[:limit]

    def incident(self, id: str) -> Incident:
        self.asked.append(id)
        if id in self.open:
            return self.open[id]
        if id in self.closed:
            return self.closed[id]
        raise Refusal(Code.UNKNOWN_PAGE, "There is no such page.")

    def stands(self, id: str, state: State, *people: str) -> None:
        one = Incident(f"P{id}", id, "checkout is down", state, people=people)
        self.open.pop(one.id, None)
        self.closed.pop(one.id, None)
        (self.closed if state is State.RESOLVED else self.open)[one.id] = one


class TestPages:
    @pytest.fixture
    def room(self, store: Store) -> Room:
        room = Room(store, "pages:")
        self.pager = Pager()
        room.watch.set(
            [WatchedPages("pagerduty", Kind("pagerduty", None), lambda: self.pager, 30.0)]
        )
        return room

    def test_what_is_open_at_the_first_look_is_not_told_and_its_end_is(self, room: Room) -> None:
        self.pager.stands("1", State.TRIGGERED)
        room.passes(60)
        assert room.told == []
        self.pager.stands("1", State.RESOLVED, "Alice")
        room.passes(30)
        ((trigger, payload, event),) = room.told
        assert (trigger, payload) == (
            "page_resolved",
            {"pager": "pagerduty", "incident": "P1", "number": "1", "by": "Alice", "event": event},
        )

    def test_a_page_made_elsewhere_is_told_from_its_beginning_to_its_end(self, room: Room) -> None:
        room.passes(30)
        for state, people in (
            (State.TRIGGERED, []),
            (State.ACKNOWLEDGED, ["Bob"]),
            (State.RESOLVED, []),
        ):
            self.pager.stands("7", state, *people)
            room.passes(60)
        assert room.triggers == ["page_opened", "page_acknowledged", "page_resolved"]
        assert room.told[1][1]["by"] == "Bob"
        assert "checkout" not in str(room.told)

    def test_one_that_was_acknowledged_between_two_looks_is_told_as_both(self, room: Room) -> None:
        room.passes(30)
        self.pager.stands("7", State.ACKNOWLEDGED, "Bob")
        room.passes(30)
        assert room.triggers == ["page_opened", "page_acknowledged"]

    def test_one_that_comes_back_is_acknowledged_anew(self, room: Room) -> None:
        self.pager.stands("7", State.ACKNOWLEDGED)
        room.passes(30)
        self.pager.stands("7", State.TRIGGERED)
        room.passes(30)
        self.pager.stands("7", State.ACKNOWLEDGED)
        room.passes(30)
        assert room.triggers == ["page_acknowledged"]

    def test_one_that_is_missing_in_the_list_is_asked_for_before_it_counts_as_resolved(
        self, room: Room
    ) -> None:
        self.pager.stands("7", State.TRIGGERED)
        room.passes(30)
        hidden = self.pager.open.pop("P7")
        self.pager.closed["P7"] = hidden
        room.passes(60)
        assert room.told == []
        assert "P7" in self.pager.asked

    def test_one_that_the_pager_has_no_more_is_over(self, room: Room) -> None:
        self.pager.stands("7", State.TRIGGERED)
        room.passes(30)
        self.pager.open.clear()
        room.passes(30)
        assert room.triggers == ["page_resolved"]

    def test_while_the_pager_is_down_nothing_counts_as_resolved(self, room: Room) -> None:
        self.pager.stands("7", State.TRIGGERED)
        room.passes(30)
        self.pager.trouble = DOWN
        room.passes(300)
        assert room.told == []

    def test_a_pager_that_cannot_tell_is_asked_seldom(self, room: Room) -> None:
        self.pager.trouble = Refusal(Code.NOT_POSSIBLE, "E-mail cannot tell.")
        room.passes(1200)
        assert len(self.pager.asked) <= 2


class Config:
    """What a Runner gets: a config that changes, a database, and what it told and said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.pool = folder, Clock(), AtOnce()
        self.raw: Any = {}
        self.told: List[Dispatched] = []
        self.said: List[str] = []
        self.runner = Runner(
            "version:", version_watch, self.read,
            lambda settings: (settings.database or self.url("a"), folder),
            lambda *told: self.told.append(told), self.said.append, self.clock, lambda: self.pool,
        )  # fmt: skip

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder}/{name}.db"

    def read(self) -> Any:
        if isinstance(self.raw, Exception):
            raise self.raw
        return self.raw

    def app(self, name: str, version: str) -> Path:
        """An application whose version is a link in a folder."""
        place = self.folder / name / "uat"
        (place / version).mkdir(parents=True, exist_ok=True)
        link = place / "current"
        if link.is_symlink():
            link.unlink()
        link.symlink_to(version)
        return place

    def names(self, *apps: str, **more: Any) -> None:
        path = str(self.folder / "{app}" / "{environment}")
        self.raw = {
            "environments": {"uat": {}},
            "apps": {app: {"version": {"kind": "directory", "path": path}} for app in apps},
            "watching": {"versions": "5s"},
            **more,
        }

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.at += 1.0
            self.runner.step()

    @property
    def changed(self) -> List[str]:
        return [payload["app"] for _, payload, _ in self.told]


class TestRunner:
    @pytest.fixture
    def config(self, tmp_path: Path) -> Config:
        return Config(tmp_path)

    def test_without_a_config_it_waits_for_one(self, config: Config) -> None:
        config.passes(60)
        assert config.said == [config.said[0]]
        assert "not configured" in config.said[0]
        config.app("web", "v1")
        config.names("web")
        config.passes(40)
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]

    def test_a_change_of_the_config_is_picked_up_and_the_others_go_on(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web")
        config.passes(10)
        config.app("api", "v1")
        config.app("web", "v2")
        config.names("web", "api")
        config.passes(REREAD + 10)
        assert config.changed == ["web"], "the new one was looked at for the first time"
        config.app("api", "v2")
        config.passes(10)
        assert config.changed == ["web", "api"]
        config.names("api")
        config.passes(REREAD)
        config.app("web", "v3")
        config.passes(10)
        assert config.changed == ["web", "api"], "what is gone from the config is not watched"

    def test_a_config_with_a_mistake_changes_nothing_and_is_told_once(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web")
        config.passes(10)
        config.names("web", nonsense=1)
        config.passes(3 * REREAD)
        assert len([said for said in config.said if "nonsense" in said]) == 1
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]

    def test_a_config_that_cannot_be_read_ends_nothing_and_shows_no_secret(
        self, config: Config
    ) -> None:
        config.app("web", "v1")
        config.names("web")
        config.passes(10)
        config.raw = RuntimeError("password hunter2secret")
        config.passes(2 * REREAD)
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]
        assert "hunter2secret" not in str(config.said)

    def test_never_is_never(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web", watching={"versions": "0s"})
        config.passes(60)
        config.app("web", "v2")
        config.passes(60)
        assert config.changed == []
        assert config.said == ["0 sources are watched."]
        assert not (config.folder / "a.db").exists()

    def test_another_database_is_opened(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web", database=config.url("one"))
        config.passes(10)
        config.names("web", database=config.url("two"))
        config.passes(REREAD + 10)
        assert (config.folder / "two.db").exists()
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]

    def test_no_secret_of_the_config_reaches_the_log(self, config: Config) -> None:
        token = "s3cret-token-of-the-bot"
        config.names("web")
        config.raw["apps"]["web"]["version"] = {
            "kind": "http", "url": "http://127.0.0.1:9/{app}", "headers": {"X-Key": token},
            "time_limit": "1s",
        }  # fmt: skip
        config.runner._redactor = None  # type: ignore[assignment]
        config.passes(20)
        config.runner._say(f"something with {token}")
        assert token not in str(config.said)


def test_a_version_that_only_an_action_can_ask_for_is_not_watched(tmp_path: Path) -> None:
    from opsroom.commands import KINDS
    from opsroom.config import load

    url = "http://st2.example.com/api/v1"
    raw = {
        "environments": {"uat": {}},
        "apps": {
            "web": {"version": {"kind": "stackstorm", "action": "acme.version"}},
            "api": {
                "version": {
                    "kind": "stackstorm",
                    "action": "acme.version",
                    "url": url,
                    "api_key": "k" * 20,
                }
            },
            "bare": {},
        },
        "trackers": {"board": {"kind": "local"}},
    }
    settings = load(raw, KINDS)
    store: Any = None
    assert [one.key for one in version_watch(settings, store, tmp_path)] == ["version:api:uat"]
    assert [one.key for one in card_watch(settings, store, tmp_path)] == ["cards:board"]


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
