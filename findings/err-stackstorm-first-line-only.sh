#!/usr/bin/env bash
# Behaviour: err-stackstorm hands only the first line of a message to StackStorm; the rest is dropped without a word.
# One would guess: the message; StackStorm's formats match across line breaks, and hubot hands over all of it.
# Seen: err-stackstorm 2.3.2 on errbot 6.2.1, errbot's own test bot, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 err-stackstorm==2.3.2 pytest==9.0.1
python - <<'PY' 2>/dev/null
import json
import os
import sys
import sysconfig

from errbot.backends.test import TestBot
from expect import expect
from scripted_server import ScriptedServer


def stackstorm(method, path):
    if path.endswith("/tokens"):
        return 201, {}, {"token": "t", "user": "bot", "expiry": "2099-01-01T00:00:00.000000Z"}
    return 400, {}, {"faultstring": "no match"}


server = ScriptedServer(stackstorm)
settings = {
    **{f"{name}_url": f"{server.url}/{name}/v1" for name in ("api", "auth", "stream")},
    "api_auth": {"user": {"name": "bot", "password": "password"}},
    "plugin_prefix": "st2",
}
plugin = os.path.join(sysconfig.get_paths()["purelib"], "err-stackstorm")
bot = TestBot(extra_plugin_dir=plugin, extra_config={"STACKSTORM": settings})
bot.start(timeout=60)
bot.push_message("!st2 hello")  # the first message may come before the plugin has its token
bot.pop_message(timeout=60)
bot.push_message("!st2 create card: checkout is down\nsince 10:00\nsee the dashboard")
bot.pop_message(timeout=60)
asked = [json.loads(body)["command"] for (_, path), body in zip(server.requests, server.bodies) if "match" in path]
status = 0
try:
    expect("StackStorm is asked for", asked[-1], "create card: checkout is down")
except SystemExit as changed:
    print(changed)
    status = 1
sys.stdout.flush()
os._exit(status)  # the plugin's threads would keep the process alive
PY
