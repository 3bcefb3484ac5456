"""News of the sensors: stored together with the state that they follow from, and dispatched
afterwards, once.

Each is taken, dispatched, and marked once it has arrived. What got lost on the way is dispatched
again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import field
from datetime import timedelta
from typing import Any, Callable, List, Mapping, Optional, Sequence, Set

from ..db.sql import (
    Transaction,
    clean,
    execute,
    from_moment,
    insert,
    moment,
    one_of,
    rows,
    scalar,
    soon,
    update,
)
from ..db.store import Store
from ..structs import dataclass
from ..text import neutralise_data

# The runner that takes a piece of news has so long to hand it on, in seconds; then someone else
# takes it.
LEASE = 60.0
# What was dispatched and did not arrive is dispatched again after so long, in seconds: WAIT, or as
# long as it has waited since it was made, MAX_WAIT at most. StackStorm may only be slow, and
# then each further time is one too many.
WAIT, MAX_WAIT = 120.0, 3600.0
# What was dispatched is kept so long, in seconds, so that a thing that is seen again is not
# reported again.
KEPT = 30 * 86400.0
_MAX_NAMES = 100


@dataclass(frozen=True)
class News:
    """One event: the trigger's name without the pack, and what it carries: identifiers and times,
    no texts of people.

    `event` is the same whenever the same thing is reported: it is in the payload too.
    """

    event: str
    trigger: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def make(source: str, what: str, trigger: str, **payload: Any) -> News:
    """A piece of news of a source. `what` names the thing that happened, differently from all
    others of the source."""
    event = hashlib.sha256(f"{source}\n{what}\n{trigger}".encode("utf-8", "replace")).hexdigest()[
        :32
    ]
    return News(event, trigger, neutralise_data({**payload, "event": event}))


def add(store: Store, connection: Transaction, source: str, found: Sequence[News]) -> List[News]:
    """Put news into the queue, within the caller's `store.write()`. Returns those that are not
    there already."""
    known: Set[str] = set()
    for start in range(0, len(found), _MAX_NAMES):
        where, bound = one_of("event", [one.event for one in found[start : start + _MAX_NAMES]])
        query = f"SELECT event FROM news WHERE {where}"  # noqa: S608
        known.update(row["event"] for row in rows(connection, query, **bound))
    fresh = list({one.event: one for one in found if one.event not in known}.values())
    at = moment(store.now(connection))
    for place, one in enumerate(fresh):
        values = {"event": one.event, "source": source, "trigger_name": one.trigger}
        values["payload"] = clean(json.dumps(one.payload, ensure_ascii=False, sort_keys=True))
        values.update(made_at=at, taken_until="", sent_at="")
        insert(connection, "news", {**values, "place": place})
    return fresh


# What waits of one sort: the sources whose names begin with it.
_WAITING = "sent_at = '' AND substr(source, 1, :length) = :sort"


def is_waiting(connection: Transaction, sort: str) -> bool:
    """Whether there may be something to hand on, of the sources whose names begin so."""
    query = f"SELECT event FROM news WHERE {_WAITING} LIMIT 1"  # noqa: S608
    return scalar(connection, query, sort=sort, length=len(sort)) is not None


def take(store: Store, connection: Transaction, sort: str, limit: int = 50) -> List[News]:
    """The oldest news that nobody is at, within the caller's `store.write()`; they are the caller's
    for `LEASE`.

    Of two who take at the same moment, each gets what its own UPDATE changed.
    """
    now = store.now(connection)
    free = "(taken_until <= :now OR taken_until > :most)"
    # What is taken for longer than anyone takes it was taken by a clock that was wrong.
    most = moment(soon(now) + timedelta(seconds=max(LEASE, MAX_WAIT)))
    bound = {"now": moment(now), "most": most}
    query = (
        f"SELECT event, trigger_name, payload FROM news WHERE {_WAITING} AND {free}"  # noqa: S608
        " ORDER BY made_at, place LIMIT :limit"
    )
    it = f"event = :event AND sent_at = '' AND {free}"
    mine = f"UPDATE news SET taken_until = :until WHERE {it}"  # noqa: S608
    until = moment(now + timedelta(seconds=LEASE))
    return [
        _news(row)
        for row in rows(connection, query, sort=sort, length=len(sort), limit=limit, **bound)
        if execute(connection, mine, event=row["event"], until=until, **bound) == 1
    ]


def hold(store: Store, connection: Transaction, event: str) -> None:
    """It was dispatched, and should arrive: nobody takes it for a while."""
    now = store.now(connection)
    made_at = scalar(connection, "SELECT made_at FROM news WHERE event = :event", event=event)
    age = (now - from_moment(made_at)).total_seconds() if made_at else 0.0
    until = moment(now + timedelta(seconds=min(max(age, WAIT), MAX_WAIT)))
    update(connection, "news", {"taken_until": until}, {"event": event, "sent_at": ""})


def under_way(store: Store, connection: Transaction, sort: str, limit: int = 200) -> List[News]:
    """What some run has taken and may have dispatched, the oldest first."""
    query = (
        f"SELECT event, trigger_name, payload FROM news WHERE {_WAITING}"  # noqa: S608
        " AND taken_until > :now ORDER BY made_at, place LIMIT :limit"
    )
    now = moment(store.now(connection))
    bound = {"sort": sort, "length": len(sort), "now": now, "limit": limit}
    return [_news(row) for row in rows(connection, query, **bound)]


def mark_sent(store: Store, connection: Transaction, events: Sequence[str]) -> None:
    """They were dispatched."""
    at = moment(store.now(connection))
    for event in events:
        update(connection, "news", {"sent_at": at, "taken_until": ""}, {"event": event})


def give_back(connection: Transaction, events: Sequence[str]) -> None:
    """They could not be dispatched: any run may take them again."""
    for event in events:
        update(connection, "news", {"taken_until": ""}, {"event": event})


def forget(store: Store, connection: Transaction) -> None:
    """Drop what was dispatched long ago."""
    before = moment(store.now(connection) - timedelta(seconds=KEPT))
    execute(
        connection,
        "DELETE FROM news WHERE sent_at <> '' AND sent_at < :before",
        before=before,
    )


def _news(row: Mapping[str, Any]) -> News:
    return News(row["event"], row["trigger_name"], json.loads(row["payload"]))


# dispatch(trigger, payload, event): passes one event to StackStorm. What it raises means that it
# was not dispatched.
Dispatch = Callable[[str, Mapping[str, Any], str], None]
# arrived(trigger, event): whether StackStorm has it and went through its rules. Raises where that
# cannot be known.
Arrived = Callable[[str, str], bool]


class Post:
    """Hands on the news of one sort of sources. For one thread at a time.

    Without `arrived`, what was dispatched counts as arrived.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        sort: str,
        dispatch: Dispatch,
        arrived: Optional[Arrived] = None,
    ) -> None:
        self._store = store
        self._sort = sort
        self._dispatch = dispatch
        self._arrived = arrived

    def deliver(self) -> int:
        """Dispatch all that waits. Returns how many; raises what `dispatch`, `arrived` or the store
        raises, after giving back the rest.

        Each is marked on its own: after a crash, one event at most is dispatched twice; none is
        where `arrived` knows it."""
        store, sent = self._store(), 0
        with store.read() as connection:
            if not is_waiting(connection, self._sort):
                return sent
        self._confirm(store)
        while True:
            with store.write() as connection:
                taken = take(store, connection, self._sort)
            if not taken:
                return sent
            for place, one in enumerate(taken):
                try:
                    sent += self._hand_on(store, one)
                except BaseException:
                    self._give_back([other.event for other in taken[place:]])
                    raise

    def tidy(self) -> None:
        """Drop what was dispatched long ago."""
        store = self._store()
        with store.write() as connection:
            forget(store, connection)

    def _hand_on(self, store: Store, one: News) -> int:
        """How often it was reported: not at all where the runner that reported it before died
        before it was marked."""
        arrived = self._arrived is not None and self._arrived(one.trigger, one.event)
        if not arrived:
            self._dispatch(one.trigger, one.payload, one.event)
        with store.write() as connection:
            if self._arrived is None or arrived:
                mark_sent(store, connection, [one.event])
            else:
                hold(store, connection, one.event)
        return 0 if arrived else 1

    def _confirm(self, store: Store) -> None:
        """Mark what has arrived of all that was dispatched, by any run."""
        if self._arrived is None:
            return
        with store.read() as connection:
            sent = under_way(store, connection, self._sort)
        arrived = [one.event for one in sent if self._arrived(one.trigger, one.event)]
        if arrived:
            with store.write() as connection:
                mark_sent(store, connection, arrived)

    def _give_back(self, events: List[str]) -> None:
        with self._store().write() as connection:
            give_back(connection, events)
