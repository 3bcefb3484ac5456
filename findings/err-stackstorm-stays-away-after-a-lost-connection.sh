#!/usr/bin/env bash
# Behaviour: when errbot loses its connection and has it again, err-stackstorm is not active any more: the bot is in its rooms and knows
#   no command of StackStorm, until it is restarted. err-stackstorm fails when errbot stops it ("list.remove(x): x not in list", of a
#   poller that errbot has stopped already), is left half stopped, and fails again when it is started.
# One would guess: that all plugins which were active are active again.
# Seen: err-stackstorm 2.3.2 on errbot 6.2.1, errbot's own test bot, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 err-stackstorm==2.3.2 pytest==9.0.1
python - <<'PY' 2>/dev/null
import os
import sys
import sysconfig

from errbot.backends.test import TestBot
from expect import expect
from scripted_server import ScriptedServer

server = ScriptedServer(lambda method, path: (200, {}, {}))
settings = {
    **{f"{name}_url": f"{server.url}/{name}/v1" for name in ("api", "auth", "stream")},
    "api_auth": {"apikey": "key"},
    "plugin_prefix": "st2",
}
plugin = os.path.join(sysconfig.get_paths()["purelib"], "err-stackstorm")
test = TestBot(extra_plugin_dir=plugin, extra_config={"STACKSTORM": settings})
test.start(timeout=60)
active = test.bot.plugin_manager.get_all_active_plugin_names
status = 0
try:
    expect("active at first", [name for name in active() if name in ("Help", "St2")], ["Help", "St2"])
    # What a backend calls when the connection is lost, and when it is there again.
    try:
        test.bot.disconnect_callback()
        seen = "nothing"
    except ValueError as error:
        seen = str(error)
    expect("when it is lost", seen, "list.remove(x): x not in list")
    test.bot.connect_callback()
    expect("active afterwards", [name for name in active() if name in ("Help", "St2")], ["Help"])
except SystemExit as changed:
    print(changed)
    status = 1
sys.stdout.flush()
os._exit(status)  # the plugin's threads would keep the process alive
PY
