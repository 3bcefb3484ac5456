"""The story of chats through hubot, its adapter for Matrix and our script, on a homeserver of the
test's own."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Tuple

from support.chat.hubot_bot import Bot, installed
from support.chat.hubot_rooms import restart_of, settings_of
from support.chat.matrix import PASSWORD, SERVER, MatrixRoom, Synapse
from support.chat.story import KEY, Step, configure, play
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World

NAME = "opsbot"
_ADAPTER = "github:xurizaemon/hubot-matrix#a84de6c9"


@contextmanager
def relayed(folder: Path, settings: Dict[str, str]) -> Iterator[Tuple[MatrixRoom, Bot]]:
    """hubot in two rooms of a new homeserver."""
    archive = os.environ.get("OPSROOM_TEST_HUBOT_MATRIX", _ADAPTER)
    bot_folder = installed("hubot@13", archive)
    # The adapter keeps its session here, whichever server it is of.
    shutil.rmtree(bot_folder / "hubot-matrix.localStorage", ignore_errors=True)
    with Synapse(folder) as server:
        server.register(NAME)
        given = {
            "HUBOT_MATRIX_HOST_SERVER": server.url,
            "HUBOT_MATRIX_USER": f"@{NAME}:{SERVER}",
            "HUBOT_MATRIX_PASSWORD": PASSWORD,
            **settings,
        }
        bot = Bot(bot_folder, ("-a", "@xurizaemon/hubot-matrix"), given, folder / "log", name=NAME)

        with bot:
            room = MatrixRoom(server, NAME, restart_of(bot), lambda text: f"{NAME}: {text}")
            room.st2_user = RELAY
            room.enter()
            yield room, bot


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with relayed(tmp_path, settings_of(stackstorm, KEY)) as (room, bot):
        configure(world, room, stackstorm)
        player = play(room, stackstorm, world)
        assert len([line for line in bot.log() if "dropped a command (edit)" in line]) == 1
        for display in ("carol", f"@carol:{SERVER}"):
            room.person("mallory").call_me(display)
            player.play(Step("mallory", "deploy web v1.1.0 to production", "not_allowed", "ops"))
        said = [one for name in ("dev", "ops") for one in room.heard(name)]
        assert not any(one.styled for one in said)
