"""What the record has for delivery figures: the ends of deployments in its order, and incidents.

Rows are streamed, and only the columns that count; the database decides which. `at` of a record is
never before that of the record before it, so a period is a range of numbers, whose limits are found
in some twenty looks.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Iterator, List, Optional, Tuple

from ..audit.clock import Clock, read_clock
from ..db.sql import Transaction, from_moment, moment, one_of, scalar, soon
from ..records.chain.archives import newest_archive
from ..records.queries import FINISHED
from .model import End, IncidentRecord, Scope

# A success is final. Of several other ends of one deployment the last one counts: its own runner's,
# when others took it for lost before. And it counts where it had begun: before that nothing was
# touched.
_ENDS = (
    "SELECT seq, at, event, app, environment, command, version_before, version, facts"  # noqa: S608
    f" FROM ledger AS ended WHERE {FINISHED} AND seq >= :first AND environment = :environment"
    " AND (event = 'succeeded' OR (EXISTS (SELECT 1 FROM ledger AS begun"
    " WHERE begun.deployment = ended.deployment AND begun.event = 'started')"
    " AND NOT EXISTS (SELECT 1 FROM ledger AS later WHERE later.deployment = ended.deployment"
    " AND later.seq > ended.seq"
    " AND later.event IN ('succeeded', 'failed', 'interrupted', 'cancelled'))))"
)
# No index has either, so the whole record is looked through, once for both.
_NOTED = (
    "SELECT seq, at, event, facts FROM ledger"
    " WHERE event IN ('declared', 'closed') OR facts LIKE :clock ORDER BY seq"
)
_CLOCK = '"clock":"'
# Times are kept to the microsecond.
_AFTER = timedelta(microseconds=1)


def look_through(on: Transaction, now: datetime) -> Tuple[Clock, List[IncidentRecord]]:
    """What was dated by a wrong clock, and what the record says of incidents, with their times put
    right. `now` is the database's time."""
    told, wrong = [], False
    for row in on.stream(_NOTED, {"clock": f"%{_CLOCK}%"}):
        wrong = wrong or _CLOCK in str(row[3])
        if row[2] in ("declared", "closed"):
            told.append(row)
    newest = scalar(on, "SELECT at FROM ledger ORDER BY seq DESC LIMIT 1")
    wrong = wrong or (newest is not None and str(newest) > moment(soon(now)))
    # That takes another look at everything, and there is hardly ever a reason for it.
    clock = read_clock(on, now) if wrong else Clock()
    found = (_incident(row, clock.times.get(row[0])) for row in told)
    return clock, [one for one in found if one is not None]


def first_record(on: Transaction, since: datetime, clock: Clock) -> int:
    """The number of the first record that may have been written at `since` or later; one above the
    last where there is none."""
    low, high = 1, (scalar(on, "SELECT max(seq) FROM ledger") or 0) + 1
    wanted = moment(since)
    while low < high:
        middle = (low + high) // 2
        # A record may be missing, where someone took it out: then the next one says it.
        at = scalar(on, "SELECT at FROM ledger WHERE seq >= :seq ORDER BY seq LIMIT 1", seq=middle)
        if at is not None and at < wanted:
            low = middle + 1
        else:
            high = middle
    wrong, last = clock.range()
    return min(low, wrong) if wrong <= last else low


def ends(on: Transaction, scope: Scope, first: int, clock: Clock) -> Iterator[End]:
    """The ends from record `first` on, in the order of the record. What opsroom cannot have written
    is left out: the audit report names it."""
    where, bound = "", {"first": first, "environment": scope.environment}
    if scope.apps is not None:
        condition, named = one_of("app", scope.apps)
        where, bound = f" AND {condition}", {**bound, **named}
    times = clock.times
    for row in on.stream(f"{_ENDS}{where} ORDER BY seq", bound):
        end = _end(row, times.get(row[0]))
        if end is not None:
            yield end


def begins(on: Transaction, clock: Clock) -> Optional[float]:
    """When the record begins, in seconds since 1970, after what was archived of it; None where it
    is empty."""
    archive = newest_archive(on)
    if archive is not None:
        return (from_moment(archive.until) + _AFTER).timestamp()
    at = scalar(on, "SELECT at FROM ledger ORDER BY seq LIMIT 1")
    try:
        found = clock.times.get(1) or from_moment(str(at))
        return found.timestamp()
    except ValueError:
        return None


def _end(row: Tuple[Any, ...], right: Optional[datetime]) -> Optional[End]:
    try:
        facts = json.loads(row[8])
        at = (right or from_moment(row[1])).timestamp()
        return End(
            row[0],
            at,
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            row[7],
            str(facts.get("commit_before") or ""),
            str(facts.get("commit") or ""),
            _text(facts.get("running")),
            facts.get("goes_back") is True,
            _times(facts.get("commit_times")),
            bool(facts.get("more_commits")),
        )
    except (ValueError, TypeError, AttributeError):
        return None


def _incident(row: Tuple[Any, ...], right: Optional[datetime]) -> Optional[IncidentRecord]:
    try:
        facts = json.loads(row[3])
        at = (right or from_moment(row[1])).timestamp()
        opens = row[2] == "declared"
        id, app, who = (str(facts.get(name) or "") for name in ("incident", "app", "who"))
    except (ValueError, TypeError, AttributeError):
        return None
    return IncidentRecord(row[0], at, opens, id, app, who) if id else None


def _text(value: Any) -> Optional[str]:
    return value if isinstance(value, str) else None


def _times(value: Any) -> Tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(value) if all(type(one) is int for one in value) else ()
