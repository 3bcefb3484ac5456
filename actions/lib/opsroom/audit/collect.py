"""From the ledger's records to the changes of a period. Reads also what someone wrote there by
hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection

from ..db.sql import from_moment, moment
from ..db.tables import ledger
from ..errors import Failure
from ..records.ledger import Event, Record, record_of
from ..records.queries import deployments
from .clock import Clock
from .model import Change, Held
from .narrative import change_of, runs_after
from .period import Period

Place = Tuple[str, str]


@dataclass(frozen=True)
class Collected:
    """What the ledger has of a period.

    `changes` were carried out, `attempts` touched nothing; both oldest first. `before` is what ran
    on a place, as far as is known, when the period began. `unreadable` are the numbers of records
    that opsroom cannot have written. `begins` is when the ledger begins, None when it is empty.
    """

    changes: Tuple[Change, ...] = ()
    attempts: Tuple[Change, ...] = ()
    locks: Tuple[Held, ...] = ()
    before: Mapping[Place, str] = field(default_factory=dict)
    unreadable: Tuple[int, ...] = ()
    begins: Optional[datetime] = None


def collect(
    connection: Connection, period: Period, environment: str = "", clock: Optional[Clock] = None
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
        begins=clock.times.get(1) or _begins(connection),
    )


def _groups(
    connection: Connection, period: Period, unreadable: List[int], clock: Clock
) -> Iterator[List[Record]]:
    """The records of each deployment that has one in the period, all of them, also those from
    outside of it."""
    within = and_(ledger.c.at >= moment(period.since), ledger.c.at < moment(period.until))
    # What is dated wrongly may belong into it, too; that is found out once it is put together.
    wrong = ledger.c.seq.between(*clock.range())
    wanted = (
        select(ledger.c.deployment).where(or_(within, wrong), ledger.c.deployment != "").distinct()
    )
    query = (
        select(ledger)
        .where(ledger.c.deployment.in_(wanted))
        .order_by(ledger.c.deployment, ledger.c.seq)
    )
    rows = connection.execute(query.execution_options(stream_results=True, yield_per=1000))
    for _, group in groupby(
        _records(rows.mappings(), unreadable), key=lambda record: record.deployment
    ):
        yield [clock.right(record) for record in group]


def _records(rows: Any, unreadable: List[int]) -> Iterator[Record]:
    for row in rows:
        try:
            yield record_of(row)
        except (ValueError, TypeError, KeyError):
            unreadable.append(int(row["seq"]))


def _locks(
    connection: Connection, period: Period, environment: str, clock: Clock
) -> Iterator[Held]:
    """The locks that were held at some time of the period."""
    query = select(ledger).where(
        ledger.c.event.in_((Event.LOCKED.value, Event.UNLOCKED.value)),
        or_(ledger.c.at < moment(period.until), ledger.c.seq.between(*clock.range())),
    )
    held: Dict[Place, Held] = {}
    ended: List[Held] = []
    found = _records(connection.execute(query.order_by(ledger.c.seq)).mappings(), [])
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


def _before(connection: Connection, changes: Tuple[Change, ...]) -> Dict[Place, str]:
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


def _begins(connection: Connection) -> Optional[datetime]:
    first = connection.scalar(select(ledger.c.at).order_by(ledger.c.seq).limit(1))
    try:
        begins = from_moment(str(first))
    except ValueError:
        return None
    return begins if begins.tzinfo else None
