#!/usr/bin/env bash
# Behaviour: where a single sign-on redirects "create an issue" to its login page, atlassian-python-api follows it as a GET and
#   issue_create() returns None: no exception, nothing created.
# One would guess: an exception; the library raises one for every 4xx and 5xx.
# Seen: atlassian-python-api 5.0.5, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install atlassian-python-api==5.0.5
python - <<'PY'
from atlassian import Jira
from expect import expect
from scripted_server import ScriptedServer


def single_sign_on(method, path):
    return (302, {"Location": "/login"}, "") if method == "POST" else (200, {"Content-Type": "text/html"}, "<html>Log in</html>")


server = ScriptedServer(single_sign_on)
jira = Jira(server.url, username="bot", password="token")
expect("returned", jira.issue_create({"project": {"key": "OPS"}, "summary": "checkout is down"}), None)
expect("requests", server.requests, [("POST", "/rest/api/2/issue"), ("GET", "/login")])
PY
