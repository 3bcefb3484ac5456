#!/usr/bin/env bash
# Behaviour: of "0 0 8 * * 1" cron-descriptor says "At 08:00 AM, only on Monday", and croniter fires on the eighth of each month, a second
#   after midnight, and on no Monday at 8: one has the seconds first, the other last, and both accept the line. cronsim has them first.
# One would guess: that a line with six fields which two libraries accept means the same, or that one of them asks.
# Seen: cron-descriptor 2.2.1, croniter 7.0.0 and cronsim 2.8, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install cron-descriptor==2.2.1 croniter==7.0.0 cronsim==2.8
python - <<'PY'
from datetime import datetime

from cron_descriptor import get_description
from croniter import croniter
from cronsim import CronSim
from expect import expect

LINE, now = "0 0 8 * * 1", datetime(2026, 11, 30, 10, 0)
expect("cron-descriptor", get_description(LINE), "At 08:00 AM, only on Monday")
expect("cronsim", next(CronSim(LINE, now)).isoformat(), "2026-12-07T08:00:00")
expect("croniter", croniter(LINE, now).get_next(datetime).isoformat(), "2026-12-08T00:00:01")
PY
