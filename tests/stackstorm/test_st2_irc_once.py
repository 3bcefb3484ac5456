"""Through each relay every command is answered once, on whatever route the relay is: opsroom's, and other packs'."""

from __future__ import annotations

import os
import uuid

import pytest

from support.irc import Typist
from support.relays import Channel
from support.world import World

ACTION = """
import os

from st2common.runners.base_action import Action


class Once(Action):
    def run(self):
        os._exit(7)
"""


def said_once(channel: Channel, person: Typist, begins: str) -> None:
    # What is asked next is answered after anything that would be said twice.
    assert channel.ask(person, "versions on test").status == "succeeded"
    said = person.from_(channel.relay.nick, "#dev")
    name = "" if channel.relay.kind == "errbot" else f"{person.nick}: "
    assert len([one for one in said if one.startswith(name + begins)]) == 1, said


def test_help_is_said_once(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    answer = channel.ask(alice, "opsroom help")
    assert answer.lines == channel.relay.shows(answer.message, alice)
    said_once(channel, alice, answer.message.split("\n")[0])


def test_a_refusal_is_said_once(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    answer = channel.ask(alice, "history on nowhere")
    assert answer.status == "failed"
    said_once(channel, alice, answer.message.split("\n")[0])


def test_a_crash_is_said_once_in_the_words_of_the_alias(channel: Channel, world: World) -> None:
    name = f"once_{uuid.uuid4().hex[:8]}"
    words = {"result": {"format": f"{name} ended as {{{{ execution.status }}}}"}, "ack": {"enabled": False}}
    made = {"runner_type": "python-script", "entry_point": f"{name}.py", "parameters": {}}
    storm = channel.storm
    with storm.action(name, {f"{name}.py": ACTION}, **made) as ref, storm.alias(
        pack="default", name=name, action_ref=ref, formats=[f"say {name}"], **words
    ):
        if channel.relay.kind == "hubot":
            # It learns of new commands every two minutes, and when it is started.
            channel.restart()
        alice = channel.person("alice")
        answer = channel.ask(alice, f"say {name}")
        assert answer.lines == channel.relay.shows(f"{name} ended as failed", alice)
        said_once(channel, alice, name)


def test_a_command_of_another_pack_is_said_once(channel: Channel, world: World) -> None:
    command = os.environ.get("OPSROOM_IRC_OTHER", "")
    if not command:
        pytest.skip("OPSROOM_IRC_OTHER names no command of another pack that the relay's user may run")
    alice = channel.person("alice")
    answer = channel.ask(alice, command)
    assert answer.execution["action"]["pack"] != "opsroom"
    said_once(channel, alice, answer.message.split("\n")[0])
