#!/usr/bin/env bash
# Behaviour: Jenkins answers buildWithParameters with 303 when an equal build waits already (its queue item is in Location) and with
#   302 when it refuses to schedule. python-jenkins follows both and raises the same EmptyResponseException for the two:
#   a build that will run and one that will not cannot be told apart, and the queue item is lost.
# One would guess: the number of the queue item for 303.
# Seen: python-jenkins 1.8.3, 2026-11-30. The two answers: jenkinsci/jenkins, ParametersDefinitionProperty.java.
. "$(dirname "$0")/setup.sh"
install python-jenkins==1.8.3
python - <<'PY'
import jenkins
from expect import expect
from scripted_server import ScriptedServer

for what, status, location in (("merged", 303, "/queue/item/5/"), ("refused", 302, ".")):

    def answer(method, path, status=status, location=location):
        if "crumbIssuer" in path:
            return 404, {}, ""
        if method == "POST":
            return status, {"Location": location}, ""
        return 200, {"Content-Type": "text/html"}, "<html>Jenkins</html>"

    try:
        seen = jenkins.Jenkins(ScriptedServer(answer).url, "bot", "token", timeout=5).build_job("deploy", {"VERSION": "v1.2.0"})
    except jenkins.JenkinsException as error:
        seen = f"{type(error).__name__}: {str(error).split(' in ')[0]}"
    expect(what, seen, "EmptyResponseException: Header 'Location' not found")
PY
