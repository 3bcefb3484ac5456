#!/usr/bin/env bash
# Behaviour: TimeLength reads the ISO 8601 duration "PT30M" as 30 months, "PT1H30M" as one hour and 30 months, and "P1D" as ten years, and
#   reports success: letters that it does not know are left out, and those that it knows are units of its own (M month, D decade).
# One would guess: 30 minutes, 90 minutes and a day, or a failure.
# Seen: timelength 3.0.4, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install timelength==3.0.4
python - <<'PY'
from expect import expect
from timelength import TimeLength

DAY = 24 * 60 * 60
for text, days in (("PT30M", 30 * 30.5), ("PT1H30M", 30 * 30.5 + 1 / 24), ("P1D", 3650)):
    result = TimeLength(text).result
    expect(text, (result.success, result.seconds), (True, days * DAY))
PY
