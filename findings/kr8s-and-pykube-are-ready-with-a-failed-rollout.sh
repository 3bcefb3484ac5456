#!/usr/bin/env bash
# Behaviour: kr8s and pykube-ng call a Deployment ready whose new pods do not start. kr8s compares the number of ready pods with the number
#   wanted, and the old pods are still ready while new ones crash (maxUnavailable 0). pykube-ng compares the number of new pods, ready or not.
#   Both answer True for a Deployment with the condition Progressing=False (ProgressDeadlineExceeded).
# One would guess: True when `kubectl rollout status` succeeds: all pods are new, and all are available.
# Seen: kr8s 0.20.15 and pykube-ng 23.6.0, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install kr8s==0.20.15 pykube-ng==23.6.0
python - <<'PY'
import json

import kr8s
import pykube
from expect import expect
from kr8s.objects import Deployment
from kubernetes_server import workload
from scripted_server import ScriptedServer

SURGE = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
STUCK = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
web = workload("Deployment", SURGE, {})


def answer(method, path):
    if path.startswith("/version"):
        return 200, {}, {"gitVersion": "v1.35.0", "major": "1", "minor": "35"}
    if path.split("?")[0].endswith("/web"):
        return 200, {}, web
    return 200, {}, {"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": {}, "items": [web]}


server = ScriptedServer(answer)
config = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "test", "cluster": {"server": server.url}}],
    "users": [{"name": "test", "user": {"token": "token"}}],
    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "default"}}],
    "current-context": "test",
}
with open("kubeconfig", "w") as file:
    json.dump(config, file)

# Three old pods are ready; the one new pod crashes.
web["status"].update(replicas=4, updatedReplicas=1, readyReplicas=3, availableReplicas=3, unavailableReplicas=1, conditions=[STUCK])
found = Deployment.get("web", namespace="default", api=kr8s.api(kubeconfig="kubeconfig"))
expect("kr8s, one new pod of three, not ready", found.ready(), True)

# Three new pods, and all of them crash.
web["status"] = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "unavailableReplicas": 3, "conditions": [STUCK]}
api = pykube.HTTPClient(pykube.KubeConfig.from_file("kubeconfig"))
expect("pykube-ng, no pod ready", pykube.Deployment.objects(api).get_by_name("web").ready, True)
PY
