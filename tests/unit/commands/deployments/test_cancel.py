"""cancel deploy of APP on ENVIRONMENT: who may, what stops, what is recorded and what is said."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from opsroom.audit.model import Ending
from opsroom.audit.narrative import change_of
from opsroom.commands import KINDS
from opsroom.commands.deployments import cancel
from opsroom.config import load
from opsroom.db.store import open_store
from opsroom.deploys.remote import Assignment, follower
from opsroom.errors import Code
from opsroom.people import identify
from opsroom.policy.access import may_cancel
from opsroom.records.claims import Claim, keep_checkpoint, take
from support.expectations import expect
from support.records.audits import report
from support.servers.http import Reply
from support.stackstorm.fake import FakeStackStorm
from support.waiting import until
from support.worlds.act import Runner
from support.worlds.world import World, make_world, runs

# It writes that it began, and then takes longer than any test.
SLOW = runs("sh", "-c", "echo begun; exec sleep 300")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path).with_app("slow", deploy=SLOW)


@pytest.fixture
def going_on(world: World) -> Iterator[Runner]:
    """alice's deployment of slow v1.0.0 to uat, which has begun."""
    process = world.spawn_deploy("v1.0.0", who="alice", app="slow")
    try:
        until(lambda: "started" in world.events(), "the deployment has begun")
        yield process
    finally:
        process.send(signal.SIGKILL)
        process.wait()


def cancelled(world: World, who: str = "carol", **given: Any) -> Dict[str, Any]:
    return world.ask("cancel_deployment", who, **{"app": "slow", "environment": "uat", **given})


def test_a_deployment_is_stopped_and_both_are_told(world: World, going_on: Runner) -> None:
    answer = cancelled(world)
    expect(answer, ok=True, code="cancelled")
    assert answer["message"].startswith("The deploy of slow v1.0.0 on uat by alice was cancelled")
    assert "carol cancelled it." in answer["message"]
    expect(going_on.result(), outcome="failed", code="cancelled", message=answer["message"])
    assert world.events() == ["asked", "started", "cancel_asked", "cancelled"]
    asked, end = world.records()[2:]
    expect(asked, person="carol", command="cancel", deployment=end.deployment)
    expect(end, person="alice", command="deploy", code="cancelled")
    assert end.facts["cancelled_by"] == "carol"
    assert world.claims() == 0
    assert world.chain_holds()


def test_the_record_and_the_auditor_know_who_cancelled_what(world: World, going_on: Runner) -> None:
    cancelled(world)
    change = change_of(world.records())
    assert change is not None
    expect(change, ending=Ending.CANCELLED, asked_by="alice", starts=1)
    assert change.cancellation is not None
    assert change.cancellation.by == "carol"
    history = world.ask("get_history", app="slow", environment="uat")
    assert "deploy cancelled in" in history["message"]


def test_one_that_does_not_stop_in_time_is_said_to_go_on(
    world: World, going_on: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancel, "WAIT", 0.0)
    answer = cancelled(world)
    expect(answer, ok=True, code="cancel_asked")
    assert "It has not stopped" in answer["message"]


def test_one_that_ended_first_has_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cancel, "_claim", lambda *_: Claim("slow", "uat", "gone", "deploy", "alice", "alice")
    )
    expect(cancelled(world), outcome="refused", code="nothing_to_cancel")
    assert world.events() == ["refused"]


def test_where_nothing_goes_on_nothing_is_cancelled(world: World) -> None:
    answer = cancelled(world)
    expect(answer, outcome="refused", code="nothing_to_cancel")
    assert answer["hint"] == "To see what was: history of slow on uat"
    assert cancelled(world, app="slwo")["code"] == "unknown_app"
    assert world.claims() == 0


def test_of_what_only_waits_it_is_said_how_to_stop_it(world: World) -> None:
    world.config["environments"]["uat"]["approvals"] = 1
    change = world.deploy("v1.0.0", app="slow")["change"]
    answer = cancelled(world)
    assert answer["code"] == "nothing_to_cancel"
    assert answer["hint"] == f"Change {change} waits. To stop it: reject change {change}: REASON"


def test_only_deployers_cancel_what_others_deploy(world: World, going_on: Runner) -> None:
    world.config["environments"]["uat"]["deployers"] = ["alice"]
    answer = cancelled(world)
    expect(answer, outcome="refused", code="not_allowed")
    assert "may not cancel what others deploy to uat" in answer["message"]
    assert world.claims() == 1
    assert cancelled(world, who="alice")["code"] == "cancelled"


@pytest.mark.parametrize(
    ("own", "room", "code"),
    [(True, "#ops", None), (False, "#ops", Code.NOT_ALLOWED), (True, "#random", Code.WRONG_ROOM)],
)
def test_who_lost_the_right_may_cancel_their_own(own: bool, room: str, code: Any) -> None:
    rules = {"uat": {"deployers": ["bob"], "rooms": ["#ops"]}}
    people = {name: {"chat": [name]} for name in ("alice", "bob")}
    settings = load(
        {"relays": ["bot"], "people": people, "environments": rules, "apps": {"web": {}}}, KINDS
    )
    alice = identify(settings, "alice", "bot", room)
    found = may_cancel(settings, alice, settings.environments["uat"], own)
    assert (found[0].code if found else None) is code


def test_a_runner_that_dies_meanwhile_is_not_waited_for(
    world: World, going_on: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(seconds: float) -> None:
        going_on.send(signal.SIGKILL)
        going_on.wait()
        world.let_leases_run_out()

    going_on.send(signal.SIGSTOP)
    monkeypatch.setattr(cancel, "sleep", die)
    answer = cancelled(world)
    expect(answer, outcome="failed", code="nothing_to_cancel")
    assert "had ended (interrupted) before it could be cancelled: its runner" in answer["message"]
    assert world.events() == ["asked", "started", "cancel_asked", "interrupted"]
    assert world.claims() == 0


# A runner that died.


def left_behind(world: World, run: str) -> None:
    left = Assignment("ship", "uat", "v1.0.0", "", "v1.0.0", "d0", "bob", 0.0)
    store = open_store(world.database)
    with store.write() as connection:
        text = json.dumps({**asdict(left), "run": run})
        keep_checkpoint(store, connection, "ship", "uat", "stackstorm", text)


@pytest.fixture
def storm(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStackStorm]:
    monkeypatch.setattr(follower, "wait", lambda seconds: None)
    with FakeStackStorm() as server:
        deploy = {"kind": "stackstorm", "action": "acme.deploy", "url": server.api}
        world.with_app("ship", deploy={**deploy, "api_key": "k3y"})
        yield server


def test_what_a_dead_runner_left_running_is_cancelled(world: World, storm: FakeStackStorm) -> None:
    storm.add("left", "acme.deploy")
    left_behind(world, "left")
    answer = cancelled(world, app="ship")
    expect(answer, ok=True, code="cancelled")
    assert "Execution left of acme.deploy was cancelled." in answer["message"]
    assert storm.executions["left"]["status"] == "canceled"
    assert world.events() == ["asked", "cancel_asked"]
    assert world.claims() == 0
    assert cancelled(world, app="ship")["code"] == "nothing_to_cancel"


def hold(world: World, storm: FakeStackStorm, command: str) -> None:
    """bob works on ship at uat."""
    store = open_store(world.database)
    with store.write() as connection:
        claim = Claim("ship", "uat", "d1", command, "bob", "bob", version="v1.0.0")
        claim = replace(claim, started_at=store.now(connection), lease_until=store.now(connection))
        assert take(store, connection, claim, 60) is None


def test_of_two_who_cancel_the_second_waits(world: World, storm: FakeStackStorm) -> None:
    hold(world, storm, "cancel")
    answer = cancelled(world, app="ship")
    expect(answer, outcome="refused", code="busy")
    assert "bob is already cancelling what was left running: ship on uat" in answer["message"]
    assert world.events() == ["refused"]


def test_what_a_runner_that_dies_meanwhile_left_is_cancelled(
    world: World, storm: FakeStackStorm, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(world, storm, "deploy")
    storm.add("left", "acme.deploy")
    left_behind(world, "left")
    monkeypatch.setattr(cancel, "sleep", lambda seconds: world.let_leases_run_out())
    answer = cancelled(world, app="ship")
    expect(answer, ok=True, code="cancelled")
    assert "Execution left of acme.deploy was cancelled." in answer["message"]
    assert world.events() == ["cancel_asked", "interrupted", "asked", "cancel_asked"]
    assert world.claims() == 0


def test_cancelling_is_taken_up_by_the_next(world: World, storm: FakeStackStorm) -> None:
    storm.add("left", "acme.deploy")
    left_behind(world, "left")
    died = "opsroom.deploys.remote.deployer:RemoteDeployer.cancel_left:before"
    world.spawn("cancel_deployment", "bob", died, app="ship", environment="uat").wait()
    assert cancelled(world, app="ship")["code"] == "busy"
    world.let_leases_run_out()
    assert cancelled(world, app="ship")["code"] == "cancelled"
    assert report(world)["complete"] is True
    assert world.chain_holds()


def test_what_cannot_be_cancelled_frees_the_place(world: World, storm: FakeStackStorm) -> None:
    left_behind(world, "purged")
    assert cancelled(world, app="ship")["code"] == "nothing_to_cancel"
    left_behind(world, "left")
    storm.add("left", "acme.deploy")
    storm.trouble("GET", Reply(401))
    expect(cancelled(world, app="ship"), outcome="failed", code="unauthorized")
    assert world.claims() == 0
