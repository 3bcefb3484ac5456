"""What there is to tell: written with the state that it follows from, handed on afterwards, once.

Handing news on: each is taken, told, and marked once it has arrived. What got lost on the way is
told again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.engine import Connection

from ..db import Store
from ..db.sql import clean, from_moment, moment, soon
from ..db.tables import news
from ..text import neutralise_data

# Whoever takes a piece of news has so long to hand it on, in seconds; then someone else takes it.
LEASE = 60.0
# What was handed on and did not arrive is handed on again after so long, in seconds: WAIT, or as
# long as it has waited since it was made, LONGEST_WAIT at most. StackStorm may only be slow, and
# then each further time is one too many.
WAIT, LONGEST_WAIT = 120.0, 3600.0
# What was handed on is kept so long, in seconds, so that a thing that is seen again is not told
# again.
KEPT = 30 * 86400.0
_AT_ONCE = 100


@dataclass(frozen=True)
class News:
    """One event: the trigger's name without the pack, and what it carries: identifiers and times,
    no texts of people.

    `event` is the same whenever the same thing is told: it is in the payload too.
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


def add(store: Store, connection: Connection, source: str, found: Sequence[News]) -> List[News]:
    """Put news into the queue, within the caller's `store.write()`. Returns those that are not
    there already."""
    there: Set[str] = set()
    for start in range(0, len(found), _AT_ONCE):
        part = [one.event for one in found[start : start + _AT_ONCE]]
        there.update(connection.scalars(select(news.c.event).where(news.c.event.in_(part))))
    fresh = list({one.event: one for one in found if one.event not in there}.values())
    at = moment(store.now(connection))
    rows = [
        {
            "event": one.event,
            "source": source,
            "trigger_name": one.trigger,
            "payload": clean(json.dumps(one.payload, ensure_ascii=False, sort_keys=True)),
            "made_at": at,
            "place": place,
            "taken_until": "",
            "sent_at": "",
        }
        for place, one in enumerate(fresh)
    ]
    if rows:
        connection.execute(insert(news), rows)
    return fresh


def is_waiting(connection: Connection, sort: str) -> bool:
    """Whether there may be something to hand on, of the sources whose names begin so."""
    query = select(news.c.event).where(
        news.c.sent_at == "", news.c.source.startswith(sort, autoescape=True)
    )
    return connection.execute(query.limit(1)).first() is not None


def take(store: Store, connection: Connection, sort: str, limit: int = 50) -> List[News]:
    """The oldest news that nobody is at, within the caller's `store.write()`; they are the caller's
    for `LEASE`.

    Of two who take at the same moment, each gets what its own UPDATE changed.
    """
    now = store.now(connection)
    # What is taken for longer than anybody takes it was taken by a clock that was wrong.
    longest = moment(soon(now) + timedelta(seconds=max(LEASE, LONGEST_WAIT)))
    free = (
        news.c.sent_at == "",
        or_(news.c.taken_until <= moment(now), news.c.taken_until > longest),
    )
    query = select(news).where(*free, news.c.source.startswith(sort, autoescape=True))
    found: List[News] = []
    for row in connection.execute(query.order_by(news.c.made_at, news.c.place).limit(limit)).all():
        values: Dict[str, Any] = {"taken_until": moment(now + timedelta(seconds=LEASE))}
        if (
            connection.execute(
                update(news).where(news.c.event == row.event, *free).values(values)
            ).rowcount
            == 1
        ):
            found.append(News(row.event, row.trigger_name, json.loads(row.payload)))
    return found


def hold(store: Store, connection: Connection, event: str) -> None:
    """It was handed on, and should arrive: nobody takes it for a while."""
    now = store.now(connection)
    made_at = connection.execute(select(news.c.made_at).where(news.c.event == event)).scalar()
    age = (now - from_moment(made_at)).total_seconds() if made_at else 0.0
    until = moment(now + timedelta(seconds=min(max(age, WAIT), LONGEST_WAIT)))
    connection.execute(
        update(news).where(news.c.event == event, news.c.sent_at == "").values(taken_until=until)
    )


def under_way(store: Store, connection: Connection, sort: str, limit: int = 200) -> List[News]:
    """What someone has taken and may have handed on, the oldest first."""
    taken = (news.c.sent_at == "", news.c.taken_until > moment(store.now(connection)))
    query = select(news).where(*taken, news.c.source.startswith(sort, autoescape=True))
    rows = connection.execute(query.order_by(news.c.made_at, news.c.place).limit(limit)).all()
    return [News(row.event, row.trigger_name, json.loads(row.payload)) for row in rows]


def mark_sent(store: Store, connection: Connection, events: Sequence[str]) -> None:
    """They were handed on."""
    if events:
        at = moment(store.now(connection))
        connection.execute(
            update(news).where(news.c.event.in_(list(events))).values(sent_at=at, taken_until="")
        )


def give_back(connection: Connection, events: Sequence[str]) -> None:
    """They could not be handed on: anybody may take them again."""
    if events:
        connection.execute(
            update(news).where(news.c.event.in_(list(events))).values(taken_until="")
        )


def forget(store: Store, connection: Connection) -> None:
    """Drop what was handed on long ago."""
    before = moment(store.now(connection) - timedelta(seconds=KEPT))
    connection.execute(delete(news).where(news.c.sent_at != "", news.c.sent_at < before))


# tell(trigger, payload, event): hands one event to StackStorm. What it raises means that it was not
# handed on.
Tell = Callable[[str, Mapping[str, Any], str], None]
# arrived(trigger, event): whether StackStorm has it and went through its rules. Raises where that
# cannot be known.
Arrived = Callable[[str, str], bool]


class Post:
    """Hands on the news of one sort of sources. For one thread at a time.

    Without `arrived`, what was handed on counts as arrived.
    """

    def __init__(
        self, store: Callable[[], Store], sort: str, tell: Tell, arrived: Optional[Arrived] = None
    ) -> None:
        self._store = store
        self._sort = sort
        self._tell = tell
        self._arrived = arrived

    def deliver(self) -> int:
        """Hand on all that waits. Returns how many; raises what `tell`, `arrived` or the store
        raises, after giving back the rest.

        Each is marked by itself: after a crash, one event at most is told twice; none is where
        `arrived` knows it.
        """
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
        """Drop what was told long ago."""
        store = self._store()
        with store.write() as connection:
            forget(store, connection)

    def _hand_on(self, store: Store, one: News) -> int:
        """How often it was told: not at all where whoever told it before died before it was
        marked."""
        there = self._arrived is not None and self._arrived(one.trigger, one.event)
        if not there:
            self._tell(one.trigger, one.payload, one.event)
        with store.write() as connection:
            if self._arrived is None or there:
                mark_sent(store, connection, [one.event])
            else:
                hold(store, connection, one.event)
        return 0 if there else 1

    def _confirm(self, store: Store) -> None:
        """Mark what has arrived of all that was handed on, by whomever."""
        if self._arrived is None:
            return
        with store.read() as connection:
            sent = under_way(store, connection, self._sort)
        there = [one.event for one in sent if self._arrived(one.trigger, one.event)]
        if there:
            with store.write() as connection:
                mark_sent(store, connection, there)

    def _give_back(self, events: List[str]) -> None:
        with self._store().write() as connection:
            give_back(connection, events)
