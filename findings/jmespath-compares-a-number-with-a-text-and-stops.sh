#!/usr/bin/env bash
# Behaviour: jmespath raises Python's bare TypeError, not an error of its own, when it orders a number and a text: one element of a list
#   whose "build" is "12" in place of 12 ends the search for all. A text and a text are ordered letter by letter, so 1.10 is before 1.9.
# One would guess: null for both, which leaves such an element out of a filter: the specification orders numbers only.
# Seen: jmespath 1.1.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install jmespath==1.1.0
python - <<'PY'
import jmespath
from expect import expect
from scripted_server import outcome

jobs = [{"build": 10, "version": "1.9"}, {"build": 12, "version": "1.10"}, {"build": None, "version": "1.11"}]
expect("numbers and null", jmespath.search("[?build > `9`].build", jobs), [10, 12])
jobs.append({"build": "12", "version": "1.12"})
expect("a text among them", outcome(lambda: jmespath.search("[?build > `9`].build", jobs)), "TypeError")
expect("is an error of jmespath", issubclass(TypeError, jmespath.exceptions.JMESPathError), False)
expect("texts", jmespath.search("[?version > '1.8'].version", jobs), ["1.9"])
PY
