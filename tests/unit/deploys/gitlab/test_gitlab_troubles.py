"""What GitLab does not accept, what a token may not do, and what is not GitLab."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code, Refusal
from support.deploys.sites import Site
from support.servers.http import Reply
from support.vendors.gitlab import FILTERED, Gitlab, problem

FIXED = {"ref": "main", "versions": "any", "inputs": {"version": "{version}"}}


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
    site: Site, gitlab: Gitlab, refusal: Any, code: Code, text: str, hint: str
) -> None:
    gitlab.refusal = refusal
    error = site.fails()
    assert error.code is code
    assert text in error.message
    assert hint in error.hint
    assert (len(site.posts), gitlab.pipelines, site.kept) == (1, {}, "")


def test_variables_that_are_off_are_named_with_the_setting(site: Site, gitlab: Gitlab) -> None:
    gitlab.variables_allowed = False
    error = site.fails(variables={"A": "{version}"})
    assert isinstance(error, Refusal)
    assert "does not let this token set pipeline variables in acme/web" in error.message
    assert "apps.web.deploy.inputs" in error.hint
    assert "Minimum role to use pipeline variables" in error.hint


@pytest.mark.parametrize("too_many", [1, 2])
def test_too_many_pipelines_are_waited_out(site: Site, gitlab: Gitlab, too_many: int) -> None:
    gitlab.too_many = too_many
    began = site.clock()
    assert "GitLab wants a pause; asking again in 1 min" in site.deploy().lines
    assert site.clock() - began >= 60.0 * too_many
    assert (len(gitlab.pipelines), site.kept) == (1, "")


def test_too_many_pipelines_for_too_long_are_a_failure(site: Site, gitlab: Gitlab) -> None:
    gitlab.too_many = 3
    began = site.clock()
    error = site.fails()
    assert (error.code, error.facts["sent"]) == (Code.RATE_LIMITED, False)
    assert site.clock() - began >= 120.0
    assert (gitlab.pipelines, site.kept) == ({}, "")


def test_who_cancels_during_such_a_pause_leaves_nothing(site: Site, gitlab: Gitlab) -> None:
    gitlab.too_many = 1
    site.stop()
    assert site.fails().code is Code.CANCELLED
    assert (gitlab.pipelines, site.kept) == ({}, "")


def test_inputs_that_are_not_declared_are_named(site: Site, gitlab: Gitlab) -> None:
    gitlab.inputs = ["opsroom"]
    error = site.fails()
    assert isinstance(error, Refusal)
    assert "unknown input arguments: environment" in error.message
    assert gitlab.pipelines == {}


@pytest.mark.parametrize(
    ("known", "inputs"), [(["environment"], {"environment": "{environment}"}), (None, {})]
)
def test_an_older_tag_without_the_input_is_deployed_without_it(
    site: Site, gitlab: Gitlab, known: Any, inputs: Any
) -> None:
    gitlab.inputs_on["v1.0.0"] = known
    assert (
        site.deploy(inputs=inputs)
        .lines[0]
        .endswith("was started, without its id: the pipeline of v1.0.0 has no input opsroom")
    )
    assert "opsroom" not in gitlab.sent[4711]["inputs"]


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
def test_what_is_missing_is_named(
    site: Site, gitlab: Gitlab, state: Dict[str, Any], code: Code, texts: Any
) -> None:
    vars(gitlab).update(state)
    error = site.fails()
    assert error.code is code
    assert [one for one in texts if one not in f"{error.message} {error.hint}"] == []
    assert (gitlab.pipelines, site.kept) == ({}, "")


def test_a_project_that_was_moved_takes_no_changes(site: Site, gitlab: Gitlab) -> None:
    gitlab.moved = True
    error = site.fails(Resolved("1.0", "1.0"), **FIXED)
    assert (error.code, len(site.vendor.requests)) == (Code.BAD_ANSWER, 1)
    assert "was moved or renamed on GitLab, so nothing was done" in error.message


def test_a_wrong_token_is_said(site: Site) -> None:
    error = site.fails(token="wrong")
    assert "does not accept the token of apps.web.deploy (401)" in error.message
    assert "apps.web.deploy.token" in error.hint


@pytest.mark.parametrize(("raw", "asked"), [({}, 1), (FIXED, 0)])
def test_a_project_that_may_not_be_seen_is_named(site: Site, raw: Any, asked: int) -> None:
    error = site.fails(project="acme/other", **raw)
    assert len(site.vendor.sent("GET")) == asked
    assert error.code is Code.GONE
    assert "no project acme/other on GitLab, or the token may not see it" in error.message


def test_an_answer_without_a_pipeline_is_looked_up(site: Site) -> None:
    site.instead(Reply(201, "{}", {"Content-Type": "application/json"}))
    message = site.fails().message
    assert "'id' is no number" in message
    assert "GitLab started nothing." in message


def test_a_child_that_cannot_be_asked_for_is_no_success(site: Site) -> None:
    site.vendor.instead(
        problem(500, "500 Internal Server Error"),
        where=lambda request: request.path.endswith("/trigger_jobs"),
    )
    assert "GitLab does not answer (bad_answer)" in site.deploy().lines
