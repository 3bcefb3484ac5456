"""The steps of a change in the database: each is one UPDATE that only one of many callers at once can make.

Everything here works within the caller's `store.write()` or `store.read()`. `changes` is what others import from.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Dict, List, Optional, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from .change import Approval, Change, Draft, Kind, State
from .change_ids import SHORTEST, new_id, typed_id
from .errors import Code, Failure
from .ledger import Entry, Event
from .store import Store
from .store.engine import queue_up
from .store.tables import approvals, changes
from .store.values import clean, from_moment, moment

# Chances to draw an id that is free, before ids become longer by one.
_DRAWS = 5
_TEXTS = tuple(
    column.name
    for column in changes.columns
    if column.name not in ("id", "kind", "state", "needed", "asked_at", "expires_at", "facts")
)
_WAITING = (State.OPEN, State.DEPLOYING, State.REVIEW)


def open_change(store: Store, connection: Connection, draft: Draft, seconds: Optional[float] = None) -> Change:
    """Write a change down, open for so many seconds (None: without end) and under an id that no other has.

    An emergency starts in review. What asks for it is recorded by the caller, in the same transaction.
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
        values["id"] = new_id(SHORTEST + attempt // _DRAWS)
        try:
            # A savepoint: on PostgreSQL a refused INSERT would spoil the whole transaction.
            with connection.begin_nested():
                connection.execute(insert(changes), values)
            return _change(values)
        except IntegrityError:
            continue
    raise Failure(Code.STORE_FAILED, "No free id was found for the change.", "Ask again.")


def find(connection: Connection, typed: str) -> Optional[Change]:
    """The change of that id; how it is written (case, quotes, blanks) does not matter."""
    row = connection.execute(select(changes).where(changes.c.id == clean(typed_id(typed)))).first()
    return None if row is None else _change(row._mapping)


def find_same(connection: Connection, draft: Draft) -> Optional[Change]:
    """The open change by which the same person asked for the same version at the same place before."""
    query = select(changes).where(
        changes.c.state == State.OPEN.value,
        changes.c.kind == draft.kind.value,
        changes.c.app == draft.app,
        changes.c.environment == draft.environment,
        changes.c.version == draft.version,
        changes.c.owner == draft.owner,
    )
    row = connection.execute(query.order_by(changes.c.asked_at.desc()).limit(1)).first()
    return None if row is None else _change(row._mapping)


def open_changes(connection: Connection, environment: str = "", app: str = "") -> List[Change]:
    """What waits: open, being deployed, or an emergency without review; oldest first. Empty names mean all."""
    query = select(changes).where(changes.c.state.in_([state.value for state in _WAITING]))
    if environment:
        query = query.where(changes.c.environment == environment)
    if app:
        query = query.where(changes.c.app == app)
    return _changes(connection.execute(query.order_by(changes.c.asked_at, changes.c.id)).all())


def approvals_of(connection: Connection, change_id: str) -> List[Approval]:
    """Who approved it so far, oldest first."""
    query = select(approvals).where(approvals.c.change == change_id).order_by(approvals.c.at, approvals.c.owner)
    return [
        Approval(row.owner, row.shown, from_moment(row.at), bool(row.second_factor))
        for row in connection.execute(query)
    ]


def add_approval(
    store: Store, connection: Connection, change_id: str, owner: str, shown: str, execution_id: str, second_factor: bool
) -> int:
    """Note that somebody approves. Returns how many different people did.

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
    try:
        with connection.begin_nested():
            connection.execute(insert(approvals), values)
    except IntegrityError:
        if second_factor:
            mine = (approvals.c.change == change_id, approvals.c.owner == values["owner"])
            connection.execute(update(approvals).where(*mine).values(second_factor=1))
    return len(approvals_of(connection, change_id))


def begin(store: Store, connection: Connection, change_id: str, by: str) -> bool:
    """Open becomes deploying. True for one caller, who then deploys, and afterwards calls `end` or `put_back`."""
    return move(store, connection, change_id, State.OPEN, State.DEPLOYING, begun_by=by, begun_at=NOW)


def is_begun(connection: Connection, change: Change) -> bool:
    """Whether it is still being deployed by who began it when this was read: `put_back` and `begin` make it another's.

    A runner that took so long that it was taken for dead finds out here that it must not start. Within `store.write()`.
    """
    queue_up(connection)
    now = find(connection, change.id)
    return now is not None and now.state is State.DEPLOYING and now.begun_at == change.begun_at


def end(store: Store, connection: Connection, change_id: str, done: bool) -> bool:
    """Deploying becomes done or failed. False when somebody settled it before."""
    state = State.DONE if done else State.FAILED
    return move(store, connection, change_id, State.DEPLOYING, state, closed_at=NOW)


def put_back(store: Store, connection: Connection, change_id: str) -> bool:
    """Deploying becomes open again: nothing was touched. Its approvals stay."""
    return move(store, connection, change_id, State.DEPLOYING, State.OPEN)


def close(
    store: Store, connection: Connection, change_id: str, before: State, after: State, by: str, why: str = ""
) -> bool:
    """End it without deploying (rejected, withdrawn), or note its review: `before` becomes `after`. True for one."""
    return move(store, connection, change_id, before, after, closed_by=by, closed_at=NOW, closed_why=why)


def entry_of(change: Change, event: Event, code: Code, message: str, **facts: Any) -> Entry:
    """A line for the ledger about a change, in the name of its requester."""
    return Entry(
        event=event,
        deployment=change.deployment,
        command=change.command,
        requester=change.shown,
        person=change.person,
        chat_name=change.chat_name,
        room=change.room,
        st2_user=change.st2_user,
        execution_id=change.execution_id,
        app=change.app,
        environment=change.environment,
        version_before=change.version_before,
        version=change.version,
        code=code.value,
        message=message,
        facts={"change": change.id, **facts},
    )


# Stands for the time of the step among the facts that `move` adds.
NOW = object()


def move(store: Store, connection: Connection, change_id: str, before: State, after: State, **facts: object) -> bool:
    """From one state to another, with what else is known of it. False when it is not in the state before."""
    queue_up(connection)
    here = connection.execute(select(changes.c.facts).where(changes.c.id == change_id)).first()
    if here is None:
        return False
    now = moment(store.now(connection))
    new = {**json.loads(here.facts), **{name: now if value is NOW else value for name, value in facts.items()}}
    done = connection.execute(
        update(changes)
        .where(changes.c.id == change_id, changes.c.state == before.value)
        .values(state=after.value, facts=_json(new))
    )
    return done.rowcount == 1


def _changes(rows: Sequence[Row[Any]]) -> List[Change]:
    return [_change(row._mapping) for row in rows]


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
