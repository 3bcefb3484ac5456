#!/usr/bin/env bash
# Behaviour: parsedatetime reads "half an hour" as one hour, and says that it understood a time.
# One would guess: 30 minutes, or not understood.
# Seen: parsedatetime 2.6, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install parsedatetime==2.6
python - <<'PY'
from datetime import datetime

import parsedatetime
from expect import expect

at, understood = parsedatetime.Calendar().parseDT("half an hour", datetime(2026, 11, 30, 10, 0))
expect("at 10:00, in half an hour", (f"{at:%H:%M}", understood), ("11:00", 2))
PY
