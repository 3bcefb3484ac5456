#!/usr/bin/env bash
# Behaviour: slack-markdown-parser puts full-width characters in place of a pair of < and > outside of code, also after it has decoded
#   entities: "List<String>" arrives as "List＜String＞". What people copy from the message is not what was sent, and a search fails.
# One would guess: that they are escaped, as Slack's formatting asks for (&lt; and &gt;), and shown as they are.
# Seen: slack-markdown-parser 2.7.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install slack-markdown-parser==2.7.0
python - <<'PY'
from expect import expect
from slack_markdown_parser import convert_markdown_to_slack_blocks

for text, shown in (
    ("List<String> failed", "List\uff1cString\uff1e failed"),
    ("fewer than < 3 and more than > 1", "fewer than \uff1c 3 and more than \uff1e 1"),
    ("EXTERNAL-IP &lt;none&gt;", "EXTERNAL-IP \uff1cnone\uff1e"),
    ("`List<String>` failed", "`List<String>` failed"),
):
    expect(text, convert_markdown_to_slack_blocks(text)[0]["text"], shown)
PY
