#!/usr/bin/env bash
# Behaviour: create_issue() of the jira library reads the new issue back and raises when that read fails, although the issue exists.
#   With prefetch=False it is one request and returns.
# One would guess: an exception means that nothing was created, so that one may try again.
# Seen: jira 3.10.5, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install jira==3.10.5
python - <<'PY'
from expect import expect
from jira import JIRA
from scripted_server import ScriptedServer, outcome


def created_but_unreadable(method, path):
    return (201, {}, {"id": "1", "key": "OPS-1"}) if method == "POST" else (403, {}, {"errorMessages": ["No right"]})


fields = {"project": {"key": "OPS"}, "summary": "checkout is down", "issuetype": {"name": "Task"}}
for prefetch, ended in ((True, "JIRAError"), (False, "returned")):
    server = ScriptedServer(created_but_unreadable)
    jira = JIRA(server=server.url, basic_auth=("bot", "token"), get_server_info=False, max_retries=0)
    result = outcome(lambda: jira.create_issue(fields=fields, prefetch=prefetch))
    expect(f"prefetch={prefetch}", (result, server.count("POST")), (ended, 1))
PY
