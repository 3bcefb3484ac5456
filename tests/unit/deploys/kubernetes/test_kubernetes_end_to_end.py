"""A deployment to Kubernetes from the command to the record, also when its runner dies."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from opsroom.records.model import Event
from support.deploys.kubernetes import ROLLING
from support.deploys.runs import Clock
from support.deploys.stateful_sets import StatefulSet
from support.vendors.kubernetes import (
    NAMESPACE,
    TOKEN,
    Cluster,
    at,
    done,
    pod,
    unobserved,
    waiting,
)
from support.worlds.world import World, make_world


def keys_of(cluster: Cluster, workload: str) -> Dict[str, Any]:
    """The config of a deployment to this cluster, and of its version source."""
    return {
        **{"kind": "kubernetes", "url": cluster.url("").rstrip("/"), "token": TOKEN},
        **{"namespace": NAMESPACE, "workload": workload, "container": "web"},
        "image": "registry.example.com/web:{version}",
    }


def killed(world: World, function: str) -> None:
    """A deployment of v2.0.0 whose runner dies there."""
    given = {"app": "site", "version": "v2.0.0", "environment": "uat"}
    assert world.spawn("deploy", die_at=function, **given).wait() == -signal.SIGKILL
    world.let_leases_run_out()


@pytest.fixture
def world(tmp_path: Path, cluster: Cluster, clock: Clock) -> World:
    clock.now = time.time()  # processes that die live by the clock of the machine
    cluster.lists["pods"] = [pod("web-1", "v1.0.0"), pod("web-2", "v1.0.0")]
    keys = keys_of(cluster, "deployment/web")
    return make_world(tmp_path).with_app("site", deploy=keys, version=dict(keys))


def finished(cluster: Cluster) -> Any:
    """The step in which the roll-out is complete, and its pods run."""

    def step(found: Dict[str, Any]) -> None:
        done(found)
        image = found["spec"]["template"]["spec"]["containers"][0]["image"]
        version = image.rpartition(":")[2]
        cluster.lists["pods"] = [pod("web-3", version), pod("web-4", version)]

    return step


def deployed(world: World, version: str = "v2.0.0") -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("deploy", app="site", version=version, environment="uat")
    return answer


def test_a_deployment_is_verified_by_its_pods_and_recorded(world: World, cluster: Cluster) -> None:
    cluster.steps = [unobserved, ROLLING, finished(cluster)]
    answer = deployed(world)
    assert answer["ok"], answer
    assert "deployed site v2.0.0 to uat (before: v1.0.0), verified" in answer["message"]
    end = world.records()[-1]
    annotations = cluster.objects["deployments", "web"]["metadata"]["annotations"]
    assert (end.version, annotations["opsroom/deploy"]) == ("v2.0.0", end.deployment)
    assert TOKEN not in str([answer, world.records()])
    assert TOKEN not in json.dumps(cluster.objects["deployments", "web"])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_next_deployment_follows_what_a_dead_runner_began(
    world: World, cluster: Cluster, moment: str
) -> None:
    # Before the response was read, or after.
    function = {
        "after": "opsroom.deploys.remote.follower:Follower.until:before",
        "before": "opsroom.vendors.kubernetes.client:Client.patch:after",
    }[moment]
    killed(world, function)
    assert len(cluster.patches) == 1
    cluster.steps = [ROLLING, ROLLING, finished(cluster)]
    answer = deployed(world)
    assert answer["ok"], answer
    assert len(cluster.patches) == 1


def test_a_failure_says_why_in_the_room(world: World, cluster: Cluster) -> None:
    exceeded = ("Progressing", "False", "ProgressDeadlineExceeded", "")
    cluster.steps = [at(replicas=4, updatedReplicas=1, conditions=[exceeded])]
    cluster.lists["pods"].append(pod("web-3", state=waiting("ErrImagePull", "not found")))
    answer = deployed(world)
    assert (answer["ok"], answer["code"]) == (False, "deploy_failed")
    assert "pod web-3 cannot pull image registry.example.com/web:v2.0.0" in answer["message"]
    assert "v1.0.0 runs there now" in answer["message"]


# In steps.

IN_A_PAUSE = "opsroom.deploys.kubernetes.deployer:_wait:before"


@pytest.fixture
def in_steps(tmp_path: Path, cluster: Cluster, clock: Clock) -> Tuple[World, StatefulSet]:
    clock.now = time.time()
    cluster.objects.clear()
    pods = StatefulSet(cluster, 3)
    keys = keys_of(cluster, "statefulset/web")
    deploy = {**keys, "steps": [1, "100%"], "pause": "1s"}
    return make_world(tmp_path).with_app("site", deploy=deploy, version=keys), pods


def test_steps_are_checked_by_the_version_source_and_recorded(
    in_steps: Tuple[World, StatefulSet],
) -> None:
    world, pods = in_steps
    answer = deployed(world)
    assert answer["ok"], answer
    assert "deployed site v2.0.0 to uat (before: v1.0.0), verified" in answer["message"]
    assert pods.versions() == ["v2.0.0"] * 3


def test_a_runner_that_dies_in_a_pause_is_followed_and_nothing_is_begun_again(
    in_steps: Tuple[World, StatefulSet], cluster: Cluster
) -> None:
    world, pods = in_steps
    killed(world, IN_A_PAUSE)
    assert pods.versions() == ["v1.0.0", "v1.0.0", "v2.0.0"]
    answer = deployed(world)
    assert answer["ok"], answer
    assert pods.versions() == ["v2.0.0"] * 3
    assert len([patch for patch in cluster.patches if "template" in patch["spec"]]) == 1
    (lost,) = [one for one in world.records() if one.event is Event.INTERRUPTED]
    assert "runs v1.0.0 in 2 pods and v2.0.0 in 1 pod" in lost.message


def test_one_answer_of_an_application_does_not_speak_for_a_roll_out_that_stands_still(
    in_steps: Tuple[World, StatefulSet],
) -> None:
    """A load balancer may have asked the only pod that has the new version."""
    world, pods = in_steps
    killed(world, IN_A_PAUSE)
    lucky = {"kind": "command", "command": ["echo", "v2.0.0"]}
    world.with_app("site", deploy=world.config["apps"]["site"]["deploy"], version=lucky)
    answer = deployed(world)
    assert answer["code"] == "deployed", answer
    assert pods.versions() == ["v2.0.0"] * 3
