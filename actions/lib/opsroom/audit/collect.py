"""The changes of a period, collected from the records of the ledger. Reads also what someone wrote
there by hand."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from itertools import groupby
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from ..db.sql import Row, Transaction, from_moment, moment, rows, scalar
from ..errors import Failure
from ..records.chain.archives import archives
from ..records.ledger import COLUMNS, Record, record_of
from ..records.model import Event
from ..records.queries import deployments
from ..structs import dataclass
from .clock import Clock
from .model import Change, Held
from .narrative import change_of, runs_after
from .period import Period

Place = Tuple[str, str]
# The fact of the record with which a database ends that was loaded from archives.
LOADED = "loaded"


@dataclass(frozen=True)
class Collected:
    """What the ledger has of a period.

    `changes` were carried out, `attempts` touched nothing; both oldest first. `before` is what ran
    on a place, as far as is known, when the period began. `unreadable` are the numbers of records
    that opsroom cannot have written; `restored` numbers and sentences of those that say that later
    ones are missing. `begins` is when the ledger begins, None when it is empty.
    """

    changes: Tuple[Change, ...] = ()
    attempts: Tuple[Change, ...] = ()
    locks: Tuple[Held, ...] = ()
    before: Mapping[Place, str] = field(default_factory=dict)
    unreadable: Tuple[int, ...] = ()
    restored: Tuple[Tuple[int, str], ...] = ()
    begins: Optional[datetime] = None


def collect(
    connection: Transaction, period: Period, environment: str = "", clock: Optional[Clock] = None
) -> Collected:
    """Everything about the changes of a period, on one environment or all of them.

    A change belongs to the period in which it was started; one that never was, to that in which it
    was asked. So each is in exactly one month, with all that was said about it before and
    afterwards. `clock` puts times right.
    """
    clock = clock or Clock()
    changes: List[Change] = []
    unreadable: List[int] = []
    for group in _groups(connection, period, unreadable, clock):
        change = change_of(group)
        if (
            change is not None
            and period.has(change.at)
            and environment.casefold() in ("", change.environment.casefold())
        ):
            changes.append(change)
    changes.sort(key=lambda one: (one.at, one.records))
    done = tuple(one for one in changes if one.touched)
    return Collected(
        changes=done,
        attempts=tuple(one for one in changes if not one.touched),
        locks=tuple(_locks(connection, period, environment, clock)),
        before=_before(connection, done),
        unreadable=tuple(sorted(unreadable)),
        restored=tuple(_restored(connection, period)),
        begins=clock.times.get(1) or _begins(connection),
    )


def _restored(connection: Transaction, period: Period) -> Iterator[Tuple[int, str]]:
    """Where a backup was put back in the period: what came after it may be missing. And where the
    record ends, since it was loaded from archives."""
    query = (
        "SELECT seq, message FROM ledger WHERE event = :event AND at < :until"
        " AND (at >= :since OR facts LIKE :loaded) ORDER BY seq"
    )
    bound = {"since": moment(period.since), "until": moment(period.until)}
    bound["loaded"] = f'%"{LOADED}":true%'
    for one in rows(connection, query, event=Event.RESTORED.value, **bound):
        yield one["seq"], str(one["message"])


def _groups(
    connection: Transaction, period: Period, unreadable: List[int], clock: Clock
) -> Iterator[List[Record]]:
    """The records of each deployment that has one in the period, all of them, also those from
    outside of it."""
    first, last = clock.range()
    # What is dated wrongly may belong into it, too; that is found out once all is collected.
    query = (
        f"SELECT {', '.join(COLUMNS)} FROM ledger WHERE deployment IN ("  # noqa: S608
        "SELECT deployment FROM ledger WHERE deployment <> '' AND ("
        "(at >= :since AND at < :until) OR seq BETWEEN :first AND :last)"
        ") ORDER BY deployment, seq"
    )
    bound = {"since": moment(period.since), "until": moment(period.until)}
    stream = connection.stream(query, {**bound, "first": first, "last": last})
    found = (dict(zip(COLUMNS, row)) for row in stream)
    for _, group in groupby(_records(found, unreadable), key=lambda record: record.deployment):
        yield [clock.right(record) for record in group]


def _records(found: Iterable[Row], unreadable: List[int]) -> Iterator[Record]:
    for row in found:
        try:
            yield record_of(row)
        except (ValueError, TypeError, KeyError):
            unreadable.append(int(row["seq"]))


def _locks(
    connection: Transaction, period: Period, environment: str, clock: Clock
) -> Iterator[Held]:
    """The locks that were held at some time of the period."""
    first, last = clock.range()
    query = (
        "SELECT * FROM ledger WHERE event IN (:locked, :unlocked)"
        " AND (at < :until OR seq BETWEEN :first AND :last) ORDER BY seq"
    )
    bound = {"locked": Event.LOCKED.value, "unlocked": Event.UNLOCKED.value}
    until = moment(period.until)
    held: Dict[Place, Held] = {}
    ended: List[Held] = []
    found = _records(rows(connection, query, until=until, first=first, last=last, **bound), [])
    for record in map(clock.right, found):
        if record.at >= period.until:
            continue
        place = (record.app, record.environment)
        known = held.pop(place, None)
        if known is not None:
            ended.append(_held_until(known, record.at))
        if record.event is Event.LOCKED:
            held[place] = Held(*place, record.requester, _reason(record), record.at, _until(record))
    for one in [*ended, *held.values()]:
        here = environment.casefold() in ("", one.environment.casefold()) or not one.environment
        if here and (one.until is None or one.until > period.since):
            yield one


def _held_until(known: Held, at: datetime) -> Held:
    until = at if known.until is None else min(at, known.until)
    return Held(known.app, known.environment, known.by, known.reason, known.since, until)


def _reason(record: Record) -> str:
    return str(record.facts.get("reason") or record.message)


def _until(record: Record) -> Optional[datetime]:
    try:
        # As `stamp` writes it, which Python reads from 3.11 on only.
        until = from_moment(str(record.facts.get("until") or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return until if until.tzinfo else None


def _before(connection: Transaction, changes: Tuple[Change, ...]) -> Dict[Place, str]:
    """What ran on each place before the first of these changes, where the ledger knows it."""
    found: Dict[Place, str] = {}
    for change in changes:
        place = (change.app, change.environment)
        if place in found:
            continue
        found[place] = ""
        try:
            last = deployments(
                connection, *place, limit=1, before=change.started_record or min(change.records)
            )
            earlier = change_of([last[0]]) if last else None
        except (ValueError, TypeError, Failure):
            continue
        found[place] = runs_after(earlier) if earlier is not None else ""
    return found


def _begins(connection: Transaction) -> Optional[datetime]:
    archived = archives(connection)
    first = scalar(connection, "SELECT at FROM ledger ORDER BY seq LIMIT 1")
    if archived:
        first = archived[0].since
    try:
        begins = from_moment(str(first))
    except ValueError:
        return None
    return begins if begins.tzinfo else None
