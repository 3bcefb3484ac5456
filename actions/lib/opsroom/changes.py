"""Changes and their approvals in the database, and what becomes of those that nobody cares for any more.

Everything here works within the caller's `store.write()` or `store.read()`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import List, Optional

from .change import Approval, Change, Draft, Kind, State
from .change_steps import (
    NOW,
    add_approval,
    approvals_of,
    begin,
    close,
    end,
    entry_of,
    find,
    find_same,
    is_begun,
    move,
    open_change,
    open_changes,
    put_back,
)
from .claims import release
from .errors import Code
from .ledger import Event, append, of_deployment
from .store import Store
from .store.engine import queue_up
from .store.plain import Transaction, rows
from .store.values import from_moment, moment, soon

__all__ = [
    "RELEASED_AFTER",
    "Approval",
    "Change",
    "Draft",
    "Kind",
    "State",
    "add_approval",
    "approvals_of",
    "begin",
    "close",
    "end",
    "entry_of",
    "expire",
    "find",
    "find_same",
    "is_begun",
    "open_change",
    "open_changes",
    "put_back",
    "released_at",
    "settle",
    "stale",
    "tidy",
]

# How long a change that was set off may take until its deployment is started or holds its claim. A runner that takes
# longer is taken for dead; one that is only slow finds out by `is_begun`.
RELEASED_AFTER = timedelta(minutes=5)
# No execution lives longer: the actions' own time limit is an hour. What was started before, and has neither an end in
# the record nor a claim, is not going on any more.
_LONGEST = timedelta(hours=1, minutes=5)
_ENDS = (Event.SUCCEEDED, Event.FAILED, Event.INTERRUPTED)


def stale(store: Store, connection: Transaction) -> bool:
    """Whether `tidy` has something to do; for those who only read."""
    now = store.now(connection)
    return any(one.state is State.DEPLOYING or _is_over(one, now) for one in open_changes(connection))


def tidy(store: Store, connection: Transaction) -> None:
    """Close what expired, and what a runner that died left behind."""
    expire(store, connection)
    settle(store, connection)


def expire(store: Store, connection: Transaction) -> List[Change]:
    """Mark open changes whose time is over, with a record each; returns them."""
    queue_up(connection)
    now = store.now(connection)
    over = [one for one in open_changes(connection) if _is_over(one, now)]
    for one in over:
        missing = "confirmed" if one.kind is Kind.CONFIRMATION else "approved"
        _expire(store, connection, one, State.OPEN, f"nobody {missing} it in time")
    return over


def settle(store: Store, connection: Transaction) -> List[Change]:
    """Go on with the changes whose runner died after it had set them off; returns those that moved.

    A deployment that was started is closed by what the ledger says became of it. One that was not waits again, or has
    expired: nothing was touched. A change whose claim is held is left alone, and so is one that was set off just now.
    """
    queue_up(connection)
    now = store.now(connection)
    deploying = [one for one in open_changes(connection) if one.state is State.DEPLOYING]
    return [one for one in deploying if _settle(store, connection, one, now)]


def _settle(store: Store, connection: Transaction, change: Change, now: datetime) -> bool:
    query = "SELECT lease_until FROM claims WHERE deployment = :deployment"
    claim = rows(connection, query, deployment=change.deployment)
    lease = claim[0]["lease_until"] if claim else None
    since = [one for one in of_deployment(connection, change.deployment) if moment(one.at) >= change.begun_at]
    started = [one.seq for one in since if one.event is Event.STARTED]
    if not started:
        # One that runs for longer than any lease was taken by a clock that was wrong.
        held = lease is not None and moment(now) < lease <= moment(soon(now) + _LONGEST)
        if held or moment(now - RELEASED_AFTER) <= change.begun_at <= moment(soon(now)):
            return False
        release(connection, change.deployment)
        return _wait_again(store, connection, change, now)
    if lease is not None:
        # Its end is still to be recorded, by its runner or by who settles its claim.
        return False
    ends = [one for one in since if one.event in _ENDS and one.seq > started[-1]]
    if ends:
        return end(store, connection, change.id, ends[-1].event is Event.SUCCEEDED)
    going_on = moment(now - _LONGEST) <= change.begun_at <= moment(soon(now))
    if going_on or not end(store, connection, change.id, False):
        return False
    told = f"what became of change {change.id} ({change.what}) was not recorded"
    append(store, connection, entry_of(change, Event.INTERRUPTED, Code.INTERRUPTED, told))
    return True


def _wait_again(store: Store, connection: Transaction, change: Change, now: datetime) -> bool:
    by = change.facts.get("begun_by", "somebody")
    why = f"{_held_up(connection, change)}, when {by} had set it off"
    if change.expired(now):
        return _expire(store, connection, change, State.DEPLOYING, why)
    if not put_back(store, connection, change.id):
        return False
    told = f"Change {change.id} ({change.what}) waits again: {why}."
    facts = {"kind": change.kind.value, "plan": change.plan, "needed": change.needed}
    append(store, connection, entry_of(change, Event.WAITING, Code.WAITING, told, **facts))
    return True


def _held_up(connection: Transaction, change: Change) -> str:
    """Why a change that was set off was not started, as far as the record knows."""
    ends = (Event.FAILED, Event.REFUSED, Event.INTERRUPTED)
    since = [one for one in of_deployment(connection, change.deployment) if moment(one.at) >= change.begun_at]
    busy = any(one.event in ends and one.code == Code.STORE_BUSY.value for one in since)
    return "the database was busy" if busy else "its runner was lost before anything was touched"


def _expire(store: Store, connection: Transaction, change: Change, before: State, why: str) -> bool:
    if not move(store, connection, change.id, before, State.EXPIRED, closed_at=NOW):
        return False
    told = f"Change {change.id} ({change.what}) expired: {why}."
    append(store, connection, entry_of(change, Event.EXPIRED, Code.CHANGE_EXPIRED, told))
    return True


def _is_over(change: Change, now: datetime) -> bool:
    return change.state is State.OPEN and change.expired(now)


def released_at(change: Change, now: datetime, lease: float) -> datetime:
    """When `settle` lets go of a change that was set off and not started, whatever its runner still holds by then."""
    begun: Optional[datetime] = from_moment(change.begun_at) if change.begun_at else None
    return max((begun or now) + RELEASED_AFTER, now + timedelta(seconds=lease))
