"""A deployment by GitHub from the command to the record, also when its runner dies."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from support.contracts.vendor import Vendor, body_of
from support.deploys.runs import Clock
from support.vendors.github import TOKEN
from support.vendors.github_deployments import GithubDeployments
from support.worlds.world import World, make_world

LINK = "https://github.com/acme/web/actions/runs/4711"


@pytest.fixture
def world(tmp_path: Path, vendor: Vendor, clock: Clock) -> World:
    clock.now = time.time()  # processes that die live by the clock of the machine
    keys = {"kind": "github", "token": TOKEN, "repository": "acme/web", "url": vendor.url("")}
    deploy = {**keys, "workflow": "deploy.yml", "site": "https://github.com"}
    return make_world(tmp_path).with_app("site", deploy=deploy)


def deployed(world: World, version: str = "v1.0.0") -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("deploy", app="site", version=version, environment="uat")
    return answer


def dispatches(vendor: Vendor) -> List[Any]:
    return [body_of(one) for one in vendor.sent("POST") if one.path.endswith("/dispatches")]


def test_a_deployment_is_recorded_with_its_run(
    world: World, vendor: Vendor, github: GithubDeployments
) -> None:
    answer = deployed(world)
    assert answer["ok"], answer
    assert LINK in answer["message"]
    end = world.records()[-1]
    assert (end.version, end.facts["commit"]) == ("v1.0.0", github.tags["v1.0.0"])
    assert end.facts["link"] == LINK
    assert dispatches(vendor)[0]["inputs"]["opsroom"] == f"opsroom-{end.deployment}"
    assert TOKEN not in str([answer, world.records()])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_next_deployment_follows_what_a_dead_runner_started(
    world: World, vendor: Vendor, github: GithubDeployments, moment: str
) -> None:
    # Before the response was read, or after.
    function = {
        "after": "opsroom.deploys.remote.follower:Follower.to_the_end:before",
        "before": "opsroom.vendors.github.actions:Workflow.dispatch:after",
    }[moment]
    process = world.spawn(
        "deploy", die_at=function, app="site", version="v1.0.0", environment="uat"
    )
    assert process.wait() == -signal.SIGKILL
    assert len(github.runs) == 1
    world.let_leases_run_out()
    answer = deployed(world)
    assert answer["ok"], answer
    assert LINK in answer["message"]
    assert len(dispatches(vendor)) == len(github.runs) == 1


def test_a_failure_says_why_and_where(
    world: World, vendor: Vendor, github: GithubDeployments
) -> None:
    github.states = [("in_progress", None), ("completed", "startup_failure")]
    answer = deployed(world)
    assert (answer["ok"], answer["code"]) == (False, "deploy_failed")
    assert "could not start: GitHub does not accept the workflow's file" in answer["message"]
    assert (answer["link"], answer["hint"]) == (LINK, f"See {LINK}")
