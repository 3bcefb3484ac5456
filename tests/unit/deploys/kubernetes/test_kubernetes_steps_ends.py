"""A StatefulSet in steps: the checks in between, the way back, and runners that die in a pause."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.deploys.jobs import Notes, cancelled, lost
from support.deploys.kubernetes import V1, V2, deploy, deploying, fails, images, left_behind
from support.deploys.runs import Clock
from support.deploys.stateful_sets import (
    NEW,
    OLD,
    STEPS,
    StatefulSet,
    at_note,
    is_as_at_first,
    partitions,
)
from support.servers.http import HttpServer, Reply
from support.vendors.kubernetes import IMAGE, Cluster, done, status_of

# Checks.


def test_a_failed_check_brings_the_version_from_before_back(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/health", Reply(200), Reply(200), Reply(503))
    job = Notes()
    check = {"url": server.url("/health"), "within": 1}
    error = fails(cluster, job, **STEPS, check=check)
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == (
        f"The check did not pass within 1 s: {server.url('/health')} answered 503 Service "
        "Unavailable. v1.0.0 is on all 10 pods again."
    )
    assert error.facts["rolled_back"] is True
    assert pods.versions() == [OLD] * 10
    assert max(pods.history) == 10, "those of the revision that is set again"
    assert is_as_at_first(pods)
    assert job.handles == {"kubernetes": "", "steps": ""}


@pytest.mark.parametrize("what", ["PATCH", "GET"])
def test_a_server_that_does_not_answer_for_a_moment_keeps_nobody_from_the_way_back(
    cluster: Cluster, pods: StatefulSet, server: HttpServer, what: str
) -> None:
    def answer(request: Any) -> Reply:
        for _ in range(2):
            cluster.instead(
                status_of(503, "ServiceUnavailable", "etcd is away"),
                where=lambda request: request.method == what,
            )
        return Reply(500)

    server.on("/", answer)
    check = {"url": server.url("/"), "within": 1}
    error = fails(cluster, **STEPS, check=check)
    assert "v1.0.0 is on all 10 pods again" in error.message
    assert is_as_at_first(pods)


def test_a_version_that_is_neither_old_nor_new_fails_it(
    cluster: Cluster, pods: StatefulSet
) -> None:
    job = Notes()
    mixed = {"mixed": True, "versions": {OLD: 9, NEW: 1}}
    differ = Failure(Code.BAD_ANSWER, "They differ.", facts=mixed)
    job.reports = [Running(OLD), differ, Running("v9")]
    error = fails(cluster, job, **STEPS)
    assert error.message == (
        "After step 1 of 3 the application reports v9, expected v1.0.0 or v2.0.0. v1.0.0 is on all "
        "10 pods again."
    )
    assert is_as_at_first(pods)


def test_pods_that_do_not_come_back_are_counted_and_named(
    cluster: Cluster, pods: StatefulSet, server: HttpServer, clock: Clock
) -> None:
    def crash(request: Any) -> Reply:
        # The new pod crashes from now on; Kubernetes waits for it before it replaces any.
        pods.crashing = {NEW}
        return Reply(500)

    server.on("/", crash)
    check = {"url": server.url("/"), "within": 1}
    error = fails(cluster, **STEPS, check=check)
    assert (
        "v1.0.0 is on 9 of 10 pods again; pod web-9 is broken and Kubernetes does not replace it: "
        "delete it."
    ) in error.message
    assert clock.now > 1300.0


def test_a_check_that_names_pods_is_asked_of_those_of_the_step(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    pods.found["spec"]["ordinals"] = {"start": 100}
    for number in range(100, 110):
        server.on(f"/web-{number}", Reply(200, NEW))
    check = {"url": server.url("/{host}"), "text": "{version}"}
    deploy(cluster, **{**STEPS, "pause": None}, check=check)
    steps = [[109], range(105, 109), range(100, 105)]
    assert server.paths() == [f"/web-{number}" for step in steps for number in step]


def test_an_answer_that_fails_where_nothing_was_changed_sets_nothing_back(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/", Reply(500))
    check = {"url": server.url("/"), "within": 1}
    error = fails(cluster, version=V1, **STEPS, check=check)
    assert "Its images are those from before, so none is set back." in error.message


def test_a_deployment_has_a_check_at_its_end(cluster: Cluster, server: HttpServer) -> None:
    server.on("/", Reply(503))
    check = {"url": server.url("/"), "within": 1}
    error = fails(cluster, check=check)
    assert "503 Service Unavailable. v1.0.0 is on all 3 pods again." in error.message
    assert images(cluster)["web"] == f"{IMAGE}:{OLD}"


def test_a_pod_that_breaks_in_a_pause_holds_the_next_step_up(
    cluster: Cluster, pods: StatefulSet
) -> None:
    job = at_note("step 1 of 3 is done", lambda: pods.crashing.add(NEW))
    error = fails(cluster, job, **STEPS, time_limit="5m")
    assert error.code is Code.TIMED_OUT
    assert "pod web-9 has container web that crashes again and again" in error.message
    assert partitions(cluster) == [9, 0], "the second one is the way back"


# Ends.


def test_cancelling_in_a_pause_sets_image_and_partition_back(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    job = Notes()
    job._on_check = lambda: cancelled() if clock.now > 1060.0 else None
    error = fails(cluster, job, **STEPS)
    assert error.code is Code.CANCELLED
    assert "was cancelled: the images from before are set again" in error.message
    assert is_as_at_first(pods)
    assert clock.now < 1070.0


def test_cancelling_the_way_back_does_not_stop_it(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    server.on("/", Reply(500))
    job = Notes()

    def check() -> None:
        if any("setting the images from before" in line for line in job.lines):
            cancelled()

    job._on_check = check
    keys = {**STEPS, "check": {"url": server.url("/"), "within": 1}}
    error = fails(cluster, job, **keys)
    assert error.code is Code.CANCELLED
    assert is_as_at_first(pods)


def test_the_time_limit_is_for_the_pauses_too(
    cluster: Cluster, pods: StatefulSet, clock: Clock
) -> None:
    keys = {**STEPS, "time_limit": "4m"}
    pods.crashing = set()
    job = at_note("step 2 of 3 is done", lambda: pods.crashing.add(OLD))
    error = fails(cluster, job, **keys)
    assert error.code is Code.TIMED_OUT
    assert "did not end within 4 min" in error.message
    assert 1240.0 <= clock.now < 1250.0
    assert is_as_at_first(pods)


# Runners that die.


def killed_in_the_pause(cluster: Cluster, step: int = 1) -> Notes:
    """What a runner wrote down that died in the pause after this step."""
    dying = at_note(f"step {step} of 3 is done", lost)
    dying.deployment = "d0"
    error = fails(cluster, dying, **STEPS)
    assert error.code is Code.CLAIM_LOST
    job = Notes()
    job.handles = dict(dying.handles)
    return job


@pytest.mark.parametrize("run", [True, False])
@pytest.mark.parametrize("step", [1, 2])
def test_who_comes_next_goes_on_where_it_stood(
    cluster: Cluster, pods: StatefulSet, clock: Clock, step: int, run: bool
) -> None:
    job = killed_in_the_pause(cluster, step)
    if not run:
        kept = json.loads(job.handles["kubernetes"])
        job.handles["kubernetes"] = json.dumps({**kept, "run": ""})
    before = len(cluster.patches)
    clock.now += 20.0
    began = clock.now
    made = deploying(cluster, **STEPS)
    assert made.is_halfway(job.kept)
    made.deploy(V2, job)
    assert partitions(cluster) == [9, 5, 0]
    assert all("template" not in patch["spec"] for patch in cluster.patches[before:])
    # What is left of this pause, and the ones after it.
    assert 40.0 < clock.now - began - 60.0 * (2 - step) < 120.0
    assert not made.is_halfway(job.kept)


def test_the_check_is_asked_of_a_roll_out_that_ended_without_its_runner(
    cluster: Cluster, server: HttpServer
) -> None:
    server.on("/", Reply(503))
    job = left_behind(cluster)
    cluster.steps = [done]
    error = fails(cluster, job, check={"url": server.url("/"), "within": 1})
    assert "503 Service Unavailable" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:{OLD}"


def test_another_version_reads_how_to_go_on(cluster: Cluster, pods: StatefulSet) -> None:
    job = killed_in_the_pause(cluster)
    error = fails(cluster, job, version=Resolved("v3.0.0", "v3.0.0"), **STEPS)
    assert error.code is Code.BUSY
    assert error.hint == (
        "To go on with it: deploy web v2.0.0 to uat, or end it: cancel deploy of web on uat"
    )


def test_what_was_left_is_cancelled_for_someone_else(cluster: Cluster, pods: StatefulSet) -> None:
    job = killed_in_the_pause(cluster, 2)
    ended = deploying(cluster, **STEPS).cancel_left(job)
    assert "was cancelled" in ended.text
    assert is_as_at_first(pods)


@pytest.mark.parametrize("steps", [STEPS, {**STEPS, "steps": None, "pause": None}])
def test_a_partition_that_was_left_is_no_obstacle_without_a_record(
    cluster: Cluster, pods: StatefulSet, steps: Dict[str, Any]
) -> None:
    killed_in_the_pause(cluster, 2)
    made = deploying(cluster, **steps)
    assert made.warnings(V2) == ()
    made.deploy(Resolved("v3.0.0", "v3.0.0"), Notes())
    assert pods.versions() == ["v3.0.0"] * 10
    assert pods.partition == 0


def test_the_way_back_is_to_what_ran_before_both(
    cluster: Cluster, pods: StatefulSet, server: HttpServer
) -> None:
    killed_in_the_pause(cluster)
    server.on("/", Reply(500))
    keys = {**STEPS, "check": {"url": server.url("/"), "within": 1}}
    error = fails(cluster, version=Resolved("v3.0.0", "v3.0.0"), **keys)
    assert "v1.0.0 is on all 10 pods again" in error.message
    assert pods.versions() == [OLD] * 10


def test_the_same_version_goes_on_without_a_record(cluster: Cluster, pods: StatefulSet) -> None:
    killed_in_the_pause(cluster, 2)
    deploy(cluster, **STEPS)
    assert partitions(cluster) == [9, 5, 0]
    assert pods.versions() == [NEW] * 10
