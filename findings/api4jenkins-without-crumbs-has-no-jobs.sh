#!/usr/bin/env bash
# Behaviour: with a Jenkins whose CSRF protection is off, so that /crumbIssuer answers 404, api4jenkins finds no job: get_job() returns None
#   and build_job() raises "No such job". It never asks for the job: the 404 of the crumb is taken for that of the job.
# One would guess: no crumb, as its own code means it and as python-jenkins has it, and the job.
# Seen: api4jenkins 2.1.0 and python-jenkins 1.8.3, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install api4jenkins==2.1.0 python-jenkins==1.8.3
python - <<'PY'
import api4jenkins
import jenkins
from expect import expect
from scripted_server import ScriptedServer


def without_crumbs(method, path):
    if "crumbIssuer" in path:
        return 404, {}, ""
    return 200, {}, {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": "deploy", "fullName": "deploy"}


server = ScriptedServer(without_crumbs)
client = api4jenkins.Jenkins(server.url, auth=("bot", "token"))
expect("api4jenkins", client.get_job("deploy"), None)
try:
    client.build_job("deploy")
except api4jenkins.exceptions.ItemNotFoundError as error:
    expect("build_job", str(error), "No such job: deploy")
expect("requests", {path for _, path in server.requests}, {"/crumbIssuer/api/json"})
expect("python-jenkins", jenkins.Jenkins(server.url, "bot", "token").job_exists("deploy"), True)
PY
