"""The story of chats through hubot, its adapter for XMPP and our script, on a server of the test's
own; and who cannot be someone else there."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Tuple

from support.chat.hubot_bot import Bot, adapter_of_docs, installed
from support.chat.story import KEY, Player, Step, configure, play
from support.chat.xmpp import HOST, OTHER_HOST, PASSWORD, ROOMS, Prosody, XmppPerson, XmppRoom
from support.stackstorm.client import RELAY, StackStorm
from support.waiting import until
from support.worlds.world import World

NICK = "opsbot"


@contextmanager
def relayed(
    storm: StackStorm, world: World, folder: Path, *more: str
) -> Iterator[Tuple[XmppRoom, Bot]]:
    """hubot in the two rooms, and in `more`, which others own; the world knows its people."""
    archive = os.environ.get("OPSROOM_TEST_RECONNECT_CORE", "")
    overrides = {"reconnect-core": f"file:{archive}"} if archive else {}
    bot_folder = installed("hubot@13", "hubot-xmpp@0.3.0", overrides=overrides)
    (bot_folder / "xmpp.mjs").write_text(adapter_of_docs("xmpp.mjs"))
    with Prosody(folder) as server:
        server.register(NICK)
        settings = {
            "HUBOT_XMPP_USERNAME": f"{NICK}@{HOST}",
            "HUBOT_XMPP_PASSWORD": PASSWORD,
            "HUBOT_XMPP_HOST": server.address[0],
            "HUBOT_XMPP_PORT": str(server.address[1]),
            "HUBOT_XMPP_ROOMS": ",".join(f"{one}@{ROOMS}" for one in ("dev", "ops", *more)),
            "HUBOT_XMPP_PREFERRED_SASL_MECHANISM": "PLAIN",
            "HUBOT_XMPP_DISALLOW_TLS": "true",
            "ST2_API_URL": storm.url,
            "ST2_STREAM_URL": os.environ.get("ST2_STREAM_URL", storm.url),
            "ST2_API_KEY": storm.relay["St2-Api-Key"],
            "ST2_ROUTE": "opsroom_hubot",
            "OPSROOM_RELAY_KEY": KEY,
        }
        # Whoever enters first is the owner, and may see who is behind a nick.
        for one in more:
            server.register(f"owner-{one}")
            XmppPerson(server, f"owner-{one}").join(f"{one}@{ROOMS}")
        with Bot(bot_folder, ("-f", "xmpp.mjs"), settings, folder / "log", name=NICK) as bot:

            def restart() -> None:
                bot.stop()
                bot.start()

            room = XmppRoom(server, NICK, restart, lambda text: f"{NICK}: {text}")
            room.st2_user = RELAY
            try:
                room.ready()
                configure(world, room, storm)
                yield room, bot
            finally:
                room.close()


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with relayed(stackstorm, world, tmp_path) as (room, bot):
        play(room, stackstorm, world)
        bot.wait_for("stream of StackStorm")
        assert len([line for line in bot.log() if "dropped a command (edit)" in line]) == 1


def test_nobody_is_someone_else(stackstorm: StackStorm, world: World, tmp_path: Path) -> None:
    with relayed(stackstorm, world, tmp_path, "hidden") as (room, _):
        player = Player(room, stackstorm, world)
        player.play(Step("alice", "versions on uat", "versions"))
        command = "deploy web v1.0.0 to production"

        # Someone else with the nick of who has left; also one whose presence has the name of the
        # relay, which the adapter takes for its own.
        ops = room.source("ops")
        carol, mallory = room.person("carol"), room.person("mallory")
        player.play(Step("carol", "versions on uat", "versions", "ops"))
        carol.leave(ops)
        disguise = f"<nick xmlns='http://jabber.org/protocol/nick'>{NICK}</nick>"
        mallory.send(f"<presence to='{ops}/carol'>{disguise}</presence>")
        until(lambda: "carol" in mallory.nicks(ops), "mallory as carol", 30)
        player.play(Step("mallory", command, "not_allowed", "ops"))

        # The same name on another server, in private.
        room.server.register("carol", OTHER_HOST)
        other = XmppPerson(room.server, "carol", OTHER_HOST)
        before = len(player.executions)
        other.say(f"{NICK}@{HOST}", f"{NICK}: {command}", "chat")
        context = player.storm.ended(player._one_new())["context"]
        assert context["api_user"].partition(" ")[0] == f"xmpp:carol@{OTHER_HOST}"
        assert len(player.executions) == before + 1

        # In a room that hides who is speaking.
        carol.join(f"hidden@{ROOMS}")
        carol.say(f"hidden@{ROOMS}", f"{NICK}: deploy web v1.0.0 to uat")
        until(
            lambda: any("does not show" in one for one in carol.heard(f"hidden@{ROOMS}/{NICK}")),
            "a refusal in the room",
            30,
        )
        player.nothing_new()
        assert (world.running("uat"), world.running("production")) == ("", "")
