#!/usr/bin/env bash
# Behaviour: cron-converter reads "5/15 * * * *" as "5 * * * *": once an hour, without an error. Written back, the step is gone.
# One would guess: 5, 20, 35 and 50 minutes past, as croniter and cronsim have it, or an error.
# Seen: cron-converter 2.0.2, croniter 7.0.0 and cronsim 2.8, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install cron-converter==2.0.2 croniter==7.0.0 cronsim==2.8
python - <<'PY'
from datetime import datetime

from cron_converter import Cron
from croniter import croniter
from cronsim import CronSim
from expect import expect

LINE, now = "5/15 * * * *", datetime(2026, 11, 30, 10, 10)
expect("croniter", f"{croniter(LINE, now).get_next(datetime):%H:%M}", "10:20")
expect("cronsim", f"{next(CronSim(LINE, now)):%H:%M}", "10:20")
expect("cron-converter", f"{Cron(LINE).schedule(now).next():%H:%M}", "11:05")
expect("written back", Cron(LINE).to_string(), "5 * * * *")
PY
