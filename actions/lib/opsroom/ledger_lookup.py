"""Looking things up in the ledger: the deployments that ended, what ran before, what happened lately."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterable, List, Optional

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy import text as sql
from sqlalchemy.engine import Connection, Row

from .ledger import Event, Record, from_columns
from .store.tables import FINISHED, ledger
from .store.values import moment
from .versions import same, same_version

# Above every record's number.
_END = 2**63 - 1


def deployments(
    connection: Connection, app: str = "", environment: str = "", limit: int = 10, before: Optional[int] = None
) -> List[Record]:
    """The deployments that ended (succeeded, failed or interrupted), newest first, one record each.

    `app` and `environment` narrow it, empty means all. `before`, the `seq` of the oldest record seen, asks for the
    next page. The cost depends on `limit` alone.
    """
    query = _finished(connection, app, environment, _END if before is None else before)
    return _records(connection.execute(query.limit(limit)))


def drifts(
    connection: Connection, app: str = "", environment: str = "", limit: int = 10, latest: int = 5000
) -> List[Record]:
    """What was found to run there though nobody had asked opsroom for it, newest first, among the `latest` records."""
    head = connection.scalar(select(func.max(ledger.c.seq))) or 0
    query = select(ledger).where(ledger.c.seq > head - latest, ledger.c.event == Event.DRIFT.value)
    for column, value in ((ledger.c.app, app), (ledger.c.environment, environment)):
        query = query.where(column == value) if value else query
    return _records(connection.execute(query.order_by(ledger.c.seq.desc()).limit(limit)))


def last_succeeded(connection: Connection, app: str, environment: str) -> Optional[Record]:
    """The newest deployment of the application on the environment that succeeded."""
    query = _finished(connection, app, environment).where(ledger.c.event == Event.SUCCEEDED.value).limit(1)
    found = connection.execute(query).first()
    return None if found is None else _record(found)


def commit_of(connection: Connection, app: str, environment: str, version: str, before: int = _END) -> str:
    """The commit that a version stood for when it was last deployed there with success; empty where nobody knows.

    Only records with a `seq` below `before` count."""
    query = _finished(connection, app, environment, before).where(ledger.c.event == Event.SUCCEEDED.value)
    rows = connection.execution_options(yield_per=100).execute(query)
    try:
        for row in rows:
            if same_version(row.version, version):
                return str(json.loads(row.facts).get("commit") or "")
    finally:
        rows.close()
    return ""


def commit_before(connection: Connection, record: Record) -> str:
    """The commit that a deployment found there; empty where nobody knows. Records of older versions do not say it: then
    what the name stood for before."""
    known = str(record.facts.get("commit_before") or "")
    return known or commit_of(connection, record.app, record.environment, record.version_before, record.seq)


def version_before(
    connection: Connection, app: str, environment: str, current: str, commit: str = ""
) -> Optional[Record]:
    """The record that tells what to go back to when `current` runs: its `version_before`.

    It is the newest deployment of `current` that replaced another version and was itself no rollback. So a second
    rollback goes one further back: the record of the first one would lead to the version it fled from. One that failed
    counts too: a version that was put in place and then did not come up is what people roll back.
    Versions are compared as `same` does, by their commits where those are known; `commit` is that of `current`.
    """
    query = _finished(connection, app, environment).where(ledger.c.command != "rollback", ledger.c.version_before != "")
    rows = connection.execution_options(yield_per=100).execute(query)
    wanted = _Named(current, commit)
    try:
        for row in rows:
            facts = json.loads(row.facts)
            put = _Named(row.version, str(facts.get("commit") or ""))
            if not same(put, wanted):
                continue
            found = _Named(row.version_before, str(facts.get("commit_before") or ""))
            if put.commit and not found.commit and same_version(put.version, found.version):
                found = _Named(row.version_before, commit_of(connection, app, environment, row.version_before, row.seq))
            if not same(put, found):
                return _record(row)
    finally:
        rows.close()
    return None


@dataclass(frozen=True)
class _Named:
    version: str
    commit: str


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
    return from_columns(row._asdict())
