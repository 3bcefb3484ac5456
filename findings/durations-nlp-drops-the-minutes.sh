#!/usr/bin/env bash
# Behaviour: durations-nlp reads "1h30" as one hour and "1:30" and "90" as no time at all, without an error; "30 mins" it refuses.
# One would guess: 90 minutes, or an error.
# Seen: durations-nlp 1.0.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install durations-nlp==1.0.1
python - <<'PY'
from durations_nlp import Duration
from expect import expect
from scripted_server import outcome

for text, seconds in (("1h30m", 5400.0), ("1h30", 3600.0), ("1:30", 0), ("90", 0)):
    expect(text, Duration(text).seconds, seconds)
expect("30 mins", outcome(lambda: Duration("30 mins")), "ScaleFormatError")
PY
