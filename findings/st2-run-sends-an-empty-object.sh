#!/usr/bin/env bash
# Behaviour: `st2 run` sends {} for a parameter of the type object that is given as "version:1.10", the form that it takes for the objects of
#   an array with --auto-dict, and for any text without "=": the action runs without what was given, and nothing says so.
# One would guess: an error, or the object; "version=1.10" and JSON are read.
# Seen: st2client 3.9.0, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install st2client==3.9.0
python - <<'PY'
import json
import os
import subprocess

from expect import expect
from scripted_server import ScriptedServer

kinds = {}
execution = {"id": "5", "status": "succeeded", "parameters": {}, "result": {}, "log": [], "context": {"user": "ops"}}
execution.update(action={"ref": "web.deploy"}, start_timestamp="2026-11-30T10:00:00Z", end_timestamp="2026-11-30T10:00:00Z")


def answer(method, path):
    if "/runnertypes" in path:
        return 200, {}, [{"id": "1", "name": "python-script", "runner_parameters": {}}]
    if "/actions/" in path:
        about = {"id": "1", "ref": "web.deploy", "pack": "web", "name": "deploy", "runner_type": "python-script"}
        return 200, {}, {**about, "parameters": kinds}
    return 201 if method == "POST" else 200, {}, execution


server = ScriptedServer(answer)
environment = {
    **os.environ,
    "HOME": os.getcwd(),
    "ST2_BASE_URL": server.url,
    "ST2_API_URL": f"{server.url}/v1",
    "ST2_AUTH_TOKEN": "token",
}


def sent(kind, *words):
    kinds["what"] = {"type": kind}
    subprocess.run(
        ["st2", "--skip-config", "run", "-a", "web.deploy", *words], env=environment, capture_output=True, check=True
    )
    return json.loads(next(body for body in reversed(server.bodies) if "parameters" in body))["parameters"]["what"]


expect("array, version:1.10", sent("array", "what=version:1.10", "--auto-dict"), [{"version": "1.10"}])
expect("object, version=1.10", sent("object", "what=version=1.10"), {"version": "1.10"})
expect("object, version:1.10", sent("object", "what=version:1.10"), {})
expect("object, 1.10", sent("object", "what=1.10"), {})
PY
