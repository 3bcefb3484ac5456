"""The period of a report: a year, a quarter, a month, a day, or from one moment to another. In UTC,
as the record is, unless its days are to be those of a time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Optional, Tuple

from ..errors import Code, Refusal
from ..names import shown
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..times.zones import UTC
from ..times.zones import at as moment_at

_EXAMPLES = (
    "Say a month (2026-11, October, last month), a quarter (2026-Q3, last quarter), a day "
    "(2026-11-23, yesterday), a year (2026), a length (30d) or a moment (2026-11-23T14:00), all in "
    "UTC."
)
_UNITS = {"d": 1, "day": 1, "w": 7, "week": 7}
_LENGTH = lazy_pattern(r"(?:the )?(?:last |past )?([1-9][0-9]{0,3}) ?(d|w|days?|weeks?)")
_NEAR = lazy_pattern(r"(?:(this|last|previous) )?(day|week|month|quarter|year|today|yesterday)")
_QUARTER = lazy_pattern(r"(?:([0-9]{4})[ -]?q([1-4])|q([1-4])(?: ([0-9]{4}))?)")
_NAMED_MONTH = lazy_pattern(r"([a-z]{3,9})\.?(?: ([0-9]{4}))?")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DATE = lazy_pattern(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_MOMENT = lazy_pattern(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


@dataclass(frozen=True)
class Period:
    """From `since` (included) to `until` (not included), both aware and in UTC.

    `title` is how a heading says it ("November 2026"), `slug` how a file name does ("2026-11").
    """

    since: datetime
    until: datetime
    title: str
    slug: str

    def has(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.since <= at < self.until


def read_period(
    since: str, until: str = "", now: Optional[datetime] = None, zone: tzinfo = UTC
) -> Period:
    """The period that two texts mean. `now` is what "last month" and "30d" count from, by default
    the clock's time. Days, months and moments without an offset are those of `zone`.

    Without `until`, all of what `since` names: that year, month or day; from a moment on, up to the
    end of its day. An `until` that names a day, a month or a year includes all of it. Raises
    Refusal(invalid_time).
    """
    at = (now or datetime.now(timezone.utc)).astimezone(zone)
    (since, last_of_since), (_, until) = _dated(since, at), _dated(until, at)
    until = until or (last_of_since if last_of_since != since else "")
    first, after_first, name = _span(since, zone)
    if not until.strip():
        if after_first > first:
            return Period(first, after_first, name, _slug(since))
        midnight = _midnight(first.astimezone(zone) + timedelta(days=1), zone)
        return Period(first, midnight, f"{name} to midnight", _slug(since))
    _, end, last = _span(until, zone)
    if end <= first:
        raise Refusal(Code.INVALID_TIME, f"{shown(until)} is not after {shown(since)}.", _EXAMPLES)
    title = name if name == last else f"{name} to {last}"
    return Period(first, end, title, f"{_slug(since)}-to-{_slug(until)}")


def _dated(text: str, now: datetime) -> Tuple[str, str]:
    """The first and the last date that words mean: "last month" is 2026-10 twice, "30d" two days.

    Any other text comes back, twice.
    """
    typed = " ".join(text.casefold().split())
    length = _LENGTH.fullmatch(typed)
    if length:
        days = (
            int(length.group(1))
            * _UNITS[length.group(2).rstrip("s") if len(length.group(2)) > 1 else length.group(2)]
        )
        return f"{now - timedelta(days=days - 1):%Y-%m-%d}", f"{now:%Y-%m-%d}"
    near = _NEAR.fullmatch(typed)
    if near:
        return _near(near.group(1) or "", near.group(2), now) or (text.strip(), text.strip())
    quarter = _QUARTER.fullmatch(typed)
    if quarter:
        in_quarter = int(quarter.group(2) or quarter.group(3))
        year = quarter.group(1) or quarter.group(4)
        one = f"{year or now.year - (in_quarter > _quarter(now)):04}-Q{in_quarter}"
        return one, one
    month = _NAMED_MONTH.fullmatch(typed)
    number = next(
        (place for place, one in enumerate(_MONTHS, 1) if month and _is_month(month.group(1), one)),
        0,
    )
    if month and number:
        year = int(month.group(2)) if month.group(2) else now.year - (number > now.month)
        return f"{year:04}-{number:02}", f"{year:04}-{number:02}"
    return text.strip(), text.strip()


def _is_month(typed: str, month: str) -> bool:
    return typed == month.casefold() or typed in (
        month[:3].casefold(),
        "sept" if month == "September" else "",
    )


def _quarter(now: datetime) -> int:
    return (now.month + 2) // 3


def _near(which: str, unit: str, now: datetime) -> Optional[Tuple[str, str]]:
    """A day, week, month, quarter or year of today, or the one before; None for what is neither."""
    today = unit in ("today", "yesterday")
    if today == bool(which):
        return None
    back = 0 if which == "this" else 1
    if unit == "week":
        monday = now - timedelta(days=now.weekday() + 7 * back)
        return f"{monday:%Y-%m-%d}", f"{monday + timedelta(days=6):%Y-%m-%d}"
    one = f"{now.year - back:04}"
    if unit == "month":
        one = f"{now.replace(day=1) - timedelta(days=back):%Y-%m}"
    elif unit == "quarter":
        number = now.year * 4 + _quarter(now) - 1 - back
        one = f"{number // 4:04}-Q{number % 4 + 1}"
    elif unit != "year":
        one = f"{now - timedelta(days=unit == 'yesterday' if today else back):%Y-%m-%d}"
    return one, one


def _midnight(day: datetime, zone: tzinfo) -> datetime:
    """When the day begins there, in UTC. On a few days a clock somewhere skips its midnight."""
    return moment_at(datetime(day.year, day.month, day.day), zone)


def _span(text: str, zone: tzinfo) -> Tuple[datetime, datetime, str]:
    """The first moment of what a text names, the first moment after it, and its name."""
    typed = text.strip()
    try:
        return _moment(typed, zone) or _date(typed, zone)
    except (ValueError, OverflowError):
        raise Refusal(Code.INVALID_TIME, f"{shown(text)} is no date.", _EXAMPLES) from None


def _moment(typed: str, zone: tzinfo) -> Optional[Tuple[datetime, datetime, str]]:
    found = _MOMENT.fullmatch(typed.upper())
    if not found:
        return None
    day, clock, offset = found.groups()
    if offset is None:
        at = moment_at(datetime.fromisoformat(f"{day}T{clock}"), zone)
    else:
        written = offset if ":" in offset else f"{offset[:3]}:{offset[3:]}"
        written = "+00:00" if offset == "Z" else written
        at = datetime.fromisoformat(f"{day}T{clock}{written}").astimezone(timezone.utc)
    return at, at, at.strftime("%Y-%m-%d %H:%M:%S UTC" if at.second else "%Y-%m-%d %H:%M UTC")


def _date(typed: str, zone: tzinfo) -> Tuple[datetime, datetime, str]:
    quarter = _QUARTER.fullmatch(typed.casefold())
    if quarter and quarter.group(1):
        year, number = int(quarter.group(1)), int(quarter.group(2))
        return (*_months(year, 3 * number - 2, 3, zone), f"Q{number} {year}")
    found = _DATE.fullmatch(typed)
    if not found:
        raise ValueError(typed)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if day:
        first = datetime(year, month, day)
        return moment_at(first, zone), _midnight(first + timedelta(days=1), zone), typed
    if month:
        return (*_months(year, month, 1, zone), f"{_MONTHS[month - 1]} {year}")
    return (*_months(year, 1, 12, zone), typed)


def _months(year: int, month: int, count: int, zone: tzinfo) -> Tuple[datetime, datetime]:
    """The first moment of so many months from one on, and the first one after them."""
    after = year * 12 + month - 1 + count
    first, end = datetime(year, month, 1), datetime(after // 12, after % 12 + 1, 1)
    return moment_at(first, zone), moment_at(end, zone)


def _slug(typed: str) -> str:
    return re.sub(r"[^0-9A-Za-z-]+", "", typed.strip().replace("+", "p"))
