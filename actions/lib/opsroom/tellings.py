"""What the announce room is told without anybody having asked: each thing once, also when two rules or runners tell it.

A row is written before it is told and marked afterwards. What is still unmarked after a while, since its runner died or
the chat could not be reached, is told by whoever looks next. A runner that dies in the moment between telling and
marking makes that one message come twice; nothing gets lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import List

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from .silence import current
from .store import Store
from .store.engine import queue_up
from .store.tables import tellings
from .store.values import clean, moment

DUE, TOLD, SILENCED = "due", "told", "silenced"
# Somebody is telling it right now; after that, in seconds, they are taken for dead.
PATIENCE = 90.0
# What could not be told for so long is no news any more, in seconds.
STALE = 3600.0
_KEPT = 8 * 86400.0


@dataclass(frozen=True)
class Telling:
    """One message for one room."""

    key: str
    room: str
    text: str


def begin(store: Store, connection: Connection, telling: Telling, execution_id: str = "", always: bool = False) -> bool:
    """Whether the caller is to tell it, within their `store.write()`: not when it was told before, is being told, or is
    to be kept quiet. `always` is for what is never kept quiet."""
    queue_up(connection)
    if connection.execute(select(tellings.c.key).where(tellings.c.key == clean(telling.key))).first() is not None:
        return False
    now = store.now(connection)
    connection.execute(delete(tellings).where(tellings.c.made_at < moment(now - timedelta(seconds=_KEPT))))
    quiet = not always and current(store, connection) is not None
    values = {"key": clean(telling.key), "room": clean(telling.room), "text": clean(telling.text)}
    rest = {"state": SILENCED if quiet else DUE, "made_at": moment(now), "ended_at": "", "execution_id": execution_id}
    connection.execute(insert(tellings), {**values, **rest})
    return not quiet


def told(store: Store, connection: Connection, key: str) -> None:
    """It is in the room."""
    values = {"state": TOLD, "ended_at": moment(store.now(connection))}
    connection.execute(update(tellings).where(tellings.c.key == clean(key)).values(values))


def left(store: Store, connection: Connection) -> List[Telling]:
    """What is due and whose teller is gone, within the caller's `store.write()`: it is the caller's to tell now."""
    queue_up(connection)
    now = store.now(connection)
    late, stale = moment(now - timedelta(seconds=PATIENCE)), moment(now - timedelta(seconds=STALE))
    # `ended_at` of what is due: when somebody last took it over.
    query = select(tellings).where(
        tellings.c.state == DUE, tellings.c.made_at < late, tellings.c.made_at > stale, tellings.c.ended_at < late
    )
    rows = connection.execute(query.order_by(tellings.c.made_at).limit(20)).all()
    for row in rows:
        connection.execute(update(tellings).where(tellings.c.key == row.key).values(ended_at=moment(now)))
    return [Telling(row.key, row.room, row.text) for row in rows]


def silenced(connection: Connection, since: datetime) -> int:
    """How many messages were kept quiet since then."""
    query = select(func.count()).select_from(tellings)
    found = connection.scalar(query.where(tellings.c.state == SILENCED, tellings.c.made_at >= moment(since)))
    return int(found or 0)
