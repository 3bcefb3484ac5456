"""Quiet in the announce room: for a time, by someone, over by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Optional

from .people import Speaker
from .store import Store
from .store.engine import queue_up
from .store.plain import Transaction, change, insert, rows
from .store.values import clean, from_moment, moment, soon
from .text import one_line

# What is silenced; so far there is nothing else.
ANNOUNCEMENTS = "announcements"


@dataclass(frozen=True)
class Silence:
    """Who wanted it quiet, since when and until when."""

    shown: str
    since: datetime
    until: datetime


def current(store: Store, connection: Transaction) -> Optional[Silence]:
    """The silence that holds now; None when there is none, or its time is over."""
    found = rows(connection, "SELECT * FROM silences WHERE what = :what", what=ANNOUNCEMENTS)
    if not found or from_moment(found[0]["until"]) <= store.now(connection):
        return None
    row = found[0]
    if from_moment(row["since"]) > soon(store.now(connection)):
        # A clock that was wrong began it; it would last for years.
        return None
    return Silence(row["shown"], from_moment(row["since"]), from_moment(row["until"]))


def begin(store: Store, connection: Transaction, speaker: Speaker, until: datetime, execution_id: str) -> Silence:
    """Let it be quiet until then, in place of a silence that there is; within the caller's `store.write()`."""
    queue_up(connection)
    silence = Silence(one_line(speaker.shown), store.now(connection), until)
    change(connection, "DELETE FROM silences WHERE what = :what", what=ANNOUNCEMENTS)
    values = {"what": ANNOUNCEMENTS, "owner": clean(speaker.key), "shown": clean(silence.shown)}
    times = {"since": moment(silence.since), "until": moment(until), "execution_id": execution_id}
    insert(connection, "silences", {**values, **times})
    return silence


def end(store: Store, connection: Transaction) -> Optional[Silence]:
    """End it; returns the silence that there was, None without one."""
    queue_up(connection)
    there = current(store, connection)
    change(connection, "DELETE FROM silences WHERE what = :what", what=ANNOUNCEMENTS)
    return there
