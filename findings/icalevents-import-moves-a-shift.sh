#!/usr/bin/env bash
# Behaviour: `import icalevents.icalevents` switches icalendar, for the whole process, from zoneinfo to pytz, and with that changes what other
#   libraries answer: recurring-ical-events ends a weekly shift at 09:00 before the import and at 08:00 after it, on the same calendar.
# One would guess: that an import changes nothing for those who do not call it. Here the order of imports decides who is on call for an hour.
# Seen: icalevents 0.3.1 and recurring-ical-events 3.8.2 with icalendar 7.3.2, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install icalevents==0.3.1 recurring-ical-events==3.8.2 icalendar==7.3.2 tzdata==2026.6
python - <<'PY'
from expect import expect
from rota import by_recurring_ical_events, rota, shift

calendar = rota(shift("alice", "20261005T090000", "20261012T090000", "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2"))
expect("before", by_recurring_ical_events(calendar)[1], "alice 2026-10-19T07:00 2026-10-26T08:00")
import icalevents.icalevents  # noqa: E402, F401

expect("after", by_recurring_ical_events(calendar)[1], "alice 2026-10-19T07:00 2026-10-26T07:00")
PY
