"""The story of chats through hubot and our script: the adapters are real, StackStorm is, Slack is
played."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.chat.hubot_bot import Bot
from support.chat.hubot_rooms import restart_of, settings_of
from support.chat.story import KEY, Player, Step, configure, play
from support.slack.hubot import hubot_in
from support.slack.room import SlackRoom
from support.slack.workspace import Slack
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World

pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")


def room_with(bot: Bot, slack: Slack) -> SlackRoom:
    room = SlackRoom(slack, restart_of(bot))
    room.st2_user = RELAY
    return room


@pytest.mark.parametrize(("version", "route"), [("14", "hubot"), ("13", "opsroom_hubot")])
def test_three_people_a_stranger_and_what_each_reads(
    version: str, route: str, stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with Slack() as slack:
        bot = hubot_in(slack, tmp_path / "hubot.log", settings_of(stackstorm, KEY, route), version)
        with bot:
            room = room_with(bot, slack)
            configure(world, room, stackstorm)
            player = play(room, stackstorm, world)
            _threads_and_colours(slack, player)


def _threads_and_colours(slack: Slack, player: Player) -> None:
    """Answers stand below the question, those in a thread in that thread, each with the colour of
    its outcome."""
    asked = {post.thread_ts for post in slack.posts if post.reading.colors}
    assert asked <= set(player.messages)
    colours = {colour for post in slack.posts for colour in post.reading.colors}
    assert colours == {"#2eb886", "#daa038"}
    refused = [post for post in slack.posts if "may not deploy" in post.reading.text]
    assert {colour for post in refused for colour in post.reading.colors} == {"#daa038"}


def test_a_seal_of_another_key_is_nobody(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with Slack() as slack:
        settings = settings_of(stackstorm, KEY[::-1])
        with hubot_in(slack, tmp_path / "hubot.log", settings) as bot:
            room = room_with(bot, slack)
            configure(world, room, stackstorm)
            player = Player(room, stackstorm, world)
            player.play(Step("alice", "deploy web v1.0.0 to uat", "seal_wrong"))
            assert world.running("uat") == ""
