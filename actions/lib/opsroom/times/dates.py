"""Points in time that people type in chat: "17.00", "5pm", "noon tomorrow", "Fri 09:00 UTC", "24
Dec", "24.12.2026".

What a text may mean is a list of readings. If exactly one of them lies ahead, it is taken; with
several, the person is asked.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Iterator, List, Optional, Sequence, Tuple

from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .durations import read_duration
from .points import day_of_week, month_of
from .zones import at, offset, zone

_CLOCK_NAMES = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_NOON = 12
_EVENING = 17
# A date without a year that is further away may be one that is over.
_SURE_DAYS = 183
# What is before or after these is over, or too far away, as they are.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
# Words that only join the others.
_JOINING = ("at", "on", "of", "the", "sharp", "please")
# "17:00", "17.00", "17:00:00", "5:30pm", "5pm".
_OTHER_WORDS = ("am", "pm", "today", "tonight", "tomorrow", "day", "o'clock", "uhr")
_CLOCK = lazy_pattern(r"(\d{1,2})(?:([:.])([0-5]\d)(?::([0-5]\d))?)?(am|pm)?")
# "17h", "17h30"
_HOURS = lazy_pattern(r"(\d{1,2})h([0-5]\d)?")
# "1730"
_DIGITS = lazy_pattern(r"([01]\d|2[0-3])([0-5]\d)")
_YEARS = lazy_pattern(r"(?:19|2[01])\d\d")
# "24.12.2026", "24/12", "2026-12-24": as it was typed, with one sign between the parts.
_DATE = lazy_pattern(r"(\d{1,4})([./-])(\d{1,2})(?:\2(\d{2}|\d{4}))?\.?")
_YEARLY = lazy_pattern(r"\d[./-]\d+[./-]\d")
_DAY_OF_MONTH = lazy_pattern(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_WITH_OFFSET = lazy_pattern(r"(\S*:\S*?\d)(z|[+-]\d{2}(?::?[0-5]\d)?)")
_LOOKS = lazy_pattern(
    r"\d{1,2}:\d{2}\S*|\d{1,2}(?:[.:]\d{2})?[ap]m|\d{1,2}h(?:\d{2})?|\d{4}-\d{1,2}-\d\S*"
)
# Zones whose name is that of their time in winter.
_WINTER = ("CET", "EET", "MET", "WET")
_ISO = lazy_pattern(r"(\d{4}-\d{1,2}-\d{1,2})[Tt](?=\d)")
# In words.
_MAX_LOOK = 5


@dataclass(frozen=True)
class Reading:
    """One meaning of a text: the moment, in UTC, how to type it so that it means nothing else, and
    whether it is what people mean by it."""

    moment: datetime
    typed: str
    sure: bool = True


@dataclass
class _Parts:
    """What the words of a text are: a time of day, a day, both; several where one of them is
    meant."""

    clocks: List[time] = field(default_factory=list)
    days: List[date] = field(default_factory=list)
    # Whether a day without a time counts as a whole: a date does, "Friday" does not.
    whole: bool = False
    # Whether the day is the next of its name, so that one that is over today is the one in a week.
    weekly: bool = False
    # "midnight" of a day is its beginning or its end.
    midnight: bool = False
    tonight: bool = False
    # Whether the year is not said.
    guessed: bool = False
    # "until 2h" may be meant as "for 2h".
    length: str = ""

    def combined(self) -> Sequence[Tuple[Optional[date], Optional[time]]]:
        """Each day with each time; empty where something is missing."""
        if not self.days:
            return [(None, clock) for clock in self.clocks]
        if not self.clocks:
            return [(day, None) for day in self.days] if self.whole else []
        after = timedelta(days=1)
        later: List[Tuple[Optional[date], Optional[time]]] = []
        if self.midnight:
            later = [(day + after, time(0)) for day in self.days]
        if self.tonight:
            return later or [
                (day, clock) for day in self.days for clock in self.clocks if clock.hour >= _EVENING
            ]
        return [*((day, clock) for day in self.days for clock in self.clocks), *later]


class _NoTimeError(Exception):
    """A word that is no part of a time, or one too many."""


def readings(text: str, now: datetime, place: str) -> List[Reading]:
    """What a text may mean, by a clock in the zone `place`; past moments too, each moment once, the
    first one first.

    Empty where it is no point in time, or one that is not said completely ("Friday").
    """
    words, zone_info, named = _with_zone(_ISO.sub(r"\1 ", text.replace(",", " ")).split(), place)
    found: List[Reading] = []
    for dotted in ("time", "date"):
        with suppress(_NoTimeError):
            found += _of_parts(
                _parts(words, now.astimezone(zone_info).date(), dotted), now, zone_info, named
            )
    unique = {one.moment: one for one in reversed(found)}
    return sorted(unique.values(), key=lambda one: one.moment)


def _of_parts(parts: _Parts, now: datetime, zone_info: tzinfo, named: str) -> Iterator[Reading]:
    suffix = f" {named}" if named else ""
    today = now.astimezone(zone_info).date()
    for day, clock in parts.combined():
        moment = _moment(day, clock, parts.weekly, now, zone_info)
        local = moment.astimezone(zone_info)
        if named in _WINTER and local.tzname() != named:
            # In summer nobody there calls the time so, and it may be meant as an hour later.
            return
        if clock is None:
            typed = str(day)
        else:
            typed = (
                f"{local:%H:%M}"
                if day is None and local.date() == today
                else f"{local:%Y-%m-%d %H:%M}"
            )
        far = day is not None and parts.guessed and (day - today).days > _SURE_DAYS
        yield Reading(moment, f"until {typed}{suffix}", sure=not far)
    length = read_duration(parts.length)
    if length is not None:
        yield Reading(now + length, f"for {parts.length}")


def _moment(
    day: Optional[date], clock: Optional[time], weekly: bool, now: datetime, zone_info: tzinfo
) -> datetime:
    """The moment, in UTC; without a day the next at which the clock shows that."""
    if day is None:
        assert clock is not None
        today = now.astimezone(zone_info).date()
        every = (
            _first(datetime.combine(today + timedelta(days=days), clock), now, zone_info)
            for days in range(3)
        )
        return next(one for one in every if one > now)
    if clock is None:
        return _first(datetime.combine(day, time(0)) + timedelta(days=1), now, zone_info)
    moment = _first(datetime.combine(day, clock), now, zone_info)
    if weekly and moment <= now:
        return _first(datetime.combine(day + timedelta(days=7), clock), now, zone_info)
    return moment


def _first(clock: datetime, now: datetime, zone_info: tzinfo) -> datetime:
    """When a clock there shows this; of the two times when clocks go back, the first that is still
    to come."""
    early = at(clock, zone_info)
    return early if early > now else at(clock, zone_info, late=True)


def _parts(words: Sequence[str], today: date, dotted: str) -> _Parts:
    """What the words are, a dotted one ("17.10") being a time or a date. Raises _NoTimeError."""
    parts = _Parts()
    rest = [one.lower() for one in words]
    rest = rest[1:] if rest[:2] == ["the", "end"] else rest
    weekday: Optional[int] = None
    month = year = number = 0
    modifier = ""
    clocks = 0
    ends = rest[:2] == ["end", "of"] or rest[:1] == ["eod"]
    if ends:
        rest = rest[2:] if rest[0] == "end" else rest[1:] or ["day"]
        if not rest:
            raise _NoTimeError
        rest = ["today" if one == "day" else one for one in rest if one != "the"]
        rest = rest[1:] if len(rest) > 1 and rest[0] == "today" else rest
    while rest:
        word = rest.pop(0)
        after = rest[0].replace(".", "") if rest else ""
        if (
            after in ("am", "pm", "noon", "midnight", "o'clock", "oclock", "uhr")
            and word[0].isdecimal()
        ):
            rest.pop(0)
            clock = _spoken(word, after)
            parts.midnight = parts.midnight or after == "midnight"
        else:
            clock = _clock(word, dotted == "time")
        if word in _CLOCK_NAMES:
            clock, parts.midnight = [_CLOCK_NAMES[word]], word == "midnight"
        hours = _HOURS.fullmatch(word)
        if clock:
            clocks += 1
            parts.clocks = clock
            parts.length = word if hours and int(hours.group(1)) <= _NOON else parts.length
            continue
        dates = _dates(word, today, dotted == "date")
        if dates is not None:
            if parts.days:
                raise _NoTimeError
            parts.days, parts.whole, parts.guessed = dates, True, not _YEARLY.search(word)
        elif word in ("today", "tonight", "tomorrow") or [word, *rest[:2]] == [
            "day",
            "after",
            "tomorrow",
        ]:
            if parts.days:
                raise _NoTimeError
            ahead = {"tomorrow": 1, "day": 2}.get(word, 0)
            rest = rest[2:] if word == "day" else rest
            parts.days, parts.tonight = [today + timedelta(days=ahead)], word == "tonight"
        elif day_of_week(word) is not None and weekday is None:
            weekday = day_of_week(word)
        elif month_of(word) and not month:
            month = month_of(word)
        elif word in ("next", "this", "coming") and not modifier:
            modifier = word
        elif _YEARS.fullmatch(word) and not year:
            year = int(word)
        elif _DAY_OF_MONTH.fullmatch(word) and not number:
            number = int(word.rstrip("stndrh."))
        elif word not in _JOINING:
            raise _NoTimeError
    if month or number or year:
        if parts.days or not (month and number):
            raise _NoTimeError
        parts.days, parts.whole, parts.guessed = (
            _of_month(number, month, year, today),
            True,
            not year,
        )
    if weekday is not None:
        _take_weekday(parts, weekday, modifier, today)
    elif modifier:
        raise _NoTimeError
    if ends:
        parts.whole = not clocks
    if clocks > 1 or (parts.length and parts.days) or (ends and clocks):
        raise _NoTimeError
    return parts


def _take_weekday(parts: _Parts, weekday: int, modifier: str, today: date) -> None:
    coming = today + timedelta(days=(weekday - today.weekday()) % 7)
    if parts.days:
        # "Thu 2026-12-24": the two must agree.
        parts.days = [one for one in parts.days if one.weekday() == weekday]
        if not parts.days or modifier:
            raise _NoTimeError
    elif modifier == "next":
        week = timedelta(days=7)
        parts.days = [coming + week] if coming == today else [coming, coming + week]
    elif modifier == "this":
        parts.days = [today + timedelta(days=weekday - today.weekday())]
    else:
        parts.days, parts.weekly = [coming], True


def _clock(word: str, dotted: bool) -> List[time]:
    """The times of day that a word may be; empty where it is none."""
    found = _CLOCK.fullmatch(word)
    if found and (found.group(2) or found.group(5)):
        hour, sign, half = int(found.group(1)), found.group(2), found.group(5)
        if half and not 1 <= hour <= _NOON:
            return []
        if sign == "." and not half and (not dotted or len(found.group(1)) < 2):
            # "1.4" is a version or a date sooner than a time.
            return []
        hour = hour % _NOON + (_NOON if half == "pm" else 0) if half else hour
        return [time(hour, int(found.group(3) or 0), int(found.group(4) or 0))] if hour < 24 else []
    hours = _HOURS.fullmatch(word)
    if hours:
        return (
            [time(int(hours.group(1)), int(hours.group(2) or 0))]
            if int(hours.group(1)) < 24
            else []
        )
    digits = _DIGITS.fullmatch(word)
    if digits and not _YEARS.fullmatch(word):
        return [time(int(digits.group(1)), int(digits.group(2)))]
    return []


def _spoken(word: str, after: str) -> List[time]:
    """ "5 pm", "12 noon", "17 o'clock"; of "5 o'clock" both halves of the day."""
    if after in ("am", "pm"):
        found = _clock(f"{word}{after}", True)
    elif after in _CLOCK_NAMES:
        found = [_CLOCK_NAMES[after]] if word in ("12", "12:00") else []
    else:
        hour = int(word) if word.isdecimal() and len(word) < 3 else 24
        two = after != "uhr" and 1 <= hour <= _NOON
        found = [
            time(one % 24)
            for one in ((hour, hour + _NOON) if two else (hour,))
            if one <= 24 and hour < 24
        ]
    if not found:
        raise _NoTimeError
    return found


def _dates(word: str, today: date, dotted: bool) -> Optional[List[date]]:
    """The days that a date in numbers may be; None where a word is none."""
    found = _DATE.fullmatch(word)
    if not found:
        return None
    first, sign, second, third = found.groups()
    if sign == "." and not third and (not dotted or len(first) != 2 or len(second) != 2):
        return None
    if not third and (sign == "-" or len(first) > 2):
        return None
    if not third:
        orders = [(first, second)] if sign == "." else [(first, second), (second, first)]
        days = [day for one, other in orders for day in _of_month(int(one), int(other), 0, today)]
    else:
        orders3 = [(first, second, third)] if len(first) == 4 else []
        if len(first) <= 2:
            orders3.append((third, second, first))
        if len(first) <= 2 and sign != ".":
            orders3.append((third, first, second))
        if len(first) == 2 and len(third) == 2:
            orders3.append((first, second, third))
        days = [
            day
            for year, month, number in orders3
            for day in _of_month(
                int(number), int(month), int(year) + (2000 if len(year) == 2 else 0), today
            )
        ]
    if not days:
        raise _NoTimeError
    return list(dict.fromkeys(days))


def _of_month(number: int, month: int, year: int, today: date) -> List[date]:
    """The day of that month; without a year the next one. Empty where there is none."""
    for each in (year,) if year else range(today.year, today.year + 2):
        with suppress(ValueError):
            # Away from the ends of the calendar, which no offset of a zone may pass.
            day = date(min(max(each, _FIRST_YEAR), _LAST_YEAR), month, number)
            if year or day >= today:
                return [day]
    return []


def looks_like_point(text: str) -> bool:
    """Whether a text is surely meant as a point in time, though perhaps not one that can be
    read."""
    words = text.lower().replace(",", " ").split()
    if not words or len(words) > _MAX_LOOK:
        return False
    first = words[1] if words[0] in ("next", "this", "on", "at") and len(words) > 1 else words[0]
    if (
        first in ("today", "tomorrow", "tonight", "eod", *_CLOCK_NAMES)
        or day_of_week(first) is not None
    ):
        return True
    half = len(words) > 1 and words[1].replace(".", "") in ("am", "pm", "o'clock")
    return (half and first[0].isdecimal()) or bool(_LOOKS.fullmatch(first))


def _with_zone(words: Sequence[str], default: str) -> Tuple[List[str], tzinfo, str]:
    """The words without the zone that ends them, the zone, and its name where they have one."""
    rest = list(words)
    attached = _WITH_OFFSET.fullmatch(rest[-1].lower()) if rest else None
    if attached and (attached.group(2)[0] != "-" or len(rest) > 1):
        # "08:00-10:00" is from one to the other.
        rest[-1:] = [rest[-1][: attached.end(1)], attached.group(2)]
    last = rest[-1].lower() if len(rest) > 1 else ""
    found = offset(last)
    if found is not None:
        return rest[:-1], found, rest[-1].upper()
    if last[:1].isalpha() and not _of_a_time(last):
        for name in (rest[-1], rest[-1].upper(), rest[-1].title()):
            with suppress(ValueError):
                return rest[:-1], zone(name), name
    return rest, zone(default), ""


def _of_a_time(word: str) -> bool:
    """Whether a word is one of a time, for which no database of time zones need be loaded."""
    known = (*_CLOCK_NAMES, *_JOINING, *_OTHER_WORDS)
    return word in known or day_of_week(word) is not None or month_of(word) > 0
