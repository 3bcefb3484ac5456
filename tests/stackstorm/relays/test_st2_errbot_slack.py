"""The story of chats through errbot and our plugin: the backend is real, StackStorm is, Slack is
played."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.chat.errbot_bot import PREFIX
from support.chat.story import configure, play
from support.slack.errbot import errbot_in
from support.slack.room import SlackRoom
from support.slack.workspace import Slack, typed
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World

pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with Slack() as slack:
        bot = errbot_in(slack, stackstorm.url, stackstorm.relay["St2-Api-Key"], tmp_path)

        def restart() -> None:
            bot.stop()
            slack.socket.disconnected()
            bot.start()
            slack.connected()

        with bot:
            slack.connected()
            room = SlackRoom(slack, restart, lambda text: PREFIX + typed(text))
            room.st2_user, room.route = RELAY, "errbot"
            configure(world, room, stackstorm)
            player = play(room, stackstorm, world)
            said = [one for name in ("dev", "ops") for one in room.heard(name)]
            assert not [one for one in said if one.pings or one.styled]
            threads = {one.thread for one in said if one.thread}
            assert len(threads) == 1
            assert threads <= set(player.messages)
