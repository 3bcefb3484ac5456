"""The story of chats through hubot, its adapter for XMPP and our script, on a server of the test's
own; and who cannot be someone else there."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator, Tuple

from support.chat.hubot_bot import Bot
from support.chat.hubot_rooms import in_rooms_of, settings_of
from support.chat.story import KEY, Player, Step, configure, play
from support.chat.xmpp import HOST, OTHER_HOST, ROOMS, Prosody, XmppPerson, XmppRoom
from support.stackstorm.client import RELAY, StackStorm
from support.waiting import until
from support.worlds.world import World

NICK = "hubot"


@contextmanager
def relayed(
    storm: StackStorm, world: World, folder: Path, *more: str
) -> Iterator[Tuple[XmppRoom, Bot]]:
    """hubot in the two rooms, and in `more`, which others own; the world knows its people."""
    with ExitStack() as stack:
        server = stack.enter_context(Prosody(folder))
        # Whoever enters first is the owner, and may see who is behind a nick.
        for one in more:
            server.register(f"owner-{one}")
            XmppPerson(server, f"owner-{one}").join(f"{one}@{ROOMS}")
        settings = settings_of(storm, KEY)
        room, bot = in_rooms_of(stack, server, settings, folder, "dev", "ops", *more)
        room.st2_user = RELAY
        configure(world, room, storm)
        yield room, bot


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
