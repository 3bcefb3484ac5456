#!/usr/bin/env bash
# Behaviour: APScheduler, which StackStorm's CronTimer is built on, counts weekdays from Monday = 0, also in from_crontab(): the crontab
#   line "0 8 * * 1" fires on Tuesdays.
# One would guess: Monday, as cron does. Names ("mon") mean the same in both.
# Seen: APScheduler 3.11.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install APScheduler==3.11.1
python - <<'PY'
from datetime import datetime, timezone

from apscheduler.triggers.cron import CronTrigger
from expect import expect

sunday = datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc)
for line, day in (("0 8 * * 1", "Tuesday"), ("0 8 * * mon", "Monday")):
    expect(line, f"{CronTrigger.from_crontab(line, timezone='UTC').get_next_fire_time(None, sunday):%A}", day)
PY
