"""Our verdict about a roll-out and our patch, held against those of the real kubectl on the same
server in the same states. Where we differ on purpose, the test says so."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest

from opsroom.deploys.kubernetes.rollout import obstacle, progress
from opsroom.deploys.remote import Assignment, State
from opsroom.vendors.kubernetes import Kind
from support.deploys.kubectl import Ended, kubectl
from support.deploys.kubernetes import deploying
from support.deploys.stateful_sets import StatefulSet
from support.vendors.kubeconfig import kubeconfig_of
from support.vendors.kubernetes import (
    IMAGE,
    KUBECTL,
    TOKEN,
    Cluster,
    at,
    done,
    merge,
    unobserved,
    workload,
)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


def at_kubectl(cluster: Cluster, folder: Path, *arguments: str) -> Ended:
    config = kubeconfig_of(cluster.url(KUBECTL), {"token": TOKEN})
    return kubectl(folder, config, *arguments)


def status_of(cluster: Cluster, folder: Path, plural: str = "deployments") -> Ended:
    """What kubectl says of the roll-out of the workload web."""
    return at_kubectl(cluster, folder, "rollout", "status", f"{plural}/web", "--watch=false")


def verdict_of(said: Ended) -> State:
    """What `kubectl rollout status --watch=false` says: whether it is over, and how."""
    if said.status:
        return State.FAILED
    over = re.search(r"successfully rolled out|roll(?:ing update| out) complete", said.text)
    return State.SUCCEEDED if over else State.RUNNING


COUNTS = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
REVISIONS = {"currentRevision": "r2", "updateRevision": "r2"}
EXCEEDED = ("Progressing", "False", "ProgressDeadlineExceeded", "")
DENIED = ("ReplicaFailure", "True", "FailedCreate", "exceeded quota")
NODES = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}

# The state of the workload; what both say of it.
SAME: List[Tuple[str, str, Dict[str, Any], State]] = [
    ("deployments", "done", COUNTS, State.SUCCEEDED),
    ("deployments", "updating", {**COUNTS, "updatedReplicas": 1}, State.RUNNING),
    ("deployments", "old pods left", {**COUNTS, "replicas": 4}, State.RUNNING),
    ("deployments", "not available", {**COUNTS, "availableReplicas": 2}, State.RUNNING),
    ("deployments", "ready is not available", {**COUNTS, "availableReplicas": 0}, State.RUNNING),
    (
        "deployments",
        "too late",
        {**COUNTS, "updatedReplicas": 1, "conditions": [EXCEEDED]},
        State.FAILED,
    ),
    # Also where all pods are there: the condition goes first.
    ("deployments", "too late, yet there", {**COUNTS, "conditions": [EXCEEDED]}, State.FAILED),
    ("statefulsets", "done", {**COUNTS, **REVISIONS}, State.SUCCEEDED),
    ("statefulsets", "not ready", {**COUNTS, **REVISIONS, "readyReplicas": 2}, State.RUNNING),
    (
        "statefulsets",
        "updating",
        {**COUNTS, **REVISIONS, "updatedReplicas": 1, "currentRevision": "r1"},
        State.RUNNING,
    ),
    ("daemonsets", "done", NODES, State.SUCCEEDED),
    ("daemonsets", "updating", {**NODES, "updatedNumberScheduled": 2}, State.RUNNING),
    ("daemonsets", "not available", {**NODES, "numberAvailable": 2}, State.RUNNING),
]


@pytest.mark.parametrize(
    ("plural", "status", "expected"),
    [
        pytest.param(plural, status, state, id=f"{plural}-{name}")
        for plural, name, status, state in SAME
    ],
)
def test_a_roll_out_is_judged_as_kubectl_judges_it(
    cluster: Cluster, tmp_path: Path, plural: str, status: Dict[str, Any], expected: State
) -> None:
    found = cluster.add(workload(plural))
    at(**status)(found)
    said = status_of(cluster, tmp_path, plural)
    assert verdict_of(said) is expected, said
    assert progress(Kind(plural[:-1]), found).state is expected


@pytest.mark.parametrize("plural", ["deployments", "statefulsets", "daemonsets"])
def test_a_change_that_is_not_observed_yet_is_not_done_for_either(
    cluster: Cluster, tmp_path: Path, plural: str
) -> None:
    found = cluster.add(workload(plural))
    unobserved(found)
    said = status_of(cluster, tmp_path, plural)
    assert verdict_of(said) is State.RUNNING, said
    assert "to be observed" in said.text
    assert progress(Kind(plural[:-1]), found).state is State.RUNNING


@pytest.mark.parametrize("plural", ["deployments", "statefulsets"])
def test_of_no_wanted_pod_both_say_that_it_is_done(
    cluster: Cluster, tmp_path: Path, plural: str
) -> None:
    found = cluster.add(workload(plural, replicas=0))
    at(replicas=0, currentRevision="r1", updateRevision="r2")(found)
    said = status_of(cluster, tmp_path, plural)
    assert verdict_of(said) is State.SUCCEEDED, said
    assert progress(Kind(plural[:-1]), found).state is State.SUCCEEDED


# A partition of ours; how many of ten pods are updated, and ready; kubectl's verdict of the step.
HELD = [(0, 10, State.RUNNING), (1, 9, State.RUNNING), (1, 10, State.SUCCEEDED)]


@pytest.mark.parametrize(("updated", "ready", "expected"), HELD)
def test_a_step_is_judged_as_kubectl_judges_a_partition(
    cluster: Cluster, tmp_path: Path, updated: int, ready: int, expected: State
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 9}}
    found = cluster.add(workload("statefulsets", replicas=10, updateStrategy=strategy))
    counts = {"replicas": 10, "updatedReplicas": updated, "readyReplicas": ready}
    at(**counts, currentRevision="r1", updateRevision="r2")(found)
    said = status_of(cluster, tmp_path, "statefulsets")
    assert verdict_of(said) is expected, said
    assert progress(Kind.STATEFULSET, found, held=9).state is expected
    # Of someone else it stays what it is.
    assert progress(Kind.STATEFULSET, found).state is State.BLOCKED


def test_a_step_that_is_not_observed_yet_is_not_done_for_either(
    cluster: Cluster, tmp_path: Path
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    found = cluster.add(workload("statefulsets", updateStrategy=strategy))
    unobserved(found)
    said = status_of(cluster, tmp_path, "statefulsets")
    assert verdict_of(said) is State.RUNNING, said
    assert progress(Kind.STATEFULSET, found, held=2).state is State.RUNNING


def test_our_steps_are_complete_when_kubectl_says_so(cluster: Cluster, tmp_path: Path) -> None:
    pods = StatefulSet(cluster, 3)
    service = ours(cluster, "statefulsets", steps=[1, "100%"]).service
    run, done = service.start(assignment("v2.0.0")), []
    for number in (1, 2):
        for _ in range(12):
            run = service.bring(run.id, number)
            # At the state that was just looked at.
            cluster.steps = []
            said = verdict_of(status_of(cluster, tmp_path, "statefulsets"))
            cluster.steps = [pods]
            assert (run.step >= number) is (said is State.SUCCEEDED), (number, run)
            if run.step >= number:
                done.append(pods.versions())
                break
    assert done == [["v1.0.0", "v1.0.0", "v2.0.0"], ["v2.0.0"] * 3]


# Where we differ on purpose: (workload, status, kubectl's verdict, ours).
MIN_READY = {"minReadySeconds": 30}
OTHERWISE: Dict[str, Tuple[str, Dict[str, Any], Dict[str, Any], State, State]] = {
    # kubectl never compares the revisions of a StatefulSet.
    "revisions differ": (
        "statefulsets",
        {},
        {**COUNTS, "currentRevision": "r1", "updateRevision": "r2"},
        State.SUCCEEDED,
        State.RUNNING,
    ),
    # It asks whether pods are ready, not whether they have been so for long enough.
    "not available yet": (
        "statefulsets",
        MIN_READY,
        {**COUNTS, **REVISIONS, "availableReplicas": 2},
        State.SUCCEEDED,
        State.RUNNING,
    ),
    # It calls a partitioned roll-out complete when the pods above the partition are updated.
    "held by a partition": (
        "statefulsets",
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}},
        {**COUNTS, "updatedReplicas": 0, "currentRevision": "r1", "updateRevision": "r2"},
        State.SUCCEEDED,
        State.BLOCKED,
    ),
    # It waits for someone to resume it, without a word.
    "paused": (
        "deployments",
        {"paused": True},
        {**COUNTS, "updatedReplicas": 0},
        State.RUNNING,
        State.BLOCKED,
    ),
}


@pytest.mark.parametrize(
    ("plural", "spec", "status", "theirs", "ours"), OTHERWISE.values(), ids=OTHERWISE
)
def test_where_our_verdict_is_another_one_on_purpose(
    cluster: Cluster,
    tmp_path: Path,
    plural: str,
    spec: Dict[str, Any],
    status: Dict[str, Any],
    theirs: State,
    ours: State,
) -> None:
    found = cluster.add(workload(plural, **spec))
    at(**status)(found)
    said = status_of(cluster, tmp_path, plural)
    assert verdict_of(said) is theirs, said
    assert progress(Kind(plural[:-1]), found).state is ours


def test_kubectl_waits_on_for_pods_that_may_not_be_created_and_we_fail_at_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    found = cluster.add(workload())
    at(replicas=3, updatedReplicas=0, availableReplicas=3, conditions=[DENIED])(found)
    creator = cluster.lists["replicasets"][0]
    creator["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    ]
    said = status_of(cluster, tmp_path)
    assert verdict_of(said) is State.RUNNING, said
    assert "quota" not in said.text
    service = ours(cluster).service
    found["metadata"]["annotations"]["opsroom/deploy"] = "d1"
    run = service.find(assignment("v1.0.0"))
    assert run is not None
    looked = service.look(run.id)
    assert looked.state is State.FAILED
    assert "exceeded quota" in looked.text


@pytest.mark.parametrize("plural", ["statefulsets", "daemonsets"])
def test_on_delete_has_no_roll_out_for_kubectl_either(
    cluster: Cluster, tmp_path: Path, plural: str
) -> None:
    found = cluster.add(workload(plural, updateStrategy={"type": "OnDelete"}))
    said = status_of(cluster, tmp_path, plural)
    assert said.status == 1
    assert "only available for RollingUpdate" in said.text
    assert "OnDelete" in obstacle(Kind(plural[:-1]), found)[0]


# The patch.


def ours(cluster: Cluster, plural: str = "deployments", **raw: Any) -> Any:
    return deploying(cluster, workload=f"{plural[:-1]}/web", **raw)


def assignment(version: str) -> Assignment:
    return Assignment("web", "uat", version, "", version, "d1", "alice", 1000.0)


@pytest.mark.parametrize("plural", ["deployments", "statefulsets", "daemonsets"])
@pytest.mark.parametrize("init", [False, True])
def test_our_patch_sets_what_kubectl_set_image_sets(
    cluster: Cluster, tmp_path: Path, plural: str, init: bool
) -> None:
    before = workload(plural)
    cluster.add(copy.deepcopy(before))
    images = [f"web={IMAGE}:v2.0.0"] + ([f"migrate={IMAGE}:v2.0.0"] if init else [])
    said = at_kubectl(cluster, tmp_path, "set", "image", f"{plural}/web", *images)
    assert said.status == 0, said
    theirs = cluster.patches[-1]
    cluster.add(copy.deepcopy(before))
    init_containers: Optional[Dict[str, str]] = {"migrate": IMAGE + ":{version}"} if init else {}
    ours(cluster, plural, init_containers=init_containers).service.start(assignment("v2.0.0"))
    mine = cluster.patches[-1]

    pods = mine["spec"]["template"]["spec"]
    for name in ("containers", "initContainers"):
        sent = theirs["spec"]["template"]["spec"].get(name)
        assert pods.get(name) == sent, name
    assert merge(before, mine)["spec"] == merge(before, theirs)["spec"]
    # What is ours alone: the version of the object, and annotations that replace no pod.
    assert set(mine) == {"metadata", "spec"}
    assert set(mine["metadata"]) == {"resourceVersion", "annotations"}


def test_a_container_that_is_not_there_is_refused_by_kubectl_too(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.add(workload())
    said = at_kubectl(cluster, tmp_path, "set", "image", "deployments/web", "wbe=x:1")
    assert said.status == 1
    assert 'unable to find container named "wbe"' in said.text
    assert cluster.patches == []


def test_kubectl_sees_a_roll_out_of_ours_to_its_end(cluster: Cluster, tmp_path: Path) -> None:
    found = cluster.add(workload())
    ours(cluster).service.start(assignment("v2.0.0"))
    unobserved(found)
    assert verdict_of(status_of(cluster, tmp_path)) is State.RUNNING
    done(found)
    assert verdict_of(status_of(cluster, tmp_path)) is State.SUCCEEDED
