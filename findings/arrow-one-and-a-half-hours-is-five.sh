#!/usr/bin/env bash
# Behaviour: dehumanize() of arrow reads "in 1.5 hours" as five hours, "in half an hour" and "in an hour and a half" as one hour, and raises
#   for "2 hours", which lacks "in".
# One would guess: 90, 30 and 90 minutes, or an error, which exists for what it does not understand.
# Seen: arrow 1.4.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install arrow==1.4.0
python - <<'PY'
import arrow
from expect import expect
from scripted_server import outcome

now = arrow.get("2026-11-30T10:00:00+00:00")
for text, at in (
    ("in 90 minutes", "11:30"),
    ("in 1.5 hours", "15:00"),
    ("in half an hour", "11:00"),
    ("in an hour and a half", "11:00"),
):
    expect(f"at 10:00, {text}", now.dehumanize(text).strftime("%H:%M"), at)
expect("2 hours", outcome(lambda: now.dehumanize("2 hours")), "ValueError")
PY
