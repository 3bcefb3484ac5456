#!/usr/bin/env bash
# Behaviour: python-gitlab follows a redirect to another host, and sends the token there: with a GET after 302, with a POST after 307.
# One would guess: the other host is asked without the token, as requests does with Authorization, or not at all.
# Seen: python-gitlab 8.6.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install python-gitlab==8.6.0
python - <<'PY'
import gitlab
from expect import expect
from scripted_server import ScriptedServer, outcome

other = ScriptedServer(lambda method, path: (200, {}, {"id": 1}))
elsewhere = other.url.replace("127.0.0.1", "localhost")
server = ScriptedServer(
    lambda method, path: (302 if method == "GET" else 307, {"Location": elsewhere + path}, "")
)
client = gitlab.Gitlab(server.url, private_token="s3cret", timeout=5)
for method, call in (
    ("GET", lambda: client.http_get("/projects/1")),
    ("POST", lambda: client.http_post("/projects/1/pipeline")),
):
    ended = outcome(call)
    print(f"{method}: {ended}")
    sent = [
        headers.get("PRIVATE-TOKEN")
        for (seen, _), headers in zip(other.requests, other.headers)
        if seen == method
    ]
    expect(f"tokens that the other host got with a {method}", sent, ["s3cret"])
PY
