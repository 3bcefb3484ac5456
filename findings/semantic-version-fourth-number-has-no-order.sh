#!/usr/bin/env bash
# Behaviour: coerce() of semantic-version takes the fourth number of "1.2.3.10" for build metadata, which has no order: neither of 1.2.3.9 and
#   1.2.3.10 is less than the other, they are not equal either, and max() returns whichever comes first.
# One would guess: that 1.2.3.10 is newer, as packaging has it, or an error.
# Seen: semantic-version 2.10.0 and packaging 26.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install semantic-version==2.10.0 packaging==26.3
python - <<'PY'
from expect import expect
from packaging.version import Version as Packaging
from semantic_version import Version

old, new = Version.coerce("1.2.3.9"), Version.coerce("1.2.3.10")
expect("coerced", (str(old), str(new)), ("1.2.3+9", "1.2.3+10"))
expect("<, >, ==", (old < new, old > new, old == new), (False, False, False))
expect("max", (str(max(old, new)), str(max(new, old))), ("1.2.3+9", "1.2.3+10"))
expect("packaging", Packaging("1.2.3.9") < Packaging("1.2.3.10"), True)
PY
