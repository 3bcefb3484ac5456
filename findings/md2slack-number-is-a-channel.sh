#!/usr/bin/env bash
# Behaviour: md2slack writes "#12 is open" as "<#12> is open", which is Slack's form of a mention of the channel with the identifier 12: the
#   number of the ticket is gone from what people read.
# One would guess: the text; only a channel's identifier (C0…) makes a mention.
# Seen: md2Slack 0.1.3.2, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install md2Slack==0.1.3.2
python - <<'PY'
from expect import expect
from md2slack import SlackMarkdown

for text, shown in (("#12 is open", "<#12> is open"), ("see #12, fixed", "see <#12>, fixed")):
    expect(text, SlackMarkdown()(text), shown)
PY
