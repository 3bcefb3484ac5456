#!/usr/bin/env bash
# Behaviour: errbot renders each answer as the first Markdown: a line that begins with "#12" becomes a heading ("12 IS OPEN"), and one
#   that begins with a year and a dot becomes a bullet ("1986. …" loses its number).
# One would guess: text as it was sent; today's Markdown wants a blank after "#".
# Seen: errbot 6.2.1 (Markdown 3.10.2), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 Markdown==3.10.2
python - <<'PY'
from errbot.rendering import text
from expect import expect

for sent, shown in (("#12 is open", "12 IS OPEN"), ("1986. a year", "• a year"), ("# 12 is open", "12 IS OPEN")):
    expect(sent, text().convert(sent), shown)
PY
