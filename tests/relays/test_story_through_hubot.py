"""The story of chats through a real hubot with our script, on each of its chats; the console is
StackStorm."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.chat.hubot_rooms import on_irc, on_slack, on_xmpp, settings_of
from support.chat.story import KEY, configure, play
from support.rooms.recording import compare, hold, transcript_of
from support.stackstorm.console import RELAY, ConsoleStorm
from support.worlds.world import make_world


@pytest.mark.parametrize("room_of", [on_slack, on_irc, on_xmpp], ids=["slack", "irc", "xmpp"])
def test_three_people_a_stranger_and_what_each_reads(room_of: Any, tmp_path: Path) -> None:
    pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")
    world = make_world(tmp_path / "world")
    with ExitStack() as stack:
        storm = stack.enter_context(ConsoleStorm(world))
        room, _ = room_of(stack, settings_of(storm, KEY), tmp_path)
        room.st2_user = RELAY
        configure(world, room, storm)
        play(room, storm, world)


@pytest.mark.parametrize(
    ("chat", "room_of", "bot"), [("slack", on_slack, "opsbot"), ("irc", on_irc, "hubot")]
)
def test_the_pictures_of_the_docs_show_what_a_room_receives(
    chat: str, room_of: Any, bot: str, tmp_path: Path
) -> None:
    pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")
    world = make_world(tmp_path / "world")
    with ExitStack() as stack:
        storm = stack.enter_context(ConsoleStorm(world))
        room, _ = room_of(stack, settings_of(storm, KEY), tmp_path)
        room.st2_user = RELAY
        configure(world, room, storm)
        hold(room, storm, world)
        compare(transcript_of(chat, room, bot, {}))
