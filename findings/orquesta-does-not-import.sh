#!/usr/bin/env bash
# Behaviour: orquesta from PyPI, StackStorm's workflow engine with the tool orquesta-rehearse, installs on Python 3.9 and later and does not
#   import: it pins networkx 1.11, which takes gcd from the module fractions. StackStorm uses a later version that is not on PyPI.
# One would guess: that the newest version on PyPI runs on the versions of Python that StackStorm supports, or that pip refuses it.
# Seen: orquesta 1.2.0 with networkx 1.11 on Python 3.11, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install orquesta==1.2.0
python - <<'PY'
from expect import expect

try:
    import orquesta.conducting

    seen = "imported"
except ImportError as error:
    seen = str(error).split(" (")[0]
expect("orquesta", seen, "cannot import name 'gcd' from 'fractions'")
PY
