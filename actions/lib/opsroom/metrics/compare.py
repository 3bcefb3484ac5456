"""The period before, and how the figures changed since. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

from ..audit.period import Period
from ..text import span
from ..times.zones import at as moment_at
from .model import WEEK, Figures

_MONTHS_OF = {"days": 0, "weeks": 0, "months": 1, "years": 12}
# Days up to this length of a period, then weeks, then months, so that a plot has room for them.
_DAYS, _WEEKS, _MONTHS = 45, 400, 3660
# Days of a period below which one deployment more or less is several a day.
_SHORTEST = 0.25


def period_before(period: Period, zone: tzinfo) -> Period:
    """The period of the same length right before: the quarter before a quarter, the 90 days before
    90 days; of days as they are counted in `zone`, whatever clocks were changed meanwhile."""
    since, until = _wall(period.since, zone), _wall(period.until, zone)
    months = (until.year - since.year) * 12 + until.month - since.month
    if months and all(one == _month_of(one) for one in (since, until)):
        first = _plus_months(since, -months)
    else:
        first = since - (until - since)
    begins = moment_at(first, zone)
    last = period.since.astimezone(zone) - timedelta(microseconds=1)
    days = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
    title = days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"
    return Period(begins, period.since, title, title.replace(" ", "-"))


def buckets(since: datetime, until: datetime, zone: tzinfo) -> List[Tuple[datetime, datetime, str]]:
    """The days, weeks (from Monday), months or years between two moments, each with its name; the
    first and the last one may be cut."""
    if since >= until:
        return []
    days = (until - since).total_seconds() / 86400
    unit = (
        "days" if days <= _DAYS
        else "weeks" if days <= _WEEKS
        else "months" if days <= _MONTHS
        else "years"
    )  # fmt: skip
    edges = [since, *(one for one in _edges(since, until, zone, unit) if since < one < until)]
    form = {"years": "%Y", "months": "%Y-%m"}.get(unit, "%Y-%m-%d")
    return [
        (first, after, first.astimezone(zone).strftime(form))
        for first, after in zip(edges, [*edges[1:], until])
    ]


class Difference(NamedTuple):
    """A figure as people read it: its value, and that of the period before; empty where there is
    none."""

    now: str
    before: str

    @property
    def text(self) -> str:
        """`3.2 a week (before: 2.9 a week)`."""
        return f"{self.now} (before: {self.before})" if self.before else self.now


def frequency(figures: Figures, before: Optional[Figures]) -> Difference:
    """Deployments in a day, week or month; unknown of a period so short that the rate would be made
    up."""
    return _difference(
        figures, before, lambda one: one.per_week if one.days >= _SHORTEST else None, _rate
    )


def lead_time(figures: Figures, before: Optional[Figures]) -> Difference:
    """The median from commit to production."""
    return _difference(figures, before, lambda one: one.lead_time, _length)


def fail_rate(figures: Figures, before: Optional[Figures]) -> Difference:
    """The share of deployments that needed intervention."""
    return _difference(figures, before, lambda one: one.fail_rate, _share)


def recovery_time(figures: Figures, before: Optional[Figures]) -> Difference:
    """The median from a failed deployment to recovery."""
    return _difference(figures, before, lambda one: one.recovery_time, _length)


def rework_rate(figures: Figures, before: Optional[Figures]) -> Difference:
    """The share of deployments that were unplanned."""
    return _difference(figures, before, lambda one: one.rework_rate, _share)


def _difference(
    figures: Figures,
    before: Optional[Figures],
    value: Callable[[Figures], Optional[float]],
    words: Callable[[float], str],
) -> Difference:
    texts = []
    for one in (figures, before):
        found = value(one) if one is not None else None
        texts.append("" if found is None else words(found))
    return Difference(texts[0] or "unknown", texts[1])


def _rate(per_week: float) -> str:
    """`12 a day`, `3.5 a week`, `0.8 a month`: the unit in which it is a number that says
    something."""
    if per_week >= 14:
        return f"{per_week / 7:.1f} a day"
    if per_week >= 1 or per_week == 0:
        return f"{per_week:.1f} a week".replace("0.0", "0")
    # A month of a year, in days.
    return f"{per_week * 365.25 / 12 * 86400 / WEEK:.1f} a month"


def _length(seconds: float) -> str:
    days = seconds / 86400
    return f"{days:.1f} d" if 1 <= days < 10 else span(seconds)


def _share(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _wall(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _month_of(at: datetime) -> datetime:
    return datetime(at.year, at.month, 1)


def _plus_months(at: datetime, months: int) -> datetime:
    number = at.year * 12 + at.month - 1 + months
    return datetime(number // 12, number % 12 + 1, 1)


def _edges(since: datetime, until: datetime, zone: tzinfo, unit: str) -> Iterator[datetime]:
    """Where such units begin, from that of `since` on."""
    wall = _wall(since, zone)
    day = datetime(wall.year, wall.month, wall.day)
    if unit == "weeks":
        day -= timedelta(days=day.weekday())
    elif unit != "days":
        day = datetime(day.year, day.month if unit == "months" else 1, 1)
    at = moment_at(day, zone)
    while at < until:
        yield at
        if _MONTHS_OF[unit]:
            day = _plus_months(day, _MONTHS_OF[unit])
        else:
            day += timedelta(days=7 if unit == "weeks" else 1)
        at = moment_at(day, zone)
