"""Time zones by name: what the time of a wall clock means there, also on the days when clocks
change, and how a moment is shown there."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from typing import List, Optional

from ..structs.patterns import lazy_pattern
from .points import DAYS

UTC = timezone.utc
# A name never is a path: the time zone database is a folder of files.
_NAME = lazy_pattern(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*(?![\s\S])")
_OFFSET = lazy_pattern(r"(?:(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?|z)")
# Abbreviations that stand for one offset in the world, in hours. "CET" and its like are names of
# zones themselves.
_ABBREVIATIONS = {
    "cest": 2,
    "eest": 3,
    "west": 1,
    "gmt": 0,
    "msk": 3,
    "jst": 9,
    "edt": -4,
    "pdt": -7,
    "mdt": -6,
}
_SECOND = timedelta(seconds=1)


def zone(name: str) -> tzinfo:
    """The time zone of that name ("Europe/London", "UTC"). Raises ValueError when there is none."""
    if name.upper() == "UTC":
        # The default, and all that most configs ever name: no time zone database is loaded for it.
        return UTC
    if not _NAME.match(name):
        raise ValueError(name)
    try:
        # Python 3.8 has no zoneinfo.
        from zoneinfo import ZoneInfo
    except ImportError:
        from backports.zoneinfo import ZoneInfo  # type: ignore[no-redef,unused-ignore]
    try:
        found: tzinfo = ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        # An OSError stands for a folder of the database, such as "Europe".
        raise ValueError(name) from error
    return found


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    try:
        zone(name)
    except ValueError:
        return False
    return True


def all_zones() -> List[str]:
    """The names of all time zones. Slow: it looks through the whole database."""
    try:
        from zoneinfo import available_timezones
    except ImportError:
        from backports.zoneinfo import available_timezones  # type: ignore[no-redef,unused-ignore]
    return sorted(available_timezones())


def offset(word: str) -> Optional[tzinfo]:
    """The fixed offset that a word in small letters stands for ("utc+2", "cest", "z"); None for
    others."""
    if word in _ABBREVIATIONS:
        return timezone(timedelta(hours=_ABBREVIATIONS[word]), word.upper())
    found = _OFFSET.fullmatch(word)
    if not found:
        return None
    hours, minutes = int(found.group(2) or 0), int(found.group(3) or 0)
    length = timedelta(hours=hours, minutes=minutes)
    if length >= timedelta(hours=15):
        return None
    return timezone(-length if found.group(1) == "-" else length, word.upper())


def at(clock: datetime, zone_info: tzinfo, late: bool = False) -> datetime:
    """The moment, in UTC, at which a clock in that zone shows `clock` (a datetime without a zone).

    A reading that comes twice, when clocks go back, means the first time, or the second with
    `late`. One that never comes, when clocks go forward, means the moment at which it is skipped.
    """
    before = clock.replace(tzinfo=zone_info, fold=0)
    after = clock.replace(tzinfo=zone_info, fold=1)
    ahead_before, ahead_after = (
        before.utcoffset() or timedelta(0),
        after.utcoffset() or timedelta(0),
    )
    if ahead_before >= ahead_after:
        return (after if late else before).astimezone(UTC)
    # Skipped: the change lies between the reading taken with the new offset and the one taken with
    # the old one.
    low = (clock - ahead_after).replace(tzinfo=UTC)
    high = (clock - ahead_before).replace(tzinfo=UTC)
    while high - low > _SECOND:
        middle = low + ((high - low) / 2 // _SECOND) * _SECOND
        if middle.astimezone(zone_info).utcoffset() == ahead_before:
            low = middle
        else:
            high = middle
    return high


def local_time(moment: datetime, now: datetime, timezone: str) -> str:
    """A moment as it is shown: "17:00 Europe/London" today, else "Fri 2026-11-27 17:00
    Europe/London"."""
    zone_info = zone(timezone)
    local, today = moment.astimezone(zone_info), now.astimezone(zone_info)
    clock = f"{local:%H:%M} {timezone}"
    # Not %a: its words depend on the machine's language.
    return (
        clock
        if local.date() == today.date()
        else f"{DAYS[local.weekday()]} {local:%Y-%m-%d} {clock}"
    )
