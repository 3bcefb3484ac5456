#!/usr/bin/env bash
# Behaviour: delete_by_id() of st2client raises nothing for what StackStorm does not have (404): it returns the answer's body, which is
#   true; get_by_id() returns None for it. Every other error raises.
# One would guess: an error, or False: a rule or key that was misspelled counts as deleted.
# Seen: st2client 3.9.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install st2client==3.9.0
python - <<'PY'
from expect import expect
from scripted_server import ScriptedServer, outcome
from st2client.client import Client

server = ScriptedServer(lambda method, path: (404, {}, {"faultstring": "Resource not found"}))
client = Client(base_url=server.url, api_url=f"{server.url}/v1", token="token")
expect("delete_by_id", client.rules.delete_by_id("acme.remind-me"), {"faultstring": "Resource not found"})
expect("get_by_id", client.rules.get_by_id("acme.remind-me"), None)
server = ScriptedServer(lambda method, path: (403, {}, {"faultstring": "No right"}))
client = Client(base_url=server.url, api_url=f"{server.url}/v1", token="token")
expect("get_by_id without the right", outcome(lambda: client.rules.get_by_id("acme.remind-me")), "HTTPError")
PY
