#!/usr/bin/env bash
# Behaviour: marklassian, which makes Jira's document format of Markdown, leaves out everything that looks like an HTML tag:
#   "List<String> failed" becomes "List failed", and "<pod-name> restarts" becomes " restarts".
# One would guess: the text as typed; Jira's format has no tags that could be meant.
# Seen: marklassian 0.3.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install marklassian==0.3.0
python - <<'PY'
from expect import expect
from marklassian import markdown_to_adf

for text, kept in (("List<String> failed", "List failed"), ("pod <pod-name> restarts", "pod  restarts")):
    expect(text, "".join(part["text"] for part in markdown_to_adf(text)["content"][0]["content"]), kept)
PY
