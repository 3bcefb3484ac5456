#!/usr/bin/env bash
# Behaviour: send() of pymsteams returns True for whatever has a status below 400: for Teams' way to refuse a message, which is status 200
#   with "Webhook message delivery failed with error: ..." as its text, and for a login page behind a redirect, which drops the message.
# One would guess: an error for all but the text "1", which is what a delivered message is answered with.
# Seen: pymsteams 0.2.5, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install pymsteams==0.2.5
python - <<'PY'
import pymsteams
from expect import expect
from scripted_server import ScriptedServer

REFUSED = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId"


def send(*answer):
    login = (200, {"Content-Type": "text/html"}, "<html>Log in</html>")
    server = ScriptedServer(lambda method, path: login if path == "/login" else answer)
    card = pymsteams.connectorcard(f"{server.url}/webhook")
    card.text("checkout is down")
    return card.send(), [method for method, _ in server.requests]


expect("delivered", send(200, {}, "1"), (True, ["POST"]))
expect("refused", send(200, {}, REFUSED), (True, ["POST"]))
expect("redirected", send(302, {"Location": "/login"}, ""), (True, ["POST", "GET"]))
PY
