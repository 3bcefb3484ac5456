#!/usr/bin/env bash
# Behaviour: while a gateway in front of Jenkins answers 502, python-jenkins says that the build, or the queue item, "does not exist".
# One would guess: an error that says 502, so that one asks again; a program that follows a deployment gives it up instead.
# Seen: python-jenkins 1.8.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install python-jenkins==1.8.3
python - <<'PY'
import jenkins
from expect import expect
from scripted_server import ScriptedServer

server = ScriptedServer(lambda method, path: (502, {}, "Bad Gateway"))
client = jenkins.Jenkins(server.url, "bot", "token", timeout=5)
client.crumb = False
for what, call, sentence in (
    ("queue item", lambda: client.get_queue_item(5), "queue number[5] does not exist"),
    ("build", lambda: client.get_build_info("deploy", 7), "job[deploy] number[7] does not exist"),
):
    try:
        call()
    except jenkins.JenkinsException as error:
        expect(what, str(error), sentence)
PY
