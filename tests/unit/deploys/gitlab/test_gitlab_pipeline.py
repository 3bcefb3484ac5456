"""Deploying by a pipeline of GitLab: made once, found again, followed to its end, cancelled."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest

from opsroom.deploys import Advisor
from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.gitlab import (
    MARK,
    a_job,
    caught,
    deployer_at,
    v1,
)
from support.vendors.gitlab import PROJECT, SITE, TOKEN, Gitlab

PIPELINES = f"{SITE}/{PROJECT}/-/pipelines"


def test_a_pipeline_is_made_of_the_tag_and_followed(vendor: Vendor, gitlab: Gitlab) -> None:
    job = a_job()
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert gitlab.sent[4711] == {
        "inputs": {"environment": "uat", "opsroom": MARK},
        "variables": {},
    }
    assert gitlab.pipelines[4711]["ref"] == "v1.0.0"
    assert job.lines == ["GitLab pipeline 4711 was started", "GitLab pipeline 4711 is running"]
    assert job.links == [f"{PIPELINES}/4711"]
    assert job.handles == {"gitlab": ""}
    assert len(vendor.sent("POST")) == 1


def test_inputs_keep_their_types_and_evaluate_nothing(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.inputs = ["version", "replicas", "dry", "by", "hosts", "opsroom"]
    job = a_job()
    job.requester = "{{ st2kv.x }} $(id) $CI_JOB_TOKEN `id` alice"
    inputs = {
        "version": "{app}-{version}",
        "replicas": 3,
        "dry": False,
        "by": "{requester}",
        "hosts": ["{environment}-1", "b"],
    }
    deployer_at(vendor, ref="main", inputs=inputs).deploy(v1(gitlab), job)
    sent = gitlab.sent[4711]["inputs"]
    assert (sent["version"], sent["replicas"], sent["dry"]) == ("web-v1.0.0", 3, False)
    assert sent["hosts"] == ["uat-1", "b"]
    assert not set(sent["by"]) & set("{}$`()")
    assert gitlab.pipelines[4711]["ref"] == "main"


def test_variables_are_texts(vendor: Vendor, gitlab: Gitlab) -> None:
    variables = {"ENVIRONMENT": "{environment}", "DRY": True, "COUNT": 3}
    deployer_at(vendor, variables=variables).deploy(v1(gitlab), a_job())
    assert gitlab.sent[4711] == {
        "inputs": {},
        "variables": {"ENVIRONMENT": "uat", "DRY": "true", "COUNT": "3", "OPSROOM": MARK},
    }


def test_the_token_goes_where_a_redirect_would_drop_it(vendor: Vendor, gitlab: Gitlab) -> None:
    deployer_at(vendor).deploy(v1(gitlab), a_job())
    for request in vendor.requests:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in f"{request.path} {request.query}"
        assert not [one for one in request.headers if "token" in one]


def test_a_branch_is_deployed_by_its_name(vendor: Vendor, gitlab: Gitlab) -> None:
    made = deployer_at(vendor)
    made.deploy(made.resolve("main"), a_job())
    assert gitlab.pipelines[4711]["ref"] == "main"


# What the states mean.


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("created", "is being prepared"),
        ("waiting_for_resource", "waits for others of its resource group"),
        ("preparing", "is being prepared"),
        ("waiting_for_callback", "waits for an answer to GitLab"),
        ("pending", "waits for a runner"),
        ("scheduled", "waits for the time of a delayed job"),
        ("canceling", "is being cancelled"),
    ],
)
def test_what_a_pipeline_waits_for_is_shown(
    vendor: Vendor, gitlab: Gitlab, status: str, text: str
) -> None:
    gitlab.states = ["created", "running", status, "success"]
    job = a_job()
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert job.lines[-1] == f"GitLab pipeline 4711 {text}"


def test_a_manual_job_is_neither_success_nor_failure(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "manual", "manual", "running", "success"]
    gitlab.job(4711, "build", "success")
    gitlab.job(4711, "deploy uat", "manual")
    job = a_job()
    deployer_at(vendor).deploy(v1(gitlab), job)
    waits = "GitLab pipeline 4711 waits for someone to start the job 'deploy uat' on GitLab"
    assert job.lines.count(waits) == 1


def test_a_pipeline_that_nobody_starts_runs_out_of_time(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["manual"]
    gitlab.job(4711, "approve", "manual")
    gitlab.job(4711, "deploy", "manual")
    error = caught(deployer_at(vendor, time_limit="1m"), a_job(), v1(gitlab))
    assert error.code is Code.TIMED_OUT
    assert "(it waits for someone to start the jobs 'deploy' and 'approve' on GitLab)" in str(error)
    assert gitlab.pipelines[4711]["status"] == "canceled"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("failed", "failed: job 'deploy' (script failure)"),
        ("skipped", "failed: ran none of its jobs: all were skipped"),
        ("canceled", "was cancelled at GitLab"),
    ],
)
def test_a_pipeline_that_does_not_succeed_says_how_it_ended(
    vendor: Vendor, gitlab: Gitlab, status: str, text: str
) -> None:
    gitlab.states = ["running", status]
    gitlab.job(4711, "deploy", "failed", failure_reason="script_failure")
    gitlab.job(4711, "lint", "success")
    job = a_job()
    error = caught(deployer_at(vendor), job, v1(gitlab))
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == f"GitLab pipeline 4711 {text}."
    assert error.hint == f"See {PIPELINES}/4711"
    assert job.handles == {"gitlab": ""}


def test_a_state_that_is_not_known_is_no_success(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "perfect", "failed"]
    vendor.odd = True
    job = a_job()
    caught(deployer_at(vendor), job, v1(gitlab))
    assert job.lines[-1] == "GitLab pipeline 4711 is perfect"


@pytest.mark.parametrize("found_in", ["trigger_jobs", "bridges"])
@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("failed", "its child pipeline 5000 failed: job 'apply' (runner system failure)"),
        ("canceled", "its child pipeline 5000 was cancelled"),
        ("skipped", "its child pipeline 5000 failed: ran none of its jobs"),
    ],
)
def test_a_child_that_fails_counts(
    vendor: Vendor, gitlab: Gitlab, status: str, text: str, found_in: str
) -> None:
    gitlab.has_trigger_jobs = found_in == "trigger_jobs"
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    gitlab.child(4711, status)
    gitlab.pipelines.clear()
    gitlab.job(5000, "apply", "failed", failure_reason="runner_system_failure")
    if status == "skipped":
        gitlab.jobs.clear()
    assert text in caught(deployer_at(vendor), a_job(), v1(gitlab)).message
    deployer_at(vendor, children="ignore").deploy(v1(gitlab), a_job())


def test_a_child_that_runs_is_waited_for(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["success"]
    gitlab.pipeline()
    child = gitlab.child(4711, "running")
    gitlab.pipelines.clear()
    job = a_job()
    lines = iter(["manual", "success"])

    def on_note(line: str) -> None:
        if "goes on" in line:
            child["status"] = next(lines)

    job._on_note = on_note
    gitlab.job(5000, "apply", "manual")
    gitlab.states = ["running", "success"]
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert job.lines[-2:] == [
        "GitLab pipeline 4711 goes on: its child pipeline 5000 is running",
        "GitLab pipeline 4711 goes on: its child pipeline 5000 waits for someone to start the job "
        "'apply' on GitLab",
    ]


@pytest.mark.parametrize("has_trigger_jobs", [True, False])
def test_what_a_child_started_counts_as_well(
    vendor: Vendor, gitlab: Gitlab, has_trigger_jobs: bool
) -> None:
    gitlab.has_trigger_jobs = has_trigger_jobs
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    gitlab.child(4711, "success")
    gitlab.pipelines[5000] = gitlab.children[4711][0]
    gitlab.child(5000, "failed", 5001)
    gitlab.pipelines.clear()
    gitlab.job(5001, "apply", "failed")
    message = caught(deployer_at(vendor), a_job(), v1(gitlab)).message
    assert "its child pipeline 5001 failed: job 'apply'" in message
    deployer_at(vendor, children="ignore").deploy(v1(gitlab), a_job())
    gitlab.pipelines.clear()
    # The job that counts may be there, too.
    gitlab.children[5000][0]["status"] = "success"
    gitlab.jobs[max(gitlab.jobs)]["status"] = "success"
    deployer_at(vendor, job="apply").deploy(v1(gitlab), a_job())


def test_children_of_a_project_that_the_token_may_not_see_are_none(
    vendor: Vendor, gitlab: Gitlab
) -> None:
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    gitlab.child(4711, "success")["project_id"] = 99
    gitlab.pipelines.clear()
    deployer_at(vendor).deploy(v1(gitlab), a_job())


def test_pipelines_that_start_each_other_come_to_an_end(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    gitlab.child(4711, "success")
    gitlab.children[5000] = [gitlab.pipelines[4711], *gitlab.children[4711]]
    gitlab.pipelines[4711]["status"] = "success"
    gitlab.pipelines.clear()
    deployer_at(vendor).deploy(v1(gitlab), a_job())
    asked = [one for one in vendor.sent("GET") if one.path.endswith("/5000/trigger_jobs")]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("skipped", "succeeded, but its job 'deploy uat' was skipped"),
        ("failed", "succeeded, but its job 'deploy uat' ended as failed"),
        ("canceled", "succeeded, but its job 'deploy uat' ended as canceled"),
        ("", "has no job 'deploy uat': it has build"),
    ],
)
def test_the_named_job_has_to_succeed(
    vendor: Vendor, gitlab: Gitlab, status: str, text: str
) -> None:
    gitlab.states = ["running", "success"]
    gitlab.job(4711, "build", "success")
    if status:
        gitlab.job(4711, "deploy uat", status)
    error = caught(deployer_at(vendor, job="deploy {environment}"), a_job(), v1(gitlab))
    assert text in error.message


def test_a_named_job_that_nobody_started_blocks(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    number = gitlab.job(4711, "deploy", "manual")
    job = a_job()

    def on_note(line: str) -> None:
        if "waits for someone to start the job 'deploy'" in line:
            gitlab.jobs[number]["status"] = "success"

    job._on_note = on_note
    deployer_at(vendor, job="deploy").deploy(v1(gitlab), job)
    assert gitlab.jobs[number]["status"] == "success"


def test_a_named_job_may_be_one_of_a_child(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["created", "success"]
    gitlab.pipeline()
    gitlab.child(4711, "success")
    gitlab.pipelines.clear()
    gitlab.job(5000, "apply", "success")
    deployer_at(vendor, job="apply").deploy(v1(gitlab), a_job())


def test_a_pipeline_of_another_commit_is_no_success(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    job = a_job()

    def on_note(line: str) -> None:
        gitlab.pipelines[4711]["sha"] = gitlab.commit("second")

    job._on_note = on_note
    error = caught(deployer_at(vendor), job, v1(gitlab))
    assert f"in place of {gitlab.tags['v1.0.0'][:12]}" in error.message


# What plan warns of.


def warned(vendor: Vendor, gitlab: Gitlab, **raw: Any) -> Tuple[str, ...]:
    made = deployer_at(vendor, **raw)
    assert isinstance(made, Advisor)
    found = made.warnings(v1(gitlab))
    assert vendor.sent("POST") == []
    return found


def test_nothing_is_warned_of_where_nothing_is_in_the_way(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipeline(status="success")
    gitlab.pipeline(status="running", user="carol")
    gitlab.protections["production"] = {"name": "production", "required_approval_count": 2}
    assert warned(vendor, gitlab) == ()
    gitlab.forbidden = "protected_environments|pipelines"
    assert warned(vendor, gitlab) == ()


@pytest.mark.parametrize(
    ("protection", "sentence"),
    [
        (
            {"required_approval_count": 1},
            "GitLab wants 1 approval there before a job deploys to uat.",
        ),
        (
            {"approval_rules": [{"required_approvals": 1}, {"required_approvals": 2}]},
            "GitLab wants 3 approvals there before a job deploys to uat.",
        ),
        (
            {"deploy_access_levels": [{"access_level_description": "Maintainers"}]},
            "uat is protected on GitLab. These may deploy there: Maintainers.",
        ),
    ],
)
def test_the_protection_of_the_environment_is_said(
    vendor: Vendor, gitlab: Gitlab, protection: Dict[str, Any], sentence: str
) -> None:
    gitlab.protections["uat"] = {"name": "uat", **protection}
    assert warned(vendor, gitlab) == (sentence,)
    gitlab.protections["web/uat"] = {**gitlab.protections.pop("uat"), "name": "web/uat"}
    named = {"environment": "{app}/{environment}"}
    assert warned(vendor, gitlab, inputs=named) == (sentence.replace("uat", "web/uat"),)


def test_a_pipeline_of_the_same_version_that_runs_is_said(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipeline(status="running")
    assert warned(vendor, gitlab) == (
        "GitLab pipeline 4711 of v1.0.0 runs already, started by the same user.",
    )


def test_variables_that_nobody_may_set_are_said(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.variables_allowed = False
    variables = {"ENVIRONMENT": "{environment}"}
    assert warned(vendor, gitlab, variables=variables) == (
        "acme/web lets nobody set variables of pipelines: use inputs.",
    )
    assert warned(vendor, gitlab) == ()
