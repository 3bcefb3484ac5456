#!/usr/bin/env bash
# Behaviour: Apprise's json:// follows a redirect of the POST as a GET to the new address, without the message, and reports success.
# One would guess: a failure; the hook never got the message.
# Seen: apprise 2.2.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install apprise==2.2.0
python - <<'PY'
import apprise
from expect import expect
from scripted_server import ScriptedServer


def moved(method, path):
    return (301, {"Location": "/new"}, "") if path == "/hook" else (200, {}, "ok")


server = ScriptedServer(moved)
pages = apprise.Apprise()
pages.add(server.url.replace("http://", "json://") + "/hook")
expect("success", bool(pages.notify(title="page", body="checkout is down")), True)
expect("requests", server.requests, [("POST", "/hook"), ("GET", "/new")])
PY
