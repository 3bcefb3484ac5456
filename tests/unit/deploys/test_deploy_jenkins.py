"""Deploying by a job of Jenkins: queued once, found again, followed to its end, cancelled."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from opsroom.errors import Code, Refusal
from opsroom.vendors.jenkins import is_of_job, job_path
from support.deploys.sites import DEPLOYMENT, EARLIER, Site
from support.vendors.jenkins import JOB, Jenkins

SAME = {"VERSION": "v1.0.0", "ENVIRONMENT": "uat"}


@pytest.fixture
def kind() -> str:
    return "jenkins"


@pytest.fixture
def jenkins(site: Site) -> Jenkins:
    played: Jenkins = site.played
    return played


def test_a_build_is_queued_with_parameters_and_followed(site: Site, jenkins: Jenkins) -> None:
    job = site.deploy()
    assert jenkins.parameters_of(39) == {**SAME, "OPSROOM_ID": DEPLOYMENT}
    assert job.lines == [
        f"the Jenkins build of {JOB} is queued",
        f"the Jenkins build of {JOB} is queued: In the quiet period",
        f"Jenkins build #35 of {JOB} is building",
    ]
    assert (len(site.posts), job.handles) == (1, {"jenkins": ""})


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("FAILURE", "failed: failure"),
        ("UNSTABLE", "unstable, tests failed"),
        ("NOT_BUILT", "failed: not built"),
        ("ABORTED", "was cancelled at Jenkins"),
    ],
)
def test_a_build_that_does_not_succeed_says_how_it_ended(
    site: Site, jenkins: Jenkins, result: str, text: str
) -> None:
    jenkins.states = [None, result]
    error = site.fails()
    assert error.code is Code.DEPLOY_FAILED
    assert text in error.message
    assert error.hint.endswith(f"/job/{JOB}/35/console")


def test_unstable_may_count_as_success(site: Site, jenkins: Jenkins) -> None:
    jenkins.states = ["UNSTABLE"]
    site.deploy(unstable="succeeded")


def test_values_are_filled_in_and_never_evaluated(site: Site, jenkins: Jenkins) -> None:
    jenkins.declared += ["BY", "DRY"]
    site.job.requester = "{{ st2kv.x }} <% ctx() %> $(id) `id` O'Neill"
    site.deploy(parameters={"VERSION": "{app}-{version}", "BY": "{requester}", "DRY": False})
    got = jenkins.parameters_of(39)
    assert (got["VERSION"], got["DRY"]) == ("web-v1.0.0", "false")
    # Pipelines put parameters into scripts.
    assert got["BY"] == "st2kv.x ctx id id O Neill"


# What starting may answer.


def test_an_identical_build_in_the_queue_is_followed(site: Site, jenkins: Jenkins) -> None:
    jenkins.queue(**SAME)
    lines = site.deploy(correlation=False).lines
    assert lines[0].endswith("joined an identical build in the queue")
    assert list(jenkins.items) == [39]


@pytest.mark.parametrize(
    ("declared", "text", "hint"),
    [
        (["VERSION", "ENVIRONMENT"], "no parameter OPSROOM_ID", "correlation: false"),
        (["VERSION", "OPSROOM_ID"], "no parameter ENVIRONMENT", "It has VERSION and OPSROOM_ID."),
        ([], "no parameter VERSION, ENVIRONMENT or OPSROOM_ID", "It has none."),
    ],
)
def test_a_parameter_that_jenkins_would_drop_is_named(
    site: Site, jenkins: Jenkins, declared: List[str], text: str, hint: str
) -> None:
    jenkins.declared = declared
    error = site.fails()
    assert isinstance(error, Refusal)
    assert text in error.message
    assert hint in error.hint
    assert site.posts == []


@pytest.mark.parametrize(
    ("state", "code", "text"),
    [
        ({"refuses": True}, Code.NOT_ACCEPTED, "did not queue a build"),
        ({"buildable": False}, Code.NOT_POSSIBLE, "is disabled in Jenkins"),
        ({"expired": True}, Code.UNAUTHORIZED, "does not accept the API token of deployer (401)"),
        ({"with_password": True}, Code.UNAUTHORIZED, "is no API token"),
        ({"missing_right": "hudson.model.Item.Build"}, Code.UNAUTHORIZED, "hudson.model.Item.Bu"),
    ],
)
def test_what_is_missing_is_named(
    site: Site, jenkins: Jenkins, state: Dict[str, Any], code: Code, text: str
) -> None:
    vars(jenkins).update(state)
    error = site.fails()
    assert error.code is code
    assert text in error.message
    assert (jenkins.items, site.kept) == ({}, "")


def test_a_job_that_is_not_there_is_named(site: Site) -> None:
    error = site.fails(job="other")
    assert (error.code, "no job other" in error.message) == (Code.NOT_POSSIBLE, True)


# Dead runners.


def test_a_build_is_taken_up_though_its_queue_item_is_forgotten(
    site: Site, jenkins: Jenkins
) -> None:
    site.kind.begin(jenkins, "another")
    jenkins.states, jenkins.forgets = [None, "SUCCESS"], True
    site.leave("39")
    assert site.deploy().links[0].endswith("/35/console")
    assert site.posts == []


def test_of_several_builds_the_one_with_the_id_is_taken_up(site: Site, jenkins: Jenkins) -> None:
    for deployment in ("another", EARLIER, "a third"):
        site.kind.begin(jenkins, deployment)
    jenkins.states = [None, "SUCCESS"]
    site.leave()
    assert "#36 " in site.deploy().lines[0]
    assert site.posts == []


def test_an_item_that_nobody_knows_is_over(site: Site) -> None:
    site.leave("7")
    site.deploy()
    assert len(site.posts) == 1


def test_without_a_parameter_the_only_such_build_is_taken_up(site: Site, jenkins: Jenkins) -> None:
    jenkins.build(result=None, user="someone", **SAME)
    jenkins.build(result=None, VERSION="v1.0.0", ENVIRONMENT="test")
    mine = jenkins.build(result=None, **SAME)
    jenkins.states = [None, "SUCCESS"]
    site.leave()
    assert f"#{mine} " in site.deploy(correlation=False).lines[0]
    assert site.posts == []


def test_of_two_such_builds_none_is_picked(site: Site, jenkins: Jenkins) -> None:
    for _ in range(2):
        jenkins.build(result=None, **SAME)
    site.leave()
    error = site.fails(correlation=False)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "#36 and #35" in error.message
    assert site.posts == []
    for build in jenkins.builds.values():
        build.update(building=False, result="FAILURE")
    site.clock.wait(1801.0)
    site.deploy(correlation=False)
    assert len(site.posts) == 1


# Cancelling.


def test_a_cancelled_build_leaves_the_queue(site: Site, jenkins: Jenkins) -> None:
    jenkins.states = ["Waiting for next available executor"]
    site.stop()
    error = site.fails()
    assert error.code is Code.CANCELLED
    assert "was cancelled." in error.message
    assert jenkins.items[39]["cancelled"]


def test_a_build_that_begins_while_it_is_cancelled_is_stopped(site: Site, jenkins: Jenkins) -> None:
    jenkins.states, jenkins.begins_when_cancelled = ["Waiting"], True
    site.stop()
    site.fails()
    assert (jenkins.builds[35]["result"], site.kept) == ("ABORTED", "")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"states": ["Waiting"], "may_cancel": False}, "could not be cancelled"),
        ({"states": [None], "after_stop": None}, "still runs after 30 s"),
        ({"states": [None], "after_stop": "SUCCESS"}, "had already succeeded"),
    ],
)
def test_what_does_not_stop_is_said_to_go_on(
    site: Site, jenkins: Jenkins, state: Dict[str, Any], text: str
) -> None:
    vars(jenkins).update(state)
    site.stop()
    assert text in site.fails().message


# The config.


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"job": "/x"}, "job: expected a job such as"),
        ({"job": "{version}"}, "job: {version} is not filled in here"),
        ({"parameters": {"A": "{vers}"}}, "parameters.A: {vers} is not filled in"),
        ({"parameters": {"A": ["x"]}}, "parameters.A: expected a text, a number"),
        ({"parameters": {"A b": "x"}}, "parameters.A b: expected the name"),
        ({"parameters": {"OPSROOM_ID": "x"}}, "parameters.OPSROOM_ID: opsroom"),
        ({"correlation": "a b"}, "correlation: expected the name of a parameter"),
        ({"unstable": "maybe"}, "unstable: expected"),
        ({"time_limit": "1s"}, "time_limit: expected a length of time"),
        ({"url": "ftp://x"}, "url: expected an http"),
        ({"tken": "x"}, "tken: there is no such key; did you mean token?"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(site: Site, raw: Dict[str, Any], line: str) -> None:
    assert site.options(**raw)[1][0].startswith(f"apps.web.deploy.{line}")


def test_a_job_of_the_same_name_in_a_folder_is_another() -> None:
    assert is_of_job("web", "http://ci.internal:8080/jenkins/job/web/")
    assert is_of_job("shop/web", "http://ci.internal:8080/job/shop/job/web/")
    assert not is_of_job("web", "http://ci.internal:8080/job/shop/job/web/")


def test_a_branch_s_slash_is_encoded_twice() -> None:
    assert job_path("shop/web/feature%2Fx") == "/job/shop/job/web/job/feature%252Fx"
