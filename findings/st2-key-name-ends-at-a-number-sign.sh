#!/usr/bin/env bash
# Behaviour: `st2 key set` and `st2 key get` put the name of a key into the address as it is: "deploy#12" is the key "deploy", which get
#   shows and to which set writes; all that follows "?" is lost as well. A blank is encoded.
# One would guess: that # and ? are encoded too, or refused.
# Seen: st2client 3.9.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install st2client==3.9.0
python - <<'PY'
import os
import subprocess

from expect import expect
from scripted_server import ScriptedServer

key = {"name": "deploy", "value": "locked by alice", "scope": "system"}
server = ScriptedServer(lambda method, path: (200, {}, key))
environment = {
    **os.environ,
    "HOME": os.getcwd(),
    "ST2_BASE_URL": server.url,
    "ST2_API_URL": f"{server.url}/v1",
    "ST2_AUTH_TOKEN": "token",
}


def st2(*words):
    server.requests.clear()
    done = subprocess.run(["st2", "--skip-config", *words], env=environment, capture_output=True, text=True, check=True)
    return [(method, path.split("?")[0]) for method, path in server.requests], "locked by alice" in done.stdout


expect("set deploy#12", st2("key", "set", "deploy#12", "free")[0], [("PUT", "/v1/keys/deploy")])
expect("get deploy#12", st2("key", "get", "deploy#12"), ([("GET", "/v1/keys/deploy")], True))
expect("get deploy?12", st2("key", "get", "deploy?12"), ([("GET", "/v1/keys/deploy")], True))
expect("get deploy 12", st2("key", "get", "deploy 12")[0], [("GET", "/v1/keys/deploy%2012")])
PY
