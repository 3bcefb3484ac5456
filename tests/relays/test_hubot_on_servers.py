"""hubot with its adapters for IRC and XMPP, hubot-stackstorm and our script are real, so are the
servers; StackStorm is played."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from support.chat.hubot_bot import Bot, adapter_of_docs, installed
from support.chat.irc_room import IrcRoom, Ngircd
from support.chat.room import Room
from support.chat.xmpp import HOST, PASSWORD, ROOMS, Prosody, XmppRoom
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


def restart_of(bot: Bot) -> Callable[[], None]:
    def restart() -> None:
        bot.stop()
        bot.start()

    return restart


def on_irc(stack: ExitStack, storm: ChatOps, folder: Path) -> Tuple[Room, Bot]:
    bots = installed("hubot@11.6", "hubot-irc@0.2.9", "coffeescript@2")
    (bots / "irc.mjs").write_text(adapter_of_docs("irc.mjs"))
    server = stack.enter_context(Ngircd(folder))
    given = {
        "HUBOT_IRC_SERVER": server.address[0],
        "HUBOT_IRC_PORT": str(server.address[1]),
        "HUBOT_IRC_NICK": "hubot",
        "HUBOT_IRC_ROOMS": "#dev,#ops",
        "HUBOT_IRC_UNFLOOD": "false",
    }
    bot = Bot(bots, ("-f", "irc.mjs"), {**settings(storm), **given}, folder / "log", name="hubot")
    stack.enter_context(bot)
    room = IrcRoom(
        server,
        "hubot",
        restart_of(bot),
        lambda text: f"hubot: {text}",
        lambda message, who: f"{who}: {message}".split("\n"),
    )
    stack.callback(room.close)
    room.ready()
    return room, bot


def on_xmpp(stack: ExitStack, storm: ChatOps, folder: Path) -> Tuple[Room, Bot]:
    archive = os.environ.get("OPSROOM_TEST_RECONNECT_CORE", "")
    overrides = {"reconnect-core": f"file:{archive}"} if archive else {}
    bots = installed("hubot@13", "hubot-xmpp@0.3.0", overrides=overrides)
    (bots / "xmpp.mjs").write_text(adapter_of_docs("xmpp.mjs"))
    server = stack.enter_context(Prosody(folder))
    server.register("hubot")
    given = {
        "HUBOT_XMPP_USERNAME": f"hubot@{HOST}",
        "HUBOT_XMPP_PASSWORD": PASSWORD,
        "HUBOT_XMPP_HOST": server.address[0],
        "HUBOT_XMPP_PORT": str(server.address[1]),
        "HUBOT_XMPP_ROOMS": f"dev@{ROOMS},ops@{ROOMS}",
        "HUBOT_XMPP_PREFERRED_SASL_MECHANISM": "PLAIN",
        "HUBOT_XMPP_DISALLOW_TLS": "true",
    }
    bot = Bot(bots, ("-f", "xmpp.mjs"), {**settings(storm), **given}, folder / "log", name="hubot")
    stack.enter_context(bot)
    room = XmppRoom(server, "hubot", restart_of(bot), lambda text: f"hubot: {text}")
    stack.callback(room.close)
    room.ready()
    return room, bot


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
        room, bot = request.param(stack, storm, folder)
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
