"""Following a roll-out: what would not roll out at all, and how one fails, with the reason."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from opsroom.errors import Code, Refusal
from support.deploys.jobs import Notes
from support.deploys.kubernetes import PODS, ROLLING, V2, caught, deploy, deploying, fails, images
from support.deploys.runs import Clock
from support.vendors.kubernetes import (
    IMAGE,
    Cluster,
    at,
    done,
    pod,
    unobserved,
    waiting,
    workload,
)

# What would never roll out.


@pytest.mark.parametrize(
    ("plural", "spec", "message"),
    [
        ("deployments", {"paused": True}, "is paused, so that nothing would roll out"),
        ("statefulsets", {"updateStrategy": {"type": "OnDelete"}}, "update strategy OnDelete"),
        ("daemonsets", {"updateStrategy": {"type": "OnDelete"}}, "update strategy OnDelete"),
        (
            "statefulsets",
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            "has a partition of 2",
        ),
    ],
)
def test_what_would_not_roll_out_is_refused(
    cluster: Cluster, plural: str, spec: Dict[str, Any], message: str
) -> None:
    cluster.objects.clear()
    cluster.add(workload(plural, **spec))
    made, job = deploying(cluster, workload=f"{plural[:-1]}/web"), Notes()
    error = caught(made.deploy, V2, job)
    assert (error.code, isinstance(error, Refusal)) == (Code.NOT_POSSIBLE, True)
    assert message in error.message
    assert cluster.patches == []
    assert message in made.warnings(V2)[0]
    assert job.handles["kubernetes"] == ""


@pytest.mark.parametrize("plural", ["statefulsets", "daemonsets"])
def test_stateful_sets_and_daemon_sets_roll_out_too(cluster: Cluster, plural: str) -> None:
    cluster.objects.clear()
    cluster.add(workload(plural))
    cluster.steps = [unobserved, done]
    deploy(cluster, workload=f"{plural[:-1]}/web")
    assert images(cluster, plural)["web"] == f"{IMAGE}:v2.0.0"


# How it fails.


def test_the_progress_deadline_fails_it_with_the_reason_of_the_pods(cluster: Cluster) -> None:
    cluster.steps = [
        ROLLING,
        at(**PODS, conditions=[("Progressing", "False", "ProgressDeadlineExceeded")]),
    ]
    cluster.lists["pods"] = [pod(state=waiting("ImagePullBackOff", "not found"))]
    job = Notes()
    error = fails(cluster, job)
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == (
        f"Roll-out of shop/web failed: pod web-6f9-abc cannot pull image {IMAGE}:v2.0.0 "
        "(not found); it exceeded its progress deadline of 600 s with 1 of 3 pods updated."
    )
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0", "a failed roll-out is left as it is"
    assert job.handles["kubernetes"] == ""


def replica_failure(cluster: Cluster, message: str, old: bool = False) -> None:
    """The newest ReplicaSet, or an older one, may not create pods; the deployment shows either."""
    failing = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    newest = cluster.lists["replicasets"][0]
    if old:
        older = json.loads(json.dumps(newest))
        older["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "0"
        cluster.lists["replicasets"].insert(0, older)
    cluster.lists["replicasets"][0]["status"]["conditions"] = [{**failing, "message": message}]


NO_NEW = {"replicas": 3, "updatedReplicas": 0, "availableReplicas": 3}
QUOTA = 'pods "web-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3'


def test_pods_that_may_not_be_created_fail_it_at_once(cluster: Cluster, clock: Clock) -> None:
    cluster.steps = [at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", QUOTA)])]
    replica_failure(cluster, QUOTA)
    # Of three pods, 25% may be away: none.
    error = fails(cluster)
    assert "no new pod may be created: pods 'web-1'".replace("'", '"') in error.message
    assert "exceeded quota: small" in error.message
    assert clock.now == 1003.0


def test_a_full_quota_that_old_pods_free_is_waited_for_and_said(cluster: Cluster) -> None:
    failing = at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", QUOTA)])
    cluster.steps = [failing, done]
    cluster.objects["deployments", "web"]["spec"]["strategy"] = {
        "rollingUpdate": {"maxUnavailable": 1}
    }
    replica_failure(cluster, QUOTA)
    job = deploy(cluster)
    assert "has updated 0 of 3 pods; no new pod may be created" in job.lines[1]


def test_a_webhook_that_is_away_may_come_back(cluster: Cluster) -> None:
    away = 'Internal error occurred: failed calling webhook "policy": connection refused'
    failing = at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", away)])
    cluster.steps = [failing, done]
    replica_failure(cluster, away)
    job = deploy(cluster)
    assert "no new pod may be created: Internal error occurred" in job.lines[1]


def test_what_an_older_replica_set_may_not_create_does_not_fail_the_new_one(
    cluster: Cluster,
) -> None:
    failing = at(**NO_NEW, conditions=[("ReplicaFailure", "True", "FailedCreate", QUOTA)])
    cluster.steps = [failing, done]
    replica_failure(cluster, QUOTA, old=True)
    deploy(cluster)


def test_the_room_is_shown_where_to_watch_it(cluster: Cluster) -> None:
    exceeded = ("Progressing", "False", "ProgressDeadlineExceeded")
    cluster.steps, job = [at(**PODS, conditions=[exceeded])], Notes()
    link = "https://console.example.com/{environment}/{app}"
    error = fails(cluster, job, link=link)
    assert job.links == ["https://console.example.com/uat/web"]
    assert error.hint == "See https://console.example.com/uat/web"


def test_a_roll_out_that_is_paused_meanwhile_waits_for_someone(cluster: Cluster) -> None:
    def pause(found: Any) -> None:
        ROLLING(found)
        found["spec"]["paused"] = True

    cluster.steps, job = [pause], Notes()
    error = fails(cluster, job, time_limit="10s")
    assert "roll-out of shop/web is paused; someone has to resume it" in job.lines
    assert "did not end within 10 s (it is paused; someone has to resume it)" in error.message


def test_one_that_takes_too_long_gets_the_earlier_image_back(cluster: Cluster) -> None:
    cluster.steps, job = [ROLLING], Notes()
    cluster.lists["pods"] = [pod(state=waiting("CrashLoopBackOff"))]
    error = fails(cluster, job, time_limit="10s")
    assert error.code is Code.TIMED_OUT
    assert "crashes again and again" in error.message
    assert "was cancelled: the images from before are set again" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"
    assert job.handles["kubernetes"] == ""


def test_a_stateful_set_without_a_pod_shows_the_event_that_says_why(cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.add(workload("statefulsets"))
    waits = at(updatedReplicas=0, readyReplicas=2, updateRevision="r2", currentRevision="r1")
    cluster.steps = [waits, done]
    message = "create Pod web-2 in StatefulSet web failed: exceeded quota: small"
    cluster.lists["events"] = [
        {"reason": "FailedCreate", "message": message, "lastTimestamp": "2026-11-30T10:00:00Z"}
    ]
    job = deploy(cluster, workload="statefulset/web")
    assert f"no pod may be created: {message}" in job.lines[1]


def test_a_stateful_set_that_waits_for_a_broken_old_pod_says_which(cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.add(workload("statefulsets"))
    waits = at(updatedReplicas=0, readyReplicas=2, updateRevision="r2", currentRevision="r1")
    cluster.steps = [waits, done]
    cluster.lists["pods"] = [pod("web-2", state=waiting("CrashLoopBackOff"), revision="r1")]
    job = deploy(cluster, workload="statefulset/web")
    assert "pod web-2 is broken and Kubernetes does not replace it: delete it" in job.lines[1]


def test_without_the_right_to_see_pods_it_is_followed_all_the_same(cluster: Cluster) -> None:
    cluster.denied, job = [("list", "pods"), ("list", "replicasets")], Notes()
    deploy(cluster, job)
    assert "why is not known: The account of opsroom may not list replicasets" in job.lines[1]
