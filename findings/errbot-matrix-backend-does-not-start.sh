#!/usr/bin/env bash
# Behaviour: the wheel of errbot-backend-matrix names its own package as the module of the backend, where errbot looks for a file of that
#   name: the bot ends with a FileNotFoundError. A folder with a .plug and a one-line module of one's own gets around it.
# One would guess: that a backend which pip installed starts.
# Seen: errbot-backend-matrix 0.0.1 on errbot 6.2.1, Python 3.11, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 errbot-backend-matrix==0.0.1
cat >config.py <<'PY'
import logging
import os
import sysconfig

BACKEND = "Matrix"
BOT_EXTRA_BACKEND_DIR = os.path.join(sysconfig.get_paths()["purelib"], "err_backend_matrix")
BOT_DATA_DIR = os.getcwd()
BOT_LOG_FILE, BOT_LOG_LEVEL, BOT_EXTRA_PLUGIN_DIR = None, logging.ERROR, None
BOT_IDENTITY = {"homeserver": "http://127.0.0.1:8008", "user_id": "@bot:localhost", "password": "password"}
BOT_ADMINS = CORE_PLUGINS = ()
PY
timeout 120 errbot -c config.py >output.txt 2>&1 || true
python - <<'PY'
import re

from expect import expect

errors = re.findall(r"^(\w*Error): .*/err_backend_matrix/err_backend_matrix\.py", open("output.txt").read(), re.M)
expect("errbot ended with", errors[-1:], ["FileNotFoundError"])
PY
