"""Ends that people give in chat: "until 17:00", "for 2h"; how they are found in a text, read, and said again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import Optional, Tuple

from .errors import Code, Refusal
from .names import shown
from .points import DAY_WORD, DAYS, Dated, Weekly, read_clock, read_point
from .zones import UTC, at, is_zone, zone

_FURTHEST = timedelta(days=366)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_PART = re.compile(rf"(\d{{1,6}}(?:\.\d{{1,3}})?)\s*{_UNIT}(?![A-Za-z])\s*", re.IGNORECASE)
_LENGTH = re.compile(rf"^(?:{_PART.pattern})+$", re.IGNORECASE)
_NEAR_DAY = re.compile(r"^(today|tomorrow)\s+(\S+)$", re.IGNORECASE)
_END_WORD = re.compile(r"(?:^|(?<=[\s,;(]))(until|for)\s+", re.IGNORECASE)
# What was surely meant as an end and is none: better asked again than taken for a part of the reason.
_NEARLY_A_POINT = re.compile(
    r"^(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s+\S+)?|\d{1,2}(?::\d{2})?\s*[ap]m|\d{4}-\d{1,2}-\d{1,2}(?:[T\s]+\d\S*)?"
    rf"|(?:today|tomorrow|{DAY_WORD})(?:\s+\d\S*)?)$",
    re.IGNORECASE,
)
_NEARLY_A_LENGTH = re.compile(r"^\d+(?:\.\d+)?\s*(?:months?|years?)$", re.IGNORECASE)


def split_end(text: str) -> Tuple[str, str]:
    """Take a trailing "until ..." or "for <length>" off a text: `(the rest, the end as typed)`, the end may be empty.

    Only what is a time is taken off ("wait for it" stays whole), or what was clearly meant as one ("until 25:00",
    "until Friday"): `read_end` refuses that with examples.
    """
    whole = text.strip()
    words = list(_END_WORD.finditer(whole))
    if not words:
        return whole, ""
    # The last one is the one: "for the release until 17:00".
    word = words[-1]
    end = whole[word.end() :].strip().rstrip(".!)").rstrip()
    is_end = _is_length(end) if word.group(1).lower() == "for" else _is_point(end)
    return (whole[: word.start()].rstrip(" \t\n,;(-"), end) if is_end else (whole, "")


def read_end(text: str, now: datetime, timezone: str) -> datetime:
    """The moment, in UTC, that an end means.

    "17:00" and "Fri 09:00" are the next such moment, "2026-12-01" the end of that day, "2h" and "1h 30m" count from
    now; "tomorrow 09:00", "2026-12-01 10:00" and a zone behind a time ("17:00 Europe/Berlin") are understood. Without
    one, times are those of a clock in `timezone`.

    Raises Refusal(invalid_time) for anything else, for what is past, and for what is more than a year away.
    """
    typed = " ".join(text.split())
    length = _length(typed)
    moment: Optional[datetime] = None
    if length is not None:
        # A year is the most, and datetimes cannot hold every number of weeks.
        moment = now + min(length, 2 * _FURTHEST)
    else:
        bare, place = _with_zone(typed, timezone)
        moment = _point(bare, now, zone(place))
    if moment is None:
        raise _refused(f"{shown(text)} is not a time that opsroom understands.", timezone)
    if moment <= now:
        raise _refused(f"{shown(text)} is over already: it is {said(now, now, timezone)}.", timezone)
    if moment - now > _FURTHEST:
        raise _refused(f"{shown(text)} is more than a year away.", timezone)
    return moment.astimezone(UTC)


def said(moment: datetime, now: datetime, timezone: str) -> str:
    """A moment as it is shown: "17:00 Europe/London" today, else "Fri 2026-11-27 17:00 Europe/London"."""
    there = zone(timezone)
    local, today = moment.astimezone(there), now.astimezone(there)
    clock = f"{local:%H:%M} {timezone}"
    # Not %a: its words depend on the machine's language.
    return clock if local.date() == today.date() else f"{DAYS[local.weekday()]} {local:%Y-%m-%d} {clock}"


def _refused(message: str, place: str) -> Refusal:
    return Refusal(
        Code.INVALID_TIME,
        message,
        f"For instance: until 17:00, until Fri 09:00, until tomorrow 09:00, until 2026-12-01 10:00 ({place}), for 2h.",
    )


def _is_length(text: str) -> bool:
    return _length(text) is not None or bool(_NEARLY_A_LENGTH.match(text))


def _is_point(text: str) -> bool:
    bare, _place = _with_zone(text, "UTC")
    return bool(_NEARLY_A_POINT.match(bare)) or read_point(bare) is not None


def _with_zone(text: str, default: str) -> Tuple[str, str]:
    """The time without its zone, and the zone: the last word where it is one."""
    bare, _blank, last = text.rpartition(" ")
    return (bare, last) if bare and last[:1].isalpha() and is_zone(last) else (text, default)


def _length(text: str) -> Optional[timedelta]:
    if not _LENGTH.match(text):
        return None
    return timedelta(seconds=sum(float(number) * _UNITS[unit[0].lower()] for number, unit in _PART.findall(text)))


def _point(text: str, now: datetime, there: tzinfo) -> Optional[datetime]:
    today = now.astimezone(there).date()
    near = _NEAR_DAY.match(text)
    if near:
        clock = read_clock(near.group(2))
        day = today + timedelta(days=near.group(1).lower() == "tomorrow")
        return _first(datetime.combine(day, clock), now, there) if clock is not None else None
    clock = read_clock(text)
    point = None if clock is not None else read_point(text)
    if isinstance(point, Dated):
        return _first(point.ends(), now, there)
    wanted_day = point.day if isinstance(point, Weekly) else None
    clock = point.clock if isinstance(point, Weekly) else clock
    if clock is None:
        return None
    for days in range(9):
        day = today + timedelta(days=days)
        if wanted_day is None or day.weekday() == wanted_day:
            moment = _first(datetime.combine(day, clock), now, there)
            if moment > now:
                return moment
    return None


def _first(clock: datetime, now: datetime, there: tzinfo) -> datetime:
    """When a clock there shows this; of the two times when clocks go back, the first that is still to come."""
    early = at(clock, there)
    return early if early > now else at(clock, there, late=True)
