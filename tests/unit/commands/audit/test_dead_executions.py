"""Deployments that were killed, and executions without their runner, before a StackStorm that says
what it knows."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterator

import pytest

from opsroom import action
from opsroom.commands.audit import dead_executions as closing
from opsroom.commands.deployments import interrupted as settling
from opsroom.commands.deployments import pipeline
from opsroom.stackstorm.executions import hand_over
from support.expectations import expect
from support.stackstorm.fake import FakeStackStorm
from support.worlds.ruled import Ruled
from support.worlds.sets import shop, with_cart, world_of_sets
from support.worlds.world import World, runs

KILLED = {
    "status": "timeout",
    "result": {"exit_code": -9, "result": "None", "stdout": "", "stderr": ""},
}


@pytest.fixture
def storm(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStackStorm]:
    """The StackStorm in which the actions run."""
    with FakeStackStorm() as made:
        monkeypatch.setenv("ST2_ACTION_API_URL", made.api)
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "t0ken")
        yield made


def killed_while_verifying(ruled: Ruled, storm: FakeStackStorm, **known: Any) -> str:
    """A deployment of v1.1.0 by bob whose process is gone; what StackStorm has of its execution is
    `known`."""
    ruled.deploy()
    died = ruled.world.spawn_deploy(die_at="opsroom.commands.deployments.pipeline:verify:before")
    died.wait()
    assert ruled.world.claims() == 1
    execution = f"execution-{died.pid}"
    made = storm.add(execution, "opsroom.deploy", source_channel="#dev")
    made["action"].update(pack="opsroom", name="deploy", parameters={"timeout": {"default": 3600}})
    made["start_timestamp"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    made.update(known)
    return execution


def again(ruled: Ruled) -> Any:
    return ruled.ask("deploy", "carol", app="web", version="v1.0.0", environment="uat")


class TestKilled:
    def test_its_place_is_free_at_once(self, ruled: Ruled, storm: FakeStackStorm) -> None:
        killed_while_verifying(ruled, storm, **KILLED)
        assert again(ruled)["code"] == "deployed"
        (interrupted,) = [one for one in ruled.world.records() if one.event.value == "interrupted"]
        assert (
            interrupted.message
            == "its process ended without an answer after v1.1.0 had been put in place"
        )
        assert ruled.world.chain_holds()

    @pytest.mark.parametrize(
        "known",
        [
            {"status": "running"},
            {
                "status": "canceled",
                "result": {"message": "Action canceled by user.", "user": "st2admin"},
            },
            {"status": "abandoned", "result": {}},
            {"status": "failed", "result": {"error": "no MongoDB", "traceback": "..."}},
        ],
        ids=lambda known: known["status"],
    )
    def test_what_may_still_be_alive_keeps_its_place_until_the_lease_ends(
        self, ruled: Ruled, storm: FakeStackStorm, known: Any
    ) -> None:
        killed_while_verifying(ruled, storm, **known)
        assert again(ruled)["code"] == "busy"
        ruled.pass_time(minutes=2)
        assert again(ruled)["code"] == "deployed"

    def test_without_the_right_to_look_the_lease_decides(
        self, ruled: Ruled, storm: FakeStackStorm
    ) -> None:
        killed_while_verifying(ruled, storm, **KILLED)
        storm.may_view = False
        assert again(ruled)["code"] == "busy"
        ruled.pass_time(minutes=2)
        assert again(ruled)["code"] == "deployed"


class TestSeveralAtOnce:
    """An execution that deploys several applications in order."""

    @staticmethod
    def closed(world: World) -> Any:
        execution = closing.Running(
            "5f0000000000000000000001", "deploy_set", datetime.now(timezone.utc), 3600.0, "#dev"
        )
        later = datetime.now(timezone.utc) + timedelta(minutes=5)
        return closing.closing_of(execution, later, False, world.records(), later)

    def test_between_two_of_them_it_is_alive(self, tmp_path: Path) -> None:
        world = world_of_sets(tmp_path)
        died = "opsroom.commands.deployments.sets:run_deployment:after"
        world.spawn_deploy("v1.0.0", died, app="shop").wait()
        assert world.events() == ["asked", "asked", "started", "succeeded"]
        assert self.closed(world) is None

    def test_the_answer_has_all_and_the_failure_decides(self, tmp_path: Path) -> None:
        world = with_cart(world_of_sets(tmp_path))
        command = ["sh", "-c", "echo no disk >&2; exit 1"]
        world.with_app("api", deploy=runs(*command))
        shop(world)
        found = self.closed(world)
        assert (found.status, found.result["code"]) == ("failed", "deploy_failed")
        done, failed, rest = found.result["message"].split("\n")
        assert done.startswith("alice deployed web v1.2.0")
        assert "no disk" in failed
        assert rest == "not begun, since api failed"


class TestRule:
    def test_what_is_alive_is_left_alone(self, ruled: Ruled, storm: FakeStackStorm) -> None:
        execution = killed_while_verifying(ruled, storm)
        assert ruled.rule("close_dead_executions")["code"] == "nothing_new"
        assert storm.executions[execution]["status"] == "running"

    def test_a_dead_one_is_closed_with_its_answer_once(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        execution = killed_while_verifying(ruled, storm)
        ruled.pass_time(minutes=2)
        assert ruled.rule("close_dead_executions")["code"] == "nothing_new"  # it is recorded now
        monkeypatch.setattr(closing, "_MOMENTS", closing.timedelta(0))
        assert ruled.rule("close_dead_executions")["closed"] == [execution]
        closed = storm.executions[execution]
        assert closed["status"] == "abandoned"
        said = closed["result"]["result"]["message"]
        assert said.startswith(
            "The deploy of web v1.1.0 on uat by bob was interrupted: its runner was lost after"
        )
        assert ruled.rule("close_dead_executions")["code"] == "nothing_new"

    @pytest.mark.parametrize("first", ["close_dead_executions", "announce_deployments"])
    def test_the_announce_room_is_told_once_whoever_comes_first(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch, first: str
    ) -> None:
        ruled.world.config["announce"] = "#dev"
        execution = killed_while_verifying(ruled, storm)
        ruled.pass_time(minutes=2)
        monkeypatch.setattr(closing, "_MOMENTS", closing.timedelta(0))
        for rule in (first, "announce_deployments", "close_dead_executions"):
            ruled.rule(rule)
        said = storm.executions[execution]["result"]["result"]["message"]
        announced = [
            one for one in ruled.heard["#dev"].said if "was interrupted: its runner was lost" in one
        ]
        assert len([one for one in [said, *announced] if "its runner was lost" in one]) == 1

    def test_executions_of_others_are_left_alone(self, ruled: Ruled, storm: FakeStackStorm) -> None:
        for id, pack, runner in (("a", "acme", "python-script"), ("b", "opsroom", "orquesta")):
            made = storm.add(id, f"{pack}.deploy")
            made["action"].update(pack=pack, name="deploy", runner_type=runner)
            made["start_timestamp"] = "2020-01-01T00:00:00.000000Z"
        assert ruled.rule("close_dead_executions")["code"] == "nothing_new"
        assert {one["status"] for one in storm.executions.values()} == {"running"}

    def test_what_was_not_begun_is_cancelled(self, ruled: Ruled, storm: FakeStackStorm) -> None:
        for id, pack, minutes in (
            ("late", "opsroom", 11),
            ("soon", "opsroom", 9),
            ("a", "acme", 99),
        ):
            made = storm.add(id, f"{pack}.deploy", "scheduled")
            made["action"].update(pack=pack, name="deploy")
            asked = datetime.now(timezone.utc) - timedelta(minutes=minutes)
            made["start_timestamp"] = asked.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        answer = ruled.rule("close_dead_executions")
        expect(answer, code="executions_closed", cancelled=["late"])
        assert answer["message"] == "Cancelled 1 execution that no runner had begun."
        states = {id: one["status"] for id, one in storm.executions.items()}
        assert states == {"late": "canceled", "soon": "scheduled", "a": "scheduled"}
        assert ruled.rule("close_dead_executions")["code"] == "nothing_new"

    @pytest.mark.parametrize("missing", ["may_list", "may_end"])
    def test_a_missing_right_is_named(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        killed_while_verifying(ruled, storm)
        ruled.pass_time(minutes=2)
        monkeypatch.setattr(closing, "_MOMENTS", closing.timedelta(0))
        setattr(storm, missing, False)
        answer = ruled.rule("close_dead_executions")
        expect(answer, ok=False, code="unauthorized")
        assert (
            answer["hint"]
            == "An administrator grants execution_list, and action_execute on opsroom's actions."
        )


def test_an_action_without_its_runner_hands_over_its_own_result_once(storm: FakeStackStorm) -> None:
    storm.add("5f", "opsroom.deploy")
    result = {"code": "deployed", "message": "done", "hint": ""}
    assert hand_over("5f", True, result)
    expect(storm.executions["5f"], status="succeeded", result={"result": result})
    assert not hand_over("5f", False, {"code": "failed"})
    assert storm.executions["5f"]["result"] == {"result": result}


@pytest.mark.parametrize("runner_is_there", [True, False])
def test_an_action_hands_its_result_over_only_when_its_runner_is_gone(
    ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch, runner_is_there: bool
) -> None:
    monkeypatch.setattr(action, "_PROCESS_OF_ITS_OWN", True)
    monkeypatch.setattr(action.gc, "freeze", lambda: None)
    monkeypatch.setattr(action, "_RUNNER", os.getppid() if runner_is_there else -1)
    ruled.ask(
        "get_history", environment="uat"
    )  # its execution is not known to StackStorm: that is no trouble either
    execution = f"5f00000000000000{ruled.executions + 1:08d}"
    storm.add(execution, "opsroom.get_version")
    answer = ruled.ask("get_version", environment="uat")
    known = storm.executions[execution]
    if runner_is_there:
        assert known["status"] == "running"
    else:
        assert (known["status"], known["result"]["result"]["message"]) == (
            "succeeded",
            answer["message"],
        )


class TestLostBeforeItTookItsPlace:
    """Between "asked" and the claim: no lease runs out, and nothing was touched."""

    def lost(self, ruled: Ruled, storm: FakeStackStorm, **known: Any) -> str:
        at = "opsroom.commands.deployments.pipeline:_take_claim:before"
        died = ruled.world.spawn_deploy(die_at=at)
        died.wait()
        assert (ruled.world.claims(), ruled.world.events()) == (0, ["asked"])
        execution = f"execution-{died.pid}"
        storm.add(execution, "opsroom.deploy", source_channel="#dev").update(known)
        return execution

    def report(self, ruled: Ruled) -> Any:
        month = f"{ruled.world.records()[0].at:%Y-%m}"
        return ruled.ask("audit_report", since=month, until="", environment="", format="json")

    def test_stackstorm_says_that_it_ended(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.lost(ruled, storm, **KILLED)
        # It may only be slow.
        assert not self.report(ruled)["complete"]
        monkeypatch.setattr(settling, "_SLOW", timedelta(0))
        expect(self.report(ruled), complete=True, attempts=1)
        assert ruled.world.events() == ["asked", "interrupted"]
        last = ruled.world.records()[-1]
        assert last.message == "its process ended without an answer; nothing was touched"
        assert last.requester == "bob"
        assert self.report(ruled)["complete"]
        assert ruled.world.events() == ["asked", "interrupted"]
        assert ruled.world.chain_holds()

    @pytest.mark.parametrize("known", [{"status": "running"}, {"status": "canceled", "result": {}}])
    def test_where_stackstorm_cannot_tell_it_is_over_after_two_hours(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch, known: Any
    ) -> None:
        self.lost(ruled, storm, **known)
        monkeypatch.setattr(settling, "_SLOW", timedelta(0))
        assert again(ruled)["code"] == "deployed"
        assert "interrupted" not in ruled.world.events()
        monkeypatch.setattr(settling, "ABANDONED", timedelta(0))
        assert self.report(ruled)["complete"]
        last = ruled.world.records()[-1]
        expect(
            last, event="interrupted", message="it was not heard from again; nothing was touched"
        )

    def test_the_next_deployment_settles_it(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.lost(ruled, storm, **KILLED)
        monkeypatch.setattr(settling, "_SLOW", timedelta(0))
        assert again(ruled)["code"] == "deployed"
        assert ruled.world.events().count("interrupted") == 1

    def test_one_that_goes_on_after_all_touches_nothing(
        self, ruled: Ruled, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = pipeline._take_claim

        def after_hours(request: Any, order: Any) -> Any:
            monkeypatch.setattr(pipeline, "_take_claim", real)
            with monkeypatch.context() as patched:
                patched.setattr(settling, "_SLOW", timedelta(0))
                patched.setattr(settling, "ABANDONED", timedelta(0))
                self.report(ruled)
            return real(request, order)

        monkeypatch.setattr(pipeline, "_take_claim", after_hours)
        answer = ruled.ask("deploy", "bob", app="web", version="v1.1.0", environment="uat")
        assert (answer["code"], ruled.world.running()) == ("claim_lost", "")
        assert ruled.world.events() == ["asked", "interrupted", "failed"]
        assert self.report(ruled)["complete"]
