"""Runs of a workflow that are found again: after a lost answer, a dead runner, and where they show
no deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsroom.errors import Code
from support.deploys.github import LINK, dispatched
from support.deploys.sites import EARLIER_MARK, Site
from support.vendors.github_deployments import GithubDeployments


def test_a_run_that_shows_late_is_found_by_its_title(site: Site, github: GithubDeployments) -> None:
    github.hidden_for = 3
    site.lose_answer()
    assert site.deploy().links == [LINK]


@pytest.mark.parametrize("correlation", ["opsroom", False])
@pytest.mark.parametrize("skew", [-1200.0, 1200.0])
def test_clocks_that_differ_do_not_hide_a_run(
    site: Site, github: GithubDeployments, skew: float, correlation: Any
) -> None:
    github.now = lambda: site.clock() + skew
    for number in range(150):
        github.run(title=f"older {number}", created_at="2026-01-01T00:00:00Z", status="completed")
    site.lose_answer()
    site.deploy(correlation=correlation)
    assert len(dispatched(site)) == 1


def test_a_run_is_found_among_many_newer_ones(site: Site, github: GithubDeployments) -> None:
    github.run(title=f"deploy [{EARLIER_MARK}]")
    site.leave()
    site.clock.now += 5000
    for number in range(520):
        github.run(title=f"newer {number}", status="completed")
    site.deploy()
    assert dispatched(site) == []
    assert len([one for one in site.vendor.requests if one.path.endswith("deploy.yml/runs")]) == 2


def test_too_many_runs_to_look_through_are_no_proof(site: Site, github: GithubDeployments) -> None:
    for number in range(520):
        github.run(title=f"at once {number}", status="completed")
    site.leave()
    assert site.fails().code is Code.BUSY
    assert dispatched(site) == []


def test_a_run_of_much_later_is_not_taken_for_a_lost_one(
    site: Site, github: GithubDeployments
) -> None:
    site.leave()
    site.clock.now += 1000
    github.run(title="by hand", status="in_progress")
    site.deploy()
    assert len(dispatched(site)) == 1


def test_a_run_by_hand_does_not_hide_ours_that_shows_later(
    site: Site, github: GithubDeployments
) -> None:
    site.lose_answer()

    def note(line: str) -> None:
        if "was lost" in line:
            github.runs[4711]["created_at"] = "2000-01-01T00:00:00Z"
            github.run(title="by hand", status="in_progress")
        if len(site.vendor.requests) > 8:
            github.runs[4711]["created_at"] = github.runs[4712]["created_at"]

    site.job._on_note = note
    site.job._on_check = lambda: note("")
    assert site.deploy().links == [LINK]


def test_a_lost_answer_is_not_guessed_where_a_run_shows_no_deployment(
    site: Site, github: GithubDeployments
) -> None:
    github.run_name = False
    site.lose_answer()
    error = site.fails()
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "GitHub run 4711" in error.message
    assert json.loads(site.kept)["run"] == ""


def test_an_attempt_of_someone_else_is_not_cancelled(site: Site, github: GithubDeployments) -> None:
    github.states = [("completed", "failure")]
    github.run(title=f"deploy [{EARLIER_MARK}]")
    github.run_again(4711, "in_progress")
    site.leave("4711/1")
    ended = site.deployer().cancel_left(site.job)
    assert ended.text.startswith("GitHub run 4711 ended as failed")
    assert (github.cancels, site.kept) == ([], "")


# Where the workflow shows no id.


def test_the_only_new_run_is_it(site: Site, github: GithubDeployments) -> None:
    github.run_name, github.inputs = False, ["environment"]
    github.run(created_at="2026-01-01T00:00:00Z")
    github.run(actor={"login": "someone-else"})
    site.lose_answer()
    job = site.deploy(correlation=False)
    assert job.links == ["https://github.com/acme/web/actions/runs/4713"]
    assert list(dispatched(site)[0]["inputs"]) == ["environment"]


def test_two_candidates_are_named_and_none_is_picked(site: Site, github: GithubDeployments) -> None:
    github.inputs, github.states = ["environment"], [("in_progress", None)]
    site.lose_answer()

    def note(line: str) -> None:
        site.job._on_note = None
        github.run()

    site.job._on_note = note
    error = site.fails(correlation=False)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "4712 or 4711" in error.message
    assert len(dispatched(site)) == 1


def test_nothing_is_started_beside_a_recent_run(site: Site, github: GithubDeployments) -> None:
    github.inputs = ["environment"]
    github.run(status="completed", conclusion="success")
    assert site.fails(correlation=False).code is Code.BUSY
    assert (dispatched(site), site.kept) == ([], "")
    site.clock.now += 121
    site.deploy(correlation=False)
    assert len(dispatched(site)) == 1


def test_an_app_without_a_login_takes_every_run_for_its_own(
    site: Site, github: GithubDeployments
) -> None:
    github.is_app, github.inputs = True, ["environment"]
    github.run(actor={"login": "someone-else"})
    assert site.fails(correlation=False).code is Code.BUSY
