"""Runs of a workflow that are cancelled while they are followed."""

from __future__ import annotations

import json

import pytest

from support.deploys.sites import Site
from support.vendors.github_deployments import GithubDeployments


@pytest.fixture(autouse=True)
def running(site: Site) -> None:
    """A run goes on until someone cancels the deployment."""
    site.kind.hold(site.played)
    site.stop()


def test_a_run_that_goes_on_is_cancelled_by_force_after_a_while(
    site: Site, github: GithubDeployments
) -> None:
    github.after_cancel = None
    begun = site.clock()
    assert "GitHub run 4711 was cancelled." in site.fails().message
    assert github.cancels == ["cancel", "force-cancel"]
    assert 20 <= site.clock() - begun <= 40


def test_a_run_is_not_cancelled_by_force_where_that_is_off(
    site: Site, github: GithubDeployments
) -> None:
    github.after_cancel = None
    assert "still runs after 30 s" in site.fails(force_cancel_after=False).message
    assert github.cancels == ["cancel"]


def test_a_run_that_survives_force_is_said_to_go_on(site: Site, github: GithubDeployments) -> None:
    github.after_cancel = github.after_force = None
    error = site.fails()
    assert "still runs after 30 s" in error.message
    assert error.facts["left_running"] == "GitHub run 4711"
    assert github.cancels == ["cancel", "force-cancel"]


def test_a_run_that_is_not_queued_yet_is_asked_again_to_end(
    site: Site, github: GithubDeployments
) -> None:
    github.not_queued_for = 3
    assert "was cancelled" in site.fails().message
    assert github.cancels == ["cancel"]


def test_a_run_that_ended_before_it_was_cancelled_is_said_to_have(
    site: Site, github: GithubDeployments
) -> None:
    github.states = [("in_progress", None), ("in_progress", None), ("completed", "success")]
    deployer = site.deployer()
    original = deployer.service.workflow.cancel

    def cancel(run: int, force: bool = False) -> bool:
        github.runs[run].update(status="completed", conclusion="success")
        return bool(original(run, force))

    deployer.service.workflow.cancel = cancel
    assert "had already succeeded" in site.refused(deployer.deploy, site.v1, site.job).message


def test_a_run_that_may_not_be_cancelled_is_said_to_go_on(
    site: Site, github: GithubDeployments
) -> None:
    site.job._on_note = lambda line: github.missing_rights.append("actions")
    assert "may still go on" in site.fails().message
    assert json.loads(site.kept)["run"].startswith("4711/1/")


def test_a_run_that_does_not_show_yet_cannot_be_cancelled(
    site: Site, github: GithubDeployments
) -> None:
    github.enterprise, github.hidden_for = True, 1000
    message = site.fails().message
    assert "could not be cancelled (it does not show in GitHub's list yet)" in message
    assert github.cancels == []
    github.hidden_for = 0  # and it is found again when it does
    site.job._on_check = None
    assert site.deployer().cancel_left(site.job).text == "GitHub run 4711 was cancelled."
