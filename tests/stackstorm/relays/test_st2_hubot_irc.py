"""The story of chats through hubot, its adapter for IRC and our script, on a server of the test's
own."""

from __future__ import annotations

import os
from pathlib import Path

from support.chat.hubot_bot import Bot, adapter_of_docs, installed
from support.chat.irc_room import IrcRoom, Ngircd
from support.chat.story import KEY, configure, play
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    folder = installed("hubot@11.6", "hubot-irc@0.2.9", "coffeescript@2")
    (folder / "irc.mjs").write_text(adapter_of_docs("irc.mjs"))
    with Ngircd(tmp_path) as server:
        settings = {
            "HUBOT_IRC_SERVER": server.address[0],
            "HUBOT_IRC_PORT": str(server.address[1]),
            "HUBOT_IRC_NICK": "hubot",
            "HUBOT_IRC_ROOMS": "#dev,#ops",
            "HUBOT_IRC_PRIVATE": "true",
            "HUBOT_IRC_UNFLOOD": "false",
            "ST2_API_URL": stackstorm.url,
            "ST2_STREAM_URL": os.environ.get("ST2_STREAM_URL", stackstorm.url),
            "ST2_API_KEY": stackstorm.relay["St2-Api-Key"],
            "ST2_ROUTE": "opsroom_hubot",
            "OPSROOM_RELAY_KEY": KEY,
        }
        with Bot(folder, ("-f", "irc.mjs"), settings, tmp_path / "log", name="hubot") as bot:

            def restart() -> None:
                bot.stop()
                bot.start()

            room = IrcRoom(
                server,
                "hubot",
                restart,
                lambda text: f"hubot: {text}",
                lambda message, who: f"{who}: {message}".split("\n"),
            )
            room.st2_user = RELAY
            try:
                room.ready()
                configure(world, room, stackstorm)
                play(room, stackstorm, world)
            finally:
                room.close()
