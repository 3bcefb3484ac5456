"""Roll-outs that are cancelled, that outlive their runner, or whose answer is lost."""

from __future__ import annotations

import json

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code
from support.deploys.jobs import Notes, lost
from support.deploys.kubernetes import (
    ROLLING,
    V1,
    deploy,
    deploying,
    fails,
    images,
    is_patch,
    left_behind,
    set_image,
)
from support.deploys.runs import Clock, stopping
from support.vendors.kubernetes import (
    IMAGE,
    Cluster,
    at,
    changed,
    done,
    pod,
    status_of,
    waiting,
    workload,
)

# Cancelled.


def test_cancelling_sets_the_earlier_image_back(cluster: Cluster) -> None:
    cluster.steps, job = [ROLLING], stopping(5)
    error = fails(cluster, job)
    assert error.code is Code.CANCELLED
    assert "was cancelled: the images from before are set again" in error.message
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"
    annotations = cluster.objects["deployments", "web"]["metadata"]["annotations"]
    assert "opsroom/deploy" not in annotations
    assert annotations["kubernetes.io/change-cause"].startswith("opsroom set the image")
    assert "left_running" not in error.facts


def test_cancelling_leaves_an_image_alone_that_someone_set_meanwhile(cluster: Cluster) -> None:
    job = left_behind(cluster)
    set_image(cluster, "v3.0.0")(cluster.objects["deployments", "web"])
    ended = deploying(cluster).cancel_left(job)
    assert len(cluster.patches) == 1
    assert "ended as failed: someone has set registry.example.com/web:v3.0.0" in ended.text
    assert images(cluster)["web"] == f"{IMAGE}:v3.0.0"
    assert not ended.left_running


def test_cancelling_tries_again_after_a_status_was_written_in_between(cluster: Cluster) -> None:
    job, found = left_behind(cluster), cluster.objects["deployments", "web"]
    cluster.between = [lambda: changed(found)]
    assert "was cancelled" in deploying(cluster).cancel_left(job).text
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"


def test_the_same_image_as_before_cannot_be_set_back(cluster: Cluster) -> None:
    job = left_behind(cluster, V1)
    cluster.objects["deployments", "web"]["metadata"]["generation"] = 2
    cluster.steps = [ROLLING]
    ended = deploying(cluster).cancel_left(job)
    assert "could not be cancelled (Its images are those from before" in ended.text
    assert ended.left_running


def test_a_cancelled_stateful_set_says_which_pod_has_to_be_deleted(cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.add(workload("statefulsets"))
    broken = at(updatedReplicas=1, readyReplicas=2, updateRevision="r3", currentRevision="r1")
    cluster.steps, job = [broken], stopping(5)
    cluster.lists["pods"] = [pod("web-2", state=waiting("ErrImagePull"), revision="r2")]
    error = fails(cluster, job, workload="statefulset/web")
    assert "the images from before are set again; pod web-2 is broken" in error.message


def test_cancelling_without_the_right_says_that_it_goes_on(cluster: Cluster) -> None:
    job = left_behind(cluster)
    cluster.denied = [("patch", "deployments")]
    ended = deploying(cluster).cancel_left(job)
    assert ended.left_running
    assert "could not be cancelled (The account of opsroom may not patch deployments" in ended.text


def test_who_lost_the_claim_leaves_the_images_alone(cluster: Cluster) -> None:
    cluster.steps, job = [ROLLING], stopping(5, lost)
    assert fails(cluster, job).code is Code.CLAIM_LOST
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


# Answers that are lost, and runners that die.


@pytest.mark.parametrize("run", [True, False])
def test_a_left_roll_out_is_followed_and_not_begun_again(cluster: Cluster, run: bool) -> None:
    job = left_behind(cluster, run=run)
    cluster.steps = [ROLLING, done]
    deploy(cluster, job)
    assert len(cluster.patches) == 1
    assert job.handles["kubernetes"] == ""


@pytest.mark.parametrize("run", [True, False])
def test_what_was_left_is_cancelled_for_someone_else(cluster: Cluster, run: bool) -> None:
    job = left_behind(cluster, run=run)
    assert "was cancelled" in deploying(cluster).cancel_left(job).text
    assert images(cluster)["web"] == f"{IMAGE}:v1.0.0"


def test_another_version_waits_for_a_left_roll_out(cluster: Cluster) -> None:
    job = left_behind(cluster)
    error = fails(cluster, job, version=Resolved("v3.0.0", "v3.0.0"))
    assert error.code is Code.BUSY
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


def test_images_too_long_for_an_id_are_read_from_the_workload(cluster: Cluster) -> None:
    pods = cluster.objects["deployments", "web"]["spec"]["template"]["spec"]["containers"]
    names = [f"c{number}" for number in range(20)]
    long = "registry.example.com/" + "a" * 80
    pods.extend({"name": name, "image": f"{long}:v1.0.0"} for name in names)
    more = {"containers": dict.fromkeys(names, long + ":{version}")}
    cluster.steps, job = [ROLLING], stopping(5, lost)
    fails(cluster, job, **more)
    assert len(json.loads(job.handles["kubernetes"])["run"]) < 2000
    job._on_check = None
    assert "was cancelled" in deploying(cluster, **more).cancel_left(job).text
    assert set(images(cluster).values()) == {
        f"{long}:v1.0.0",
        f"{IMAGE}:v1.0.0",
        "registry.example.com/proxy:7",
    }


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_lost_answer_is_found_by_the_annotation(cluster: Cluster, drop: str) -> None:
    cluster.after(drop, where=is_patch)
    deploy(cluster)
    assert len(cluster.sent("PATCH")) == 1
    assert images(cluster)["web"] == f"{IMAGE}:v2.0.0"


@pytest.mark.parametrize("status", [500, 503, 504])
def test_an_error_of_the_server_that_did_nothing_repeats_nothing(
    cluster: Cluster, clock: Clock, status: int
) -> None:
    cluster.instead(status_of(status, "ServerTimeout", "etcd is slow"), where=is_patch)
    job = Notes()
    error = fails(cluster, job)
    assert "Kubernetes started nothing" in error.message
    assert error.facts["sent"] is False
    assert clock.now >= 1060.0
    assert len(cluster.sent("PATCH")) == 1
    assert job.handles["kubernetes"] == ""
