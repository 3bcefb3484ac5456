#!/usr/bin/env bash
# Behaviour: JIRA(get_server_info=False), which saves a request, makes the client take every site for Jira Server: a search goes to
#   /rest/api/2/search, which Jira Cloud has removed, and people are looked up by username, which Cloud does not know.
# One would guess: that the setting only leaves a request out.
# Seen: jira 3.10.5, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install jira==3.10.5
python - <<'PY'
from expect import expect
from jira import JIRA
from scripted_server import ScriptedServer, outcome

CLOUD = {"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}


def cloud(method, path):
    if path.endswith("/serverInfo"):
        return 200, {}, CLOUD
    return 200, {}, [] if "/field" in path or "/user" in path else {"issues": [], "isLast": True, "total": 0}


for told, search, person in (
    (True, "/rest/api/2/search/jql", "query"),
    (False, "/rest/api/2/search", "username"),
):
    server = ScriptedServer(cloud)
    jira = JIRA(server=server.url, basic_auth=("bot", "token"), get_server_info=told, max_retries=0)
    outcome(lambda: jira.search_issues("project = OPS", fields="summary"))
    outcome(lambda: jira.assign_issue("OPS-1", "alice@example.com"))
    paths = [path for _, path in server.requests]
    expect(f"get_server_info={told}, search", [p.split("?")[0] for p in paths if "/search?" in p or "/jql" in p][0], search)
    expect("  people by", [p.split("?")[1].split("=")[0] for p in paths if "/user/" in p][0], person)
PY
