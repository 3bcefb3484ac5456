"""Records with a wrong time because a machine's clock was wrong: when they were really written, as
far as other records show it.

In the chain no record is dated before the one before it. So one command with the clock at 2099
dates all later records 2099, too; what their clocks showed is noted in their facts. Here the times
are corrected from those notes and from the order of the records, and each jump is reported.
"""

from __future__ import annotations

import json
from dataclasses import field, replace
from datetime import datetime, timedelta, timezone
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from ..db.sql import Transaction, from_moment, moment, rows
from ..records.ledger import Record
from ..structs import dataclass
from ..text import stamp
from .model import Finding, GapKind
from .period import Period

# Clocks of machines that are kept in time differ by less.
TOLERANCE = timedelta(minutes=5)

Follower = Tuple[int, datetime, datetime]


@dataclass(frozen=True)
class Jump:
    """Records `first` to `last`, whose clock said `stated`; they were written between `since`
    and `until`."""

    first: int
    last: int
    stated: datetime
    since: datetime
    until: datetime

    @property
    def message(self) -> str:
        """The sentence about it."""
        one = self.first == self.last
        which = f"Record {self.first} is" if one else f"Records {self.first} to {self.last} are"
        return (
            f"{which} dated {stamp(self.stated)} and {'was' if one else 'were'} written between "
            f"{stamp(self.since)} and"
            f" {stamp(self.until)}: the clock of the machine was wrong."
        )


@dataclass(frozen=True)
class Clock:
    """The times of records that are dated otherwise, by their numbers, and every jump, in the order
    of the records."""

    times: Mapping[int, datetime] = field(default_factory=dict)
    jumps: Tuple[Jump, ...] = ()

    def right(self, record: Record) -> Record:
        """The record with the time at which it was written, as far as that is known."""
        at = self.times.get(record.seq)
        return record if at is None else replace(record, at=at)

    def range(self) -> Tuple[int, int]:
        """The lowest and the highest number of what is dated otherwise; (0, -1) when nothing is."""
        return (min(self.times), max(self.times)) if self.times else (0, -1)

    def findings(self, period: Period) -> Tuple[Finding, ...]:
        """The jumps that a report on a period has to mention: no one knows for sure what belongs
        into it."""
        return tuple(
            Finding(
                GapKind.CLOCK_JUMP.value,
                one.message,
                "",
                tuple(dict.fromkeys((one.first, one.last))),
            )
            for one in self.jumps
            if period.has(one.stated) or (one.since < period.until and one.until >= period.since)
        )


def read_clock(on: Transaction, now: datetime) -> Clock:
    """Find what is dated wrongly. Costs a pass over the record; `now` is the database's time."""
    times: Dict[int, datetime] = {}
    jumps: List[Jump] = []
    done, since = 0, datetime.min.replace(tzinfo=timezone.utc)
    for run in _runs(on):
        first, dated, _ = run[0]
        # Of several clocks that contradict each other, the latest that the record before does not.
        before = _last_before(on, first, max(stated for _, _, stated in run) + TOLERANCE)
        ahead = dated > now + TOLERANCE or (
            before is not None and first - 1 - before[0] <= len(run)
        )
        if not ahead:
            # Their own clock was behind; they stand at the time of the record before them.
            jumps += [Jump(seq, seq, stated, at, at) for seq, at, stated in run]
            continue
        start = max(before[0] + 1 if before is not None else 1, done + 1)
        since = max(since, before[1]) if before is not None else since
        until = next((stated for _, _, stated in run if stated >= since), since)
        since = since if before is not None or done else until
        times.update(dict.fromkeys(range(start, first), since))
        jumps.append(Jump(start, first - 1, dated, since, until))
        for seq, _, stated in run:
            since = max(since, stated)
            times[seq] = since
            done = seq
    jumps += _newest(on, now, times)
    return Clock(times, tuple(sorted(jumps, key=lambda one: one.first)))


def _runs(on: Transaction) -> Iterator[List[Follower]]:
    """Records one after the other whose clock said less than the time that they are dated."""
    run: List[Follower] = []
    noted = rows(
        on,
        "SELECT seq, at, facts FROM ledger WHERE facts LIKE :noted ORDER BY seq",
        noted='%"clock":"%',
    )
    for row in noted:
        found = _follower(row["seq"], row["at"], row["facts"])
        if found is None:
            continue
        if run and found[0] != run[-1][0] + 1:
            yield run
            run = []
        run.append(found)
    if run:
        yield run


def _follower(seq: int, at: str, facts: str) -> Optional[Follower]:
    try:
        dated, clock = from_moment(at), from_moment(json.loads(facts)["clock"])
        return (seq, dated, clock) if dated - clock > TOLERANCE else None
    except (ValueError, TypeError, KeyError):
        # Nothing that opsroom wrote.
        return None


def _last_before(on: Transaction, seq: int, until: datetime) -> Optional[Tuple[int, datetime]]:
    query = "SELECT seq, at FROM ledger WHERE seq < :seq AND at <= :until ORDER BY seq DESC LIMIT 1"
    found = rows(on, query, seq=seq, until=moment(until))
    try:
        return (found[0]["seq"], from_moment(found[0]["at"])) if found else None
    except (ValueError, TypeError):
        return None


def _newest(on: Transaction, now: datetime, times: Dict[int, datetime]) -> List[Jump]:
    """Records that are dated after now, and that no later record shows to be wrong."""
    query = "SELECT seq, at FROM ledger WHERE at > :soon ORDER BY seq"
    late = [row for row in rows(on, query, soon=moment(now + TOLERANCE)) if row["seq"] not in times]
    if not late:
        return []
    first, last = late[0]["seq"], late[-1]["seq"]
    before = _last_before(on, first, now + TOLERANCE)
    since = max([before[1]] if before else [now - TOLERANCE], key=lambda one: one)
    since = max([since, *(at for seq, at in times.items() if seq < first)])
    times.update((row["seq"], since) for row in late)
    try:
        stated = from_moment(late[0]["at"])
    except ValueError:
        return []
    return [Jump(first, last, stated, since, now)]
