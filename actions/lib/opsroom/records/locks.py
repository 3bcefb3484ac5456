"""Locks: a place that one person reserves, with a reason, for a time or until they remove the
lock."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional

from ..db.sql import (
    Transaction,
    clean,
    execute,
    from_moment,
    insert_new,
    moment,
    queue_up,
    rows,
    soon,
    update,
)
from ..db.store import Store
from ..errors import Code, Failure
from ..people import Speaker
from ..people.seals import vouched_by
from ..structs import dataclass
from ..text import one_line, stamp
from .ledger import append, from_columns
from .model import Entry, Event

NOT_YET = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Lock:
    """Who keeps which place, and why.

    An empty `app` means every application of the environment; when `environment` is empty too,
    everything is locked. `owner` is the `Speaker.key` that is compared, `shown` the name that
    messages say. `since` is filled in by the database's clock; `until` is None for a lock without
    end.
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
    """The result of `take`: the lock that is there now.

    `ok`: it is the caller's. `renewed` is the same owner's lock as it was before, when there was
    one.
    """

    lock: Lock
    ok: bool
    renewed: Optional[Lock] = None


_TEXTS = tuple(one.name for one in fields(Lock) if one.name not in ("since", "until"))


def take(store: Store, connection: Transaction, wanted: Lock) -> Taken:
    """Lock a place, within the caller's `store.write()`, who records it in the same transaction.

    What decides is the table's key, not a look before: of any number of callers at once, one gets
    it. A person who has it already gets a new reason and end, and keeps the time since when. A lock
    whose time is over is not in the way.
    """
    queue_up(connection)
    sweep(store, connection)
    now = store.now(connection)
    texts = {name: clean(getattr(wanted, name)) for name in _TEXTS}
    lock = Lock(**texts, since=now, until=wanted.until)
    if insert_new(connection, "locks", _values(lock)):
        return Taken(lock, ok=True)
    # Nobody else can change locks before this transaction ends, so what was in the way is still
    # there.
    existing = find(connection, lock.app, lock.environment)
    if existing is None:
        raise Failure(Code.STORE_FAILED, "The lock could not be written.", "Repeat the command.")
    if existing.owner != lock.owner:
        return Taken(existing, ok=False)
    existing = _put_right(connection, existing, now)
    lock = replace(lock, since=existing.since)
    update(connection, "locks", _values(lock), {"app": lock.app, "environment": lock.environment})
    return Taken(lock, ok=True, renewed=existing)


def release(connection: Transaction, lock: Lock) -> bool:
    """Give the place back. False when this owner's lock was no longer there."""
    queue_up(connection)
    mine = {"app": lock.app, "environment": lock.environment, "owner": lock.owner}
    statement = f"DELETE FROM locks WHERE {_HERE} AND owner = :owner"  # noqa: S608
    return execute(connection, statement, **mine) == 1


def find(connection: Transaction, app: str, environment: str) -> Optional[Lock]:
    """The lock on exactly this place, also when its time is over; None without one."""
    query = f"SELECT * FROM locks WHERE {_HERE}"  # noqa: S608
    found = rows(connection, query, app=app, environment=environment)
    return _lock(found[0]) if found else None


def current(
    store: Store, connection: Transaction, app: str = "", environment: str = ""
) -> List[Lock]:
    """The locks that hold now, the widest first. An empty name means all.

    With names, those that matter there: for web on uat its own, that of all uat, and that of
    everything.
    """
    named = {name: value for name, value in (("app", app), ("environment", environment)) if value}
    where = " AND ".join(["1 = 1", *(f"{name} IN ('', :{name})" for name in named)])
    widest = (
        "CASE WHEN environment = '' THEN 0 ELSE 1 END, CASE WHEN app = '' THEN 0 ELSE 1 "
        "END, since, app"
    )
    query = f"SELECT * FROM locks WHERE {where} ORDER BY {widest}"  # noqa: S608
    existing = rows(connection, query, **named)
    now = store.now(connection)
    found = [_put_right(connection, _lock(row), now) for row in existing]
    return [lock for lock in found if not _over(lock, now)]


def active(store: Store, connection: Transaction, app: str, environment: str) -> List[Lock]:
    """The locks in the way of a deployment of the application to the environment now, the widest
    first.

    Within `store.write()` nobody else can lock from here to the transaction's end: a claim that is
    taken there was either taken before a lock, or is refused by it.
    """
    if connection.writes:
        # Without it, on PostgreSQL, a lock could be committed between this look and the claim.
        queue_up(connection)
    return current(store, connection, app, environment)


def sweep(store: Store, connection: Transaction) -> List[Lock]:
    """Remove the locks whose time is over, and record that it was. Those who write locks do this
    first."""
    queue_up(connection)
    now = store.now(connection)
    found = rows(connection, "SELECT * FROM locks WHERE until <> ''")
    timed = [_put_right(connection, _lock(row), now) for row in found]
    over = [lock for lock in timed if _over(lock, now)]
    for lock in over:
        place = {"app": lock.app, "environment": lock.environment}
        execute(connection, f"DELETE FROM locks WHERE {_HERE}", **place)  # noqa: S608
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
    connection: Transaction,
    speaker: Speaker,
    app: str,
    environment: str,
    reason: str,
    deployment: str = "",
    execution_id: str = "",
) -> Optional[Lock]:
    """Lock the application there for who rolled it back, in the transaction that records the
    rollback.

    A lock that is already on this very place stays as it is; then None is returned. One of the
    whole environment does not count: it may end before the bad version is fixed.
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
            chat_name=speaker.written_name,
            room=lock.room,
            st2_user=speaker.st2_user,
            execution_id=execution_id,
            app=app,
            environment=environment,
            code=Code.LOCKED_NOW.value,
            message=reason,
            facts={**vouched_by(speaker.voucher), **lock.facts()},
        ),
    )
    return lock


_HERE = "app = :app AND environment = :environment"


def _put_right(on: Transaction, lock: Lock, now: datetime) -> Lock:
    """The lock with the times that it has by a right clock, where a wrong one dated it after now.

    It was made before the first record after its own whose clock does not say so; its time runs
    from there.
    """
    if lock.since <= soon(now):
        return lock
    where = "event = 'locked' AND app = :app AND environment = :environment"
    made = rows(
        on,
        f"SELECT max(seq) AS seq FROM ledger WHERE {where}",  # noqa: S608
        app=lock.app,
        environment=lock.environment,
    )
    query = "SELECT * FROM ledger WHERE seq > :seq ORDER BY seq LIMIT 1000"
    later = (from_columns(row).clock for row in rows(on, query, seq=made[0]["seq"] or 0))
    since = next((at for at in later if at <= soon(now)), now)
    return replace(
        lock, since=since, until=since + (lock.until - lock.since) if lock.until else None
    )


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
