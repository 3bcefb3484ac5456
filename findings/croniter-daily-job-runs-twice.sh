#!/usr/bin/env bash
# Behaviour: croniter fires "30 2 * * *" in Europe/Berlin twice on the night on which the clocks go back, an hour apart. cronsim, which
#   follows Debian's cron, fires it once.
# One would guess: that a daily job runs once a day; in spring, when 02:30 does not exist, both run it once, at 03:00.
# Seen: croniter 7.0.0 and cronsim 2.8 (tzdata 2026.6), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install croniter==7.0.0 cronsim==2.8 tzdata==2026.6
python - <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim
from expect import expect

LINE = "30 2 * * *"
for month, day, by_croniter, by_cronsim in (
    (3, 28, ["28T03:00+02:00", "29T02:30+02:00"], ["28T03:00+02:00", "29T02:30+02:00"]),
    (10, 31, ["31T02:30+02:00", "31T02:30+01:00"], ["31T02:30+02:00", "01T02:30+01:00"]),
):
    evening = datetime(2027, month, day - 1, 20, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    ours, theirs = croniter(LINE, evening), CronSim(LINE, evening)
    expect("croniter", [ours.get_next(datetime).isoformat("T", "minutes")[8:] for _ in range(2)], by_croniter)
    expect("cronsim", [next(theirs).isoformat("T", "minutes")[8:] for _ in range(2)], by_cronsim)
PY
