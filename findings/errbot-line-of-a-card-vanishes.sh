#!/usr/bin/env bash
# Behaviour: errbot leaves out a line of an answer that begins with a name in square brackets, a colon and one word ("[OPS-12]: done"):
#   Markdown reads it as the target of a link that is used elsewhere. An answer of that line alone is empty.
# One would guess: the line; with two words behind the colon it is shown.
# Seen: errbot 6.2.1 (Markdown 3.10.2), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 Markdown==3.10.2
python - <<'PY'
from errbot.rendering import text
from expect import expect

for sent, shown in (("[OPS-12]: done", ""), ("on uat:\n[OPS-12]: done", "on uat:"), ("[OPS-12]: is done", "[OPS-12]: is done")):
    expect(repr(sent), text().convert(sent), shown)
PY
