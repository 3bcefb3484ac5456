"""Who is speaking and where, as each relay tells it; and what becomes of an answer when the relay
is restarted."""

from __future__ import annotations

import pytest

from support.chat.relays import RESTART, Channel
from support.stackstorm.client import wait_for
from support.worlds.world import World


def test_errbot_reports_the_whole_mask_and_hubot_the_nick(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    answer = channel.ask(alice, "deploy web v1.0.0 to uat")
    context = answer.execution["context"]
    name = {"errbot": alice.mask, "hubot": "alice"}[channel.relay.kind]
    assert alice.mask.startswith("alice!")
    assert (context["api_user"], context["source_channel"]) == (name, "#dev")


def test_with_errbot_the_nick_alone_is_nobody_and_with_hubot_it_is_all(
    channel: Channel, world: World
) -> None:
    channel.person("carol").close()
    thief = channel.replace("carol", user="mallory")
    answer = channel.ask(thief, "deploy web v1.0.0 to production", "#ops")
    assert answer.code == {"errbot": "not_allowed", "hubot": "deployed"}[channel.relay.kind]


def test_a_private_message_is_no_room(channel: Channel, world: World) -> None:
    carol = channel.person("carol")
    carol.say(channel.relay.nick, "deploy web v1.0.0 to production")
    if channel.relay.kind == "hubot":
        # Its adapter tells no room, StackStorm wants one: nothing runs, and nobody is told.
        assert channel.ask(carol, "versions on test").status == "succeeded"
        assert world.events() == []
        assert carol.from_(channel.relay.nick, "carol") == []
        return
    answer = channel.answer(carol, channel.execution_for(carol), "carol")
    assert (answer.status, answer.code) == ("failed", "wrong_room")
    assert answer.execution["context"]["source_channel"] == carol.mask
    assert answer.lines[1:] == channel.relay.shows(answer.message, carol)
    assert carol.from_(channel.relay.nick, "#dev") + carol.from_(channel.relay.nick, "#ops") == []
    assert world.running("production") == ""


def test_the_relay_has_its_role_and_that_is_no_administrators(
    channel: Channel, world: World
) -> None:
    assignments = channel.storm.call("GET", "/rbac/role_assignments")
    if not assignments.ok:
        pytest.skip(f"this StackStorm has no RBAC: {assignments.status_code}")
    (user,) = world.config["relays"]
    roles = {one["role"] for one in assignments.json() if one["user"] == user}
    # The second is that of the tests, which a relay has where it may run other packs' commands.
    assert {"opsroom_relay"} <= roles <= {"opsroom_relay", "opsroom_tests"}
    with channel.storm.api_key(user) as relay:
        # What hubot-stackstorm asks for as it is delivered, and what it has to ask for.
        answers = [
            channel.storm.call("GET", f"/actionalias?limit={limit}", who=relay)
            for limit in (-1, 100)
        ]
    assert [one.status_code for one in answers] == [403, 200]
    assert "opsroom_deploy" in {one["name"] for one in answers[1].json()}


def test_a_deployment_outlives_the_relay_and_its_answer_reaches_the_new_one(
    channel: Channel, world: World
) -> None:
    if not RESTART:
        pytest.skip("no relay may be restarted: OPSROOM_IRC_RESTART is not set")
    gate = world.folder / "gate"
    wait = f"while [ ! -e {gate} ]; do sleep 0.05; done"
    world.with_app("slow", deploy={"kind": "command", "command": ["/bin/sh", "-c", wait]})
    channel.storm.configure(world.config)
    alice = channel.person("alice")
    began = len(alice.heard)
    channel.type(alice, "deploy slow 1.0 to uat")
    execution = channel.execution_for(alice)
    try:
        wait_for(lambda: "started" in world.events(), "the deployment to start")
        channel.restart()
        # The new one answers: it listens to StackStorm's stream.
        assert channel.ask(channel.person("bob"), "versions on test").status == "succeeded"
    finally:
        gate.touch()
    answer = channel.answer(alice, execution, began=began)
    assert answer.code == "deployed"
    said = [line for line in alice.from_(channel.relay.nick) if "alice deployed slow 1.0" in line]
    assert len(said) == 1
