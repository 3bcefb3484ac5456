#!/usr/bin/env bash
# Behaviour: jenkinsapi raises ValueError("Not a Queue URL: /queue/item/5/") when Jenkins, or the proxy before it, answers a build with a
#   relative Location, although the build is queued: a program that tries again deploys twice.
# One would guess: the queue item: a Location may be relative (RFC 9110, 10.2.2), and Jenkins itself writes one without a host.
# Seen: jenkinsapi 0.3.23, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install jenkinsapi==0.3.23
python - <<'PY' 2>/dev/null
from expect import expect
from jenkinsapi.jenkins import Jenkins
from scripted_server import ScriptedServer


def answer(method, path):
    if method == "POST":
        return 201, {"Location": "/queue/item/5/"}, ""
    if "crumbIssuer" in path:
        return 404, {}, ""
    address = server.url + "/job/deploy/"
    parameters = [{"name": "VERSION", "type": "StringParameterDefinition", "defaultParameterValue": {"value": ""}}]
    return 200, {}, {
        "jobs": [{"name": "deploy", "url": address, "color": "blue"}],
        "name": "deploy",
        "url": address,
        "builds": [],
        "property": [{"parameterDefinitions": parameters}],
        "actions": [],
        "queueItem": None,
    }


server = ScriptedServer(answer)
try:
    seen = repr(Jenkins(server.url, "bot", "token", timeout=5).build_job("deploy", {"VERSION": "1.2.0"}))
except ValueError as error:
    seen = str(error)
expect("build_job", (seen, server.count("POST")), ("Not a Queue URL: /queue/item/5/", 1))
PY
