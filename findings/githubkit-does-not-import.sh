#!/usr/bin/env bash
# Behaviour: what `pip install githubkit` brings since November 2026 does not import: githubkit allows hishel 2.0.0, which no longer has the
#   CachePolicy that githubkit asks of it. With hishel 1 it imports.
# One would guess: that a range of versions which a package declares has been tried, or ends before the next major version.
# Seen: githubkit 0.16.1 with hishel 2.0.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install githubkit==0.16.1 hishel==2.0.0
expect_import() {
  python - "$1" <<'PY'
import sys

from expect import expect

try:
    import githubkit

    seen = "imported"
except ImportError as error:
    seen = str(error).split(" (")[0]
expect("githubkit", seen, sys.argv[1])
PY
}
expect_import "cannot import name 'CachePolicy' from 'hishel'"
python -m pip install --quiet --disable-pip-version-check "hishel<2" 2>/dev/null
expect_import imported
