"""Deploy kind stackstorm: the action is started once and followed to its end."""

from __future__ import annotations

from typing import Any, Callable, Dict

import pytest

from opsroom.errors import Code, Failure
from support.deploys.jobs import Notes, cancelled, lost
from support.deploys.runs import Clock
from support.deploys.stackstorm import E1, PLACE, deploy, ends, started
from support.errors import failure_of
from support.stackstorm.fake import FakeStackStorm


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

    failed = failure_of(deploy, Notes(on_check=check))
    assert failed.code is code
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
