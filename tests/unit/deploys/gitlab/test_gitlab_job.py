"""Deploying by a manual job of a pipeline on GitLab: played or run again, and followed."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from opsroom.deploys import Advisor, Resolved
from opsroom.errors import Code, Refusal
from support.deploys.gitlab import JOBS, ended
from support.deploys.sites import JOB, Site
from support.vendors.gitlab import Gitlab


@pytest.fixture
def kind() -> str:
    return "gitlab job"


def verbs(site: Site) -> List[str]:
    """What was done to jobs."""
    return [one.path.rsplit("/", 1)[1] for one in site.posts]


def test_a_manual_job_is_played_and_keeps_its_number(site: Site, gitlab: Gitlab) -> None:
    job = site.deploy()
    assert job.lines == [
        "GitLab job 91 (deploy uat) was started",
        "GitLab job 91 (deploy uat) is running",
    ]
    assert (job.links, job.handles) == ([f"{JOBS}/91"], {"gitlab": ""})
    assert (verbs(site), list(gitlab.jobs)) == (["play"], [90, 91])


def test_a_delayed_job_is_played_now(site: Site, gitlab: Gitlab) -> None:
    gitlab.jobs[91]["status"] = "scheduled"
    site.deploy()
    assert verbs(site) == ["play"]


@pytest.mark.parametrize("status", ["success", "failed", "canceled"])
def test_a_job_that_ended_runs_again_under_another_number(site: Site, status: str) -> None:
    ended(site, status)
    assert site.deploy().links == [f"{JOBS}/92"]
    assert verbs(site) == ["retry"]


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        ("created", Code.NOT_POSSIBLE, "is not ready: jobs before it have not ended"),
        ("skipped", Code.NOT_POSSIBLE, "was skipped, since a job before it failed"),
        ("running", Code.BUSY, "is running already; carol started it"),
        ("pending", Code.BUSY, "waits for a runner already; carol started it"),
    ],
)
def test_a_job_that_cannot_be_started_says_why(
    site: Site, gitlab: Gitlab, status: str, code: Code, text: str
) -> None:
    gitlab.jobs[91].update(status=status, user={"username": "carol"})
    error = site.fails()
    assert isinstance(error, Refusal)
    assert error.code is code
    assert text in error.message
    assert (site.posts, site.kept) == ([], "")


def test_a_failed_job_is_a_failure_with_its_reason(site: Site, gitlab: Gitlab) -> None:
    gitlab.job_states = ["running", "failed"]
    gitlab.jobs[91]["failure_reason"] = "stuck_or_timeout_failure"
    error = site.fails()
    assert error.code is Code.DEPLOY_FAILED
    assert "'deploy uat' (stuck or timeout failure)" in error.message


def test_a_played_job_that_waits_again_blocks(site: Site, gitlab: Gitlab) -> None:
    gitlab.job_states = ["pending", "manual", "running", "success"]
    waits = "GitLab job 91 (deploy uat) waits for someone to start it on GitLab"
    assert waits in site.deploy().lines


def test_the_newest_pipeline_that_has_the_job_is_taken(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipeline(status="success", source="push")
    gitlab.job(4712, JOB, "manual")
    gitlab.pipeline(status="success", source="schedule")
    gitlab.job(4713, "nightly", "success")
    assert site.deploy().links == [f"{JOBS}/92"]


def test_pipelines_of_other_commits_and_branches_are_left_out(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipeline("main", source="push")
    gitlab.job(4712, JOB, "manual")
    gitlab.pipeline(sha=gitlab.commit("moved"), source="push")
    gitlab.job(4713, JOB, "manual")
    assert site.deploy().links == [f"{JOBS}/91"]


def test_a_commit_may_be_deployed(site: Site, gitlab: Gitlab) -> None:
    commit = site.v1.commit
    resolved = site.deployer().resolve(commit[:12])
    assert resolved == Resolved(commit[:12], commit[:12], commit)
    site.deploy(resolved)
    assert gitlab.jobs[91]["status"] == "success"


def test_a_branch_s_own_pipeline_is_taken(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipeline("main", source="push")
    gitlab.job(4712, JOB, "manual")
    assert site.deploy(site.deployer().resolve("main")).links == [f"{JOBS}/92"]


def test_without_a_pipeline_nothing_can_be_started(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipelines.clear()
    error = site.fails()
    assert error.code is Code.NOT_POSSIBLE
    assert "no pipeline of v1.0.0 in acme/web" in error.message


def test_a_job_that_is_not_there_is_named_with_those_that_are(site: Site, gitlab: Gitlab) -> None:
    gitlab.jobs[91]["name"] = "deploy test"
    error = site.fails()
    assert error.code is Code.NOT_POSSIBLE
    assert "has no job 'deploy uat': it has build and deploy test." in error.message
    assert "apps.web.deploy.job" in error.hint


@pytest.mark.parametrize(
    ("job", "warnings"),
    [
        ({"status": "manual"}, 0),
        ({"status": "success"}, 0),
        ({"status": "skipped"}, 1),
        ({"status": "running"}, 1),
        ({"name": "deploy test"}, 1),
    ],
)
def test_a_plan_says_what_is_in_the_way(
    site: Site, gitlab: Gitlab, job: Dict[str, Any], warnings: int
) -> None:
    gitlab.jobs[91].update(job)
    made = site.deployer()
    assert isinstance(made, Advisor)
    found = made.warnings(site.v1)
    assert len(found) == warnings
    assert all("'deploy uat'" in one for one in found)
    assert site.posts == []


def test_a_plan_says_how_the_environment_is_protected(site: Site, gitlab: Gitlab) -> None:
    gitlab.protections["uat"] = {"name": "uat", "required_approval_count": 1}
    (warning,) = site.deployer().warnings(site.v1)
    assert "wants 1 approval" in warning


@pytest.mark.parametrize(
    ("state", "code", "text"),
    [
        ({"unplayable": True}, Code.NOT_POSSIBLE, "cannot start job deploy uat now"),
        ({"protected": True}, Code.UNAUTHORIZED, "where the environment is protected"),
    ],
)
def test_what_gitlab_does_not_let_start_is_named(
    site: Site, gitlab: Gitlab, state: Dict[str, Any], code: Code, text: str
) -> None:
    vars(gitlab).update(state)
    error = site.fails()
    assert error.code is code
    assert text in f"{error.message} {error.hint}"
    assert site.kept == ""


def test_a_job_that_may_not_run_again_says_so(site: Site, gitlab: Gitlab) -> None:
    ended(site)
    gitlab.archived = True
    assert "Job is not retryable" in site.fails().message


def test_a_job_that_is_played_gets_inputs(site: Site, gitlab: Gitlab) -> None:
    gitlab.job_inputs = ["target", "replicas"]
    site.deploy(inputs={"target": "{environment}", "replicas": 3})
    assert gitlab.sent[91]["inputs"] == {"target": "uat", "replicas": 3}


def test_inputs_that_the_job_does_not_take_are_refused_and_it_is_not_played(
    site: Site, gitlab: Gitlab
) -> None:
    error = site.fails(inputs={"target": "x"})
    assert isinstance(error, Refusal)
    assert "Unknown inputs: target" in error.message
    assert gitlab.jobs[91]["status"] == "manual"


def test_a_job_that_runs_again_keeps_its_inputs_and_says_so(site: Site) -> None:
    ended(site)
    line = site.deploy(inputs={"target": "x"}).lines[0]
    assert line.endswith("was started again, with the inputs of before")
