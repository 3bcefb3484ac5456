#!/usr/bin/env bash
# Behaviour: icalevents moves the end of a rule, when it is in UTC, by the offset of the zone: a shift from midnight on that repeats until
#   22:59:59 UTC on 10 March, the last second of that day in Berlin and what calendars write for "until 10 March", happens on 11 March too.
# One would guess: three shifts, the last on 10 March: an end in UTC is a moment.
# Seen: icalevents 0.3.1, and recurring-ical-events 3.8.2 beside it, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install icalevents==0.3.1 recurring-ical-events==3.8.2 tzdata==2026.6
python - <<'PY'
from expect import expect
from rota import by_icalevents, by_recurring_ical_events, rota, shift

calendar = rota(shift("alice", "20270308T000000", "20270308T080000", "RRULE:FREQ=DAILY;UNTIL=20270310T225959Z"))
expect("recurring-ical-events", by_recurring_ical_events(calendar)[-1], "alice 2027-03-09T23:00 2027-03-10T07:00")
expect("icalevents", by_icalevents(calendar)[-1], "alice 2027-03-10T23:00 2027-03-11T07:00")
PY
