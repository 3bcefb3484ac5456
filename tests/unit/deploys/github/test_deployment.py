"""Deploying by a deployment of GitHub that someone else's automation carries out."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest

from opsroom.errors import Code, Refusal
from support.contracts.vendor import Vendor, body_of
from support.deploys.github import DEPLOYMENT, a_job, caught, deployer_at
from support.deploys.jobs import cancelled
from support.servers.http import Reply, Request
from support.vendors.github_deployments import GithubDeployments

PLACE = "https://github.com/acme/web/deployments"


def by_deployment(vendor: Vendor, **raw: Any) -> Any:
    return deployer_at(vendor, workflow=..., mode="deployment", **raw)


def is_post(request: Request) -> bool:
    return request.method == "POST"


def created(vendor: Vendor) -> List[Dict[str, Any]]:
    return [body_of(one) for one in vendor.sent("POST") if one.path.endswith("/deployments")]


def reporting(github: GithubDeployments, *states: str, **report: str) -> Any:
    """A job during which the automation reports one state after the other."""
    work, left = a_job(), list(states)

    def note(line: str) -> None:
        if left:
            github.report(42, left.pop(0), **report)

    work._on_note = note
    return work


def leave(work: Any) -> None:
    """What a runner leaves that dies after it asked for a deployment."""
    left = {"app": "web", "environment": "uat", "version": "v1.0.0", "commit": "", "run": ""}
    more = {
        "asked": "v1.0.0",
        "deployment": DEPLOYMENT,
        "requester": "bob",
        "since": 1_790_000_000.0,
    }
    work.handles["github"] = json.dumps({**left, **more})


def test_a_deployment_is_recorded_and_followed_to_its_end(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = by_deployment(vendor), reporting(github, "queued", "in_progress", "success")
    deployer.deploy(deployer.resolve("v1.0.0"), work)
    assert created(vendor) == [
        {
            "ref": "v1.0.0",
            "environment": "uat",
            "payload": {"environment": "uat", "opsroom": DEPLOYMENT, "version": "v1.0.0"},
            "description": "Asked for by alice.",
            "auto_merge": False,
        }
    ]
    assert work.lines == [
        "GitHub deployment 42 waits for an automation that carries it out",
        "GitHub deployment 42 is queued",
        "GitHub deployment 42 is in progress",
    ]
    assert (work.links, work.handles) == ([PLACE], {"github": ""})


@pytest.mark.parametrize("state", ["failure", "error"])
def test_a_failure_is_one_with_what_was_reported(
    vendor: Vendor, github: GithubDeployments, state: str
) -> None:
    log = "https://ci.example.com/7"
    work = reporting(github, state, description="Image not found", log_url=log)
    deployer = by_deployment(vendor)
    error = caught(deployer.deploy, deployer.resolve("v1.0.0"), work)
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == "GitHub deployment 42 failed: Image not found."
    assert error.facts["link"] == log


def test_an_address_that_is_none_is_not_shown(vendor: Vendor, github: GithubDeployments) -> None:
    work = reporting(github, "failure", log_url="javascript:alert(1)")
    deployer = by_deployment(vendor)
    assert caught(deployer.deploy, deployer.resolve("v1.0.0"), work).facts["link"] == PLACE


def test_a_success_that_a_newer_one_replaced_is_still_a_success(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = by_deployment(vendor), a_job()

    def note(line: str) -> None:
        github.report(42, "success")
        github.report(42, "inactive")

    work._on_note = note
    deployer.deploy(deployer.resolve("v1.0.0"), work)


def test_one_that_was_made_inactive_before_was_cancelled(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = by_deployment(vendor), reporting(github, "in_progress", "inactive")
    error = caught(deployer.deploy, deployer.resolve("v1.0.0"), work)
    assert "was cancelled at GitHub" in error.message


@pytest.mark.parametrize("version", ["main", "commit"])
def test_what_may_move_is_deployed_as_a_commit(
    vendor: Vendor, github: GithubDeployments, version: str
) -> None:
    commit = github.branches["main"]
    deployer = by_deployment(vendor)
    work = reporting(github, "success")
    deployer.deploy(deployer.resolve(commit[:8] if version == "commit" else version), work)
    assert created(vendor)[0]["ref"] == commit


def test_a_tag_that_was_moved_is_not_deployed(vendor: Vendor, github: GithubDeployments) -> None:
    deployer, work = by_deployment(vendor), a_job()
    resolved = deployer.resolve("v1.0.0")
    github.tags["v1.0.0"] = github.commit("second")
    assert caught(deployer.deploy, resolved, work).code is Code.CHANGED_MEANWHILE
    assert created(vendor) == []


@pytest.mark.parametrize(
    ("checks", "sent"),
    [("all", None), ("none", []), (["ci/build"], ["ci/build"])],
)
def test_status_checks_count_as_the_config_has_it(
    vendor: Vendor, github: GithubDeployments, checks: Any, sent: Any
) -> None:
    github.failing_checks = ["ci/lint"]
    deployer, work = by_deployment(vendor, status_checks=checks), reporting(github, "success")
    resolved = deployer.resolve("v1.0.0")
    if checks == "all":
        error = caught(deployer.deploy, resolved, work)
        assert isinstance(error, Refusal)
        assert "Commit status checks failed for v1.0.0" in error.message
        assert (github.deployments, work.handles) == ([], {"github": ""})
    else:
        deployer.deploy(resolved, work)
    assert created(vendor)[0].get("required_contexts") == sent


def test_a_merge_in_place_of_a_deployment_is_no_success(vendor: Vendor) -> None:
    vendor.instead(Reply(202, '{"message": "Auto-merged main into v1.0.0"}'), where=is_post)
    deployer, work = by_deployment(vendor), a_job()
    error = caught(deployer.deploy, deployer.resolve("v1.0.0"), work)
    assert "made no deployment" in error.message
    assert work.handles == {"github": ""}


def test_a_lost_answer_is_found_by_the_payload(vendor: Vendor, github: GithubDeployments) -> None:
    github.deployment("v1.0.0", payload={"opsroom": "fedcba9876543210"})
    github.deployment("v1.0.0", payload="not JSON")
    deployer, work = by_deployment(vendor), a_job()
    work._on_note = lambda line: github.report(44, "success")
    vendor.after("unanswered", where=is_post)
    deployer.deploy(deployer.resolve("v1.0.0"), work)
    assert len(created(vendor)) == 1
    assert len(github.deployments) == 3


def test_a_deployment_that_was_left_is_followed(vendor: Vendor, github: GithubDeployments) -> None:
    deployer, work = by_deployment(vendor), a_job()
    github.deployment("v1.0.0", payload=json.dumps({"opsroom": DEPLOYMENT}))
    github.report(42, "success")
    leave(work)
    deployer.deploy(deployer.resolve("v1.0.0"), work)
    assert created(vendor) == []
    assert "GitHub deployment 42 has already done this" in work.lines


def test_a_deployment_that_was_left_and_has_ended_is_said_to_have(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = by_deployment(vendor), a_job()
    github.deployment("v1.0.0", payload={"opsroom": DEPLOYMENT})
    github.report(42, "success")
    leave(work)
    assert deployer.cancel_left(work).text == "GitHub deployment 42 had already succeeded."
    assert work.handles["github"] == ""


def test_what_nobody_took_up_is_cancelled_when_its_time_is_up(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = by_deployment(vendor, time_limit="60s"), a_job()
    error = caught(deployer.deploy, deployer.resolve("v1.0.0"), work)
    assert error.code is Code.TIMED_OUT
    assert error.message.endswith(" It was cancelled.")
    assert [one["state"] for one in github.statuses[42]] == ["inactive"]
    assert work.handles == {"github": ""}


def test_what_is_being_carried_out_is_said_to_go_on(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = by_deployment(vendor), reporting(github, "in_progress")
    resolved = deployer.resolve("v1.0.0")
    work._on_check = lambda: cancelled() if work.checks > 9 else None
    error = caught(deployer.deploy, resolved, work)
    assert "GitHub cannot stop what carries out a deployment" in error.message
    assert error.facts["left_running"] == "GitHub deployment 42"
    assert json.loads(work.handles["github"])["run"] == "42"
