"""The deploy kind and the version kind stackstorm, against a server that plays StackStorm's API."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from opsroom import deploys, versions
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import Resolved, Target
from opsroom.deploys.remote import deployer as deployer_of_runs
from opsroom.deploys.remote import follower
from opsroom.errors import Code, Failure, Refusal
from opsroom.http.errors import in_doubt
from opsroom.versions import Running
from opsroom.versions import stackstorm as asking
from support.http_server import Reply, free_port
from support.jobs import Notes, cancelled, lost
from support.no_api import NO_API
from support.storm import FakeStackStorm
from support.troubles import Instead

TARGET = Target("web", "uat")
V1 = Resolved("v1.0.0", "v1.0.0")
E1 = "execution e1 of acme.deploy"
PLACE = {"app": "web", "environment": "uat"}
PARAMETERS = {
    "service": "{app}",
    "where": ["{environment}", {"tag": "{app}-{version}"}],
    "by": "{requester}",
    "replicas": 3,
    "dry": False,
}


class Clock:
    """Time that passes only while someone waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (follower, asking):
        monkeypatch.setattr(module, "clock", made)
        monkeypatch.setattr(module, "wait", made.wait)
    monkeypatch.setattr(deployer_of_runs, "now", made)
    return made


@pytest.fixture
def storm(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStackStorm]:
    with FakeStackStorm() as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.api)
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "t0ken")
        monkeypatch.delenv("ST2_ACTION_EXECUTION_ID", raising=False)
        yield server


def read(registry: Any, **raw: Any) -> Tuple[Any, List[str]]:
    problems = Problems()
    fields = Fields({"action": "acme.deploy", **raw}, "apps.web.deploy", problems)
    options = registry.read_options("stackstorm", fields)
    fields.finish()
    return options, problems.lines


def deployer(**raw: Any) -> Any:
    options, lines = read(deploys.REGISTRY, **{"parameters": PARAMETERS, **raw})
    assert lines == []
    return deploys.REGISTRY.make("stackstorm", options, target=TARGET)


def source(**raw: Any) -> Any:
    options, lines = read(versions.REGISTRY, **raw)
    assert lines == []
    return versions.REGISTRY.make("stackstorm", options, target=TARGET)


def ends(status: str = "succeeded", after: int = 1, result: Any = None) -> Any:
    """At the so-many-th look it has ended."""
    looks = 0

    def look(execution: Dict[str, Any]) -> None:
        nonlocal looks
        looks += 1
        if looks >= after and execution["status"] not in ("canceled",):
            execution.update(status=status, result=result)
        elif execution["status"] == "requested":
            execution["status"] = "running"

    return look


def started(storm: FakeStackStorm) -> List[Any]:
    return [json.loads(one.body) for one in storm.requests if one.method == "POST"]


def deploy(job: Any = None, version: str = "v1.2.0", **raw: Any) -> Any:
    job = job or Notes()
    deployer(**raw).deploy(Resolved(version, version), job)
    return job


def test_the_action_gets_the_template_with_values_in_it_and_is_followed_to_its_end(
    storm: FakeStackStorm,
) -> None:
    storm.goes = ends(after=3)
    job = deploy()
    (body,) = started(storm)
    assert body["action"] == "acme.deploy"
    assert body["parameters"] == {
        "service": "web",
        "where": ["uat", {"tag": "web-v1.2.0"}],
        "by": "alice",
        "replicas": 3,
        "dry": False,
    }
    assert job.lines == [f"{E1} was started", f"{E1} is running"]
    assert storm.executions["e1"]["context"]["opsroom"] == {
        **PLACE,
        "version": "v1.2.0",
        "deployment": "d1",
    }


def test_what_people_are_called_is_never_evaluated(storm: FakeStackStorm) -> None:
    storm.goes = ends()
    job = Notes()
    job.requester = "{{ st2kv.system.secret }} <% ctx() %> {version}"
    deploy(job)
    said = started(storm)[0]["parameters"]["by"]
    assert "{{" not in said
    assert "<%" not in said
    assert said.endswith("{version}")


def test_the_room_hears_how_far_a_workflow_is_each_thing_once(storm: FakeStackStorm) -> None:
    def task(name: str, status: str) -> Dict[str, Any]:
        return {"status": status, "context": {"orquesta": {"task_name": name}}}

    storm.tasks["e1"] = [task("build", "succeeded"), task("roll out", "running")]
    storm.goes = ends(after=4)
    assert deploy().lines[1:] == [f"{E1} did 1 of 2 tasks, at roll out"]


def test_one_that_waits_for_somebody_is_said_to_wait(storm: FakeStackStorm) -> None:
    def look(execution: Dict[str, Any]) -> None:
        execution["status"] = "paused" if execution["status"] == "requested" else "succeeded"

    storm.goes = look
    assert f"{E1} is paused" in deploy().lines


@pytest.mark.parametrize("status", ["failed", "timeout", "canceled", "abandoned"])
@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"result": {"message": "no such image"}}, "no such image"),
        (
            {"result": None, "stderr": "Traceback\nValueError: no such image"},
            "ValueError: no such image",
        ),
        ({"errors": [{"message": "no such image"}], "output": None}, "no such image"),
        ({"error": "no such image"}, "no such image"),
        (None, ""),
        ("odd", "odd"),
    ],
)
def test_one_that_does_not_succeed_says_how_it_ended_and_why(
    storm: FakeStackStorm, status: str, result: Any, reason: str
) -> None:
    storm.goes = ends(status, result=result)
    how = "was cancelled at StackStorm" if status == "canceled" else f"failed: {status}"
    with pytest.raises(Failure, match=f"{E1.capitalize()} {how}") as failed:
        deploy()
    assert failed.value.code is Code.DEPLOY_FAILED
    assert status == "canceled" or reason in failed.value.message
    assert failed.value.facts["run"] == E1


@pytest.mark.parametrize(
    ("stop", "code", "status"),
    [(lost, Code.CLAIM_LOST, "requested"), (cancelled, Code.CANCELLED, "canceled")],
)
def test_what_was_started_is_cancelled_unless_someone_took_over(
    storm: FakeStackStorm, stop: Callable[[], None], code: Code, status: str
) -> None:
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1
        if checks > 1:
            stop()

    with pytest.raises(Failure) as failed:
        deploy(Notes(on_check=check))
    assert failed.value.code is code
    assert storm.executions["e1"]["status"] == status


def test_nothing_is_started_when_the_claim_is_lost_before(storm: FakeStackStorm) -> None:
    with pytest.raises(Failure):
        deploy(Notes(on_check=lost))
    assert started(storm) == []


def test_cancelling_the_deployment_in_stackstorm_cancels_what_it_started(
    storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ST2_ACTION_EXECUTION_ID", "mine")
    mine = storm.add("mine", "opsroom.deploy")

    def look(execution: Dict[str, Any]) -> None:
        if execution["id"] == "e2":
            mine["status"] = "canceling"

    storm.goes = look
    with pytest.raises(Failure, match="Someone cancelled") as failed:
        deploy()
    assert failed.value.code is Code.INTERRUPTED
    assert storm.executions["e2"]["status"] == "canceled"


def test_one_that_takes_too_long_is_cancelled(storm: FakeStackStorm, clock: Clock) -> None:
    with pytest.raises(
        Failure, match=r"did not end within 1 min 30 s\. It was cancelled\."
    ) as failed:
        deploy(time_limit="90s")
    assert failed.value.code is Code.TIMED_OUT
    assert storm.executions["e1"]["status"] == "canceled"
    assert 90 <= clock.now < 100


def test_a_long_one_is_looked_at_more_seldom_and_the_claim_still_every_second(
    storm: FakeStackStorm,
) -> None:
    job = Notes()
    with pytest.raises(Failure):
        deploy(job, time_limit="130s")
    looks = sum(1 for one in storm.requests if one.method == "GET" and one.path.endswith("/e1"))
    assert 45 <= looks <= 55
    assert job.checks >= 130


def test_the_execution_of_a_runner_that_died_is_taken_up_and_not_begun_again(
    storm: FakeStackStorm,
) -> None:
    storm.add("left", opsroom={**PLACE, "version": "v1.2.0", "deployment": "d0"})
    storm.goes = ends(after=2)
    job = Notes()
    job.handles["stackstorm"] = "left"
    deploy(job)
    assert started(storm) == []
    assert job.lines[0] == "execution left of acme.deploy has already done this"


def test_one_that_deploys_another_version_there_is_in_the_way(storm: FakeStackStorm) -> None:
    storm.add("left", opsroom={**PLACE, "version": "v1.1.0", "deployment": "d0"})
    job = Notes()
    job.handles["stackstorm"] = "left"
    with pytest.raises(
        Refusal, match=r"Execution left of acme\.deploy is still deploying v1\.1\.0 there"
    ) as refused:
        deploy(job)
    assert refused.value.code is Code.BUSY
    assert started(storm) == []


def test_what_is_over_is_not_taken_up_and_what_succeeded_is_not_kept(storm: FakeStackStorm) -> None:
    storm.add("over", status="failed", opsroom={**PLACE, "version": "v1.2.0"})
    storm.goes = lambda execution: (
        execution.update(status="succeeded") if execution["id"] != "over" else None
    )
    job = Notes()
    job.handles["stackstorm"] = "over"
    deploy(job)
    assert len(started(storm)) == 1
    assert job.handles["stackstorm"] == ""


def test_one_that_stackstorm_has_forgotten_is_over(storm: FakeStackStorm) -> None:
    job = Notes()
    job.handles["stackstorm"] = "purged"
    storm.goes = ends()
    deploy(job)
    assert len(started(storm)) == 1


def test_while_it_runs_its_id_is_written_down(storm: FakeStackStorm) -> None:
    job = Notes()
    storm.goes = lambda execution: execution.update(
        status="failed" if json.loads(job.handles["stackstorm"])["run"] == "e1" else "odd"
    )
    with pytest.raises(Failure, match=f"{E1.capitalize()} failed"):
        deploy(job)


def test_a_user_who_may_not_list_executions_deploys_all_the_same(storm: FakeStackStorm) -> None:
    storm.may_list = False
    storm.goes = ends(after=3)
    assert deploy().lines == [f"{E1} was started", f"{E1} is running"]


def test_a_lost_answer_does_not_start_it_twice(storm: FakeStackStorm) -> None:
    storm.trouble("POST", Reply(drop="unanswered"), after=True)
    storm.goes = ends()
    deploy()
    assert len(started(storm)) == 1


def test_a_request_that_was_lost_and_started_nothing_is_told(storm: FakeStackStorm) -> None:
    storm.trouble("POST", Reply(drop="unanswered"))
    with pytest.raises(Failure) as failed:
        deploy()
    assert failed.value.code is Code.UNREACHABLE
    assert len(started(storm)) == 1


def test_stackstorm_may_be_away_for_a_while_in_the_middle(storm: FakeStackStorm) -> None:
    storm.goes = ends(after=2)
    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            for _ in range(6):
                storm.trouble("GET", Reply(503))

    job = deploy(Notes(on_check=check))
    assert [line for line in job.lines if "does not answer" in line] == [
        "StackStorm does not answer (bad_answer)"
    ]


def test_what_stackstorm_has_against_the_action_is_told(storm: FakeStackStorm) -> None:
    storm.refuses = 'Action "acme.deploy" cannot be found.\nmore'
    with pytest.raises(
        Refusal, match=r"StackStorm does not run acme\.deploy: Action .* cannot be found\.$"
    ) as refused:
        deploy()
    assert refused.value.code is Code.NOT_ACCEPTED


def test_a_user_who_may_not_run_it_is_told_what_is_missing(
    storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "another")
    with pytest.raises(Failure) as failed:
        deploy()
    assert failed.value.code is Code.UNAUTHORIZED
    assert "another" not in str(failed.value.facts) + failed.value.sentence()


def test_another_stackstorm_has_an_address_and_a_key_of_its_own(
    storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ST2_ACTION_API_URL", f"http://127.0.0.1:{free_port()}")
    storm.goes = ends()
    deploy(url=storm.api, api_key="k3y")
    assert started(storm)
    assert {one.headers.get("x-auth-token") for one in storm.requests} == {None}
    assert "k3y" not in repr(read(deploys.REGISTRY, url=storm.api, api_key="k3y")[0])


def test_without_a_stackstorm_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ST2_ACTION_API_URL", raising=False)
    with pytest.raises(Refusal) as refused:
        deploy()
    assert refused.value.code is Code.NOT_CONFIGURED


@pytest.mark.parametrize(
    "body", ["<html>", "[]", '{"id": "e1"}', "null", '{"id": 5, "status": null}']
)
def test_nonsense_in_place_of_an_execution_is_a_bad_answer(
    storm: FakeStackStorm, body: str
) -> None:
    storm.trouble("POST", Reply(201, body))
    with pytest.raises(Failure) as failed:
        deploy()
    assert failed.value.code is Code.BAD_ANSWER


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"action": "deploy"}, "apps.web.deploy.action: expected the reference of an action"),
        (
            {"parameters": {"a": {"b": ["{vers}"]}}},
            "apps.web.deploy.parameters.a.b[0]: {vers} is not filled in here",
        ),
        (
            {"parameters": {"a": "{{ st2kv.x }}"}},
            "apps.web.deploy.parameters.a: expected no expression",
        ),
        (
            {"parameters": {"a": "<% ctx() %>"}},
            "apps.web.deploy.parameters.a: expected no expression",
        ),
        ({"parameters": ["x"]}, "apps.web.deploy.parameters: expected a mapping"),
        (
            {"url": "https://st2.example.com/api/v1"},
            "apps.web.deploy.url: expected an api_key beside it",
        ),
        (
            {"time_limit": "1s"},
            "apps.web.deploy.time_limit: expected a length of time of 5s or more",
        ),
        ({"acton": "x"}, "apps.web.deploy.acton: there is no such key; did you mean action?"),
    ],
)
def test_a_wrong_config_is_told_with_its_key(raw: Dict[str, Any], line: str) -> None:
    assert read(deploys.REGISTRY, **raw)[1][0].startswith(line)


@pytest.mark.parametrize(
    ("result", "raw", "version"),
    [
        ({"result": "v1.2.0"}, {}, "v1.2.0"),
        ({"result": {"build": {"version": 42}}}, {"json": "result.build.version"}, "42"),
        ({"result": None}, {}, ""),
        ({"stdout": "v1.2.0\n"}, {"json": "stdout"}, "v1.2.0"),
        ({"stdout": "\ufeffv1.2.0\n"}, {"json": "stdout"}, "v1.2.0"),
        ({"result": 20261130}, {}, "20261130"),
    ],
)
def test_a_version_is_found_in_what_the_action_returns(
    storm: FakeStackStorm, result: Any, raw: Dict[str, Any], version: str
) -> None:
    storm.goes = ends(after=2, result=result)
    assert source(parameters={"a": "{app}", "e": "{environment}"}, **raw).ask() == Running(version)
    assert started(storm)[0]["parameters"] == {"a": "web", "e": "uat"}


@pytest.mark.parametrize("text", ["1.10", "1e3", "1.10e0", "12345678901234567890123456789"])
def test_a_number_that_came_as_it_was_written_is_kept(storm: FakeStackStorm, text: str) -> None:
    storm.trouble(
        "POST", Reply(201, f'{{"id": "e1", "status": "succeeded", "result": {{"result": {text}}}}}')
    )
    assert source().ask() == Running(text)


@pytest.mark.parametrize("number", [1.1, 10.0, 1000.0, 2.5])
def test_a_number_that_may_have_lost_its_zeros_on_the_way_is_refused_with_the_cure(
    storm: FakeStackStorm, number: float
) -> None:
    storm.goes = ends(result={"result": number})
    with pytest.raises(Failure) as failed:
        source().ask()
    assert failed.value.code is Code.BAD_ANSWER
    assert f"the number {number}" in failed.value.message
    assert f"it may be {number}0" in failed.value.message
    assert failed.value.hint.startswith("Let the action return the version as text.")


@pytest.mark.parametrize(
    "found", [{"a": 1}, ["v1"], True, False, float("nan"), "no version at all!", "{{ x }}"]
)
def test_what_is_no_version_is_a_bad_answer(storm: FakeStackStorm, found: Any) -> None:
    storm.goes = ends(result={"result": found})
    with pytest.raises(Failure, match="which is not a version") as failed:
        source().ask()
    assert failed.value.code is Code.BAD_ANSWER


def test_an_action_that_fails_or_never_ends_tells_no_version(
    storm: FakeStackStorm, clock: Clock
) -> None:
    storm.goes = ends("failed", result={"result": {"message": "no access"}})
    with pytest.raises(Failure, match="ended as failed: no access"):
        source().ask()
    storm.goes = lambda execution: None
    with pytest.raises(Failure) as failed:
        source(time_limit="20s").ask()
    assert failed.value.code is Code.TIMED_OUT
    assert [one["status"] for one in storm.executions.values()] == ["failed", "canceled"]


NO_STACKSTORM = [
    one for one in NO_API if one not in ("no such method", "a retired server", "no such command")
]


@pytest.mark.parametrize("what", [*NO_STACKSTORM, "a redirect"])
def test_where_there_is_no_stackstorm_nothing_is_said_of_the_action(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = (
        Reply(308, "", {"Location": "https://new.example.com/v1"})
        if what == "a redirect"
        else NO_API[what]
    )
    with Instead(reply) as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        for ask in (lambda: deployer().deploy(V1, Notes()), lambda: source().ask()):
            with pytest.raises(Failure) as caught:
                ask()
            assert caught.value.code is Code.BAD_ANSWER
            assert not in_doubt(caught.value)
            if what == "a redirect":
                assert (
                    "Put the new address into auth.api_url in StackStorm's st2.conf."
                    in caught.value.message
                )


def test_a_missing_api_is_no_history_that_was_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another deployment would be started beside the one that is still at it.
    with Instead(NO_API["a web server"]) as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        job = Notes()
        job.keep("stackstorm", "5f0000000000000000000009")
        with pytest.raises(Failure):
            deployer().deploy(V1, job)
        assert [one.method for one in server.requests] == ["GET"]
