"""Calendars of shifts in Europe/Berlin, valid by RFC 5545, and the shifts that libraries find."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime, timezone
from typing import Iterable, List, Tuple

_HEAD = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ops//rota//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""


def shift(person: str, start: str, end: str, *lines: str) -> str:
    """A shift with its local start and end, 20261005T090000, and further lines of its event."""
    zone = "TZID=Europe/Berlin"
    own = [f"UID:{person}@example.com", "DTSTAMP:20260901T000000Z", f"SUMMARY:{person}"]
    own += [f"DTSTART;{zone}:{start}", f"DTEND;{zone}:{end}", *lines]
    return "\n".join(["BEGIN:VEVENT", *own, "END:VEVENT", ""])


def rota(*shifts: str) -> str:
    """A calendar of these shifts."""
    return (_HEAD + "".join(shifts) + "END:VCALENDAR\n").replace("\n", "\r\n")


def by_node(library: str, calendar: str) -> List[str]:
    """The shifts that node-ical or ical.js finds: lines "person start end", by time, in UTC."""
    with open("rota.ics", "w", encoding="utf-8", newline="") as file:
        file.write(calendar)
    script = os.path.join(os.path.dirname(__file__), "calendars.mjs")
    done = subprocess.run(["node", script, library], capture_output=True, text=True, check=True)
    return sorted(done.stdout.splitlines(), key=lambda line: line.split()[1:])


def by_recurring_ical_events(calendar: str) -> List[str]:
    """The shifts that recurring-ical-events finds, in the same way."""
    import icalendar
    import recurring_ical_events

    parsed = icalendar.Calendar.from_ical(calendar)
    found = recurring_ical_events.of(parsed).between((2026, 1, 1), (2028, 1, 1))
    return _lines((one["SUMMARY"], one["DTSTART"].dt, one["DTEND"].dt) for one in found)


def by_icalevents(calendar: str) -> List[str]:
    """The shifts that icalevents finds, in the same way."""
    from icalevents.icalevents import events

    span = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2028, 1, 1, tzinfo=timezone.utc)
    found = events(string_content=calendar.encode(), start=span[0], end=span[1])
    return _lines((one.summary, one.start, one.end) for one in found)


def _lines(found: Iterable[Tuple[str, datetime, datetime]]) -> List[str]:
    def minute(time: datetime) -> str:
        return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M")

    lines = [f"{person} {minute(start)} {minute(end)}" for person, start, end in found]
    return sorted(lines, key=lambda line: line.split()[1:])
