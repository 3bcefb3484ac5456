"""What GitLab does not accept, what a token may not do, and what is not GitLab."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code, Failure, Refusal
from support.contracts.vendor import Vendor
from support.deploys.gitlab import (
    a_job,
    caught,
    deployer_at,
    stopping,
    v1,
)
from support.deploys.runs import Clock
from support.servers.http import Reply, Request
from support.vendors.gitlab import FILTERED, PROJECT, SITE, TOKEN, Gitlab, page, problem

PIPELINES = f"{SITE}/{PROJECT}/-/pipelines"


def is_post(request: Request) -> bool:
    return request.method == "POST"


def is_look(request: Request) -> bool:
    return request.path.endswith("/pipelines/4711")


@pytest.mark.parametrize(
    ("refusal", "code", "text", "hint"),
    [
        ({"base": [FILTERED]}, Code.NOT_POSSIBLE, "left out every job", "CI_PIPELINE_SOURCE"),
        (
            {"base": ["The resulting pipeline would have been empty. Review the rules."]},
            Code.NOT_POSSIBLE,
            "left out every job",
            "CI_PIPELINE_SOURCE",
        ),
        ({"base": ["Reference not found"]}, Code.NOT_ACCEPTED, "web: Reference not found.", ""),
        ("400 Bad request", Code.NOT_ACCEPTED, ": Bad request.", ""),
        (["one", "two"], Code.NOT_ACCEPTED, ": one; two.", ""),
        ({"ref": ["is missing"]}, Code.NOT_ACCEPTED, ": ref: is missing.", ""),
        (
            {"base": ["You do not have sufficient permission to run a pipeline on 'v1.0.0'."]},
            Code.UNAUTHORIZED,
            "run a pipeline on 'v1.0.0'",
            "role Maintainer",
        ),
    ],
)
def test_what_gitlab_refuses_is_named(
    vendor: Vendor, gitlab: Gitlab, refusal: Any, code: Code, text: str, hint: str
) -> None:
    gitlab.refusal = refusal
    job = a_job()
    error = caught(deployer_at(vendor), job, v1(gitlab))
    assert error.code is code
    assert text in error.message
    assert hint in error.hint
    assert (gitlab.pipelines, job.handles) == ({}, {"gitlab": ""})
    assert len(vendor.sent("POST")) == 1


def test_variables_that_are_off_are_named_with_the_setting(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.variables_allowed = False
    error = caught(deployer_at(vendor, variables={"A": "{version}"}), a_job(), v1(gitlab))
    assert isinstance(error, Refusal)
    assert "does not let this token set pipeline variables in acme/web" in error.message
    assert "apps.web.deploy.inputs" in error.hint
    assert "Minimum role to use pipeline variables" in error.hint


@pytest.mark.parametrize("too_many", [1, 2, 3])
def test_too_many_pipelines_are_waited_out(
    vendor: Vendor, gitlab: Gitlab, clock: Clock, too_many: int
) -> None:
    gitlab.too_many = too_many
    job, began = a_job(), clock.now
    if too_many > 2:
        error = caught(deployer_at(vendor), job, v1(gitlab))
        assert (error.code, error.facts["sent"]) == (Code.RATE_LIMITED, False)
    else:
        deployer_at(vendor).deploy(v1(gitlab), job)
        assert "GitLab wants a pause; asking again in 1 min" in job.lines
    assert clock.now - began >= 60.0 * min(too_many, 2)
    assert len(gitlab.pipelines) == (too_many < 3)
    assert job.handles == {"gitlab": ""}


def test_who_cancels_during_such_a_pause_leaves_nothing(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.too_many = 1
    job = stopping(5)
    error = caught(deployer_at(vendor), job, v1(gitlab))
    assert error.code is Code.CANCELLED
    assert (gitlab.pipelines, job.handles) == ({}, {"gitlab": ""})


def test_inputs_that_are_not_declared_are_named(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.inputs = ["opsroom"]
    error = caught(deployer_at(vendor), a_job(), v1(gitlab))
    assert isinstance(error, Refusal)
    assert "unknown input arguments: environment" in error.message
    assert gitlab.pipelines == {}


@pytest.mark.parametrize("known", [["environment"], None])
def test_an_older_tag_without_the_input_is_deployed_without_it(known: Any) -> None:
    gitlab = Gitlab()
    gitlab.inputs_on["v1.0.0"] = known
    with gitlab.vendor() as vendor:
        job = a_job()
        inputs: Dict[str, Any] = {} if known is None else {"environment": "{environment}"}
        deployer_at(vendor, inputs=inputs).deploy(v1(gitlab), job)
    assert job.lines[0].endswith(
        "was started, without its id: the pipeline of v1.0.0 has no input opsroom"
    )
    assert "opsroom" not in gitlab.sent[4711]["inputs"]


def test_a_tag_that_was_moved_is_not_deployed(vendor: Vendor, gitlab: Gitlab) -> None:
    before = v1(gitlab)
    gitlab.tags["v1.0.0"] = gitlab.commit("second")
    error = caught(deployer_at(vendor), a_job(), before)
    assert error.code is Code.CHANGED_MEANWHILE
    assert vendor.sent("POST") == []


# Troubles.


@pytest.mark.parametrize(
    ("state", "code", "texts"),
    [
        ({"expired": True}, Code.UNAUTHORIZED, ["token of apps.web.deploy (401): it has expired"]),
        ({"missing_scope": "api"}, Code.UNAUTHORIZED, ["the scope api."]),
        ({"missing_scope": "read_api"}, Code.UNAUTHORIZED, ["the scope read_api."]),
        (
            {"forbidden": "/pipeline$"},
            Code.UNAUTHORIZED,
            ["pipelines of acme/web (403): Forbidden.", "Developer", "Maintainer"],
        ),
        ({"moved": True}, Code.BAD_ANSWER, ["was moved or renamed", "apps.web.deploy"]),
    ],
)
def test_what_is_missing_is_named(state: Dict[str, Any], code: Code, texts: List[str]) -> None:
    gitlab = Gitlab()
    for name, value in state.items():
        setattr(gitlab, name, value)
    with gitlab.vendor() as vendor:
        job = a_job()
        error = caught(deployer_at(vendor), job, v1(gitlab))
    assert error.code is code
    for text in texts:
        assert text in f"{error.message} {error.hint}"
    assert (gitlab.pipelines, job.handles) == ({}, {"gitlab": ""})


def test_a_project_that_was_moved_takes_no_changes(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.moved = True
    made = deployer_at(vendor, ref="main", versions="any", inputs={"version": "{version}"})
    error = caught(made, a_job(), Resolved("1.0", "1.0"))
    assert (error.code, len(vendor.requests)) == (Code.BAD_ANSWER, 1)
    assert "was moved or renamed on GitLab, so nothing was done" in error.message


def test_a_wrong_token_is_said(vendor: Vendor, gitlab: Gitlab) -> None:
    error = caught(deployer_at(vendor, token="wrong"), a_job(), v1(gitlab))
    assert "does not accept the token of apps.web.deploy (401)" in error.message
    assert "apps.web.deploy.token" in error.hint


@pytest.mark.parametrize("asked", [1, 0])
def test_a_project_that_may_not_be_seen_is_named(
    vendor: Vendor, gitlab: Gitlab, asked: int
) -> None:
    fixed = {"ref": "main", "versions": "any", "inputs": {"version": "{version}"}}
    made = deployer_at(vendor, project="acme/other", **({} if asked else fixed))
    error = caught(made, a_job(), v1(gitlab))
    assert len(vendor.sent("GET")) == asked
    assert error.code is Code.GONE
    assert "no project acme/other on GitLab, or the token may not see it" in error.message


@pytest.mark.parametrize(
    "reply",
    [
        page(f"Sign in, {TOKEN}"),
        Reply(302, "", {"Location": "https://sso.example.com/users/sign_in"}),
        Reply(307, "", {"Location": "https://other.example.com/api/v4/projects/1/pipeline"}),
        page("nginx", 404),
        Reply(429, "Retry later", {"Retry-After": "900"}),
        Reply(403, "<html>no</html>"),
    ],
)
def test_what_is_not_gitlab_has_started_nothing(reply: Reply) -> None:
    gitlab = Gitlab()
    with gitlab.vendor() as vendor:
        vendor.instead(reply, where=is_post)
        job = a_job()
        error = caught(deployer_at(vendor), job, v1(gitlab))
        assert isinstance(error, Failure)
        assert len(vendor.sent("POST")) == 1
    assert (gitlab.pipelines, job.handles) == ({}, {"gitlab": ""})


def test_an_answer_without_a_pipeline_is_looked_up(vendor: Vendor, gitlab: Gitlab) -> None:
    vendor.instead(Reply(201, "{}", {"Content-Type": "application/json"}), where=is_post)
    error = caught(deployer_at(vendor), a_job(), v1(gitlab))
    assert "'id' is no number" in error.message
    assert "GitLab started nothing." in error.message


def test_trouble_while_it_runs_is_waited_out(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["created", "running", "success"]
    job = a_job()
    replies = [page("Sign in"), Reply(502, "<html>"), problem(500, "500 Internal Server Error")]
    vendor.instead(*replies, where=is_look)
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert any("GitLab does not answer" in line for line in job.lines)


def test_a_child_that_cannot_be_asked_for_is_no_success(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    vendor.instead(
        problem(500, "500 Internal Server Error"),
        where=lambda request: request.path.endswith("/trigger_jobs"),
    )
    job = a_job()
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert "GitLab does not answer (bad_answer)" in job.lines
