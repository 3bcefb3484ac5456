"""Announcements in rooms, each posted once, also when two rules or runners have it; and the time
for which the announce room is muted.

A row is written before the post and marked afterwards. What is still unmarked after a while, since
its runner died or the chat was unreachable, is posted by the next run that looks. A runner that
dies between posting and marking makes that one message appear twice; none is lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import List, Optional

from ..db.sql import (
    Transaction,
    clean,
    execute,
    from_moment,
    insert,
    moment,
    queue_up,
    rows,
    soon,
    update,
)
from ..db.store import Store
from ..people import Speaker
from ..structs import dataclass
from ..text import one_line

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


def begin_silence(
    store: Store, connection: Transaction, speaker: Speaker, until: datetime, execution_id: str
) -> Silence:
    """Let it be quiet until then, in place of a silence that there is; within the caller's
    `store.write()`."""
    queue_up(connection)
    silence = Silence(one_line(speaker.shown), store.now(connection), until)
    execute(connection, "DELETE FROM silences WHERE what = :what", what=ANNOUNCEMENTS)
    values = {"what": ANNOUNCEMENTS, "owner": clean(speaker.key), "shown": clean(silence.shown)}
    times = {"since": moment(silence.since), "until": moment(until), "execution_id": execution_id}
    insert(connection, "silences", {**values, **times})
    return silence


def end(store: Store, connection: Transaction) -> Optional[Silence]:
    """End it; returns the silence that there was, None without one."""
    queue_up(connection)
    existing = current(store, connection)
    execute(connection, "DELETE FROM silences WHERE what = :what", what=ANNOUNCEMENTS)
    return existing


DUE, POSTED, SILENCED = "due", "told", "silenced"
# A run is posting it right now; after so many seconds it is taken for dead.
LEASE = 90.0
# What could not be posted for so long is no longer news, in seconds.
STALE = 3600.0
_KEPT = 8 * 86400.0


@dataclass(frozen=True)
class Announcement:
    """One message for one room."""

    key: str
    room: str
    text: str


def begin(
    store: Store,
    connection: Transaction,
    announcement: Announcement,
    execution_id: str = "",
    always: bool = False,
) -> bool:
    """Whether the caller is to post it, within their `store.write()`: not when it was posted
    before, is being posted, or is muted. `always` is for what is never muted."""
    queue_up(connection)
    if rows(connection, "SELECT key FROM tellings WHERE key = :key", key=clean(announcement.key)):
        return False
    now = store.now(connection)
    execute(
        connection,
        "DELETE FROM tellings WHERE made_at < :old",
        old=moment(now - timedelta(seconds=_KEPT)),
    )
    quiet = not always and current(store, connection) is not None
    values = {
        "key": clean(announcement.key),
        "room": clean(announcement.room),
        "text": clean(announcement.text),
    }
    rest = {
        "state": SILENCED if quiet else DUE,
        "made_at": moment(now),
        "ended_at": "",
        "execution_id": execution_id,
    }
    insert(connection, "tellings", {**values, **rest})
    return not quiet


def mark_posted(store: Store, connection: Transaction, key: str) -> None:
    """It is in the room."""
    values = {"state": POSTED, "ended_at": moment(store.now(connection))}
    update(connection, "tellings", values, {"key": clean(key)})


def left(store: Store, connection: Transaction) -> List[Announcement]:
    """What is due and whose teller is gone, within the caller's `store.write()`: it is the caller's
    to tell now."""
    queue_up(connection)
    now = store.now(connection)
    late, stale = moment(now - timedelta(seconds=LEASE)), moment(now - timedelta(seconds=STALE))
    # `ended_at` of what is due: when someone last took it over.
    query = (
        "SELECT key, room, text FROM tellings WHERE state = :due AND (made_at < :late OR made_at "
        "> :soon)"
        " AND made_at > :stale AND (ended_at < :late OR ended_at > :soon) ORDER BY made_at LIMIT 20"
    )
    found = rows(connection, query, due=DUE, late=late, stale=stale, soon=moment(soon(now)))
    for row in found:
        update(connection, "tellings", {"ended_at": moment(now)}, {"key": row["key"]})
    return [Announcement(row["key"], row["room"], row["text"]) for row in found]


def silenced(connection: Transaction, since: datetime) -> int:
    """How many messages were kept quiet since then."""
    query = "SELECT count(*) AS number FROM tellings WHERE state = :silenced AND made_at >= :since"
    return int(rows(connection, query, silenced=SILENCED, since=moment(since))[0]["number"])
