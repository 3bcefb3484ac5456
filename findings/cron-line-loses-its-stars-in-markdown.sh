#!/usr/bin/env bash
# Behaviour: three converters take two stars with blanks around them for emphasis, so that a cron line changes: markdown-to-mrkdwn makes
#   "0 8 _ _ 1" of "0 8 * * 1", md-to-slack-blocks does likewise, and md-to-adf leaves both stars out.
# One would guess: the line as it is: in CommonMark a star that is followed by a blank opens nothing.
# Seen: markdown-to-mrkdwn 0.3.3, md-to-adf 1.1.0 and md-to-slack-blocks 0.1.0; slackify-markdown 0.2.4 keeps the line, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install markdown-to-mrkdwn==0.3.3 md-to-adf==1.1.0 md-to-slack-blocks==0.1.0 slackify-markdown==0.2.4
python - <<'PY'
from expect import expect
from markdown_to_mrkdwn import SlackMarkdownConverter
from md_to_adf import convert
from md_to_slack_blocks import md_to_blocks
from slackify_markdown import slackify_markdown

LINE = "It runs at 0 8 * * 1 now"
expect("markdown-to-mrkdwn", SlackMarkdownConverter().convert(LINE), "It runs at 0 8 _ _ 1 now")
document = convert(LINE)
texts = [node["text"] for node in document["content"][0]["content"]]
expect("md-to-adf", "".join(texts), "It runs at 0 8   1 now")
expect("md-to-slack-blocks", md_to_blocks(LINE)[0]["text"]["text"], "It runs at 0 8 _ _ 1 now")
expect("slackify-markdown", slackify_markdown(LINE), LINE + "\n")
PY
