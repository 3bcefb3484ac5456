#!/usr/bin/env bash
# Behaviour: st2client writes its token into the environment of the process, and every client of the process then sends the token of
#   the one that was made last.
# One would guess: that a client sends the token that it was given.
# Seen: st2client 3.9.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install st2client==3.9.0
python - <<'PY'
import os
from http.server import BaseHTTPRequestHandler

from expect import expect
from scripted_server import ScriptedServer
from st2client.client import Client

sent = []
original = BaseHTTPRequestHandler.parse_request


def parse_request(handler):
    parsed = original(handler)
    sent.append(handler.headers.get("X-Auth-Token"))
    return parsed


BaseHTTPRequestHandler.parse_request = parse_request
server = ScriptedServer(lambda method, path: (200, {}, []))
alice = Client(base_url=server.url, api_url=f"{server.url}/v1", token="alice")
bob = Client(base_url=server.url, api_url=f"{server.url}/v1", token="bob")
alice.executions.query(limit=1)
expect("alice's client sent the token of", sent, ["bob"])
expect("in the environment", os.environ["ST2_AUTH_TOKEN"], "bob")
PY
