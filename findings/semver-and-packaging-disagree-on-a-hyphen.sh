#!/usr/bin/env bash
# Behaviour: "1.4.0-1" is a pre-release, before 1.4.0, for semver, and a post-release, after 1.4.0, for packaging: a tool that sorts
#   with one and a repository that tags by the other disagree on which version is the newest.
# One would guess: that both sort a version which both accept in the same way.
# Seen: semver 3.1.1 and packaging 26.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install semver==3.1.1 packaging==26.3
python - <<'PY'
from expect import expect
from packaging.version import Version as Packaging
from semver import Version as Semver

expect("semver, newest", str(max(map(Semver.parse, ("1.4.0", "1.4.0-1")))), "1.4.0")
expect("packaging, newest", str(max(map(Packaging, ("1.4.0", "1.4.0-1")))), "1.4.0.post1")
PY
