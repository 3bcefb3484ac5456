"""hubot with its adapters for IRC and XMPP, hubot-stackstorm and our script are real, so are the
servers; StackStorm is played."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Dict, Iterator, List

import pytest

from support.chat.hubot_bot import Bot
from support.chat.hubot_rooms import on_irc, on_xmpp
from support.chat.room import Room
from support.stackstorm.chatops import KEY as API_KEY
from support.stackstorm.chatops import Asked, ChatOps
from support.waiting import until

KEY = "a-key-that-only-the-relay-and-opsroom-know"
ALIASES: List[Dict[str, Any]] = [
    {"name": "opsroom_echo", "formats": [{"display": "x", "representation": ["echo\\s+{{text}}"]}]}
]


def settings(storm: ChatOps) -> Dict[str, str]:
    return {
        "ST2_API_URL": storm.url,
        "ST2_STREAM_URL": storm.url,
        "ST2_API_KEY": API_KEY,
        "OPSROOM_RELAY_KEY": KEY,
    }


class Played:
    """A relay in two rooms, and StackStorm behind it."""

    def __init__(self, room: Room, bot: Bot, storm: ChatOps) -> None:
        self.room, self.bot, self.storm = room, bot, storm

    def ask(self, who: str, text: str, room: str = "dev") -> Asked:
        count = len(self.storm.asked)
        self.room.say(who, text, room)
        return self.storm.wait_for(count + 1)

    def read(self, text: str, room: str = "dev") -> str:
        """What the room reads of an answer, as soon as that is in it."""
        whole: List[str] = []

        def found() -> bool:
            whole[:] = [one.text for one in self.room.heard(room)]
            return any(text in one for one in whole)

        until(found, f"{text!r} in {room}: {whole[-5:]}", 30)
        return "\n".join(whole)


@pytest.fixture(scope="module", params=[on_irc, on_xmpp], ids=["irc", "xmpp"])
def played(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Played]:
    with ExitStack() as stack:
        storm = stack.enter_context(ChatOps(ALIASES))
        folder = tmp_path_factory.mktemp("hubot")
        room, bot = request.param(stack, settings(storm), folder)
        yield Played(room, bot, storm)


def test_who_speaks_is_their_identity_in_each_room(played: Played) -> None:
    for who, room in (("alice", "dev"), ("bob", "ops"), ("alice", "ops")):
        asked = played.ask(who, f"echo {who} in {room}", room)
        assert asked.user.partition(" ")[0] == played.room.identity(who)
        assert asked.source_channel == played.room.source(room)
        assert asked.command == f"echo {who} in {room}"
        assert set(asked.source_context) <= {"room"}


def test_an_answer_is_for_whoever_asked_and_pings_nobody_else(played: Played) -> None:
    asked = played.ask("alice", "echo x")
    acknowledged = played.read("On it.")
    assert asked.user not in acknowledged
    played.storm.answer(asked, "done &amp; <b>x</b>\nfor (@bob) @here")
    whole = played.read("for (")
    assert "alice: done &amp; <b>x</b>" in whole
    assert "for (@ bob) @ here" in whole


def test_a_long_answer_in_other_letters_arrives_whole(played: Played) -> None:
    asked = played.ask("bob", "echo long")
    played.storm.answer(asked, " ".join(f"слово{number}" for number in range(300)) + " END")
    whole = played.read("END").replace("\n", "").replace(" ", "")
    assert "".join(f"слово{number}" for number in range(300)) + "END" in whole


def test_what_stackstorm_refuses_is_one_sentence(played: Played) -> None:
    played.storm.refuse = "no such thing\n{'type': 'object'}"
    played.room.say("bob", "echo refused")
    assert "{'type'" not in played.read("bob: Nothing was run. StackStorm refused it: no such")


def test_nothing_is_executed_again_after_a_restart(played: Played) -> None:
    count = len(played.storm.asked)
    played.ask("alice", "echo before")
    played.room.restart()
    assert played.ask("bob", "echo after").command == "echo after"
    assert len(played.storm.asked) == count + 2
