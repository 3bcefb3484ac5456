#!/usr/bin/env bash
# Behaviour: TimeLength reads "one and a half hours" and "2 and a half hours" as 30 minutes, "an hour and a half" as one hour, and
#   "until 17:00" as 17 minutes; each is a success. "1 1/2 hours" is no better: half an hour.
# One would guess: 90 and 150 minutes, or a failure: "half an hour" and "three quarters of an hour" are read correctly.
# Seen: timelength 3.0.4, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install timelength==3.0.4
python - <<'PY'
from expect import expect
from timelength import TimeLength

for text, minutes in (
    ("half an hour", 30),
    ("three quarters of an hour", 45),
    ("one and a half hours", 30),
    ("2 and a half hours", 30),
    ("1 1/2 hours", 30),
    ("an hour and a half", 60),
    ("until 17:00", 17),
):
    result = TimeLength(text).result
    expect(text, (result.success, result.seconds / 60), (True, minutes))
PY
