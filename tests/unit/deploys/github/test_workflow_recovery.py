"""Runs of a workflow that are found again: after a lost answer, a dead runner, and where they show
no deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.github import (
    LINK,
    MARK,
    a_job,
    after,
    caught,
    deployer_at,
    dispatched,
    is_post,
    leave,
    v1,
)
from support.deploys.runs import Clock
from support.servers.http import Reply
from support.vendors.github_deployments import GithubDeployments


def test_a_lost_answer_is_found_by_the_title_of_the_run(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.hidden_for = 3
    deployer, work = deployer_at(vendor), a_job()
    vendor.after("unanswered", where=is_post)
    deployer.deploy(v1(deployer), work)
    assert len(dispatched(vendor)) == len(github.runs) == 1
    assert work.links == [LINK]


@pytest.mark.parametrize("correlation", ["opsroom", False])
@pytest.mark.parametrize("skew", [-1200.0, 1200.0])
def test_clocks_that_differ_do_not_hide_a_run(
    vendor: Vendor, github: GithubDeployments, clock: Clock, skew: float, correlation: Any
) -> None:
    github.now = lambda: clock.now + skew
    for number in range(150):
        github.run(title=f"older {number}", created_at="2026-01-01T00:00:00Z", status="completed")
    deployer = deployer_at(vendor, correlation=correlation)
    vendor.after("unanswered", where=is_post)
    deployer.deploy(v1(deployer), a_job())
    assert len(dispatched(vendor)) == 1


def test_a_run_is_found_among_many_newer_ones(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.run(title=f"deploy [{MARK}]")
    clock.now += 5000
    for number in range(520):
        github.run(title=f"newer {number}", status="completed")
    deployer, work = deployer_at(vendor), a_job()
    leave(work, "")
    deployer.deploy(v1(deployer), after(work))
    assert dispatched(vendor) == []
    assert len([one for one in vendor.requests if one.path.endswith("deploy.yml/runs")]) == 2


def test_too_many_runs_to_look_through_are_no_proof(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    for number in range(520):
        github.run(title=f"at once {number}", status="completed")
    deployer, work = deployer_at(vendor), a_job()
    leave(work, "")
    assert caught(deployer.deploy, v1(deployer), after(work)).code is Code.BUSY
    assert dispatched(vendor) == []


def test_a_run_of_much_later_is_not_taken_for_a_lost_one(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    leave(work, "")
    clock.now += 1000
    github.run(title="by hand", status="in_progress")
    deployer.deploy(v1(deployer), after(work))
    assert len(dispatched(vendor)) == 1


def test_a_run_by_hand_does_not_hide_ours_that_shows_later(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)
    vendor.after("unanswered", where=is_post)

    def note(line: str) -> None:
        if "was lost" in line:
            github.runs[4711]["created_at"] = "2000-01-01T00:00:00Z"
            github.run(title="by hand", status="in_progress")
        if len(vendor.requests) > 9:
            github.runs[4711]["created_at"] = github.runs[4712]["created_at"]

    work._on_note = note
    work._on_check = lambda: note("")
    deployer.deploy(resolved, work)
    assert work.links == [LINK]


def test_a_lost_answer_to_a_start_that_never_happened_is_said(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    vendor.instead(Reply(drop="unanswered"), where=is_post)
    deployer, work = deployer_at(vendor), a_job()
    begun = clock.now
    error = caught(deployer.deploy, v1(deployer), work)
    assert "GitHub started nothing" in error.message
    assert clock.now - begun >= 60
    assert (github.runs, work.handles) == ({}, {"github": ""})


def test_a_lost_answer_is_not_guessed_where_a_run_shows_no_deployment(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.run_name = False
    vendor.after("unanswered", where=is_post)
    deployer, work = deployer_at(vendor), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "GitHub run 4711" in error.message
    assert json.loads(work.handles["github"])["run"] == ""


def test_a_run_that_was_left_is_followed_by_its_id(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None), ("completed", "success")]
    github.run(title=f"deploy [{MARK}]")
    leave(work, "4711/1")
    deployer.deploy(v1(deployer), after(work))
    assert dispatched(vendor) == []


def test_a_run_that_was_left_is_found_by_its_title(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.run(title=f"deploy [{MARK}]")
    leave(work, "")
    deployer.deploy(v1(deployer), after(work))
    assert dispatched(vendor) == []


def test_another_version_waits_for_the_run_that_was_left(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None)]
    github.run(title=f"deploy [{MARK}]")
    leave(work, "4711/1", version="v0.9.0")
    error = caught(deployer.deploy, v1(deployer), work)
    assert (error.code, error.facts["link"]) == (Code.BUSY, LINK)
    assert dispatched(vendor) == []


def test_an_attempt_of_someone_else_is_not_cancelled(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("completed", "failure")]
    github.run(title=f"deploy [{MARK}]")
    github.run_again(4711, "in_progress")
    leave(work, "4711/1")
    assert deployer.cancel_left(work).text.startswith("GitHub run 4711 ended as failed")
    assert (github.cancels, work.handles["github"]) == ([], "")


def test_what_was_left_is_cancelled_for_someone_else(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None)]
    github.run(title=f"deploy [{MARK}]")
    leave(work, "")
    assert deployer.cancel_left(work).text == "GitHub run 4711 was cancelled."
    assert work.handles["github"] == ""


def test_without_correlation_the_only_new_run_is_it(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.run_name, github.inputs = False, ["environment"]
    github.run(created_at="2026-01-01T00:00:00Z")
    github.run(actor={"login": "someone-else"})
    deployer, work = deployer_at(vendor, correlation=False), a_job()
    vendor.after("unanswered", where=is_post)
    deployer.deploy(v1(deployer), work)
    assert work.links == ["https://github.com/acme/web/actions/runs/4713"]
    assert list(dispatched(vendor)[0]["inputs"]) == ["environment"]


def test_without_correlation_two_candidates_are_named_and_none_is_picked(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs, github.states = ["environment"], [("in_progress", None)]
    deployer, work = deployer_at(vendor, correlation=False), a_job()
    vendor.after("unanswered", where=is_post)
    resolved = v1(deployer)
    other = {"done": False}

    def note(line: str) -> None:
        if not other["done"]:
            other["done"] = True
            github.run()

    work._on_note = note
    error = caught(deployer.deploy, resolved, work)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "4712 or 4711" in error.message
    assert len(dispatched(vendor)) == 1


def test_without_correlation_nothing_is_started_beside_a_recent_run(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.inputs = ["environment"]
    github.run(status="completed", conclusion="success")
    deployer, work = deployer_at(vendor, correlation=False), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert (error.code, dispatched(vendor), work.handles["github"]) == (Code.BUSY, [], "")
    clock.now += 121
    deployer.deploy(v1(deployer), work)
    assert len(dispatched(vendor)) == 1


def test_an_app_without_a_login_takes_every_run_for_its_own(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.is_app, github.inputs = True, ["environment"]
    github.run(actor={"login": "someone-else"})
    deployer = deployer_at(vendor, correlation=False)
    assert caught(deployer.deploy, v1(deployer), a_job()).code is Code.BUSY
