#!/usr/bin/env bash
# Behaviour: markdown-to-slack-blocks turns a task list into plain bullets: "- [x] migrate" and "- [ ] deploy" look the same, and the plain
#   text of the blocks has no mark either.
# One would guess: a box, a tick, or the brackets as text.
# Seen: markdown-to-slack-blocks 1.3.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install markdown-to-slack-blocks==1.3.1
python - <<'PY'
from expect import expect
from markdown_to_slack_blocks import blocks_to_plain_text, markdown_to_blocks

done, not_done = (markdown_to_blocks(f"- [{mark}] migrate") for mark in "x ")
expect("the same blocks", done == not_done, True)
expect("as text", "[" in blocks_to_plain_text(done) or "☑" in blocks_to_plain_text(done), False)
PY
