"""A StatefulSet in steps: which pods have the version when, and who else may change it."""

from __future__ import annotations

import pytest

from opsroom.deploys import OwnRollback
from opsroom.errors import Code
from support.deploys.jobs import Notes
from support.deploys.kubernetes import V1, V2, caught, deploy, deploying, fails, is_patch
from support.deploys.runs import Clock
from support.deploys.stateful_sets import (
    NEW,
    OLD,
    STEPS,
    StatefulSet,
    at_note,
    partitions,
)
from support.servers.http import HttpServer, Reply
from support.vendors.kubernetes import IMAGE, Cluster, changed

# Step by step.


def test_each_step_has_its_share_of_the_pods_and_no_more(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    job, counts = Notes(), []
    job._on_note = lambda line: counts.append(pods.versions().count(NEW)) if "waits" in line else 0
    deploy(cluster, job, **STEPS)
    assert partitions(cluster) == [9, 5, 0]
    assert pods.versions() == [NEW] * 10
    assert pods.history == sorted(pods.history), "no pod went back"
    assert "opsroom/steps" not in pods.found["metadata"]["annotations"]
    assert clock.now > 1120.0
    assert job.handles == {"kubernetes": "", "steps": ""}
    lines = [line for line in job.lines if line.startswith("roll-out of shop/web")]
    assert (
        "roll-out of shop/web is at step 2 of 3, 50 %: 4 of 10 pods, and 9 are ready"
        in " ".join(lines)
    )
    assert any(
        "step 1 of 3, 10 %: 1 of 10 pods; the next one begins after 1 min" in one for one in lines
    )
    assert any("step 2 of 3, 50 %: 5 of 10 pods; the next one begins" in one for one in lines)


def test_the_partition_and_the_image_are_one_patch(cluster: Cluster, pods: StatefulSet) -> None:
    deploy(cluster, **STEPS)
    first, *others = cluster.patches
    assert first["spec"]["updateStrategy"] == {"rollingUpdate": {"partition": 9}}
    assert first["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:{NEW}"
    assert first["metadata"]["annotations"]["opsroom/steps"] == '{"step": 1, "partition": 9}'
    assert all(patch["metadata"]["resourceVersion"] for patch in cluster.patches)
    assert all("template" not in patch["spec"] for patch in others)
    assert all(request.query["fieldManager"] == ["opsroom"] for request in cluster.sent("PATCH"))


def test_a_step_that_adds_no_pod_has_no_pause(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    pods.found["spec"]["replicas"] = 2
    pods.pods, pods._ready = pods.pods[:2], [True, True]
    deploy(cluster, **STEPS)
    assert partitions(cluster) == [1, 1, 0]
    assert 1060.0 < clock.now < 1160.0


def test_one_pod_alone_has_no_share(cluster: Cluster, pods: StatefulSet, clock: Clock) -> None:
    pods.found["spec"]["replicas"] = 1
    pods.pods, pods._ready = pods.pods[:1], [True]
    deploy(cluster, **STEPS)
    assert partitions(cluster) == []
    assert clock.now < 1100.0


def test_the_image_that_is_set_already_is_held_by_nothing(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    deploy(cluster, version=V1, **STEPS)
    assert partitions(cluster) == []
    assert clock.now == 1000.0


def test_a_rollback_has_no_steps(cluster: Cluster, pods: StatefulSet, clock: Clock) -> None:
    made = deploying(cluster, **STEPS, check={"url": "http://127.0.0.1:1/"})
    assert isinstance(made, OwnRollback)
    made.roll_back(V2, Notes())
    assert partitions(cluster) == []
    assert pods.versions() == [NEW] * 10
    assert clock.now < 1200.0


def test_fewer_pods_are_wanted_meanwhile(cluster: Cluster, pods: StatefulSet) -> None:
    def scale() -> None:
        pods.found["spec"]["replicas"] = 4
        pods.found["metadata"]["generation"] += 1

    deploy(cluster, at_note("step 1 of 3 is done", scale), **STEPS)
    # 10 % of four pods is one.
    assert partitions(cluster) == [9, 3, 2, 0]
    assert pods.versions() == [NEW] * 4


def test_a_partition_of_someone_else_is_refused(cluster: Cluster, pods: StatefulSet) -> None:
    pods.found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 4
    made = deploying(cluster, **STEPS)
    assert caught(made.deploy, V2, Notes()).code is Code.NOT_POSSIBLE
    assert "has a partition of 4" in made.warnings(V2)[0]
    assert cluster.patches == []


# Someone else.


def test_who_lowers_the_partition_lets_it_go_on(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/", Reply(200))

    def lower() -> None:
        pods.found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 0
        pods.found["metadata"]["generation"] += 1

    job = at_note("step 1 of 3 is done", lower)
    deploy(cluster, job, **STEPS, check={"url": server.url("/")})
    assert pods.versions() == [NEW] * 10
    assert partitions(cluster) == [9]


def test_who_raises_the_partition_is_waited_for(cluster: Cluster, pods: StatefulSet) -> None:
    def set_to(partition: int) -> None:
        pods.found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = partition
        pods.found["metadata"]["generation"] += 1

    def note(line: str) -> None:
        if "step 1 of 3 is done" in line:
            set_to(10)
        elif "is held by a partition: pods below number 10 keep their image" in line:
            set_to(0)

    deploy(cluster, Notes(on_note=note), **STEPS)
    assert pods.versions() == [NEW] * 10
    assert partitions(cluster) == [9]


def test_who_sets_another_image_keeps_it_and_reads_of_the_partition(
    cluster: Cluster, pods: StatefulSet
) -> None:
    def other() -> None:
        pods.found["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:v9"
        pods.found["metadata"]["generation"] += 1

    error = fails(cluster, at_note("step 1 of 3 is done", other), **STEPS)
    assert (
        f"someone has set {IMAGE}:v9 meanwhile, and that stays, and so does the partition 9 of its "
        "steps"
    ) in error.message
    assert pods.versions() == [OLD] * 9 + ["v9"]


def test_who_is_faster_at_a_step_is_read_again(cluster: Cluster, pods: StatefulSet) -> None:
    job = at_note(
        "step 1 of 3 is done", lambda: cluster.between.append(lambda: changed(pods.found))
    )
    deploy(cluster, job, **STEPS)
    assert partitions(cluster) == [9, 5, 0]


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_lost_answer_to_a_step_is_read_again(
    cluster: Cluster, pods: StatefulSet, drop: str
) -> None:
    job = at_note("step 1 of 3 is done", lambda: cluster.after(drop, where=is_patch))
    deploy(cluster, job, **STEPS)
    assert partitions(cluster) == [9, 5, 0]
