"""Points in time as people write them in the config and in chat: "Fri 16:00", "2026-12-20",
"2026-12-20 18:00"."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Mapping, Optional, Sequence, Union

from ..structs import dataclass
from ..structs.patterns import lazy_pattern

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SHORT_MONTHS = {"sept": 8}
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_DAYS = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_MIDNIGHT = time(0, 0)

DAY_WORD = r"(?:Mon(?:day)?|Tue(?:s|sday)?|Wed(?:nesday)?|Thu(?:r|rs|rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)"  # noqa: E501
_CLOCK = lazy_pattern(r"^([01]?\d|2[0-3]):([0-5]\d)$")
_WEEKLY = lazy_pattern(rf"^({DAY_WORD})\s+(\S+)$", re.IGNORECASE)
_DATED = lazy_pattern(r"^(2\d{3})-(\d{1,2})-(\d{1,2})(?:(?:\s+|T)(\S+))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Weekly:
    """A time of every week. `day` is 0 for Monday."""

    day: int
    clock: time


@dataclass(frozen=True)
class Dated:
    """A day, or a time of it."""

    day: date
    clock: Optional[time] = None

    def begins(self) -> datetime:
        """What the clock shows when it begins."""
        return datetime.combine(self.day, self.clock or _MIDNIGHT)

    def ends(self) -> datetime:
        """What the clock shows when it is over: a day without a time counts as a whole."""
        if self.clock is None:
            return datetime.combine(self.day, _MIDNIGHT) + timedelta(days=1)
        return datetime.combine(self.day, self.clock)


Point = Union[Weekly, Dated]


def read_clock(text: str) -> Optional[time]:
    """The time in "17:00" or "9:05"; None when it is none."""
    match = _CLOCK.match(text.strip())
    return time(int(match.group(1)), int(match.group(2))) if match else None


def read_point(text: str) -> Optional[Point]:
    """The point in "Fri 16:00", "2026-12-20" or "2026-12-20 18:00"; None when it is none of
    these."""
    weekly = _WEEKLY.match(text.strip())
    if weekly:
        clock = read_clock(weekly.group(2))
        return Weekly(DAYS.index(weekly.group(1)[:3].title()), clock) if clock is not None else None
    dated = _DATED.match(text.strip())
    if not dated:
        return None
    clock = read_clock(dated.group(4)) if dated.group(4) else None
    if dated.group(4) and clock is None:
        return None
    try:
        return Dated(date(int(dated.group(1)), int(dated.group(2)), int(dated.group(3))), clock)
    except ValueError:
        return None


def day_of_week(word: str) -> Optional[int]:
    """0 for Monday to 6; None where a word in small letters is no day."""
    return _by_name(word, _DAY_NAMES, _SHORT_DAYS)


def month_of(word: str) -> int:
    """1 to 12; 0 where it is no month."""
    found = _by_name(word, _MONTHS, _SHORT_MONTHS)
    return 0 if found is None else found + 1


def _by_name(word: str, names: Sequence[str], short: Mapping[str, int]) -> Optional[int]:
    """Which of the names a word is, whole or its first three letters; None for none of them."""
    plain = word.rstrip(".")
    if plain in short:
        return short[plain]
    return next((number for number, name in enumerate(names) if plain in (name, name[:3])), None)
