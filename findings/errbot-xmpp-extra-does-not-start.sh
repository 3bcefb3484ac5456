#!/usr/bin/env bash
# Behaviour: errbot with the slixmpp that its extra brings (`pip install errbot[XMPP]`) ends at start, before it connects, with an
#   AttributeError: this slixmpp's client has no process(). With slixmpp below 1.9 it starts.
# One would guess: that the extra pins a version which its backend runs with.
# Seen: errbot 6.2.1 with slixmpp 1.15.0, Python 3.11, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install 'errbot[XMPP]==6.2.1'
cat >config.py <<'PY'
import logging
import os

BACKEND = "XMPP"
BOT_DATA_DIR = os.getcwd()
BOT_LOG_FILE, BOT_LOG_LEVEL, BOT_EXTRA_PLUGIN_DIR = None, logging.ERROR, None
BOT_IDENTITY = {"username": "bot@localhost", "password": "password", "server": ("127.0.0.1", 5222)}
BOT_ADMINS = CORE_PLUGINS = ()
PY
timeout 120 errbot -c config.py >output.txt 2>&1 || true
python - <<'PY'
from importlib.metadata import version

from expect import expect

expect("slixmpp", version("slixmpp"), "1.15.0")
end = open("output.txt").read().splitlines()[-1]
expect("errbot ended with", end, "AttributeError: 'ClientXMPP' object has no attribute 'process'")
PY
