#!/usr/bin/env bash
# Behaviour: python-gitlab sends a POST eleven times while GitLab answers 429, as it does when too many pipelines were made.
# One would guess: that the caller is told; nobody sees that it asks again and again, each time after the wait that the server names.
# Seen: python-gitlab 8.6.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install python-gitlab==8.6.0
python - <<'PY'
import gitlab
from expect import expect
from scripted_server import ScriptedServer, outcome

server = ScriptedServer(lambda method, path: (429, {"Retry-After": "0"}, {"message": "slow down"}))
client = gitlab.Gitlab(server.url, private_token="token", timeout=5)
print("the caller sees:", outcome(lambda: client.http_post("/projects/1/pipeline")))
expect("POST requests", server.count("POST"), 11)
PY
