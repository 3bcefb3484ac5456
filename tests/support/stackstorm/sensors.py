"""What the sensors' tests look with: a clock that is moved by hand, sources that answer as they are
told, and StackStorm's side."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from opsroom.config.model import Kind
from opsroom.db.store import Store
from opsroom.errors import Code, Failure, Refusal
from opsroom.pagers import Incident, State
from opsroom.sensors import outbox
from opsroom.sensors.integrations import WatchedCards
from opsroom.sensors.outbox import Post
from opsroom.sensors.poller import Watch
from opsroom.sensors.source import Source, recall
from opsroom.sensors.versions import WatchedVersion
from opsroom.trackers import CardEvent, CardEvents
from opsroom.versions import Running
from opsroom.versions.http import Options

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
DOWN = Failure(Code.UNREACHABLE, "It does not answer.")
# A trigger, its payload and the id of the event.
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
        self.dispatched: List[Dispatched] = []
        self.log: List[str] = []
        self.refuses: Optional[Exception] = None
        self.watch = Watch(
            lambda: store,
            Post(lambda: store, sort, self.dispatch),
            self.log.append,
            self.clock,
            self.pool,
        )

    def dispatch(self, trigger: str, payload: Mapping[str, Any], event: str) -> None:
        if self.refuses:
            raise self.refuses
        self.dispatched.append((trigger, payload, event))

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
        return [trigger for trigger, _, _ in self.dispatched]


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


# Triggers with their payloads, without the ids of the events.
Found = List[Tuple[str, Dict[str, Any]]]


class Place:
    """Web on uat, looked at by hand. `look("v1")` is one look that finds v1; it returns what is
    told of it."""

    def __init__(self, store: Store, url: str = "http://web.example.com/", misses: int = 3) -> None:
        self.store = store
        self.answer: Union[Running, Exception] = Running("")
        self.now = NOON
        self.options = Options(url)
        watched = WatchedVersion(
            "web",
            "uat",
            Kind("http", self.options),
            lambda: self,
            60.0,
            misses,
            now=lambda: self.now,
        )
        self.source = Source(watched, lambda: store)
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not in the database."""
        with self.store.read() as connection:
            known = recall(connection, [self.source.key])
        self.source.known = known.get(self.source.key, self.source.known)

    def ask(self) -> Running:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def look(self, found: Union[str, Running, Exception]) -> Found:
        self.answer = Running(found) if isinstance(found, str) else found
        self.now += timedelta(seconds=60)
        self.source.note(*self.source.look())
        return handed_out(self.store)


def handed_out(store: Store) -> Found:
    """What there is to tell since the last time, without the events' ids."""
    with store.write() as connection:
        taken = outbox.take(store, connection, "version:")
        outbox.mark_sent(store, connection, [one.event for one in taken])
    for one in taken:
        assert one.payload["event"] == one.event
    return [
        (one.trigger, {key: value for key, value in one.payload.items() if key != "event"})
        for one in taken
    ]


def triggers(found: Found) -> List[str]:
    return [trigger for trigger, _ in found]
