#!/usr/bin/env bash
# Behaviour: slackify-markdown marks only the first line of a quote: of "> deploy it\n> to uat" Slack shows "to uat" outside of the quote,
#   as if the one who quotes had said it. Between two paragraphs of a quote, all of the second one falls out.
# One would guess: "> " before each line, as Slack needs it, and as markdown-to-mrkdwn gives it.
# Seen: slackify-markdown 0.2.4 and markdown-to-mrkdwn 0.3.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install slackify-markdown==0.2.4 markdown-to-mrkdwn==0.3.3
python - <<'PY'
from expect import expect
from markdown_to_mrkdwn import SlackMarkdownConverter
from slackify_markdown import slackify_markdown

QUOTE = "> deploy it\n> to uat\n\nbob, really?"
expect("slackify-markdown", slackify_markdown(QUOTE), "> deploy it\nto uat\n\nbob, really?\n")
expect("two paragraphs", slackify_markdown("> first\n>\n> second"), "> first\n\nsecond\n")
expect("markdown-to-mrkdwn", SlackMarkdownConverter().convert(QUOTE), QUOTE)
PY
