"""Queries on the ledger: the deployments that ended, what ran before, what happened lately."""

from __future__ import annotations

from datetime import datetime
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ..db.sql import Transaction, moment, rows
from ..structs import dataclass
from ..versions import same, same_version
from .ledger import Record, from_columns
from .model import Event

# The records that end a deployment. Written out, not bound: both databases use a partial index only
# for a query whose condition they can see to be that of the index.
FINISHED = "event IN ('succeeded', 'failed', 'interrupted', 'cancelled')"

# Above every record's number.
_END = 2**63 - 1
# So many are read at once where it is not known how far back must be looked.
_PART = 100


def deployments(
    connection: Transaction,
    app: str = "",
    environment: str = "",
    limit: int = 10,
    before: Optional[int] = None,
) -> List[Record]:
    """The deployments that ended (succeeded, failed, interrupted or cancelled), newest first, one
    record each.

    `app` and `environment` narrow it, empty means all. `before`, the `seq` of the oldest record
    seen, asks for the next page. The cost depends on `limit` alone.
    """
    return _finished(connection, app, environment, limit, _END if before is None else before)


def drifts(
    connection: Transaction,
    app: str = "",
    environment: str = "",
    limit: int = 10,
    latest: int = 5000,
) -> List[Record]:
    """What was found to run there though nobody had asked opsroom for it, newest first, among the
    `latest` records."""
    named = {name: value for name, value in (("app", app), ("environment", environment)) if value}
    where = "".join(f" AND {name} = :{name}" for name in named)
    query = (
        f"SELECT * FROM ledger WHERE {_LATEST} AND event = :event{where} "  # noqa: S608
        "ORDER BY seq DESC LIMIT :limit"
    )
    found = rows(connection, query, latest=latest, event=Event.DRIFT.value, limit=limit, **named)
    return [from_columns(row) for row in found]


def last_succeeded(connection: Transaction, app: str, environment: str) -> Optional[Record]:
    """The newest deployment of the application on the environment that succeeded."""
    found = _finished(connection, app, environment, 1, event=Event.SUCCEEDED.value)
    return found[0] if found else None


def last_of_each(
    connection: Transaction, places: Sequence[Tuple[str, str]], event: Optional[Event] = None
) -> Dict[Tuple[str, str], Record]:
    """For each place (application, environment) its newest deployment that ended; with `event`, the
    newest that ended so. Places where there was none are left out.

    One query for a hundred places: the database may be far away.
    """
    found: Dict[Tuple[str, str], Record] = {}
    for first in range(0, len(places), _PART):
        part = places[first : first + _PART]
        names = ", ".join(f"(:app{number}, :environment{number})" for number in range(len(part)))
        bound = {f"app{number}": app for number, (app, _) in enumerate(part)}
        bound.update({f"environment{number}": place for number, (_, place) in enumerate(part)})
        if connection.dialect == "sqlite":
            where = " AND app = place.column1 AND environment = place.column2"
        else:
            # As in `_finished`, for the same index.
            key, here = "(app, environment, seq)", "place.column1, place.column2"
            where = f" AND {key} >= ({here}, 0) AND {key} < ({here}, {_END})"
        if event is not None:
            where += " AND event = :event"
            bound["event"] = event.value
        order = "app DESC, environment DESC, seq DESC"
        newest_there = (
            f"SELECT seq FROM ledger WHERE {FINISHED}{where} "  # noqa: S608
            f"ORDER BY {order} LIMIT 1"
        )
        query = (
            f"SELECT * FROM ledger WHERE seq IN (SELECT ({newest_there}) "  # noqa: S608
            f"FROM (VALUES {names}) AS place)"
        )
        for row in rows(connection, query, **bound):
            found[(row["app"], row["environment"])] = from_columns(row)
    return found


def commit_of(
    connection: Transaction, app: str, environment: str, version: str, before: int = _END
) -> str:
    """The commit that a version stood for when it was last deployed there with success; empty where
    nobody knows.

    Only records with a `seq` below `before` count."""
    for record in _all_finished(connection, app, environment, before, Event.SUCCEEDED.value):
        if same_version(record.version, version):
            return str(record.facts.get("commit") or "")
    return ""


def commit_before(connection: Transaction, record: Record) -> str:
    """The commit that a deployment found there; empty where nobody knows. Records of older versions
    do not say it: then what the name stood for before."""
    known = str(record.facts.get("commit_before") or "")
    return known or commit_of(
        connection, record.app, record.environment, record.version_before, record.seq
    )


def version_before(
    connection: Transaction, app: str, environment: str, current: str, commit: str = ""
) -> Optional[Record]:
    """The record that shows what to go back to when `current` runs: its `version_before`.

    It is the newest deployment of `current` that replaced another version and was itself no
    rollback. So a second rollback goes one further back: the record of the first one would lead to
    the version it fled from. One that failed counts too: a version that was put in place and then
    did not come up is what people roll back. Versions are compared as `same` does, by their commits
    where those are known; `commit` is that of `current`.
    """
    wanted = _Named(current, commit)
    for record in _all_finished(connection, app, environment):
        if record.command == "rollback" or not record.version_before:
            continue
        put = _Named(record.version, str(record.facts.get("commit") or ""))
        if not same(put, wanted):
            continue
        found = _Named(record.version_before, str(record.facts.get("commit_before") or ""))
        if put.commit and not found.commit and same_version(put.version, found.version):
            known = commit_of(connection, app, environment, record.version_before, record.seq)
            found = _Named(record.version_before, known)
        if not same(put, found):
            return record
    return None


@dataclass(frozen=True)
class _Named:
    version: str
    commit: str


def of_execution(connection: Transaction, execution_id: str, latest: int = 5000) -> List[Record]:
    """The records of one execution among so many of the latest, oldest first. For what has ended
    just now."""
    where = f"{_LATEST} AND execution_id = :id"
    query = f"SELECT * FROM ledger WHERE {where} ORDER BY seq"  # noqa: S608
    return [from_columns(row) for row in rows(connection, query, latest=latest, id=execution_id)]


def newest(
    connection: Transaction, event: Event, since: datetime, latest: int = 5000
) -> List[Record]:
    """The records of one kind since a moment, among so many of the latest, newest first."""
    query = (
        f"SELECT * FROM ledger WHERE {_LATEST} AND event = :event "  # noqa: S608
        "AND at >= :since ORDER BY seq DESC"
    )
    found = rows(connection, query, latest=latest, event=event.value, since=moment(since))
    return [one for one in map(from_columns, found) if one.clock >= since]


def asked_only(connection: Transaction, latest: int = 1000) -> List[Record]:
    """The requests about an application, among so many of the latest records, of which nothing but
    that they were asked (and what an emergency passed) is recorded, and that hold no claim; oldest
    first."""
    query = (
        f"SELECT * FROM ledger WHERE {_LATEST} AND event = 'asked' AND app <> ''"  # noqa: S608
        " AND NOT EXISTS (SELECT 1 FROM ledger AS other WHERE other.deployment = ledger.deployment"
        " AND other.event NOT IN ('asked', 'overridden'))"
        " AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.deployment = ledger.deployment) "
        "ORDER BY seq"
    )
    return [from_columns(row) for row in rows(connection, query, latest=latest)]


_LATEST = "seq > (SELECT coalesce(max(seq), 0) FROM ledger) - :latest"


def _all_finished(
    connection: Transaction, app: str, environment: str, before: int = _END, event: str = ""
) -> Iterator[Record]:
    """All of them, newest first, read as far as they are looked at."""
    while True:
        part = _finished(connection, app, environment, _PART, before, event)
        yield from part
        if len(part) < _PART:
            return
        before = part[-1].seq


def _finished(
    connection: Transaction,
    app: str,
    environment: str,
    limit: int,
    before: int = _END,
    event: str = "",
) -> List[Record]:
    """The ends of deployments below record `before`, newest first, by a query that the fitting
    index answers."""
    named = [name for name, value in (("app", app), ("environment", environment)) if value]
    values = {"app": app, "environment": environment}
    bound = {name: values[name] for name in named}
    if connection.dialect == "sqlite":
        where = "".join(f" AND {name} = :{name}" for name in named) + " AND seq < :before"
        order = "seq DESC"
    else:
        # PostgreSQL would rather walk back through all ends of deployments and leave out those of
        # other places, which is fast until someone asks for a place where nothing has happened for
        # a long time. As the limits of a range, in the order of the one index that has this order,
        # they leave it no choice.
        columns = ", ".join([*named, "seq"])
        names = "".join(f":{name}, " for name in named)
        where = f" AND ({columns}) >= ({names}0) AND ({columns}) < ({names}:before)"
        order = ", ".join(f"{name} DESC" for name in [*named, "seq"])
    if event:
        where += " AND event = :event"
        bound["event"] = event
    query = (
        f"SELECT * FROM ledger WHERE {FINISHED}{where} "  # noqa: S608
        f"ORDER BY {order} LIMIT :limit"
    )
    return [
        from_columns(row) for row in rows(connection, query, before=before, limit=limit, **bound)
    ]
