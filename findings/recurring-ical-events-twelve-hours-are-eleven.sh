#!/usr/bin/env bash
# Behaviour: recurring-ical-events adds a duration to the time on the clock: a night shift of PT12H lasts 11 hours when the clocks go forward,
#   and a shift of one hour at 02:30, a time that does not exist on that day, begins and ends at the same moment.
# One would guess: 12 hours and one hour: a duration in hours is exact, one in days follows the clock (RFC 5545, 3.3.6).
# Seen: recurring-ical-events 3.8.2 with icalendar 7.3.2 (tzdata 2026.6), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install recurring-ical-events==3.8.2 icalendar==7.3.2 tzdata==2026.6
python - <<'PY'
from datetime import datetime, timezone

import icalendar
import recurring_ical_events
from expect import expect

ROTA = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ops//rota//EN
BEGIN:VEVENT
UID:1
SUMMARY:alice
DTSTART;TZID=Europe/Berlin:{start}
DURATION:{duration}
RRULE:FREQ=DAILY;COUNT=2
END:VEVENT
END:VCALENDAR
"""
for start, duration, hours in (
    ("20270326T200000", "PT12H", [12, 11]),
    ("20270327T023000", "PT1H", [1, 0]),
):
    calendar = icalendar.Calendar.from_ical(ROTA.format(start=start, duration=duration).replace("\n", "\r\n"))
    shifts = recurring_ical_events.of(calendar).between(datetime(2027, 3, 20), datetime(2027, 4, 4))
    lasted = [shift.end.astimezone(timezone.utc) - shift.start.astimezone(timezone.utc) for shift in shifts]
    expect(duration, [time.total_seconds() / 3600 for time in lasted], hours)
PY
