"""The story of chats through errbot and our plugin on IRC, on a server of the test's own."""

from __future__ import annotations

from pathlib import Path

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.irc_room import IrcRoom, Ngircd
from support.chat.story import configure, play
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World

NICK = "opsbot"


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with Ngircd(tmp_path) as server:
        host, port = server.address
        bot = Errbot(
            stackstorm.url,
            stackstorm.relay["St2-Api-Key"],
            tmp_path,
            "IRC",
            BOT_IDENTITY={"nickname": NICK, "server": host, "port": port},
            CHATROOM_PRESENCE=("#dev", "#ops"),
            IRC_CHANNEL_RATE=None,
            IRC_PRIVATE_RATE=None,
        )
        with bot:
            room = IrcRoom(server, NICK, bot.restart, lambda text: PREFIX + text)
            room.st2_user, room.route = RELAY, "errbot"
            try:
                room.ready()
                configure(world, room, stackstorm)
                play(room, stackstorm, world)
                # Who reads an answer knows whose it is.
                lines = [one.text for one in room.heard()]
                assert "alice: On it." in " ".join(lines)
            finally:
                room.close()
