"""The story of chats through hubot, its adapter for IRC and our script, on a server of the test's
own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from support.chat.hubot_rooms import on_irc, settings_of
from support.chat.story import KEY, configure, play
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        room, _ = on_irc(stack, settings_of(stackstorm, KEY), tmp_path)
        room.st2_user = RELAY
        configure(world, room, stackstorm)
        play(room, stackstorm, world)
