#!/usr/bin/env bash
# Behaviour: markdown-to-slack-blocks drops a hard line break, with two blanks or a backslash, so that words run together: "uat: v1.2.0"
#   and "production: v1.1.0" become "uat: v1.2.0production: v1.1.0". A soft break, which Markdown shows as a blank, stays a line break.
# One would guess: the other way round, or two lines for both.
# Seen: markdown-to-slack-blocks 1.3.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install markdown-to-slack-blocks==1.3.1
python - <<'PY'
from expect import expect
from markdown_to_slack_blocks import markdown_to_blocks

for between, shown in (("\n", "\n"), ("  \n", ""), ("\\\n", "")):
    text = markdown_to_blocks(f"uat: v1.2.0{between}production: v1.1.0")[0]["text"]["text"]
    expect(repr(between), text, f"uat: v1.2.0{shown}production: v1.1.0")
PY
