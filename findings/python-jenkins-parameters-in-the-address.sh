#!/usr/bin/env bash
# Behaviour: build_job() of python-jenkins POSTs with an empty body and puts the build's parameters into the address, where proxies
#   and access logs keep them and an address's length limits them.
# One would guess: a form in the body, as buildWithParameters takes it.
# Seen: python-jenkins 1.8.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install python-jenkins==1.8.3
python - <<'PY'
import jenkins
from expect import expect
from scripted_server import ScriptedServer


def answer(method, path):
    return (201, {"Location": "/queue/item/5/"}, "") if method == "POST" else (404, {}, "")


server = ScriptedServer(answer)
jenkins.Jenkins(server.url, "bot", "token", timeout=5).build_job("deploy", {"VERSION": "v1.2.0", "NOTE": "for alice"})
expect("the request", server.requests[-1], ("POST", "/job/deploy/buildWithParameters?VERSION=v1.2.0&NOTE=for+alice"))
PY
