"""Quiet in the announce room: for a time, by somebody, over by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Optional

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from .people import Speaker
from .store import Store
from .store.engine import queue_up
from .store.tables import silences
from .store.values import clean, from_moment, moment
from .text import one_line

# What is silenced; so far there is nothing else.
ANNOUNCEMENTS = "announcements"


@dataclass(frozen=True)
class Silence:
    """Who wanted it quiet, since when and until when."""

    shown: str
    since: datetime
    until: datetime


def current(store: Store, connection: Connection) -> Optional[Silence]:
    """The silence that holds now; None when there is none, or its time is over."""
    row = connection.execute(select(silences).where(silences.c.what == ANNOUNCEMENTS)).first()
    if row is None or from_moment(row.until) <= store.now(connection):
        return None
    return Silence(row.shown, from_moment(row.since), from_moment(row.until))


def begin(store: Store, connection: Connection, speaker: Speaker, until: datetime, execution_id: str) -> Silence:
    """Let it be quiet until then, in place of a silence that there is; within the caller's `store.write()`."""
    queue_up(connection)
    silence = Silence(one_line(speaker.shown), store.now(connection), until)
    connection.execute(delete(silences).where(silences.c.what == ANNOUNCEMENTS))
    values = {"what": ANNOUNCEMENTS, "owner": clean(speaker.key), "shown": clean(silence.shown)}
    times = {"since": moment(silence.since), "until": moment(until), "execution_id": execution_id}
    connection.execute(insert(silences), {**values, **times})
    return silence


def end(store: Store, connection: Connection) -> Optional[Silence]:
    """End it; returns the silence that there was, None without one."""
    queue_up(connection)
    there = current(store, connection)
    connection.execute(delete(silences).where(silences.c.what == ANNOUNCEMENTS))
    return there
