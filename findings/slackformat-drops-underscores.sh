#!/usr/bin/env bash
# Behaviour: slackformat takes the underscores inside a word for italics and drops them, also in an address: "DB_POOL_SIZE" is shown as
#   "DBPOOLSIZE", and https://ci.example.com/web_app_1 leads to another page.
# One would guess: the text as it is; neither Slack nor CommonMark has emphasis inside a word with underscores.
# Seen: slackformat 1.0.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install slackformat==1.0.0
python - <<'PY'
from expect import expect
from slackformat import md_to_richtext

for text, shown in (
    ("DB_POOL_SIZE", "DBPOOLSIZE"),
    ("https://ci.example.com/web_app_1", "https://ci.example.com/webapp1"),
    ("one _italic_ word", "one italic word"),
):
    elements = md_to_richtext(text)["elements"]
    expect(text, "".join(element["text"] for element in elements), shown)
PY
