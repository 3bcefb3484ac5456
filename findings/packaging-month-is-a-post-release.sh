#!/usr/bin/env bash
# Behaviour: packaging reads a release named after its month, "2026-11", as the eleventh post-release of 2026, and so sorts it before
#   "2026.1": with both spellings in one repository, November comes before January.
# One would guess: year 2026, month 11, or an error.
# Seen: packaging 26.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install packaging==26.3
python - <<'PY'
from expect import expect
from packaging.version import Version

expect("2026-11", str(Version("2026-11")), "2026.post11")
expect("sorted", sorted(("2026-11", "2026.1", "2026.12"), key=Version), ["2026-11", "2026.1", "2026.12"])
PY
