#!/usr/bin/env bash
# Behaviour: cron-converter and crontab fire "0 8 1 * 1" on those firsts of a month that are a Monday: from 30 November 2026 on, next in
#   February 2027.
# One would guess: what cron does: on each first and on each Monday, so next on 1 December. croniter and cronsim do so.
# Seen: cron-converter 2.0.2, crontab 1.0.5, croniter 7.0.0 and cronsim 2.8, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install cron-converter==2.0.2 crontab==1.0.5 croniter==7.0.0 cronsim==2.8
python - <<'PY'
from datetime import datetime

from cron_converter import Cron
from croniter import croniter
from cronsim import CronSim
from crontab import CronTab
from expect import expect

LINE, now = "0 8 1 * 1", datetime(2026, 11, 30, 10, 0)
soon, late = "2026-12-01", "2027-02-01"
expect("croniter", f"{croniter(LINE, now).get_next(datetime):%Y-%m-%d}", soon)
expect("cronsim", f"{next(CronSim(LINE, now)):%Y-%m-%d}", soon)
expect("cron-converter", f"{Cron(LINE).schedule(now).next():%Y-%m-%d}", late)
expect("crontab", f"{CronTab(LINE).next(now, return_datetime=True, default_utc=False):%Y-%m-%d}", late)
PY
