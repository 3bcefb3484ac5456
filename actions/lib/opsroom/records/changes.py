"""Changes and their approvals in the database, and the end of those that nobody finishes.

Each step is one UPDATE that only one of many callers at once can make. Everything here works within
the caller's `store.write()` or `store.read()`.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, List, Optional

from ..db.sql import (
    Transaction,
    clean,
    from_moment,
    insert_new,
    moment,
    one_of,
    queue_up,
    rows,
    soon,
    update,
)
from ..db.store import Store
from ..errors import Code, Failure
from ..people.seals import recorded_voucher, vouched_by
from .change import MIN_ID_LENGTH, Approval, Change, Draft, Kind, State, new_id, typed_id
from .claims import release
from .ledger import append, of_deployment
from .model import Entry, Event

# Chances to draw an id that is free, before ids become longer by one.
_DRAWS = 5
_TEXTS = tuple(one.name for one in fields(Draft) if one.name not in ("kind", "needed", "facts"))
_WAITING = (State.OPEN, State.DEPLOYING, State.REVIEW)


def open_change(
    store: Store, connection: Transaction, draft: Draft, seconds: Optional[float] = None
) -> Change:
    """Write a change down, open for so many seconds (None: without end) and under an id that no
    other has.

    An emergency starts in review. What asks for it is recorded by the caller, in the same
    transaction.
    """
    queue_up(connection)
    now = store.now(connection)
    values: Dict[str, Any] = {name: clean(getattr(draft, name)) for name in _TEXTS}
    values.update(
        kind=draft.kind.value,
        state=(State.REVIEW if draft.kind is Kind.EMERGENCY else State.OPEN).value,
        needed=draft.needed,
        asked_at=moment(now),
        expires_at="" if seconds is None else moment(now + timedelta(seconds=seconds)),
        facts=_json(draft.facts),
    )
    for attempt in range(_DRAWS * 4):
        values["id"] = new_id(MIN_ID_LENGTH + attempt // _DRAWS)
        if insert_new(connection, "changes", values):
            return _change(values)
    raise Failure(Code.STORE_FAILED, "No free id was found for the change.", "Ask again.")


def find(connection: Transaction, typed: str) -> Optional[Change]:
    """The change of that id; how it is written (case, quotes, blanks) does not matter."""
    found = rows(connection, "SELECT * FROM changes WHERE id = :id", id=clean(typed_id(typed)))
    return _change(found[0]) if found else None


def find_same(connection: Transaction, draft: Draft) -> Optional[Change]:
    """The open change by which the same person asked for the same version at the same place
    before."""
    same = {
        name: clean(getattr(draft, name)) for name in ("app", "environment", "version", "owner")
    }
    where = " AND ".join(f"{name} = :{name}" for name in ("state", "kind", *same))
    query = f"SELECT * FROM changes WHERE {where} ORDER BY asked_at DESC LIMIT 1"  # noqa: S608
    found = rows(connection, query, state=State.OPEN.value, kind=draft.kind.value, **same)
    return _change(found[0]) if found else None


def open_changes(connection: Transaction, environment: str = "", app: str = "") -> List[Change]:
    """What waits: open, being deployed, or an emergency without review; oldest first. Empty names
    mean all."""
    where, values = one_of("state", [state.value for state in _WAITING])
    for name, value in (("environment", environment), ("app", app)):
        if value:
            where += f" AND {name} = :{name}"
            values[name] = value
    query = f"SELECT * FROM changes WHERE {where} ORDER BY asked_at, id"  # noqa: S608
    return [_change(row) for row in rows(connection, query, **values)]


def set_members(connection: Transaction, change: Change) -> List[Change]:
    """The changes that were asked for by one command with this one, and itself, whatever became of
    them; none where it was asked for alone."""
    query = "SELECT * FROM changes WHERE environment = :environment AND owner = :owner"
    same = {"environment": change.environment, "owner": change.owner}
    group = change.facts.get("set")
    every = [_change(row) for row in rows(connection, query, **same)] if group else []
    return [one for one in every if one.facts.get("set") == group]


def approvals_of(connection: Transaction, change_id: str) -> List[Approval]:
    """Who approved it so far, oldest first."""
    query = "SELECT * FROM approvals WHERE change = :change ORDER BY at, owner"
    found = rows(connection, query, change=change_id)
    return [
        Approval(row["owner"], row["shown"], from_moment(row["at"]), bool(row["second_factor"]))
        for row in found
    ]


def add_approval(
    store: Store,
    connection: Transaction,
    change_id: str,
    owner: str,
    shown: str,
    execution_id: str,
    second_factor: bool,
) -> int:
    """Note that someone approves. Returns how many different people did.

    The same one again adds nothing but the one-time code, where it is given only now.
    """
    queue_up(connection)
    values = {
        "change": change_id,
        "owner": clean(owner),
        "shown": clean(shown),
        "at": moment(store.now(connection)),
        "execution_id": clean(execution_id),
        "second_factor": int(second_factor),
    }
    if not insert_new(connection, "approvals", values) and second_factor:
        same = {"change": change_id, "owner": values["owner"]}
        update(connection, "approvals", {"second_factor": 1}, same)
    return len(approvals_of(connection, change_id))


def begin(store: Store, connection: Transaction, change_id: str, by: str) -> bool:
    """Open becomes deploying. True for one caller, who then deploys, and calls `end` or `put_back`
    afterwards."""
    begun = {"begun_by": by, "begun_at": NOW}
    return move(store, connection, change_id, State.OPEN, State.DEPLOYING, **begun)


def wait_for_turn(store: Store, connection: Transaction, change_ids: Iterable[str]) -> None:
    """Keep changes open that begin after others of their set: for as long as an execution may
    live."""
    until = store.now(connection) + _MAX_LIFE
    for change_id in change_ids:
        found = find(connection, change_id)
        if found is not None and found.expires_at is not None and found.expires_at < until:
            wait_until(connection, change_id, until)


def wait_until(connection: Transaction, change_id: str, until: Optional[datetime]) -> None:
    """Let an open change expire then, and not when it would have."""
    if until is not None:
        values = {"expires_at": moment(until)}
        update(connection, "changes", values, {"id": change_id, "state": State.OPEN.value})


def is_begun(connection: Transaction, change: Change) -> bool:
    """Whether it is still being deployed by who began it when this was read: `put_back` and `begin`
    make it another's.

    A runner that took so long that it was taken for dead finds out here that it must not start.
    Within `store.write()`.
    """
    queue_up(connection)
    now = find(connection, change.id)
    return now is not None and now.state is State.DEPLOYING and now.begun_at == change.begun_at


def end(
    store: Store, connection: Transaction, change_id: str, done: bool, settled: bool = False
) -> bool:
    """Deploying becomes done or failed. False when someone settled it before. `settled`: its runner
    died, and this is what others found."""
    after = State.DONE if done else State.FAILED
    facts = {"closed_at": NOW, **({"settled": True} if settled else {})}
    return move(store, connection, change_id, State.DEPLOYING, after, **facts)


def put_back(store: Store, connection: Transaction, change_id: str) -> bool:
    """Deploying becomes open again: nothing was touched. Its approvals stay."""
    return move(store, connection, change_id, State.DEPLOYING, State.OPEN)


def close(
    store: Store,
    connection: Transaction,
    change_id: str,
    before: State,
    after: State,
    by: str,
    why: str = "",
) -> bool:
    """End it without deploying (rejected, withdrawn), or note its review: `before` becomes `after`.
    True for one."""
    facts = {"closed_by": by, "closed_at": NOW, "closed_why": why}
    return move(store, connection, change_id, before, after, **facts)


def entry_of(change: Change, event: Event, code: Code, message: str, **facts: Any) -> Entry:
    """A line for the ledger about a change, in the name of its requester."""
    voucher = recorded_voucher(change.chat_name)
    return Entry(
        event=event,
        deployment=change.deployment,
        command=change.command,
        requester=change.shown,
        person=change.person,
        chat_name=voucher.identity if voucher else change.chat_name,
        room=change.room,
        st2_user=change.st2_user,
        execution_id=change.execution_id,
        app=change.app,
        environment=change.environment,
        version_before=change.version_before,
        version=change.version,
        code=code.value,
        message=message,
        facts={"change": change.id, **vouched_by(voucher), **facts},
    )


# Stands for the time of the step among the facts that `move` adds.
NOW = object()


def move(
    store: Store,
    connection: Transaction,
    change_id: str,
    before: State,
    after: State,
    **facts: object,
) -> bool:
    """From one state to another, with what else is known of it. False when it is not there."""
    queue_up(connection)
    here = rows(connection, "SELECT facts FROM changes WHERE id = :id", id=change_id)
    if not here:
        return False
    now = moment(store.now(connection))
    new = {
        **json.loads(here[0]["facts"]),
        **{name: now if value is NOW else value for name, value in facts.items()},
    }
    values = {"state": after.value, "facts": _json(new)}
    return update(connection, "changes", values, {"id": change_id, "state": before.value}) == 1


def _change(values: Any) -> Change:
    return Change(
        **{name: values[name] for name in _TEXTS},
        id=values["id"],
        kind=Kind(values["kind"]),
        state=State(values["state"]),
        needed=values["needed"],
        asked_at=from_moment(values["asked_at"]),
        expires_at=from_moment(values["expires_at"]) if values["expires_at"] else None,
        facts=json.loads(values["facts"]),
    )


def _json(facts: Any) -> str:
    return clean(json.dumps(dict(facts), sort_keys=True))


# How long a change that was set off may take until its deployment is started or holds its claim. A
# runner that takes longer is taken for dead; one that is only slow finds out by `is_begun`.
RELEASED_AFTER = timedelta(minutes=5)
# No execution lives longer: the actions' own time limit is an hour. What was started before, and
# has neither an end in the record nor a claim, is no longer running.
_MAX_LIFE = timedelta(hours=1, minutes=5)
_ENDS = (Event.SUCCEEDED, Event.FAILED, Event.INTERRUPTED, Event.CANCELLED)


def stale(store: Store, connection: Transaction) -> bool:
    """Whether `tidy` has something to do; for those who only read."""
    now = store.now(connection)
    return any(
        one.state is State.DEPLOYING or _is_over(one, now) for one in open_changes(connection)
    )


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

    A deployment that was started is closed by its outcome in the ledger. One that was not
    waits again, or has expired: nothing was touched. A change whose claim is held is left alone,
    and so is one that was set off just now.
    """
    queue_up(connection)
    now = store.now(connection)
    deploying = [one for one in open_changes(connection) if one.state is State.DEPLOYING]
    return [one for one in deploying if _settle(store, connection, one, now)]


def _settle(store: Store, connection: Transaction, change: Change, now: datetime) -> bool:
    query = "SELECT lease_until FROM claims WHERE deployment = :deployment"
    claim = rows(connection, query, deployment=change.deployment)
    lease = claim[0]["lease_until"] if claim else None
    since = [
        one
        for one in of_deployment(connection, change.deployment)
        if moment(one.at) >= change.begun_at
    ]
    started = [one.seq for one in since if one.event is Event.STARTED]
    if not started:
        # One that runs for longer than any lease was taken by a clock that was wrong.
        held = lease is not None and moment(now) < lease <= moment(soon(now) + _MAX_LIFE)
        if held or moment(now - RELEASED_AFTER) <= change.begun_at <= moment(soon(now)):
            return False
        release(connection, change.deployment)
        return _wait_again(store, connection, change, now)
    if lease is not None:
        # Its end is still to be recorded, by its runner or by who settles its claim.
        return False
    ends = [one for one in since if one.event in _ENDS and one.seq > started[-1]]
    if ends:
        done = ends[-1].event is Event.SUCCEEDED
        return end(store, connection, change.id, done, settled=not done)
    going_on = moment(now - _MAX_LIFE) <= change.begun_at <= moment(soon(now))
    if going_on or not end(store, connection, change.id, False, settled=True):
        return False
    message = f"the outcome of change {change.id} ({change.what}) was not recorded"
    append(store, connection, entry_of(change, Event.INTERRUPTED, Code.INTERRUPTED, message))
    return True


def _wait_again(store: Store, connection: Transaction, change: Change, now: datetime) -> bool:
    by = change.facts.get("begun_by", "someone")
    why = f"{_held_up(connection, change)}, when {by} had set it off"
    if change.expired(now):
        return _expire(store, connection, change, State.DEPLOYING, why)
    if not put_back(store, connection, change.id):
        return False
    message = f"Change {change.id} ({change.what}) waits again: {why}."
    facts = {"kind": change.kind.value, "plan": change.plan, "needed": change.needed}
    append(store, connection, entry_of(change, Event.WAITING, Code.WAITING, message, **facts))
    return True


def _held_up(connection: Transaction, change: Change) -> str:
    """Why a change that was set off was not started, as far as the record knows."""
    ends = (Event.FAILED, Event.REFUSED, Event.INTERRUPTED, Event.CANCELLED)
    since = [
        one
        for one in of_deployment(connection, change.deployment)
        if moment(one.at) >= change.begun_at
    ]
    busy = any(one.event in ends and one.code == Code.STORE_BUSY.value for one in since)
    return "the database was busy" if busy else "its runner was lost before anything was touched"


def _expire(store: Store, connection: Transaction, change: Change, before: State, why: str) -> bool:
    if not move(store, connection, change.id, before, State.EXPIRED, closed_at=NOW):
        return False
    message = f"Change {change.id} ({change.what}) expired: {why}."
    append(store, connection, entry_of(change, Event.EXPIRED, Code.CHANGE_EXPIRED, message))
    return True


def _is_over(change: Change, now: datetime) -> bool:
    return change.state is State.OPEN and change.expired(now)


def released_at(change: Change, now: datetime, lease: float) -> datetime:
    """When `settle` lets go of a change that was set off and not started, whatever its runner still
    holds by then."""
    begun: Optional[datetime] = from_moment(change.begun_at) if change.begun_at else None
    return max((begun or now) + RELEASED_AFTER, now + timedelta(seconds=lease))
