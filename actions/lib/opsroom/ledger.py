"""The ledger: who asked for what, and what became of it. It only grows, and every record vouches for the one before."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Dict, Iterable, List, Mapping, Optional

from sqlalchemy import Select, func, insert, select, tuple_
from sqlalchemy import text as sql
from sqlalchemy.engine import Connection, Row

from .ledger_chain import GENESIS, Break, BreakKind, ChainReport, record_hash, verify_chain
from .store import Store
from .store.engine import queue_up
from .store.tables import FINISHED, clean, from_moment, ledger, moment
from .versions import same_version

__all__ = [
    "Break",
    "BreakKind",
    "ChainReport",
    "Entry",
    "Event",
    "Record",
    "append",
    "commit_of",
    "deployments",
    "last_succeeded",
    "newest",
    "of_deployment",
    "of_execution",
    "record_of",
    "verify_chain",
    "version_before",
]


class Event(str, Enum):
    """What a record says.

    A deployment has one ASKED, perhaps one STARTED, and one of REFUSED, SUCCEEDED, FAILED and INTERRUPTED as its end.
    In between, where the environment wants it: WAITING (a change was made), APPROVED (once for each approver) or
    REJECTED, CONFIRMED, EXPIRED, OVERRIDDEN (an emergency passed what was in the way). After it: REVIEWED. All of them
    carry the deployment's id. LOCKED and UNLOCKED tell of locks.

    A request about a card or a page has one ASKED too, and as its end REFUSED, FAILED or what was done: CARD_... and
    PAGED, ACKNOWLEDGED, RESOLVED, ESCALATED, RESPONDER_ADDED. UNCONFIRMED: it may have been done, nobody could tell.

    DRIFT: what runs changed, and nobody had asked opsroom for it. QUIET and LOUD: whether announcements are told.

    DECLARED and CLOSED: an incident; what was made of it has records of its own.
    """

    ASKED = "asked"
    REFUSED = "refused"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    OVERRIDDEN = "overridden"
    REVIEWED = "reviewed"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    CARD_CREATED = "card_created"
    CARD_COMMENTED = "card_commented"
    CARD_MOVED = "card_moved"
    CARD_ASSIGNED = "card_assigned"
    PAGED = "paged"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    RESPONDER_ADDED = "responder_added"
    UNCONFIRMED = "unconfirmed"
    DRIFT = "drift"
    QUIET = "quiet"
    LOUD = "loud"
    DECLARED = "declared"
    CLOSED = "closed"


@dataclass(frozen=True)
class Entry:
    """What there is to record. Empty texts stand for what is not known.

    - `deployment`: the id that all records of one request share; `command`: the verb as the person knows it.
    - `requester`: the name as it is shown; `person`: the configured person, empty when nobody is mapped.
    - `version_before`, `version`: what ran before, and what runs after or was wanted.
    - `code`, `message`: the reason code and the sentence that were answered.
    - `seconds`: how long it took, kept to the millisecond; None when that makes no sense.
    - `facts`: what else is worth keeping, as JSON can hold it.
    """

    event: Event
    deployment: str = ""
    command: str = ""
    requester: str = ""
    person: str = ""
    chat_name: str = ""
    room: str = ""
    st2_user: str = ""
    execution_id: str = ""
    app: str = ""
    environment: str = ""
    version_before: str = ""
    version: str = ""
    code: str = ""
    message: str = ""
    seconds: Optional[float] = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Record(Entry):
    """An entry as it stands in the ledger: its number (from 1, without gaps), its time (UTC), and its hashes."""

    seq: int = 0
    at: datetime = _NEVER
    previous_hash: str = ""
    hash: str = ""


# Above every record's number.
_END = 2**63 - 1

_TEXTS = tuple(f.name for f in fields(Entry) if f.name not in ("event", "seconds", "facts"))


def append(store: Store, connection: Connection, entry: Entry) -> Record:
    """Add a record, within the caller's `store.write()`, so that it is committed together with what it tells of.

    The database lets one transaction at a time do this. Texts lose NUL characters and halves of surrogate pairs; facts
    that JSON cannot hold are kept as their text: a record is never lost because of what is in it.

    `at` never goes back: when the clock was set back, the record gets the time of the one before it, and `facts.clock`
    has what the clock said.
    """
    queue_up(connection)
    head = connection.execute(
        select(ledger.c.seq, ledger.c.at, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)
    ).first()
    now = at = moment(store.now(connection))
    facts = {clean(str(key)): _plain(value) for key, value in entry.facts.items()}
    if head is not None and head.at > now:
        at = head.at
        facts["clock"] = now
    values: Dict[str, Any] = {name: clean(getattr(entry, name)) for name in _TEXTS}
    values.update(
        seq=1 if head is None else head.seq + 1,
        at=at,
        event=entry.event.value,
        milliseconds=_milliseconds(entry.seconds),
        facts=json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        previous_hash=GENESIS if head is None else head.hash,
    )
    values["hash"] = record_hash(values)
    connection.execute(insert(ledger), values)
    return _from_columns(values)


def deployments(
    connection: Connection, app: str = "", environment: str = "", limit: int = 10, before: Optional[int] = None
) -> List[Record]:
    """The deployments that ended (succeeded, failed or interrupted), newest first, one record each.

    `app` and `environment` narrow it, empty means all. `before`, the `seq` of the oldest record seen, asks for the
    next page. The cost depends on `limit` alone.
    """
    query = _finished(connection, app, environment, _END if before is None else before)
    return _records(connection.execute(query.limit(limit)))


def last_succeeded(connection: Connection, app: str, environment: str) -> Optional[Record]:
    """The newest deployment of the application on the environment that succeeded."""
    query = _finished(connection, app, environment).where(ledger.c.event == Event.SUCCEEDED.value).limit(1)
    found = connection.execute(query).first()
    return None if found is None else _record(found)


def commit_of(connection: Connection, app: str, environment: str, version: str) -> str:
    """The commit that a version stood for when it was last deployed there with success; empty where nobody knows."""
    query = _finished(connection, app, environment).where(ledger.c.event == Event.SUCCEEDED.value)
    rows = connection.execution_options(yield_per=100).execute(query)
    try:
        for row in rows:
            if same_version(row.version, version):
                return str(json.loads(row.facts).get("commit") or "")
    finally:
        rows.close()
    return ""


def version_before(connection: Connection, app: str, environment: str, current: str) -> Optional[Record]:
    """The record that tells what to go back to when `current` runs: its `version_before`.

    It is the newest deployment of `current` that replaced another version and was itself no rollback. So a second
    rollback goes one further back: the record of the first one would lead to the version it fled from. One that failed
    counts too: a version that was put in place and then did not come up is what people roll back.
    Versions are compared as `same_version` does.
    """
    query = _finished(connection, app, environment).where(ledger.c.command != "rollback", ledger.c.version_before != "")
    rows = connection.execution_options(yield_per=100).execute(query)
    try:
        for row in rows:
            if same_version(row.version, current) and not same_version(row.version, row.version_before):
                return _record(row)
    finally:
        rows.close()
    return None


def of_deployment(connection: Connection, deployment: str) -> List[Record]:
    """All records of one deployment, oldest first."""
    return _records(connection.execute(select(ledger).where(ledger.c.deployment == deployment).order_by(ledger.c.seq)))


def of_execution(connection: Connection, execution_id: str, latest: int = 5000) -> List[Record]:
    """The records of one execution among so many of the latest, oldest first. For what has ended just now."""
    head = connection.scalar(select(func.max(ledger.c.seq))) or 0
    query = select(ledger).where(ledger.c.seq > head - latest, ledger.c.execution_id == execution_id)
    return _records(connection.execute(query.order_by(ledger.c.seq)))


def newest(connection: Connection, event: Event, since: datetime, latest: int = 5000) -> List[Record]:
    """The records of one kind since a moment, among so many of the latest, newest first."""
    head = connection.scalar(select(func.max(ledger.c.seq))) or 0
    query = select(ledger).where(ledger.c.seq > head - latest, ledger.c.event == event.value)
    return _records(connection.execute(query.where(ledger.c.at >= moment(since)).order_by(ledger.c.seq.desc())))


def record_of(values: Mapping[str, Any]) -> Record:
    """The record in a row, by column. Raises ValueError or TypeError for what opsroom did not write."""
    strange = [name for name in (*_TEXTS, "at", "hash") if not isinstance(values[name], str)]
    record = _from_columns(values)
    if strange or not isinstance(record.seq, int) or not isinstance(record.facts, dict) or record.at.tzinfo is None:
        raise ValueError(", ".join(strange) or "seq, at or facts")
    return record


def _finished(connection: Connection, app: str, environment: str, before: int = _END) -> Select[Any]:
    """The ends of deployments below record `before`, newest first, in a form that the fitting index answers."""
    named = [(column, value) for column, value in ((ledger.c.app, app), (ledger.c.environment, environment)) if value]
    query = select(ledger).where(sql(FINISHED))
    if connection.dialect.name == "sqlite":
        query = query.where(*(column == value for column, value in named), ledger.c.seq < before)
        return query.order_by(ledger.c.seq.desc())
    # PostgreSQL would rather walk back through all ends of deployments and leave out those of other places, which is
    # fast until somebody asks for a place where nothing has happened for a long time. As the limits of a range, in the
    # order of the one index that has this order, they leave it no choice.
    columns = [column for column, _ in named] + [ledger.c.seq]
    values = [value for _, value in named]
    low, high = tuple_(*values, 0), tuple_(*values, before)
    query = query.where(tuple_(*columns) >= low, tuple_(*columns) < high)
    return query.order_by(*(column.desc() for column in columns))


def _records(rows: Iterable[Row[Any]]) -> List[Record]:
    return [_record(row) for row in rows]


def _record(row: Row[Any]) -> Record:
    return _from_columns(row._asdict())


def _from_columns(values: Mapping[str, Any]) -> Record:
    milliseconds = values["milliseconds"]
    return Record(
        event=Event(values["event"]),
        **{name: values[name] for name in _TEXTS},
        seconds=None if milliseconds is None else milliseconds / 1000,
        facts=json.loads(values["facts"]),
        seq=values["seq"],
        at=from_moment(values["at"]),
        previous_hash=values["previous_hash"],
        hash=values["hash"],
    )


def _milliseconds(seconds: Optional[float]) -> Optional[int]:
    return None if seconds is None or not math.isfinite(seconds) else round(seconds * 1000)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    return clean(str(value))
