"""Deploying by a manual job of a pipeline on GitLab: played or run again, and followed."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.deploys import Advisor, Resolved
from opsroom.errors import Code, Failure, Refusal
from support.contracts.vendor import Vendor
from support.deploys.gitlab import (
    JOB,
    a_job,
    by_job,
    caught,
    ended,
    is_post,
    v1,
)
from support.deploys.runs import Clock
from support.servers.http import Reply
from support.vendors.gitlab import PROJECT, SITE, Gitlab, page

pytestmark = pytest.mark.usefixtures("pipeline")


def test_a_manual_job_is_played_and_keeps_its_number(vendor: Vendor, gitlab: Gitlab) -> None:
    job = a_job()
    by_job(vendor).deploy(v1(gitlab), job)
    assert job.lines == [
        "GitLab job 91 (deploy uat) was started",
        "GitLab job 91 (deploy uat) is running",
    ]
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/91"]
    assert job.handles == {"gitlab": ""}
    assert [one.path.rsplit("/", 1)[1] for one in vendor.sent("POST")] == ["play"]
    assert list(gitlab.jobs) == [90, 91]


def test_a_delayed_job_is_played_now(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.jobs[91]["status"] = "scheduled"
    by_job(vendor).deploy(v1(gitlab), a_job())
    assert [one.path.rsplit("/", 1)[1] for one in vendor.sent("POST")] == ["play"]


@pytest.mark.parametrize("status", ["success", "failed", "canceled"])
def test_a_job_that_ended_runs_again_under_another_number(status: str, clock: Clock) -> None:
    gitlab = Gitlab()
    gitlab.now = clock
    gitlab.pipeline(status="success", source="push")
    gitlab.jobs[91] = gitlab.jobs.pop(gitlab.job(4711, JOB))
    gitlab.jobs[91]["id"] = 91
    ended(gitlab, clock, status)
    gitlab.jobs[90] = {**gitlab.jobs[91], "id": 90, "name": "build"}
    with gitlab.vendor() as vendor:
        job = a_job()
        by_job(vendor).deploy(v1(gitlab), job)
        assert [one.path.rsplit("/", 1)[1] for one in vendor.sent("POST")] == ["retry"]
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/92"]


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
    vendor: Vendor, gitlab: Gitlab, status: str, code: Code, text: str
) -> None:
    gitlab.jobs[91].update(status=status, user={"username": "carol"})
    job = a_job()
    error = caught(by_job(vendor), job, v1(gitlab))
    assert isinstance(error, Refusal)
    assert error.code is code
    assert text in error.message
    assert vendor.sent("POST") == []
    assert job.handles == {"gitlab": ""}


def test_a_failed_job_is_a_failure_with_its_reason(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.job_states = ["running", "failed"]
    gitlab.jobs[91]["failure_reason"] = "stuck_or_timeout_failure"
    error = caught(by_job(vendor), a_job(), v1(gitlab))
    assert error.code is Code.DEPLOY_FAILED
    assert "'deploy uat' (stuck or timeout failure)" in error.message


def test_a_played_job_that_waits_again_blocks(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.job_states = ["pending", "manual", "running", "success"]
    job = a_job()
    by_job(vendor).deploy(v1(gitlab), job)
    assert "GitLab job 91 (deploy uat) waits for someone to start it on GitLab" in job.lines


def test_the_newest_pipeline_that_has_the_job_is_taken(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipeline(status="success", source="push")
    gitlab.job(4712, JOB, "manual")
    gitlab.pipeline(status="success", source="schedule")
    gitlab.job(4713, "nightly", "success")
    job = a_job()
    by_job(vendor).deploy(v1(gitlab), job)
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/92"]


def test_pipelines_of_other_commits_and_branches_are_left_out(
    vendor: Vendor, gitlab: Gitlab
) -> None:
    gitlab.pipeline("main", source="push")
    gitlab.job(4712, JOB, "manual")
    gitlab.pipeline(sha=gitlab.commit("moved"), source="push")
    gitlab.job(4713, JOB, "manual")
    job = a_job()
    by_job(vendor).deploy(v1(gitlab), job)
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/91"]


def test_a_commit_may_be_deployed(vendor: Vendor, gitlab: Gitlab) -> None:
    made = by_job(vendor)
    commit = gitlab.tags["v1.0.0"]
    resolved = made.resolve(commit[:12])
    assert resolved == Resolved(commit[:12], commit[:12], commit)
    made.deploy(resolved, a_job())
    assert gitlab.jobs[91]["status"] == "success"


def test_a_branch_s_own_pipeline_is_taken(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipeline("main", source="push")
    gitlab.job(4712, JOB, "manual")
    made, job = by_job(vendor), a_job()
    made.deploy(made.resolve("main"), job)
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/92"]


def test_without_a_pipeline_nothing_can_be_started(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipelines.clear()
    error = caught(by_job(vendor), a_job(), v1(gitlab))
    assert error.code is Code.NOT_POSSIBLE
    assert "no pipeline of v1.0.0 in acme/web" in error.message


def test_a_job_that_is_not_there_is_named_with_those_that_are(
    vendor: Vendor, gitlab: Gitlab
) -> None:
    gitlab.jobs[91]["name"] = "deploy test"
    error = caught(by_job(vendor), a_job(), v1(gitlab))
    assert error.code is Code.NOT_POSSIBLE
    assert "has no job 'deploy uat': it has build and deploy test." in error.message
    assert "apps.web.deploy.job" in error.hint


@pytest.mark.parametrize(
    ("status", "warnings"),
    [
        ("manual", 0),
        ("success", 0),
        ("skipped", 1),
        ("running", 1),
        ("", 1),
    ],
)
def test_a_plan_says_what_is_in_the_way(
    vendor: Vendor, gitlab: Gitlab, status: str, warnings: int
) -> None:
    gitlab.jobs[91].update({"status": status} if status else {"name": "deploy test"})
    made = by_job(vendor)
    assert isinstance(made, Advisor)
    found = made.warnings(v1(gitlab))
    assert len(found) == warnings
    assert all("'deploy uat'" in one for one in found)
    assert vendor.sent("POST") == []


@pytest.mark.parametrize(
    ("state", "code", "text"),
    [
        ({"unplayable": True}, Code.NOT_POSSIBLE, "cannot start job deploy uat now"),
        ({"protected": True}, Code.UNAUTHORIZED, "where the environment is protected"),
    ],
)
def test_what_gitlab_does_not_let_start_is_named(
    vendor: Vendor, gitlab: Gitlab, state: Dict[str, Any], code: Code, text: str
) -> None:
    for name, value in state.items():
        setattr(gitlab, name, value)
    job = a_job()
    error = caught(by_job(vendor), job, v1(gitlab))
    assert error.code is code
    assert text in f"{error.message} {error.hint}"
    assert job.handles == {"gitlab": ""}


def test_a_job_that_may_not_run_again_says_so(vendor: Vendor, gitlab: Gitlab, clock: Clock) -> None:
    ended(gitlab, clock)
    gitlab.archived = True
    error = caught(by_job(vendor), a_job(), v1(gitlab))
    assert "Job is not retryable" in error.message


@pytest.mark.parametrize(
    "reply", [page("Sign in"), Reply(302, "", {"Location": "https://sso.example.com/"})]
)
def test_what_is_not_gitlab_has_started_nothing(
    vendor: Vendor, gitlab: Gitlab, reply: Reply
) -> None:
    vendor.instead(reply, where=is_post)
    job = a_job()
    error = caught(by_job(vendor), job, v1(gitlab))
    assert isinstance(error, Failure)
    assert (gitlab.jobs[91]["status"], job.handles) == ("manual", {"gitlab": ""})


def test_a_job_that_is_played_gets_inputs(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.job_inputs = ["target", "replicas"]
    by_job(vendor, inputs={"target": "{environment}", "replicas": 3}).deploy(v1(gitlab), a_job())
    assert gitlab.sent[91]["inputs"] == {"target": "uat", "replicas": 3}


def test_inputs_that_the_job_does_not_take_are_refused_and_it_is_not_played(
    vendor: Vendor, gitlab: Gitlab
) -> None:
    error = caught(by_job(vendor, inputs={"target": "x"}), a_job(), v1(gitlab))
    assert isinstance(error, Refusal)
    assert "Unknown inputs: target" in error.message
    assert gitlab.jobs[91]["status"] == "manual"


def test_a_job_that_runs_again_keeps_its_inputs_and_says_so(
    vendor: Vendor, gitlab: Gitlab, clock: Clock
) -> None:
    ended(gitlab, clock)
    job = a_job()
    by_job(vendor, inputs={"target": "x"}).deploy(v1(gitlab), job)
    assert job.lines[0].endswith("was started again, with the inputs of before")


def test_the_protection_of_the_environment_is_said(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.protections["uat"] = {"name": "uat", "required_approval_count": 1}
    (warning,) = by_job(vendor).warnings(v1(gitlab))
    assert "wants 1 approval" in warning
