#!/usr/bin/env bash
# Behaviour: parse_timespan("1y") of humanfriendly is 364 days, and format_timespan() calls 365 days "1 year and 1 day": a year is 52 weeks.
#   A lock, token or freeze that was given "1y" ends a day early, or five days early with "4y" (of which one is a leap year).
# One would guess: 365 days, as durationpy and pytimeparse2 have it.
# Seen: humanfriendly 10.0, durationpy 0.11 and pytimeparse2 1.7.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install humanfriendly==10.0 durationpy==0.11 pytimeparse2==1.7.1
python - <<'PY'
import durationpy
import humanfriendly
import pytimeparse2
from expect import expect

DAY = 24 * 60 * 60
expect("humanfriendly, days", humanfriendly.parse_timespan("1y") / DAY, 364.0)
expect("humanfriendly, 365 days", humanfriendly.format_timespan(365 * DAY), "1 year and 1 day")
expect("durationpy, days", durationpy.from_str("1y").total_seconds() / DAY, 365.0)
expect("pytimeparse2, days", pytimeparse2.parse("1y") / DAY, 365.0)
PY
