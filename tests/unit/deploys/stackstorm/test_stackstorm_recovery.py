"""Deploy kind stackstorm: what a dead runner started, and lost answers."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from opsroom import deploys
from opsroom.errors import Code, Failure, Refusal
from support.deploys.jobs import Notes
from support.deploys.stackstorm import E1, PLACE, deploy, ends, read, started
from support.errors import failure_of, refusal_of
from support.servers.http import Reply, free_port
from support.stackstorm.fake import FakeStackStorm


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
    failed = failure_of(deploy)
    assert failed.code is Code.UNREACHABLE
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
    failed = failure_of(deploy)
    assert failed.code is Code.UNAUTHORIZED
    assert "another" not in str(failed.facts) + failed.sentence()


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
    refused = refusal_of(deploy)
    assert refused.code is Code.NOT_CONFIGURED


@pytest.mark.parametrize(
    "body", ["<html>", "[]", '{"id": "e1"}', "null", '{"id": 5, "status": null}']
)
def test_nonsense_in_place_of_an_execution_is_a_bad_answer(
    storm: FakeStackStorm, body: str
) -> None:
    storm.trouble("POST", Reply(201, body))
    failed = failure_of(deploy)
    assert failed.code is Code.BAD_ANSWER


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
