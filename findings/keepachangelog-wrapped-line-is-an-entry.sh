#!/usr/bin/env bash
# Behaviour: keepachangelog makes an entry of each line: of an item that is wrapped after "Do not" the second line, "deploy on Fridays",
#   becomes a change of its own, and so does a paragraph or a line of a code block. from_dict() writes them back with a dash each.
# One would guess: an item, as Markdown has it: an indented line goes on with the item.
# Seen: keepachangelog 2.0.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install keepachangelog==2.0.0
cat >CHANGELOG.md <<'TEXT'
# Changelog

## [1.8.0] - 2026-09-01
### Changed
- Migrations take an hour. Do not
  deploy on Fridays
TEXT
python - <<'PY'
import keepachangelog
from expect import expect

releases = keepachangelog.to_dict("CHANGELOG.md")
expect("changed", releases["1.8.0"]["changed"], ["Migrations take an hour. Do not", "deploy on Fridays"])
expect("written back", "\n- deploy on Fridays\n" in keepachangelog.from_dict(releases) + "\n", True)
PY
