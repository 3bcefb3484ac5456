#!/usr/bin/env bash
# Behaviour: jira2markdown takes the text between two exclamation marks for an image: "Stop!! Do not deploy!" becomes "Stop!![ Do not
#   deploy]( Do not deploy)", a broken link. With one mark less, "Stop! Do not deploy!" stays.
# One would guess: the text: a file name does not begin with a blank.
# Seen: jira2markdown 0.5.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install jira2markdown==0.5.3
python - <<'PY'
from expect import expect
from jira2markdown import convert

for text, shown in (
    ("Stop!! Do not deploy!", "Stop!![ Do not deploy]( Do not deploy)"),
    ("Stop! Do not deploy!", "Stop! Do not deploy!"),
    ("!screen.png!", "![screen.png](screen.png)"),
):
    expect(text, convert(text), shown)
PY
