"""A deployment by GitHub from the command to the record, also when its runner dies."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any, Dict

import pytest

from support.deploys.github import LINK, dispatched
from support.deploys.sites import Site
from support.vendors.github_deployments import GithubDeployments
from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path, site: Site) -> World:
    site.clock.now = time.time()  # processes that die live by the clock of the machine
    deploy = {"kind": "github", "url": site.url, **site.kind.config}
    return make_world(tmp_path).with_app("site", deploy=deploy)


def deployed(world: World, version: str = "v1.0.0") -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("deploy", app="site", version=version, environment="uat")
    return answer


def test_a_deployment_is_recorded_with_its_run(
    world: World, site: Site, github: GithubDeployments
) -> None:
    answer = deployed(world)
    assert answer["ok"], answer
    assert LINK in answer["message"]
    end = world.records()[-1]
    assert (end.version, end.facts["commit"]) == ("v1.0.0", github.tags["v1.0.0"])
    assert end.facts["link"] == LINK
    assert dispatched(site)[0]["inputs"]["opsroom"] == f"opsroom-{end.deployment}"
    assert site.kind.secret not in str([answer, world.records()])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_next_deployment_follows_what_a_dead_runner_started(
    world: World, site: Site, github: GithubDeployments, moment: str
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
    assert len(dispatched(site)) == len(github.runs) == 1


def test_a_failure_says_why_and_where(world: World, github: GithubDeployments) -> None:
    github.states = [("in_progress", None), ("completed", "startup_failure")]
    answer = deployed(world)
    assert (answer["ok"], answer["code"]) == (False, "deploy_failed")
    assert "could not start: GitHub does not accept the workflow's file" in answer["message"]
    assert (answer["link"], answer["hint"]) == (LINK, f"See {LINK}")
