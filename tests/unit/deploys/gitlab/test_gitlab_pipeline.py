"""Deploying by a pipeline of GitLab: made once, found again, followed to its end, cancelled."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest

from opsroom.deploys import Advisor
from opsroom.errors import Code
from support.deploys.gitlab import PIPELINES
from support.deploys.sites import MARK, Site
from support.vendors.gitlab import Gitlab


def test_a_pipeline_is_made_of_the_tag_and_followed(site: Site, gitlab: Gitlab) -> None:
    job = site.deploy()
    assert gitlab.sent[4711] == {
        "inputs": {"environment": "uat", "opsroom": MARK},
        "variables": {},
    }
    assert gitlab.pipelines[4711]["ref"] == "v1.0.0"
    assert job.lines == ["GitLab pipeline 4711 was started", "GitLab pipeline 4711 is running"]
    assert (job.links, job.handles) == ([f"{PIPELINES}/4711"], {"gitlab": ""})
    assert len(site.posts) == 1


def test_inputs_keep_their_types_and_evaluate_nothing(site: Site, gitlab: Gitlab) -> None:
    gitlab.inputs = ["version", "replicas", "dry", "by", "hosts", "opsroom"]
    site.job.requester = "{{ st2kv.x }} $(id) $CI_JOB_TOKEN `id` alice"
    inputs = {
        "version": "{app}-{version}",
        "replicas": 3,
        "dry": False,
        "by": "{requester}",
        "hosts": ["{environment}-1", "b"],
    }
    site.deploy(ref="main", inputs=inputs)
    sent = gitlab.sent[4711]["inputs"]
    assert (sent["version"], sent["replicas"], sent["dry"]) == ("web-v1.0.0", 3, False)
    assert sent["hosts"] == ["uat-1", "b"]
    assert not set(sent["by"]) & set("{}$`()")
    assert gitlab.pipelines[4711]["ref"] == "main"


def test_variables_are_texts(site: Site, gitlab: Gitlab) -> None:
    site.deploy(variables={"ENVIRONMENT": "{environment}", "DRY": True, "COUNT": 3})
    assert gitlab.sent[4711] == {
        "inputs": {},
        "variables": {"ENVIRONMENT": "uat", "DRY": "true", "COUNT": "3", "OPSROOM": MARK},
    }


def test_the_token_goes_where_a_redirect_would_drop_it(site: Site) -> None:
    site.deploy()
    for request in site.vendor.requests:
        assert request.headers["authorization"] == f"Bearer {site.kind.secret}"
        assert site.kind.secret not in f"{request.path} {request.query}"
        assert not [one for one in request.headers if "token" in one]


def test_a_branch_is_deployed_by_its_name(site: Site, gitlab: Gitlab) -> None:
    site.deploy(site.deployer().resolve("main"))
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
    site: Site, gitlab: Gitlab, status: str, text: str
) -> None:
    gitlab.states = ["created", "running", status, "success"]
    assert site.deploy().lines[-1] == f"GitLab pipeline 4711 {text}"


def test_a_manual_job_is_neither_success_nor_failure(site: Site, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "manual", "manual", "running", "success"]
    gitlab.job(4711, "build", "success")
    gitlab.job(4711, "deploy uat", "manual")
    waits = "GitLab pipeline 4711 waits for someone to start the job 'deploy uat' on GitLab"
    assert site.deploy().lines.count(waits) == 1


def test_a_pipeline_that_nobody_starts_runs_out_of_time(site: Site, gitlab: Gitlab) -> None:
    gitlab.states = ["manual"]
    gitlab.job(4711, "approve", "manual")
    gitlab.job(4711, "deploy", "manual")
    error = site.fails(time_limit="1m")
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
    site: Site, gitlab: Gitlab, status: str, text: str
) -> None:
    gitlab.states = ["running", status]
    gitlab.job(4711, "deploy", "failed", failure_reason="script_failure")
    gitlab.job(4711, "lint", "success")
    error = site.fails()
    assert error.code is Code.DEPLOY_FAILED
    assert error.message == f"GitLab pipeline 4711 {text}."
    assert error.hint == f"See {PIPELINES}/4711"
    assert site.kept == ""


def test_a_state_that_is_not_known_is_no_success(site: Site, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "perfect", "failed"]
    site.vendor.odd = True
    site.fails()
    assert site.job.lines[-1] == "GitLab pipeline 4711 is perfect"


# Pipelines that a pipeline starts.


@pytest.fixture
def with_child(gitlab: Gitlab) -> Dict[str, Any]:
    """The next pipeline, 4711, succeeds, and starts 5000, which did so, too."""
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    child = gitlab.child(4711, "success")
    gitlab.pipelines.clear()
    return child


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
    site: Site, gitlab: Gitlab, with_child: Any, status: str, text: str, found_in: str
) -> None:
    gitlab.has_trigger_jobs = found_in == "trigger_jobs"
    with_child["status"] = status
    if status != "skipped":
        gitlab.job(5000, "apply", "failed", failure_reason="runner_system_failure")
    assert text in site.fails().message
    site.deploy(children="ignore")


def test_a_child_that_runs_is_waited_for(site: Site, gitlab: Gitlab, with_child: Any) -> None:
    with_child["status"] = "running"
    gitlab.job(5000, "apply", "manual")
    following = iter(["manual", "success"])

    def on_note(line: str) -> None:
        if "goes on" in line:
            with_child["status"] = next(following)

    site.job._on_note = on_note
    assert site.deploy().lines[-2:] == [
        "GitLab pipeline 4711 goes on: its child pipeline 5000 is running",
        "GitLab pipeline 4711 goes on: its child pipeline 5000 waits for someone to start the job "
        "'apply' on GitLab",
    ]


@pytest.mark.parametrize("has_trigger_jobs", [True, False])
def test_what_a_child_started_counts_as_well(
    site: Site, gitlab: Gitlab, with_child: Any, has_trigger_jobs: bool
) -> None:
    gitlab.has_trigger_jobs = has_trigger_jobs
    gitlab.pipelines[5000] = with_child
    grandchild = gitlab.child(5000, "failed", 5001)
    gitlab.pipelines.clear()
    apply = gitlab.job(5001, "apply", "failed")
    assert "its child pipeline 5001 failed: job 'apply'" in site.fails().message
    site.deploy(children="ignore")
    # The job that counts may be there, too.
    gitlab.pipelines.clear()
    grandchild["status"] = gitlab.jobs[apply]["status"] = "success"
    site.deploy(job="apply")


def test_children_of_a_project_that_the_token_may_not_see_are_none(
    site: Site, with_child: Any
) -> None:
    with_child["project_id"] = 99
    site.deploy()


def test_pipelines_that_start_each_other_come_to_an_end(
    site: Site, gitlab: Gitlab, with_child: Any
) -> None:
    parent = {**with_child, "id": 4711, "source": "api"}
    gitlab.children[5000] = [parent, *gitlab.children[4711]]
    site.deploy()
    asked = [one for one in site.vendor.sent("GET") if one.path.endswith("/5000/trigger_jobs")]
    assert len(asked) == 1


# The job that counts.


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("skipped", "succeeded, but its job 'deploy uat' was skipped"),
        ("failed", "succeeded, but its job 'deploy uat' ended as failed"),
        ("canceled", "succeeded, but its job 'deploy uat' ended as canceled"),
        ("", "has no job 'deploy uat': it has build"),
    ],
)
def test_the_named_job_has_to_succeed(site: Site, gitlab: Gitlab, status: str, text: str) -> None:
    gitlab.job(4711, "build", "success")
    if status:
        gitlab.job(4711, "deploy uat", status)
    assert text in site.fails(job="deploy {environment}").message


def test_a_named_job_that_nobody_started_blocks(site: Site, gitlab: Gitlab) -> None:
    number = gitlab.job(4711, "deploy", "manual")

    def on_note(line: str) -> None:
        if "waits for someone to start the job 'deploy'" in line:
            gitlab.jobs[number]["status"] = "success"

    site.job._on_note = on_note
    site.deploy(job="deploy")
    assert gitlab.jobs[number]["status"] == "success"


def test_a_named_job_may_be_one_of_a_child(site: Site, gitlab: Gitlab, with_child: Any) -> None:
    gitlab.job(5000, "apply", "success")
    site.deploy(job="apply")


def test_a_pipeline_of_another_commit_is_no_success(site: Site, gitlab: Gitlab) -> None:
    moved = gitlab.commit("second")
    site.job._on_note = lambda line: gitlab.pipelines[4711].update(sha=moved)
    assert f"in place of {site.v1.commit[:12]}" in site.fails().message


# What plan warns of.


def warned(site: Site, **raw: Any) -> Tuple[str, ...]:
    made = site.deployer(**raw)
    assert isinstance(made, Advisor)
    found = made.warnings(site.v1)
    assert site.posts == []
    return found


def test_nothing_is_warned_of_where_nothing_is_in_the_way(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipeline(status="success")
    gitlab.pipeline(status="running", user="carol")
    gitlab.protections["production"] = {"name": "production", "required_approval_count": 2}
    assert warned(site) == ()
    gitlab.forbidden = "protected_environments|pipelines"
    assert warned(site) == ()


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
    site: Site, gitlab: Gitlab, protection: Dict[str, Any], sentence: str
) -> None:
    gitlab.protections["uat"] = {"name": "uat", **protection}
    assert warned(site) == (sentence,)
    gitlab.protections["web/uat"] = {**gitlab.protections.pop("uat"), "name": "web/uat"}
    named = {"environment": "{app}/{environment}"}
    assert warned(site, inputs=named) == (sentence.replace("uat", "web/uat"),)


def test_a_pipeline_of_the_same_version_that_runs_is_said(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipeline(status="running")
    assert warned(site) == (
        "GitLab pipeline 4711 of v1.0.0 runs already, started by the same user.",
    )


def test_variables_that_nobody_may_set_are_said(site: Site, gitlab: Gitlab) -> None:
    gitlab.variables_allowed = False
    assert warned(site, variables={"ENVIRONMENT": "{environment}"}) == (
        "acme/web lets nobody set variables of pipelines: use inputs.",
    )
    assert warned(site) == ()
