"""Deploying by a job of Jenkins: queued once, found again, followed to its end, cancelled."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.vendors.jenkins import is_of_job, job_path
from support.cases import cases
from support.contracts.vendor import Vendor
from support.deploys import runs
from support.deploys.jobs import Notes
from support.deploys.runs import V1, stopping
from support.servers.http import Reply, Request
from support.vendors.jenkins import JOB, TOKEN, USER, Jenkins

PAGE = Reply(200, f"<html>Sign in, {TOKEN}</html>", {"Content-Type": "text/html"})


KNOWN = {"url": "https://ci.example.com", "user": USER, "token": TOKEN, "job": JOB}


class JenkinsClock(runs.Clock):
    """Jenkins lives by the same time."""

    def __init__(self, jenkins: Jenkins) -> None:
        super().__init__()
        self.jenkins = jenkins
        self.jenkins.now = self.now

    def __call__(self) -> float:
        return self.jenkins.now

    def wait(self, seconds: float) -> None:
        self.jenkins.now += seconds


@pytest.fixture
def jenkins() -> Jenkins:
    return Jenkins()


@pytest.fixture
def vendor(jenkins: Jenkins) -> Iterator[Vendor]:
    with jenkins.vendor() as running:
        yield running


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, jenkins: Jenkins) -> JenkinsClock:
    made = JenkinsClock(jenkins)
    made.install(monkeypatch)
    return made


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    return runs.options_of("jenkins", KNOWN, **raw)


def deployer_at(vendor: Vendor, **raw: Any) -> Any:
    return runs.deployer_for("jenkins", {**KNOWN, "url": vendor.url("").rstrip("/")}, **raw)


def caught(made: Any, job: Notes) -> OpsroomError:
    return runs.caught(made, job, TOKEN)


def is_post(request: Request) -> bool:
    return request.method == "POST"


def test_a_build_is_queued_with_parameters_and_followed(vendor: Vendor, jenkins: Jenkins) -> None:
    job = Notes()
    deployer_at(vendor).deploy(V1, job)
    assert jenkins.parameters_of(39) == {
        "VERSION": "v1.0.0",
        "ENVIRONMENT": "uat",
        "OPSROOM_ID": "d1",
    }
    assert job.lines == [
        f"the Jenkins build of {JOB} is queued",
        f"the Jenkins build of {JOB} is queued: In the quiet period",
        f"Jenkins build #35 of {JOB} is building",
    ]
    assert len(vendor.sent("POST")) == 1
    assert job.handles == {"jenkins": ""}


@cases(
    ("result", "code", "text"),
    [
        ("FAILURE", Code.DEPLOY_FAILED, "failed: failure"),
        ("UNSTABLE", Code.DEPLOY_FAILED, "unstable, tests failed"),
        ("NOT_BUILT", Code.DEPLOY_FAILED, "failed: not built"),
        ("ABORTED", Code.DEPLOY_FAILED, "was cancelled at Jenkins"),
    ],
)
def test_a_build_that_does_not_succeed_says_how_it_ended(
    result: str, code: Code, text: str
) -> None:
    jenkins = Jenkins()
    jenkins.states = [None, result]
    with jenkins.vendor() as vendor:
        error = caught(deployer_at(vendor), Notes())
    assert error.code is code
    assert text in error.message
    assert error.hint.endswith(f"/job/{JOB}/35/console")


def test_unstable_may_count_as_success(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.states = ["UNSTABLE"]
    deployer_at(vendor, unstable="succeeded").deploy(V1, Notes())


def test_values_are_filled_in_and_never_evaluated(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.declared += ["BY", "DRY"]
    job = Notes()
    job.requester = "{{ st2kv.x }} <% ctx() %> $(id) `id` O'Neill"
    parameters = {"VERSION": "{app}-{version}", "BY": "{requester}", "DRY": False}
    deployer_at(vendor, parameters=parameters).deploy(V1, job)
    got = jenkins.parameters_of(39)
    assert (got["VERSION"], got["DRY"]) == ("web-v1.0.0", "false")
    # Pipelines put parameters into scripts.
    assert got["BY"] == "st2kv.x ctx id id O Neill"


# What starting may answer.


def test_an_identical_build_in_the_queue_is_followed(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.queue(VERSION="v1.0.0", ENVIRONMENT="uat")
    job = Notes()
    deployer_at(vendor, correlation=False).deploy(V1, job)
    assert job.lines[0].endswith("joined an identical build in the queue")
    assert list(jenkins.items) == [39]


def test_a_refused_build_is_not_started(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.refuses = True
    job = Notes()
    error = caught(deployer_at(vendor), job)
    assert error.code is Code.NOT_ACCEPTED
    assert "did not queue a build" in error.message
    assert job.handles == {"jenkins": ""}


@cases(
    ("declared", "text", "hint"),
    [
        (["VERSION", "ENVIRONMENT"], "no parameter OPSROOM_ID", "correlation: false"),
        (["VERSION", "OPSROOM_ID"], "no parameter ENVIRONMENT", "It has VERSION and OPSROOM_ID."),
        ([], "no parameter VERSION, ENVIRONMENT or OPSROOM_ID", "It has none."),
    ],
)
def test_a_parameter_that_jenkins_would_drop_is_named(
    declared: List[str], text: str, hint: str
) -> None:
    jenkins = Jenkins()
    jenkins.declared = declared
    with jenkins.vendor() as vendor:
        error = caught(deployer_at(vendor), Notes())
        assert vendor.sent("POST") == []
    assert isinstance(error, Refusal)
    assert text in error.message
    assert hint in error.hint


@cases(
    ("state", "code", "text"),
    [
        ({"buildable": False}, Code.NOT_POSSIBLE, "is disabled in Jenkins"),
        ({"expired": True}, Code.UNAUTHORIZED, "does not accept the API token of deployer (401)"),
        ({"with_password": True}, Code.UNAUTHORIZED, "is no API token"),
        ({"missing_right": "hudson.model.Item.Build"}, Code.UNAUTHORIZED, "hudson.model.Item.Bu"),
    ],
)
def test_what_is_missing_is_named(state: Dict[str, Any], code: Code, text: str) -> None:
    jenkins = Jenkins()
    for name, value in state.items():
        setattr(jenkins, name, value)
    with jenkins.vendor() as vendor:
        job = Notes()
        error = caught(deployer_at(vendor), job)
    assert error.code is code
    assert text in error.message
    assert job.handles == {"jenkins": ""}
    assert jenkins.items == {}


def test_a_job_that_is_not_there_is_named(vendor: Vendor) -> None:
    error = caught(deployer_at(vendor, job="other"), Notes())
    assert (error.code, "no job other" in error.message) == (Code.NOT_POSSIBLE, True)


@cases(
    "reply",
    [
        PAGE,
        Reply(302, "", {"Location": "https://sso.example.com/"}),
        Reply(404, "<html>nginx</html>"),
        Reply(429, "", {"X-Jenkins": "2", "Retry-After": "90"}),
    ],
)
def test_what_is_not_jenkins_has_started_nothing(reply: Reply) -> None:
    jenkins = Jenkins()
    with jenkins.vendor() as vendor:
        vendor.instead(reply, where=is_post)
        job = Notes()
        error = caught(deployer_at(vendor), job)
        assert isinstance(error, Failure)
        assert len(vendor.sent("POST")) == 1
    assert (jenkins.items, job.handles) == ({}, {"jenkins": ""})


# Lost answers and dead runners.


def test_a_lost_answer_is_looked_up_and_not_repeated(vendor: Vendor, jenkins: Jenkins) -> None:
    vendor.after("unanswered", where=is_post)
    deployer_at(vendor).deploy(V1, Notes())
    assert list(jenkins.items) == [39]
    assert len(vendor.sent("POST")) == 1


def test_what_a_gateway_lost_is_looked_up_too(vendor: Vendor, jenkins: Jenkins) -> None:
    vendor.instead(Reply(502, "<html>"), where=is_post)
    error = caught(deployer_at(vendor), Notes())
    assert "Jenkins started nothing." in error.message
    assert jenkins.items == {}


def left_behind(jenkins: Jenkins, run: str) -> Notes:
    return runs.left_behind("jenkins", run, jenkins.now)


def test_a_build_is_taken_up_by_its_queue_item(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.build(result=None, VERSION="v1.0.0", ENVIRONMENT="uat", OPSROOM_ID="d0")
    jenkins.states = [None, "SUCCESS"]
    jenkins.forgets = True
    job = left_behind(jenkins, "39")
    deployer_at(vendor).deploy(V1, job)
    assert vendor.sent("POST") == []
    assert job.links[0].endswith("/35/console")


def test_a_build_is_taken_up_by_its_parameter(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.build(VERSION="v1.0.0", ENVIRONMENT="uat", OPSROOM_ID="another")
    jenkins.build(result=None, VERSION="v1.0.0", ENVIRONMENT="uat", OPSROOM_ID="d0")
    jenkins.states = [None, "SUCCESS"]
    deployer_at(vendor).deploy(V1, left_behind(jenkins, ""))
    assert vendor.sent("POST") == []


def test_an_item_that_nobody_knows_is_over(vendor: Vendor, jenkins: Jenkins) -> None:
    deployer_at(vendor).deploy(V1, left_behind(jenkins, "7"))
    assert len(vendor.sent("POST")) == 1


def test_without_a_parameter_the_only_such_build_is_taken_up(
    vendor: Vendor, jenkins: Jenkins
) -> None:
    same = {"VERSION": "v1.0.0", "ENVIRONMENT": "uat"}
    jenkins.build(result=None, user="somebody", **same)
    jenkins.build(result=None, VERSION="v1.0.0", ENVIRONMENT="test")
    mine = jenkins.build(result=None, **same)
    jenkins.states = [None, "SUCCESS"]
    job = left_behind(jenkins, "")
    deployer_at(vendor, correlation=False).deploy(V1, job)
    assert vendor.sent("POST") == []
    assert f"#{mine} " in job.lines[0]


def test_of_two_such_builds_none_is_picked(vendor: Vendor, jenkins: Jenkins) -> None:
    for _ in range(2):
        jenkins.build(result=None, VERSION="v1.0.0", ENVIRONMENT="uat")
    made, job = deployer_at(vendor, correlation=False), left_behind(jenkins, "")
    error = caught(made, job)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "#36 and #35" in error.message
    assert vendor.sent("POST") == []
    for build in jenkins.builds.values():
        build.update(building=False, result="FAILURE")
    jenkins.now += 1801.0
    made.deploy(V1, job)
    assert len(vendor.sent("POST")) == 1


# Cancelling.


def test_a_cancelled_build_leaves_the_queue(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.states = ["Waiting for next available executor"]
    error = caught(deployer_at(vendor), stopping(5))
    assert error.code is Code.CANCELLED
    assert "was cancelled." in error.message
    assert jenkins.items[39]["cancelled"]


@cases("begins", [False, True])
def test_a_cancelled_build_is_stopped(begins: bool) -> None:
    jenkins = Jenkins()
    # The second begins just when it is to be taken out of the queue.
    jenkins.states = ["Waiting"] if begins else [None]
    jenkins.begins_when_cancelled = begins
    with jenkins.vendor() as vendor:
        job = stopping(5)
        caught(deployer_at(vendor), job)
    assert jenkins.builds[35]["result"] == "ABORTED"
    assert job.handles == {"jenkins": ""}


@cases(
    ("state", "text"),
    [
        ({"states": ["Waiting"], "may_cancel": False}, "could not be cancelled"),
        ({"states": [None], "after_stop": None}, "still runs after 30 s"),
        ({"states": [None], "after_stop": "SUCCESS"}, "had already succeeded"),
    ],
)
def test_what_does_not_stop_is_said_to_go_on(state: Dict[str, Any], text: str) -> None:
    jenkins = Jenkins()
    for name, value in state.items():
        setattr(jenkins, name, value)
    with jenkins.vendor() as vendor:
        error = caught(deployer_at(vendor), stopping(5))
    assert text in error.message


def test_a_build_out_of_time_is_stopped(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.states = [None]
    error = caught(deployer_at(vendor, time_limit="60s"), Notes())
    assert error.code is Code.TIMED_OUT
    assert jenkins.builds[35]["result"] == "ABORTED"


def test_trouble_while_it_builds_is_waited_out(vendor: Vendor, jenkins: Jenkins) -> None:
    jenkins.states = [None, None, "SUCCESS"]
    job = Notes()

    def is_look(request: Request) -> bool:
        return request.path.startswith("/queue/item")

    vendor.instead(PAGE, Reply(502, "<html>"), Reply(503, "<html>"), where=is_look)
    deployer_at(vendor).deploy(V1, job)
    assert any("Jenkins does not answer" in line for line in job.lines)


# The config.


@cases(
    ("raw", "line"),
    [
        ({"job": "/x"}, "apps.web.deploy.job: expected a job such as"),
        ({"job": "{version}"}, "apps.web.deploy.job: {version} is not filled in here"),
        ({"parameters": {"A": "{vers}"}}, "apps.web.deploy.parameters.A: {vers} is not filled in"),
        ({"parameters": {"A": ["x"]}}, "apps.web.deploy.parameters.A: expected a text, a number"),
        ({"parameters": {"A b": "x"}}, "apps.web.deploy.parameters.A b: expected the name"),
        ({"parameters": {"OPSROOM_ID": "x"}}, "apps.web.deploy.parameters.OPSROOM_ID: opsroom"),
        ({"correlation": "a b"}, "apps.web.deploy.correlation: expected the name of a parameter"),
        ({"unstable": "maybe"}, "apps.web.deploy.unstable: expected"),
        ({"time_limit": "1s"}, "apps.web.deploy.time_limit: expected a length of time"),
        ({"url": "ftp://x"}, "apps.web.deploy.url: expected an http"),
        ({"tken": "x"}, "apps.web.deploy.tken: there is no such key; did you mean token?"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(raw: Dict[str, Any], line: str) -> None:
    assert options_of(**raw)[1][0].startswith(line)


def test_no_token_in_what_is_shown_of_the_options() -> None:
    assert TOKEN not in repr(options_of()[0])


def test_a_job_of_the_same_name_in_a_folder_is_another() -> None:
    assert is_of_job("web", "http://ci.internal:8080/jenkins/job/web/")
    assert is_of_job("shop/web", "http://ci.internal:8080/job/shop/job/web/")
    assert not is_of_job("web", "http://ci.internal:8080/job/shop/job/web/")


def test_a_branch_s_slash_is_encoded_twice() -> None:
    assert job_path("shop/web/feature%2Fx") == "/job/shop/job/web/job/feature%252Fx"
