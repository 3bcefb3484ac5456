"""The commands, said in a room: what is answered, what is recorded, and what really happened on the
disk."""

from __future__ import annotations

from typing import Any, List

import pytest

from opsroom.records.ledger import Record
from support.stackstorm.client import RELAY, Answer, StackStorm, wait_for
from support.worlds.world import World

GREEN, AMBER, RED = "#2eb886", "#daa038", "#a30200"
ACK = "On it. The answer follows here; execution {id}"


def looks_right(answer: Answer, colour: str) -> None:
    """What holds for every answer: one short text, neutralised, coloured, in the thread, no trace
    of a crash."""
    slack = dict(answer.posted["extra"]["slack"])
    fields = {one["title"]: one["value"] for one in slack.pop("fields", [])}
    assert slack == {"color": colour, "thread_response": True}
    if answer.code == "deployed":
        assert fields["Version"] == answer.result["version"]
    assert 0 < len(answer.message) <= 400
    assert len(answer.message.split("\n")) <= 8
    for trace in ("Traceback", "stderr", "stdout", "{{", "<%", "{%"):
        assert trace not in answer.message


def last(world: World, event: str) -> Record:
    return [record for record in world.records() if record.event.value == event][-1]


def test_a_deployment_is_done_recorded_and_answered(stackstorm: StackStorm, world: World) -> None:
    answer = stackstorm.say("deploy web v1.0.0 to uat", "alice", "#dev")

    assert answer.status == "succeeded"
    assert answer.code == "deployed"
    assert world.running("uat") == "v1.0.0"
    assert answer.message.startswith("alice deployed web v1.0.0 to uat, verified, in ")
    assert answer.ack == ACK.format(id=answer.id)
    assert answer.posted["channel"] == "#dev"
    looks_right(answer, GREEN)

    assert world.events() == ["asked", "started", "succeeded"]
    for record in world.records():
        assert (record.requester, record.person, record.chat_name) == ("alice", "alice", "alice")
        assert (record.room, record.st2_user, record.execution_id) == ("#dev", RELAY, answer.id)
        assert (record.app, record.environment, record.version) == ("web", "uat", "v1.0.0")
    assert world.chain_holds()
    assert world.claims() == 0


def test_the_version_that_runs_is_told(stackstorm: StackStorm, world: World) -> None:
    stackstorm.ask("deploy web v1.1.0 to uat")
    place = stackstorm.say("version of web on uat")
    app = stackstorm.say("versions of web")
    environment = stackstorm.say("versions on uat")
    for answer in (place, app, environment):
        assert answer.status == "succeeded"
        assert answer.code == "versions"
        assert answer.ack == ""
        assert "v1.1.0" in answer.message
        looks_right(answer, GREEN)
    assert "production" in app.message


def test_history_tells_who_did_what(stackstorm: StackStorm, world: World) -> None:
    stackstorm.ask("deploy web v1.0.0 to uat", "alice")
    stackstorm.ask("deploy web v1.1.0 to uat", "carol")
    for said in ("history on uat", "history of web", "history of web on uat"):
        answer = stackstorm.say(said, "bob")
        lines = answer.message.split("\n")
        assert answer.code == "history"
        assert len(lines) == 3
        assert "v1.0.0 -> v1.1.0" in lines[1]
        assert "carol" in lines[1]
        assert "alice" in lines[2]
        looks_right(answer, GREEN)
    assert len(stackstorm.ask("history on uat limit=1").result["deployments"]) == 1


def test_promote_takes_the_version_that_runs_elsewhere(
    stackstorm: StackStorm, world: World
) -> None:
    stackstorm.ask("deploy web v1.1.0 to test")
    answer = stackstorm.say("promote web from test to uat")
    assert answer.status == "succeeded"
    assert world.running("uat") == "v1.1.0"
    assert "promoted web v1.1.0 from test to uat" in answer.message
    assert answer.ack == ACK.format(id=answer.id)
    assert last(world, "succeeded").command == "promote"
    looks_right(answer, GREEN)


def test_rollback_brings_back_the_version_before(stackstorm: StackStorm, world: World) -> None:
    stackstorm.ask("deploy web v1.0.0 to uat")
    stackstorm.ask("deploy web v1.1.0 to uat")
    answer = stackstorm.say("rollback web on uat", "carol")
    assert answer.status == "succeeded"
    assert world.running("uat") == "v1.0.0"
    assert "carol rolled back web to v1.0.0 on uat" in answer.message
    record = last(world, "succeeded")
    assert (record.command, record.version_before, record.version) == (
        "rollback",
        "v1.1.0",
        "v1.0.0",
    )
    looks_right(answer, GREEN)


def test_the_same_version_again_is_done_only_when_it_is_asked_for(
    stackstorm: StackStorm, world: World
) -> None:
    stackstorm.ask("deploy web v1.0.0 to uat")
    again = stackstorm.say("deploy web v1.0.0 to uat")
    assert (again.status, again.code) == ("succeeded", "already_there")
    assert "redeploy web v1.0.0 to uat" in again.message
    redeployed = stackstorm.say("redeploy web v1.0.0 to uat")
    assert (redeployed.status, redeployed.code) == ("succeeded", "deployed")
    assert world.events().count("succeeded") == 2
    looks_right(again, GREEN)
    looks_right(redeployed, GREEN)


def test_a_plan_changes_nothing_and_records_nothing(stackstorm: StackStorm, world: World) -> None:
    answer = stackstorm.say("plan web v1.2.0 to uat")
    assert (answer.status, answer.code) == ("succeeded", "plan")
    assert answer.message.startswith("web on uat would get v1.2.0.")
    assert "deploy web v1.2.0 to uat" in answer.message
    assert world.running("uat") == ""
    assert world.events() == []
    looks_right(answer, GREEN)


@pytest.mark.parametrize("said", ["opsroom help", "opsroom help deploy"])
def test_help_names_the_commands(stackstorm: StackStorm, world: World, said: str) -> None:
    answer = stackstorm.say(said)
    assert (answer.status, answer.code) == ("succeeded", "help")
    assert "deploy" in answer.message
    looks_right(answer, GREEN)


REFUSALS: List[Any] = [
    ("deploy wbe v1.0.0 to uat", "unknown_app", "web"),
    ("deploy web v1.0.0 to uta", "unknown_environment", "uat"),
    ("deploy web v1.0.1 to uat", "unknown_version", "v1.0.0"),
    ("rollback web on uat", "nothing_runs", "uat"),
    ("promote web from test to uat", "nothing_runs", "test"),
    ("deploy web v1.0.0 to production", "not_allowed", "production"),
]


@pytest.mark.parametrize(("said", "code", "told"), REFUSALS)
def test_a_refusal_says_what_is_in_the_way_and_changes_nothing(
    stackstorm: StackStorm, world: World, said: str, code: str, told: str
) -> None:
    answer = stackstorm.say(said)
    assert (answer.status, answer.code) == ("failed", code)
    assert answer.result["outcome"] == "refused"
    assert told in answer.message
    assert world.events() == ["asked", "refused"]
    assert last(world, "refused").code == code
    assert not (world.folder / "srv" / "web" / "uat" / "current").exists()
    looks_right(answer, AMBER)


def test_a_failure_says_what_went_wrong_and_what_runs_now(
    stackstorm: StackStorm, world: World
) -> None:
    program = "import sys; print('first line'); print('disk is full'); sys.exit(3)"
    version = world.config["apps"]["web"]["version"]
    world.with_app(
        "api", deploy={"kind": "command", "command": ["python3", "-c", program]}, version=version
    )
    stackstorm.configure(world.config)
    answer = stackstorm.say("deploy api 1.0 to uat")
    assert (answer.status, answer.code) == ("failed", "deploy_failed")
    assert answer.result["outcome"] == "failed"
    assert "disk is full" in answer.message
    assert "Nothing runs there now." in answer.message
    assert world.events() == ["asked", "started", "failed"]
    looks_right(answer, RED)


def test_a_second_deployment_at_the_same_place_is_told_who_is_at_it(
    stackstorm: StackStorm, world: World
) -> None:
    gate = world.folder / "gate"
    wait = f"while [ ! -e {gate} ]; do sleep 0.05; done"
    world.with_app("slow", deploy={"kind": "command", "command": ["/bin/sh", "-c", wait]})
    stackstorm.configure(world.config)
    first = stackstorm.begin("deploy slow 1.0 to uat", "alice")
    try:
        wait_for(lambda: "started" in world.events(), "the first deployment to start")
        second = stackstorm.say("deploy slow 2.0 to uat", "carol")
    finally:
        gate.touch()
    assert (second.status, second.code) == ("failed", "busy")
    assert second.message.startswith("alice is already deploying slow 1.0 to uat")
    looks_right(second, AMBER)
    assert stackstorm.finish(first).code == "deployed"
