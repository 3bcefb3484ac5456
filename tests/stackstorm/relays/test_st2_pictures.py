"""What the pictures of docs/chat.md show is what a room receives: one conversation through real
relays in each chat.

With `OPSROOM_TEST_PICTURES` it is recorded anew into that folder; `make picture` draws it.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Dict, Mapping, Tuple

import pytest

from support.chat import hubot_rooms
from support.chat.room import Room
from support.chat.story import KEY, configure
from support.rooms import errbot_rooms
from support.rooms.recording import hold, record_or_compare, transcript_of
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World

Entered = Tuple[Room, str, Mapping[str, str]]


def _slack(stack: ExitStack, storm: StackStorm, folder: Path) -> Entered:
    pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")
    room, bot = hubot_rooms.on_slack(stack, hubot_rooms.settings_of(storm, KEY), folder)
    return room, "opsbot", bot.versions("hubot", "@hubot-friends/hubot-slack", "hubot-stackstorm")


def _irc(stack: ExitStack, storm: StackStorm, folder: Path) -> Entered:
    room, bot = hubot_rooms.on_irc(stack, hubot_rooms.settings_of(storm, KEY), folder)
    return room, "hubot", bot.versions("hubot", "hubot-irc", "hubot-stackstorm")


def _xmpp(stack: ExitStack, storm: StackStorm, folder: Path) -> Entered:
    room, bot = errbot_rooms.on_xmpp(stack, storm, folder)
    return room, errbot_rooms.NICK, bot.versions("errbot", "slixmpp", "err-stackstorm")


def _matrix(stack: ExitStack, storm: StackStorm, folder: Path) -> Entered:
    room, bot = errbot_rooms.on_matrix(stack, storm, folder)
    packages = ("errbot", "errbot-backend-matrix", "err-stackstorm")
    return room, errbot_rooms.NICK, bot.versions(*packages)


CHATS: Dict[str, Callable[[ExitStack, StackStorm, Path], Entered]] = {
    "slack": _slack,
    "irc": _irc,
    "xmpp": _xmpp,
    "matrix": _matrix,
}


@pytest.mark.parametrize("chat", list(CHATS))
def test_a_room_receives_what_its_picture_shows(
    chat: str, stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        room, bot, versions = CHATS[chat](stack, stackstorm, tmp_path)
        room.st2_user = RELAY
        configure(world, room, stackstorm)
        hold(room, stackstorm, world)
        record_or_compare(transcript_of(chat, room, bot, versions))
