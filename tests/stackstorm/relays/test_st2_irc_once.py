"""Through each relay every command is answered once, on whatever route the relay is: opsroom's, and
other packs'."""

from __future__ import annotations

import os
from typing import List

import pytest

from support.chat.irc import Typist
from support.chat.relays import Channel, plain
from support.stackstorm.client import wait_for
from support.worlds.world import World


def said_once(channel: Channel, person: Typist, message: str) -> None:
    # What is asked next is answered after anything that would be said twice.
    assert channel.ask(person, "versions on test").status == "succeeded"
    said = [plain(one) for one in person.from_(channel.relay.nick, "#dev")]
    first = channel.relay.shows(message, person)[0][:60]
    assert len([one for one in said if one.startswith(first)]) == 1, said


def test_help_is_said_once(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    answer = channel.ask(alice, "opsroom help")
    assert answer.lines == channel.relay.shows(answer.message, alice)
    said_once(channel, alice, answer.message)


def test_a_refusal_is_said_once(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    answer = channel.ask(alice, "history on nowhere")
    assert answer.status == "failed"
    said_once(channel, alice, answer.message)


def test_what_ended_without_an_answer_is_said_once(channel: Channel, world: World) -> None:
    gate, begun = world.folder / "gate", world.folder / "begun"
    command = f"touch {begun}; while [ ! -e {gate} ]; do sleep 0.1; done"
    world.with_app("api", deploy={"kind": "command", "command": ["/bin/sh", "-c", command]})
    channel.storm.configure(world.config)
    alice = channel.person("alice")
    try:
        channel.type(alice, "deploy api 1.0 to uat")
        execution = channel.execution_for(alice)
        wait_for(begun.exists, "the deployment's command")
        assert channel.storm.call("DELETE", f"/executions/{execution}").ok
        answer = channel.answer(alice, execution)
        assert (answer.status, answer.code) == ("canceled", "")
        assert answer.message.startswith("deploy api 1.0 to uat was cancelled in StackStorm")
        said_once(channel, alice, answer.message)
    finally:
        gate.touch()
        wait_for(lambda: not world.claims(), "the end of the deployment")


def test_a_command_of_another_pack_is_said_once(channel: Channel, world: World) -> None:
    command = os.environ.get("OPSROOM_IRC_OTHER", "")
    if not command:
        pytest.skip(
            "OPSROOM_IRC_OTHER names no command of another pack that the relay's user may run"
        )
    alice = channel.person("alice")
    channel.type(alice, command)
    execution = channel.execution_for(alice)
    assert channel.storm.ended(execution)["action"]["pack"] != "opsroom"
    # Its answer may have marks that are for relays; its longest line has to be there.
    lines = channel.storm.answer_to(execution)["message"].split("\n")
    longest = plain(max((one for one in lines if "{~}" not in one), key=len))

    def said() -> List[str]:
        return [
            one for one in map(plain, alice.from_(channel.relay.nick, "#dev")) if longest in one
        ]

    alice.wait(said, f"'{longest}' in #dev")
    assert channel.ask(alice, "versions on test").status == "succeeded"
    assert len(said()) == 1
