"""Making a report: the chain is checked and the period collected and judged, all at one moment of
the database."""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, Sequence, Set, Tuple

from ..db.sql import Transaction, moment
from ..db.store import Store
from ..names import listed
from ..records.chain import verify_chain
from ..records.claims import current
from ..text import when
from .clock import read_clock
from .collect import Collected, collect
from .findings import exceptions, gaps
from .model import Ending, Finding, Report
from .period import Period


def make_report(
    store: Store,
    period: Period,
    environment: str = "",
    head_hash: str = "",
    link: Tuple[str, str] = ("", ""),
    more_gaps: Sequence[Finding] = (),
) -> Report:
    """The report on a period, for one environment or (empty) all of them.

    `head_hash`, a hash noted earlier, must be in the chain. `link` is what is before and after
    an execution's id in its address. `more_gaps` are what a comparison with StackStorm found.
    Raises Failure(store_...).
    """
    with store.read() as connection:
        now = store.now(connection)
        chain = verify_chain(connection, head_hash)
        with connection.any_text():
            clock = read_clock(connection, now)
            found = collect(connection, period, environment, clock)
        live = _live(store, connection)
    missing = gaps(
        chain,
        found.unreadable,
        found.changes,
        found.attempts,
        found.before,
        live,
        found.restored,
        moment(period.since),
    )
    return Report(
        period=period,
        environment=environment,
        made_at=now,
        source=store.place,
        chain=chain,
        changes=found.changes,
        attempts=found.attempts,
        locks=found.locks,
        gaps=(*missing, *clock.findings(period), *more_gaps),
        exceptions=exceptions(found.changes),
        notes=tuple(_notes(period, found, now, live)),
        link=link,
    )


def headline(report: Report) -> str:
    """The report in a few words: '41 changes, 39 succeeded, 2 failed, 1 override (reviewed).'"""
    parts = [_counted(len(report.changes), "change")]
    for ending in (
        Ending.SUCCEEDED,
        Ending.FAILED,
        Ending.INTERRUPTED,
        Ending.CANCELLED,
        Ending.RUNNING,
        Ending.UNKNOWN,
    ):
        number = report.count(ending)
        if number:
            parts.append(
                f"{number} {'without an end' if ending is Ending.UNKNOWN else ending.value}"
            )
    overrides = [one for one in report.changes if one.override is not None]
    if overrides:
        open_ones = sum(one.review is None for one in overrides)
        state = (
            "reviewed"
            if not open_ones
            else "not reviewed"
            if open_ones == len(overrides)
            else f"{open_ones} not reviewed"
        )
        parts.append(f"{_counted(len(overrides), 'override')} ({state})")
    return ", ".join(parts) + "."


def verdict(report: Report) -> str:
    """Whether the record is complete, in a sentence."""
    if report.complete:
        return "Complete."
    more = f" And {len(report.gaps) - 1} more." if len(report.gaps) > 1 else ""
    return f"NOT complete: {report.gaps[0].message}{more}"


def _live(store: Store, connection: Transaction) -> Set[str]:
    return {claim.deployment for claim in current(store, connection) if not claim.expired}


def _notes(period: Period, found: Collected, now: datetime, live: Set[str]) -> Iterator[str]:
    if found.begins is None:
        yield "The record is empty."
    elif found.begins > period.since:
        yield (
            f"The record begins at {when(found.begins, period.since)}; it knows nothing of "
            "what was before."
        )
    if now < period.until:
        yield f"The period was not over when this report was made, at {when(now, period.since)}."
    going_on = [
        f"{one.place} ({one.command} by {one.asked_by})"
        for one in found.changes
        if one.deployment in live
    ]
    if going_on:
        yield f"Going on at that moment: {listed(going_on)}."
    outside = sum(not one.execution_ids for one in (*found.changes, *found.attempts))
    if outside:
        yield (
            f"{_counted(outside, 'request')} came from outside of StackStorm and have no execution."
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"
