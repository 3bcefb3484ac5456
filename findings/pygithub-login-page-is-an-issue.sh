#!/usr/bin/env bash
# Behaviour: where a proxy answers "create an issue" with its login page (200, HTML), PyGithub raises nothing and returns an
#   issue whose number and title are None.
# One would guess: an exception, since nothing was created and what came is not JSON.
# Seen: PyGithub 2.10.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install PyGithub==2.10.0
python - <<'PY'
from expect import expect
from github import Auth, Github
from scripted_server import ScriptedServer

server = ScriptedServer(lambda method, path: (200, {"Content-Type": "text/html"}, "<html>Please log in</html>"))
repository = Github(base_url=server.url, auth=Auth.Token("token"), lazy=True).get_repo("acme/web")
issue = repository.create_issue("checkout is down")
expect("the issue's number and title", (issue.number, issue.title), (None, None))
PY
