#!/usr/bin/env bash
# Behaviour: md-to-adf drops the number with which a list begins, so that a card shows "3. deploy" as step 1, and joins lines at a hard
#   break, although the format has a place for both (attribute order, node hardBreak).
# One would guess: step 3, and two lines, as adf-bridge has it.
# Seen: md-to-adf 1.1.0 and adf-bridge 0.1.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install md-to-adf==1.1.0 adf-bridge==0.1.3
python - <<'PY'
import adf_bridge
import md_to_adf
from expect import expect

STEPS, BREAK = "3. deploy\n4. verify", "uat: v1.2.0\\\nproduction: v1.1.0"


def first(document):
    return document["content"][0]


def kinds(document):
    return [node["type"] for node in first(document)["content"]]


expect("md-to-adf, steps", first(md_to_adf.convert(STEPS)).get("attrs"), None)
expect("adf-bridge, steps", first(adf_bridge.markdown_to_adf(STEPS).value).get("attrs"), {"order": 3})
expect("md-to-adf, lines", kinds(md_to_adf.convert(BREAK)), ["text"])
expect("adf-bridge, lines", kinds(adf_bridge.markdown_to_adf(BREAK).value), ["text", "hardBreak", "text"])
PY
