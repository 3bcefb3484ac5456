#!/usr/bin/env bash
# Behaviour: adflux, which makes Jira's document format of Markdown, turns a task list ("- [ ] restart it") into text with the HTML of a
#   check box in it: the card shows <input class="task-list-item-checkbox" …>.
# One would guess: a taskList with a taskItem, which Jira's format has.
# Seen: adflux 0.3.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install adflux==0.3.1
python - <<'PY'
import json

import adflux
from expect import expect

document = json.loads(adflux.convert("- [ ] restart it", src="md", dst="adf"))
item = document["content"][0]["content"][0]
text = item["content"][0]["content"][0]["text"]
expect("node", item["type"], "listItem")
expect("its text begins", text[:38], '<input class="task-list-item-checkbox"')
PY
