"""Locks: a place that one person keeps for themselves, with a reason, for a time or until they give it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from .errors import Code, Failure
from .ledger import Entry, Event, append
from .people import Speaker
from .store import Store
from .store.engine import queue_up
from .store.tables import locks
from .store.values import clean, from_moment, moment
from .text import one_line, stamp

NOT_YET = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Lock:
    """Who keeps which place, and why.

    An empty `app` means every application of the environment; when `environment` is empty too, everything is locked.
    `owner` is the `Speaker.key` that is compared, `shown` the name that messages say. `since` is filled in by the
    database's clock; `until` is None for a lock without end.
    """

    app: str
    environment: str
    owner: str
    shown: str
    reason: str
    person: str = ""
    room: str = ""
    execution_id: str = ""
    since: datetime = NOT_YET
    until: Optional[datetime] = None

    def facts(self) -> Dict[str, Any]:
        """The lock as data."""
        return {
            "app": self.app,
            "environment": self.environment,
            "owner": self.shown,
            "reason": self.reason,
            "room": self.room,
            "since": stamp(self.since),
            "until": stamp(self.until) if self.until else "",
        }


@dataclass(frozen=True)
class Taken:
    """What came of `take`: the lock that stands there now.

    `ok`: it is the caller's. `renewed` is the same owner's lock as it was before, when there was one.
    """

    lock: Lock
    ok: bool
    renewed: Optional[Lock] = None


_TEXTS = tuple(column.name for column in locks.columns if column.name not in ("since", "until"))


def take(store: Store, connection: Connection, wanted: Lock) -> Taken:
    """Lock a place, within the caller's `store.write()`, who records it in the same transaction.

    What decides is the table's key, not a look before: of any number of callers at once, one gets it. Whoever has it
    already gets a new reason and end, and keeps the time since when. A lock whose time is over is not in the way.
    """
    queue_up(connection)
    sweep(store, connection)
    now = store.now(connection)
    texts = {name: clean(getattr(wanted, name)) for name in _TEXTS}
    lock = Lock(**texts, since=now, until=wanted.until)
    try:
        # A savepoint: on PostgreSQL a refused INSERT would spoil the whole transaction.
        with connection.begin_nested():
            connection.execute(insert(locks), _values(lock))
        return Taken(lock, ok=True)
    except IntegrityError as conflict:
        # Nobody else can change locks before this transaction ends, so what was in the way is still there.
        there = find(connection, lock.app, lock.environment)
        if there is None:
            raise Failure(Code.STORE_FAILED, "The lock could not be written.", "Say it again.") from conflict
    if there.owner != lock.owner:
        return Taken(there, ok=False)
    lock = replace(lock, since=there.since)
    connection.execute(update(locks).where(_at(lock.app, lock.environment)).values(_values(lock)))
    return Taken(lock, ok=True, renewed=there)


def release(connection: Connection, lock: Lock) -> bool:
    """Give the place back. False when this owner's lock was no longer there."""
    queue_up(connection)
    mine = and_(_at(lock.app, lock.environment), locks.c.owner == lock.owner)
    return connection.execute(delete(locks).where(mine)).rowcount == 1


def find(connection: Connection, app: str, environment: str) -> Optional[Lock]:
    """The lock on exactly this place, also when its time is over; None without one."""
    row = connection.execute(select(locks).where(_at(app, environment))).first()
    return None if row is None else _lock(row._mapping)


def current(store: Store, connection: Connection, app: str = "", environment: str = "") -> List[Lock]:
    """The locks that hold now, the widest first. An empty name means all.

    With names, those that matter there: for web on uat its own, that of all uat, and that of everything.
    """
    query = select(locks).order_by(locks.c.environment != "", locks.c.app != "", locks.c.since, locks.c.app)
    if app:
        query = query.where(locks.c.app.in_(("", app)))
    if environment:
        query = query.where(locks.c.environment.in_(("", environment)))
    rows = connection.execute(query).all()
    now = store.now(connection)
    found = [_lock(row._mapping) for row in rows]
    return [lock for lock in found if not _over(lock, now)]


def active(store: Store, connection: Connection, app: str, environment: str) -> List[Lock]:
    """The locks that a deployment of the application to the environment meets now, the widest first.

    Within `store.write()` nobody else can lock from here to the transaction's end: a claim that is taken there was
    either taken before a lock, or is refused by it.
    """
    if not connection.get_execution_options().get("postgresql_readonly"):
        # Without it, on PostgreSQL, a lock could be committed between this look and the claim.
        queue_up(connection)
    return current(store, connection, app, environment)


def sweep(store: Store, connection: Connection) -> List[Lock]:
    """Remove the locks whose time is over, and record that it was. Those who write locks do this first."""
    queue_up(connection)
    now = store.now(connection)
    timed = [_lock(row._mapping) for row in connection.execute(select(locks).where(locks.c.until != "")).all()]
    over = [lock for lock in timed if _over(lock, now)]
    for lock in over:
        connection.execute(delete(locks).where(_at(lock.app, lock.environment)))
        append(
            store,
            connection,
            Entry(
                event=Event.UNLOCKED,
                command="lock",
                requester=lock.shown,
                person=lock.person,
                room=lock.room,
                execution_id=lock.execution_id,
                app=lock.app,
                environment=lock.environment,
                code=Code.UNLOCKED.value,
                message="its time was over",
                facts=lock.facts(),
            ),
        )
    return over


def lock_after_rollback(
    store: Store,
    connection: Connection,
    speaker: Speaker,
    app: str,
    environment: str,
    reason: str,
    deployment: str = "",
    execution_id: str = "",
) -> Optional[Lock]:
    """Lock the application there for who rolled it back, in the transaction that records the rollback.

    A lock that is already on this very place stays as it is; then None is returned. One of the whole environment does
    not count: it may end before the bad version is mended.
    """
    sweep(store, connection)
    if find(connection, app, environment) is not None:
        return None
    wanted = Lock(
        app=app,
        environment=environment,
        owner=speaker.key,
        shown=one_line(speaker.shown),
        reason=reason,
        person=speaker.person_name,
        room=one_line(speaker.room, 200),
        execution_id=execution_id,
    )
    lock = take(store, connection, wanted).lock
    append(
        store,
        connection,
        Entry(
            event=Event.LOCKED,
            deployment=deployment,
            command="rollback",
            requester=lock.shown,
            person=lock.person,
            chat_name=one_line(speaker.chat_name, 200),
            room=lock.room,
            st2_user=speaker.st2_user,
            execution_id=execution_id,
            app=app,
            environment=environment,
            code=Code.LOCKED_NOW.value,
            message=reason,
            facts=lock.facts(),
        ),
    )
    return lock


def _at(app: str, environment: str) -> ColumnElement[bool]:
    return and_(locks.c.app == app, locks.c.environment == environment)


def _over(lock: Lock, now: datetime) -> bool:
    return lock.until is not None and lock.until <= now


def _values(lock: Lock) -> Dict[str, Any]:
    values: Dict[str, Any] = {name: getattr(lock, name) for name in _TEXTS}
    values.update(since=moment(lock.since), until=moment(lock.until) if lock.until else "")
    return values


def _lock(values: Any) -> Lock:
    return Lock(
        **{name: values[name] for name in _TEXTS},
        since=from_moment(values["since"]),
        until=from_moment(values["until"]) if values["until"] else None,
    )
