"""The deploy kind kubernetes at the played API server, with time that passes only while someone
waits."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Tuple

import pytest

from opsroom import deploys
from opsroom.deploys import Resolved, Target
from opsroom.deploys.kubernetes.deployer import KubernetesDeployer
from opsroom.errors import OpsroomError
from support.deploys.jobs import Notes, lost
from support.options import read_options
from support.servers.http import Request
from support.vendors.kubernetes import IMAGE, NAMESPACE, TOKEN, Cluster, at

TARGET = Target("web", "uat")
V1, V2 = Resolved("v1.0.0", "v1.0.0"), Resolved("v2.0.0", "v2.0.0")
PODS = {"replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3}
ROLLING = at(**PODS)


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    given = {
        "url": "https://kubernetes.example.com",
        "token": TOKEN,
        "namespace": NAMESPACE,
        "workload": "deployment/{app}",
        "image": "registry.example.com/{app}:{version}",
        "container": "{app}",
        **raw,
    }
    known = {key: one for key, one in given.items() if one is not None}
    return read_options(deploys.REGISTRY, "kubernetes", known, "apps.web.deploy")


def deploying(cluster: Cluster, **raw: Any) -> KubernetesDeployer:
    options, lines = options_of(**{"url": cluster.url("").rstrip("/"), **raw})
    assert lines == []
    made = deploys.REGISTRY.make("kubernetes", options, target=TARGET)
    assert isinstance(made, KubernetesDeployer)
    return made


def caught(call: Callable[..., Any], *arguments: Any) -> OpsroomError:
    with pytest.raises(OpsroomError) as error:
        call(*arguments)
    found = error.value
    assert found.message.endswith("."), found.message
    assert TOKEN not in found.sentence() + repr(found.facts) + repr(found)
    return found


def deploy(cluster: Cluster, job: Any = None, version: Resolved = V2, **raw: Any) -> Notes:
    """Deploy to the end; the job of it."""
    job = job or Notes()
    deploying(cluster, **raw).deploy(version, job)
    return job


def fails(cluster: Cluster, job: Any = None, version: Resolved = V2, **raw: Any) -> OpsroomError:
    """The error of a deployment."""
    return caught(deploying(cluster, **raw).deploy, version, job or Notes())


def images(cluster: Cluster, plural: str = "deployments", name: str = "web") -> Dict[str, str]:
    pods = cluster.objects[plural, name]["spec"]["template"]["spec"]
    every = [*pods["containers"], *pods["initContainers"]]
    return {one["name"]: one["image"] for one in every}


def is_patch(request: Request) -> bool:
    return request.method == "PATCH"


def set_image(cluster: Cluster, version: str) -> Callable[[Any], None]:
    def step(found: Any) -> None:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:{version}"
        found["metadata"]["generation"] += 1

    return step


def left_behind(cluster: Cluster, version: Resolved = V2, run: bool = True) -> Notes:
    """A job at a place where deployment d0 set the image, and its runner died; with or without the
    run's id."""
    cluster.steps = [ROLLING]
    dying = Notes(on_note=lambda line: lost())
    dying.deployment = "d0"
    fails(cluster, dying, version)
    job, kept = Notes(), json.loads(dying.handles["kubernetes"])
    job.handles["kubernetes"] = json.dumps({**kept, "run": kept["run"] if run else ""})
    return job
