#!/usr/bin/env bash
# Behaviour: PyGithub sends "create an issue" eleven times when the connection is cut after each request.
# One would guess: once. A POST whose answer is lost may have been carried out: here it may have been eleven times.
# Seen: PyGithub 2.10.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install PyGithub==2.10.0
python - <<'PY'
from expect import expect
from github import Auth, Github
from scripted_server import DROP, ScriptedServer, outcome

server = ScriptedServer(lambda method, path: DROP)
repository = Github(base_url=server.url, auth=Auth.Token("token"), lazy=True).get_repo("acme/web")
expect("how it ended", outcome(lambda: repository.create_issue("checkout is down")), "ConnectionError")
expect("POSTs sent", server.count("POST"), 11)
PY
