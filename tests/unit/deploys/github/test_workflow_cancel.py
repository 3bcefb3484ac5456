"""Runs of a workflow that are cancelled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsroom.errors import Failure
from support.contracts.vendor import Vendor
from support.deploys.github import (
    a_job,
    caught,
    deployer_at,
)
from support.deploys.jobs import cancelled
from support.deploys.runs import Clock
from support.vendors.github_deployments import GithubDeployments


def stopped(deployer: Any, work: Any) -> Failure:
    """The end of a deployment that someone cancels while it is followed."""
    resolved = deployer.resolve("v1.0.0")
    work._on_check = lambda: cancelled() if work.checks > 5 else None
    error = caught(deployer.deploy, resolved, work)
    assert isinstance(error, Failure)
    return error


@pytest.fixture
def running(github: GithubDeployments) -> GithubDeployments:
    github.states = [("in_progress", None)]
    return github


def test_a_run_is_cancelled(vendor: Vendor, running: GithubDeployments) -> None:
    work = a_job()
    error = stopped(deployer_at(vendor), work)
    assert "GitHub run 4711 was cancelled." in error.message
    assert (running.cancels, work.handles["github"]) == (["cancel"], "")


def test_a_run_that_goes_on_is_cancelled_by_force_after_a_while(
    vendor: Vendor, running: GithubDeployments, clock: Clock
) -> None:
    running.after_cancel = None
    begun = clock.now
    error = stopped(deployer_at(vendor), a_job())
    assert "was cancelled" in error.message
    assert running.cancels == ["cancel", "force-cancel"]
    assert 20 <= clock.now - begun <= 40


def test_a_run_is_not_cancelled_by_force_where_that_is_off(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.after_cancel = None
    error = stopped(deployer_at(vendor, force_cancel_after=False), a_job())
    assert "still runs after 30 s" in error.message
    assert running.cancels == ["cancel"]


def test_a_run_that_is_not_queued_yet_is_asked_again_to_end(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.not_queued_for = 3
    error = stopped(deployer_at(vendor), a_job())
    assert "was cancelled" in error.message
    assert running.cancels == ["cancel"]


def test_a_run_that_ended_before_it_was_cancelled_is_said_to_have(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.states = [("in_progress", None), ("in_progress", None), ("completed", "success")]
    deployer, work = deployer_at(vendor), a_job()
    original = deployer.service.workflow.cancel

    def cancel(run: int, force: bool = False) -> bool:
        running.runs[run].update(status="completed", conclusion="success")
        return bool(original(run, force))

    deployer.service.workflow.cancel = cancel
    assert "had already succeeded" in stopped(deployer, work).message


def test_a_run_that_may_not_be_cancelled_is_said_to_go_on(
    vendor: Vendor, running: GithubDeployments
) -> None:
    work = a_job()
    work._on_note = lambda line: running.missing_rights.append("actions")
    deployer = deployer_at(vendor)
    error = stopped(deployer, work)
    assert "may still go on" in error.message
    assert json.loads(work.handles["github"])["run"].startswith("4711/1/")


def test_a_run_that_does_not_show_yet_cannot_be_cancelled(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.enterprise, running.hidden_for = True, 1000
    work = a_job()
    error = stopped(deployer_at(vendor), work)
    assert "could not be cancelled (it does not show in GitHub's list yet)" in error.message
    assert running.cancels == []
    running.hidden_for = 0  # and it is found again when it does
    assert deployer_at(vendor).cancel_left(work).text == "GitHub run 4711 was cancelled."


def test_a_run_that_survives_force_is_said_to_go_on(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.after_cancel = running.after_force = None
    error = stopped(deployer_at(vendor), a_job())
    assert "still runs after 30 s" in error.message
    assert error.facts["left_running"] == "GitHub run 4711"
    assert running.cancels == ["cancel", "force-cancel"]
