"""The deploy kind github at the played GitHub."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import REGISTRY, Resolved, Target
from opsroom.errors import OpsroomError
from support.contracts.vendor import Vendor, body_of
from support.deploys.jobs import Notes
from support.servers.http import Request
from support.vendors.github import TOKEN
from support.vendors.github_deployments import REPOSITORY

DEPLOYMENT = "0123456789abcdef"
MARK = f"opsroom-{DEPLOYMENT}"
LINK = "https://github.com/acme/web/actions/runs/4711"


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    """The options of these keys, and what is wrong with them."""
    problems = Problems()
    known = {"token": TOKEN, "repository": REPOSITORY, "workflow": "deploy.yml", **raw}
    given = {key: value for key, value in known.items() if value is not ...}
    fields = Fields(given, "apps.web.deploy", problems)
    options = REGISTRY.read_options("github", fields)
    fields.finish()
    return options, problems.lines


def deployer_at(vendor: Vendor, **raw: Any) -> Any:
    """A deployer for web on uat."""
    options, lines = options_of(url=vendor.url(""), site="https://github.com", **raw)
    assert lines == []
    return REGISTRY.make("github", options, target=Target("web", "uat"))


def a_job() -> Notes:
    """A job with an id as the record gives them."""
    job = Notes()
    job.deployment = DEPLOYMENT
    return job


def caught(action: Any, *arguments: Any) -> OpsroomError:
    """The error of an action: a whole sentence, with no secret in any part of it."""
    with pytest.raises(OpsroomError) as raised:
        action(*arguments)
    error = raised.value
    assert TOKEN not in f"{error} {error.hint} {error.facts}"
    return error


def after(other: Any) -> Any:
    """A job at a place where an earlier one left something."""
    work = a_job()
    work.deployment = "fedcba9876543210"
    work.handles = dict(other.handles)
    return work


def is_post(request: Request) -> bool:
    """Whether something is started or changed by it."""
    return request.method == "POST"


def dispatched(vendor: Vendor) -> List[Dict[str, Any]]:
    """The bodies of all requests to start something."""
    return [body_of(one) for one in vendor.sent("POST") if one.path.endswith("/dispatches")]


def v1(deployer: Any) -> Resolved:
    """The version v1.0.0 as it is looked up."""
    return deployer.resolve("v1.0.0")


def leave(work: Any, run: str, version: str = "v1.0.0") -> None:
    """What a runner leaves that dies after it asked for a run."""
    left = {"app": "web", "environment": "uat", "version": version, "commit": "", "asked": version}
    known = {"deployment": DEPLOYMENT, "requester": "bob", "since": 1_790_000_000.0, "run": run}
    work.handles["github"] = json.dumps({**left, **known, "rollback": False})
