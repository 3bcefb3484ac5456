"""Deploying by a deployment of GitHub that someone else's automation carries out."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest

from opsroom.errors import Code, Refusal
from support.contracts.vendor import body_of
from support.deploys.sites import DEPLOYMENT, EARLIER, Site
from support.servers.http import Reply
from support.vendors.github_deployments import GithubDeployments

PLACE = "https://github.com/acme/web/deployments"


@pytest.fixture
def kind() -> str:
    return "github deployment"


def created(site: Site) -> List[Dict[str, Any]]:
    return [body_of(one) for one in site.posts if one.path.endswith("/deployments")]


def reporting(site: Site, *states: str, **report: str) -> None:
    """The automation reports one state after the other."""
    left = list(states)

    def note(line: str) -> None:
        if left:
            site.played.report(42, left.pop(0), **report)

    site.job._on_note = note


def test_a_deployment_is_recorded_and_followed_to_its_end(site: Site) -> None:
    reporting(site, "queued", "in_progress", "success")
    job = site.deploy()
    assert created(site) == [
        {
            "ref": "v1.0.0",
            "environment": "uat",
            "payload": {"environment": "uat", "opsroom": DEPLOYMENT, "version": "v1.0.0"},
            "description": "Asked for by alice.",
            "auto_merge": False,
        }
    ]
    assert job.lines == [
        "GitHub deployment 42 waits for an automation that carries it out",
        "GitHub deployment 42 is queued",
        "GitHub deployment 42 is in progress",
    ]
    assert (job.links, job.handles) == ([PLACE], {"github": ""})


@pytest.mark.parametrize("state", ["failure", "error"])
@pytest.mark.parametrize(
    ("log", "link"),
    [("https://ci.example.com/7", "https://ci.example.com/7"), ("javascript:alert(1)", PLACE)],
)
def test_a_failure_is_one_with_what_was_reported(
    site: Site, state: str, log: str, link: str
) -> None:
    reporting(site, state, description="Image not found", log_url=log)
    error = site.fails()
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == "GitHub deployment 42 failed: Image not found."
    assert error.facts["link"] == link


def test_a_success_that_a_newer_one_replaced_is_still_a_success(site: Site) -> None:
    def note(line: str) -> None:
        site.played.report(42, "success")
        site.played.report(42, "inactive")

    site.job._on_note = note
    site.deploy()


def test_one_that_was_made_inactive_before_was_cancelled(site: Site) -> None:
    reporting(site, "in_progress", "inactive")
    assert "was cancelled at GitHub" in site.fails().message


@pytest.mark.parametrize("version", ["main", "commit"])
def test_what_may_move_is_deployed_as_a_commit(site: Site, version: str) -> None:
    commit = site.played.branches["main"]
    reporting(site, "success")
    site.deploy(site.deployer().resolve(commit[:8] if version == "commit" else version))
    assert created(site)[0]["ref"] == commit


@pytest.mark.parametrize(("checks", "sent"), [("none", []), (["ci/build"], ["ci/build"])])
def test_status_checks_count_as_the_config_has_it(site: Site, checks: Any, sent: Any) -> None:
    site.played.failing_checks = ["ci/lint"]
    reporting(site, "success")
    site.deploy(status_checks=checks)
    assert created(site)[0]["required_contexts"] == sent


def test_a_status_check_that_failed_is_a_refusal(site: Site) -> None:
    site.played.failing_checks = ["ci/lint"]
    error = site.fails(status_checks="all")
    assert isinstance(error, Refusal)
    assert "Commit status checks failed for v1.0.0" in error.message
    assert (site.played.deployments, site.kept) == ([], "")
    assert "required_contexts" not in created(site)[0]


def test_a_merge_in_place_of_a_deployment_is_no_success(site: Site) -> None:
    site.instead(Reply(202, '{"message": "Auto-merged main into v1.0.0"}'))
    assert "made no deployment" in site.fails().message
    assert site.kept == ""


def test_a_lost_answer_is_found_by_the_payload(site: Site, github: GithubDeployments) -> None:
    github.deployment("v1.0.0", payload={"opsroom": EARLIER})
    github.deployment("v1.0.0", payload="not JSON")
    site.job._on_note = lambda line: github.report(44, "success")
    site.lose_answer()
    site.deploy()
    assert len(created(site)) == 1
    assert len(github.deployments) == 3


@pytest.mark.parametrize("payload", [json.dumps({"opsroom": EARLIER}), {"opsroom": EARLIER}])
def test_a_deployment_that_was_left_and_has_ended_is_said_to_have(
    site: Site, github: GithubDeployments, payload: Any
) -> None:
    github.deployment("v1.0.0", payload=payload)
    github.report(42, "success")
    site.leave()
    ended = site.deployer().cancel_left(site.job)
    assert (ended.text, site.kept) == ("GitHub deployment 42 had already succeeded.", "")
    site.leave()
    assert "GitHub deployment 42 has already done this" in site.deploy().lines
    assert created(site) == []


def test_what_is_being_carried_out_is_said_to_go_on(site: Site) -> None:
    site.stop(9)
    reporting(site, "in_progress")
    error = site.fails()
    assert "GitHub cannot stop what carries out a deployment" in error.message
    assert error.facts["left_running"] == "GitHub deployment 42"
    assert json.loads(site.kept)["run"] == "42"
