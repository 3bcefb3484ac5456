"""Which records stay in the database when they are archived: those that commands still answer from,
and those that belong to what is not over."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from ..db.sql import Transaction, from_moment, one_of, rows
from ..records.changes import open_changes
from ..records.model import Event
from ..records.queries import FINISHED, last_of_each, version_before

# SQLite takes 999 values in one statement, and old ones no more.
_MANY = 400
_LAST_ENDS = (
    "SELECT app, environment, max(seq) AS seq FROM ledger"  # noqa: S608
    f" WHERE {FINISHED} AND seq <= :last AND app <> '' AND environment <> ''"
)
_HALVES = (
    "SELECT DISTINCT deployment FROM ledger WHERE seq <= :last AND deployment <> '' AND EXISTS"
    " (SELECT 1 FROM ledger AS later WHERE later.deployment = ledger.deployment"
    " AND later.seq > :last)"
)
_LASTING = (
    "SELECT seq, event, app, environment, facts FROM ledger WHERE seq <= :last"
    " AND event IN ('locked', 'unlocked', 'declared', 'closed') ORDER BY seq"
)


def remaining(on: Transaction, last: int) -> List[Tuple[int, str]]:
    """Numbers and hashes of the records up to `last` that stay, in order:

    - of every application on every environment the last deployment up to there, the last one that
      succeeded, and the one that says what a rollback goes back to, each with all its records;
    - all records of a deployment of which one is later than `last`, that holds a claim, or whose
      change waits;
    - the record of a lock that held then, and of an incident that was open then.
    """
    bound = {"last": last}
    alone: Set[int] = set(_lasting(on, last))
    deployments = {row["deployment"] for row in rows(on, _HALVES, **bound)}
    deployments |= {one["deployment"] for one in rows(on, "SELECT deployment FROM claims")}
    deployments |= {one.deployment for one in open_changes(on)}
    alone |= _ends(on, last)
    deployments |= set(_deployments_of(on, alone))
    found = dict(_hashes(on, "seq", sorted(alone), last))
    found.update(_hashes(on, "deployment", sorted(deployments - {""}), last))
    return sorted(found.items())


def _ends(on: Transaction, last: int) -> Set[int]:
    """The records that end the deployments which commands still answer from."""
    newest = rows(on, f"{_LAST_ENDS} GROUP BY app, environment", last=last)
    succeeded = rows(
        on, f"{_LAST_ENDS} AND event = 'succeeded' GROUP BY app, environment", last=last
    )
    found = {row["seq"] for row in (*newest, *succeeded)}
    places = [(row["app"], row["environment"]) for row in newest]
    # What runs there now may be younger than what is archived; what it replaced is not.
    current = [
        record
        for event in (None, Event.SUCCEEDED)
        for record in last_of_each(on, places, event).values()
    ]
    for record in current:
        commit = str(record.facts.get("commit") or "")
        before = version_before(on, record.app, record.environment, record.version, commit)
        if before is not None and before.seq <= last:
            found.add(before.seq)
    return found


def _lasting(on: Transaction, last: int) -> Iterator[int]:
    """The records of locks that held when record `last` was written, and of incidents that were
    open then."""
    held: Dict[Tuple[str, str], Any] = {}
    declared: Dict[str, int] = {}
    for row in rows(on, _LASTING, last=last):
        place, facts = (row["app"], row["environment"]), _facts(row["facts"])
        if row["event"] == Event.LOCKED.value:
            held[place] = (row["seq"], facts.get("until"))
        elif row["event"] == Event.UNLOCKED.value:
            held.pop(place, None)
        elif row["event"] == Event.DECLARED.value:
            declared[str(facts.get("incident"))] = row["seq"]
        else:
            declared.pop(str(facts.get("incident")), None)
    yield from declared.values()
    at = rows(on, "SELECT at FROM ledger WHERE seq = :last", last=last)[0]["at"]
    yield from (seq for seq, until in held.values() if not _over(until, at))


def _facts(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _over(until: Optional[str], at: str) -> bool:
    try:
        return bool(until) and from_moment(str(until).replace("Z", "+00:00")) < from_moment(at)
    except (ValueError, TypeError):
        return False


def _deployments_of(on: Transaction, numbers: Set[int]) -> Iterator[str]:
    for part in _parts(sorted(numbers)):
        where, bound = one_of("seq", part)
        query = f"SELECT DISTINCT deployment FROM ledger WHERE {where}"  # noqa: S608
        yield from (row["deployment"] for row in rows(on, query, **bound))


def _hashes(
    on: Transaction, column: str, values: Sequence[Any], last: int
) -> Iterator[Tuple[int, str]]:
    for part in _parts(values):
        where, bound = one_of(column, part)
        query = f"SELECT seq, hash FROM ledger WHERE seq <= :last AND {where}"  # noqa: S608
        yield from ((row["seq"], row["hash"]) for row in rows(on, query, last=last, **bound))


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _MANY] for start in range(0, len(values), _MANY))
