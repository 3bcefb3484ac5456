#!/usr/bin/env bash
# Behaviour: errbot joins two lines of an answer, without a blank, where the first ends with two blanks (Markdown's line break) or the
#   second begins with a colon: "uat: v1.2.0  " and "production: v1.1.0" become "uat: v1.2.0production: v1.1.0".
# One would guess: two lines; a plain line break between them survives.
# Seen: errbot 6.2.1 (Markdown 3.10.2), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 Markdown==3.10.2
python - <<'PY'
from errbot.rendering import text
from expect import expect

for sent, shown in (
    ("uat: v1.2.0\nproduction: v1.1.0", "uat: v1.2.0\nproduction: v1.1.0"),
    ("uat: v1.2.0  \nproduction: v1.1.0", "uat: v1.2.0production: v1.1.0"),
    ("uat\n: v1.2.0", "uatv1.2.0"),
):
    expect(repr(sent), text().convert(sent), shown)
PY
