"""Deploying through an action of a played StackStorm."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

from opsroom import deploys
from opsroom.deploys import Resolved, Target
from support.deploys.jobs import Notes
from support.options import read_options
from support.stackstorm.fake import FakeStackStorm

TARGET = Target("web", "uat")


E1 = "execution e1 of acme.deploy"


PLACE = {"app": "web", "environment": "uat"}


PARAMETERS = {
    "service": "{app}",
    "where": ["{environment}", {"tag": "{app}-{version}"}],
    "by": "{requester}",
    "replicas": 3,
    "dry": False,
}


def read(registry: Any, **raw: Any) -> Tuple[Any, List[str]]:
    given = {"action": "acme.deploy", **raw}
    return read_options(registry, "stackstorm", given, "apps.web.deploy")


def deployer(**raw: Any) -> Any:
    options, lines = read(deploys.REGISTRY, **{"parameters": PARAMETERS, **raw})
    assert lines == []
    return deploys.REGISTRY.make("stackstorm", options, target=TARGET)


def ends(status: str = "succeeded", after: int = 1, result: Any = None) -> Any:
    """At the so-many-th look it has ended."""
    looks = 0

    def look(execution: Dict[str, Any]) -> None:
        nonlocal looks
        looks += 1
        if looks >= after and execution["status"] not in ("canceled",):
            execution.update(status=status, result=result)
        elif execution["status"] == "requested":
            execution["status"] = "running"

    return look


def started(storm: FakeStackStorm) -> List[Any]:
    return [json.loads(one.body) for one in storm.requests if one.method == "POST"]


def deploy(job: Any = None, version: str = "v1.2.0", **raw: Any) -> Any:
    job = job or Notes()
    deployer(**raw).deploy(Resolved(version, version), job)
    return job
