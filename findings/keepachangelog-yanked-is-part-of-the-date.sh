#!/usr/bin/env bash
# Behaviour: keepachangelog reads the heading of a yanked release, "## [1.8.0] - 2026-09-01 [YANKED]", as a release with the date
#   "2026-09-01 [yanked]": nothing else says that it was taken back, and the date cannot be read as one.
# One would guess: a date, and a mark: [YANKED] is the format's own word for a release that is not to be used.
# Seen: keepachangelog 2.0.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install keepachangelog==2.0.0
cat >CHANGELOG.md <<'TEXT'
# Changelog

## [1.8.1] - 2026-09-02
### Fixed
- Payments

## [1.8.0] - 2026-09-01 [YANKED]
### Added
- Payments
TEXT
python - <<'PY'
import keepachangelog
from expect import expect

releases = keepachangelog.to_dict("CHANGELOG.md")
expect("1.8.1", releases["1.8.1"]["metadata"]["release_date"], "2026-09-02")
expect("1.8.0", releases["1.8.0"]["metadata"]["release_date"], "2026-09-01 [yanked]")
expect("the same keys", set(releases["1.8.0"]["metadata"]) == set(releases["1.8.1"]["metadata"]), True)
PY
