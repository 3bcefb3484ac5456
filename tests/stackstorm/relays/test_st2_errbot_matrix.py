"""The story of chats through errbot and our plugin on Matrix, on a homeserver of the test's own;
and what a display name, an old command and a restart do there."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator, Tuple

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.matrix import SERVER, MatrixRoom
from support.chat.story import Player, Step, configure, play
from support.rooms.errbot_rooms import on_matrix
from support.stackstorm.client import StackStorm
from support.waiting import until
from support.worlds.world import World


@contextmanager
def relayed(storm: StackStorm, world: World, folder: Path) -> Iterator[Tuple[MatrixRoom, Errbot]]:
    """Errbot in the two rooms; the world knows its people."""
    with ExitStack() as stack:
        room, bot = on_matrix(stack, storm, folder)
        configure(world, room, storm)
        yield room, bot


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with relayed(stackstorm, world, tmp_path) as (room, bot):
        player = play(room, stackstorm, world)
        # The restart brought the last messages of each room again.
        bot.wait_for_dropped("from before the relay started")
        said = [one for name in ("dev", "ops") for one in room.heard(name)]
        assert not any(one.styled for one in said)
        threads = {one.thread for one in said if one.thread}
        assert len(threads) == 1
        assert threads <= set(player.messages)


def test_a_display_name_is_nobody(stackstorm: StackStorm, world: World, tmp_path: Path) -> None:
    with relayed(stackstorm, world, tmp_path) as (room, _bot):
        player = Player(room, stackstorm, world)
        for display in ("carol", f"@carol:{SERVER}"):
            room.person("mallory").call_me(display)
            player.play(Step("mallory", "deploy web v1.0.0 to production", "not_allowed", "ops"))
        assert world.running("production") == ""


def test_what_was_said_before_the_relay_came_is_not_done(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with relayed(stackstorm, world, tmp_path) as (room, bot):
        player = Player(room, stackstorm, world)
        alice = room.person("alice")
        late = alice.make_room(preset="public_chat")
        room.person("bob").join(late)
        alice.say(late, f"{PREFIX}deploy web v1.0.0 to uat")
        alice.invite(late, room.bot)
        bot.wait_for_dropped("from before the relay started")
        # Alone with the relay, the room is the person.
        private = alice.make_room(room.bot, is_direct=True)
        until(lambda: room.bot in alice.members(private), "the relay in a private room", 60)
        alice.say(private, f"{PREFIX}version of web on uat")
        execution = player.storm.ended(player._one_new())
        assert execution["context"]["source_channel"] == alice.id
        message = str(player.storm.answer_to(execution["id"])["message"])
        until(
            lambda: any(message == one["content"]["body"] for one in alice.messages(private)),
            "the answer in private",
            60,
        )
        player.nothing_new()
        assert world.running("uat") == ""
