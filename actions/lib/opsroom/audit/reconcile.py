"""The ledger against StackStorm's history: what is in only one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ..db.sql import Transaction, from_moment, moment, one_of, rows
from ..stackstorm.history import PastExecution
from ..structs import dataclass
from ..text import one_line, when
from .clock import Clock
from .model import Finding, GapKind
from .period import Period

# On their way: what they will leave in the ledger is not there yet.
_ON_THE_WAY = (
    "requested",
    "scheduled",
    "delayed",
    "running",
    "pausing",
    "paused",
    "resuming",
    "pending",
    "canceling",
)


@dataclass(frozen=True)
class Noted:
    """An execution that the ledger names: when first, in which records (the first number) and for
    what."""

    id: str
    at: datetime
    record: int
    deployment: str
    what: str


@dataclass(frozen=True)
class Reconciled:
    """What a comparison found.

    `compared` executions are in both. `only_ledger` are in the ledger and not in StackStorm,
    `only_stackstorm` the other way round. `too_old` are older than StackStorm's history, which
    begins at `history_begins`, and so cannot be compared; nor can `archived` executions, whose
    records are archived."""

    compared: int
    only_ledger: Tuple[Noted, ...]
    only_stackstorm: Tuple[PastExecution, ...]
    too_old: int
    history_begins: Optional[datetime]
    archived: int = 0

    @property
    def ok(self) -> bool:
        """Whether both have the same."""
        return not self.only_ledger and not self.only_stackstorm

    def findings(self) -> Tuple[Finding, ...]:
        """The same as gaps of a report."""
        return (*map(_of_ledger, self.only_ledger), *map(_of_stackstorm, self.only_stackstorm))


def noted(
    connection: Transaction, period: Period, clock: Optional[Clock] = None
) -> Dict[str, Noted]:
    """The executions that the ledger's records of a period name. `clock` puts times right."""
    clock = clock or Clock()
    first, last = clock.range()
    # What is dated wrongly may belong into it, too.
    query = (
        "SELECT execution_id, at, seq, deployment, command, requester FROM ledger"
        " WHERE ((at >= :since AND at < :until) OR seq BETWEEN :first AND :last)"
        " AND execution_id <> '' ORDER BY seq"
    )
    since, until = moment(period.since), moment(period.until)
    found: Dict[str, Noted] = {}
    for row in rows(connection, query, since=since, until=until, first=first, last=last):
        try:
            at = clock.times.get(row["seq"]) or from_moment(row["at"])
            inside = period.has(at)
        except (ValueError, TypeError):
            # Nothing that opsroom wrote; the report says so.
            continue
        id, what = row["execution_id"], f"{row['command']} by {row['requester']}"
        if inside and id not in found:
            found[id] = Noted(id, at, row["seq"], row["deployment"], what)
    return found


def known(connection: Transaction, execution_ids: Iterable[str]) -> List[str]:
    """Those of the executions that the ledger names at any time."""
    every = list(execution_ids)
    found: List[str] = []
    # SQLite takes 999 values in one statement, and old ones no more.
    for start in range(0, len(every), 500):
        where, bound = one_of("execution_id", every[start : start + 500])
        query = f"SELECT DISTINCT execution_id FROM ledger WHERE {where}"  # noqa: S608
        found += [row["execution_id"] for row in rows(connection, query, **bound)]
    return found


def compare(
    here: Mapping[str, Noted],
    history: Iterable[PastExecution],
    history_begins: Optional[datetime],
    in_stackstorm: Callable[[str], bool],
    known_here: Callable[[Iterable[str]], Iterable[str]],
    archived_until: Optional[datetime] = None,
) -> Reconciled:
    """Compare. `in_stackstorm` asks StackStorm for one execution, `known_here` the ledger for some,
    both at any time.

    Executions that began up to `archived_until` have their records in an archive.

    They are asked only for what the other side does not have in the period: one that began just
    before its end has its records after it, and other actions than those that were listed leave
    records too.
    """
    listed = {one.id: one for one in history}
    missing = [one for one in here.values() if one.id not in listed]
    old = [one for one in missing if history_begins is None or one.at < history_begins]
    only_ledger = [one for one in missing if one not in old and not in_stackstorm(one.id)]
    unknown = [
        one for one in listed.values() if one.id not in here and one.status not in _ON_THE_WAY
    ]
    elsewhere = set(known_here([one.id for one in unknown]))
    unrecorded = [one for one in unknown if one.id not in elsewhere]
    archived = [
        one
        for one in unrecorded
        if archived_until is not None and one.at is not None and one.at <= archived_until
    ]
    only_stackstorm = [one for one in unrecorded if one not in archived]
    return Reconciled(
        compared=len(here) - len(old) - len(only_ledger),
        only_ledger=tuple(sorted(only_ledger, key=lambda one: one.record)),
        only_stackstorm=tuple(sorted(only_stackstorm, key=lambda one: (str(one.at), one.id))),
        too_old=len(old),
        history_begins=history_begins,
        archived=len(archived),
    )


def _of_ledger(one: Noted) -> Finding:
    message = (
        f"Record {one.record} ({one.what}) names execution {one.id}, which StackStorm does "
        "not have."
    )
    return Finding(GapKind.NO_EXECUTION.value, message, one.deployment, (one.record,))


def _of_stackstorm(one: PastExecution) -> Finding:
    at = f" at {when(one.at, one.at.replace(year=1))}" if one.at else ""
    message = (
        f"StackStorm has {one_line(one.action)} by {one_line(one.by)}{at} ({one.status}, "
        f"execution {one.id})"
    )
    return Finding(GapKind.NO_RECORD.value, f"{message}, which left no record.")
