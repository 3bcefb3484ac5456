#!/usr/bin/env bash
# Behaviour: parsedatetime takes the year of an ISO timestamp for a time of day: "2026-12-01T10:00Z" is 20:26 today, understood.
# One would guess: 1 December, 10:00; the same date without a time is read as a date.
# Seen: parsedatetime 2.6, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install parsedatetime==2.6
python - <<'PY'
from datetime import datetime

import parsedatetime
from expect import expect

now = datetime(2026, 11, 30, 10, 0)
for text, at, understood in (("2026-12-01", "2026-12-01 10:00", 1), ("2026-12-01T10:00Z", "2026-11-30 20:26", 2)):
    seen, how = parsedatetime.Calendar().parseDT(text, now)
    expect(text, (f"{seen:%Y-%m-%d %H:%M}", how), (at, understood))
PY
