"""Making a report: the record is read once, at one moment of the database."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo
from typing import Dict, Iterable, Iterator, Mapping, Optional, Tuple

from ..audit.period import Period
from ..db.store import Store
from ..records.chain.archives import Archive, newest_archive
from ..text import when
from ..times.zones import UTC
from .collect import begins, ends, first_record, look_through
from .compare import buckets, period_before
from .figures import Calculation
from .model import DAY, Bucket, Figures, Report, Scope


def make_report(
    store: Store, scope: Scope, period: Period, zone: tzinfo = UTC, timezone_name: str = "UTC"
) -> Report:
    """The figures of a period. A period that is not over counts up to now, and one that began
    before the record from where that begins. Raises Failure(store_...)."""
    before = period_before(period, zone)
    with store.read() as connection:
        now = store.now(connection)
        with connection.any_text():
            clock, incidents = look_through(connection, now)
            known_since = begins(connection, clock)
            since, until = _known(period, known_since, now.timestamp())
            spans = buckets(_moment(since), _moment(until), zone)
            limits = [(first.timestamp(), after.timestamp()) for first, after, _ in spans]
            known_before = _known(before, known_since, now.timestamp())
            calculation = Calculation(scope, [known_before, *limits])
            archive = newest_archive(connection)
            first = first_record(connection, before.since, clock)
            # Of incidents all: one that was declared long before may still be open.
            calculation.run(ends(connection, scope, first, clock), incidents)
    earlier, *counted = calculation.spans
    return Report(
        scope=scope,
        period=period,
        before=before,
        now=now.timestamp(),
        source=store.place,
        figures=_total((one for by_app in counted for one in by_app.values()), _days(limits)),
        figures_before=_total(earlier.values(), _days([known_before])),
        by_app=_by_app(counted, _days(limits)),
        buckets=tuple(
            Bucket(*limit, label, _total(by_app.values(), _days([limit])))
            for limit, (_, _, label), by_app in zip(limits, spans, counted)
        ),
        known_since=known_since,
        timezone=timezone_name,
        notes=tuple(_notes(period, before, known_since, now, archive)),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _known(period: Period, known_since: Optional[float], now: float) -> Tuple[float, float]:
    """The part of a period that the record knows; empty where it knows nothing."""
    since, until = period.since.timestamp(), min(period.until.timestamp(), now)
    since = until if known_since is None else max(since, known_since)
    return since, max(until, since)


def _days(limits: Iterable[Tuple[float, float]]) -> float:
    return sum(until - since for since, until in limits) / DAY


def _total(every: Iterable[Figures], days: float) -> Figures:
    total = Figures(days=days)
    for one in every:
        total.add(one)
    return total


def _by_app(counted: Iterable[Mapping[str, Figures]], days: float) -> Dict[str, Figures]:
    found: Dict[str, Figures] = {}
    for by_app in counted:
        for app, figures in by_app.items():
            found.setdefault(app, Figures(days=days)).add(figures)
    return {app: found[app] for app in sorted(found) if app}


def _notes(
    period: Period,
    before: Period,
    known_since: Optional[float],
    now: datetime,
    archive: Optional[Archive],
) -> Iterator[str]:
    if known_since is None:
        yield "The record is empty."
        return
    begins = _moment(known_since)
    if archive is not None and begins > before.since:
        yield f"{archive.text}; its figures are not counted."
    if begins >= period.since:
        yield f"The record begins at {when(begins, now)}: there is no period before to compare."
    elif begins > before.since:
        yield f"The record begins at {when(begins, now)}: the period before is not whole."
    if now < period.until:
        yield f"The period is not over: figures count up to {when(now, period.since)}."
