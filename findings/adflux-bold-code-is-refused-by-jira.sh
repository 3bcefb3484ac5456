#!/usr/bin/env bash
# Behaviour: for bold code (**`kubectl`**) adflux writes text with the marks strong and code, which its own validate() passes and
#   Atlassian's published schema refuses: code goes with links only.
# One would guess: that what the converter validates, Atlassian's schema takes.
# Seen: adflux 0.3.1, @atlaskit/adf-schema 57.7.22 (npm), jsonschema 4.26.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install adflux==0.3.1 jsonschema==4.26.0
npm pack --silent @atlaskit/adf-schema@57.7.22 >/dev/null
tar -xzf ./*adf-schema-57.7.22.tgz package/json-schema/v1/full.json
python - <<'PY'
import json

import adflux
import jsonschema
from expect import expect

schema = jsonschema.Draft4Validator(json.load(open("package/json-schema/v1/full.json")))
for text, taken in (("`kubectl`", True), ("**`kubectl`**", False)):
    converted = adflux.convert(text, src="md", dst="adf")
    adflux.validate(converted, fmt="adf")
    expect(f"{text} taken by Atlassian's schema", schema.is_valid(json.loads(converted)), taken)
PY
