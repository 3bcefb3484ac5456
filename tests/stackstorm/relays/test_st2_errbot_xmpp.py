"""The story of chats through errbot and our plugin on XMPP, on a server of the test's own; and who
cannot be someone else there."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator, Tuple

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.story import Player, Step, configure, play
from support.chat.xmpp import HOST, OTHER_HOST, ROOMS, XmppPerson, XmppRoom
from support.rooms.errbot_rooms import NICK, on_xmpp
from support.stackstorm.client import StackStorm
from support.waiting import until
from support.worlds.world import World


@contextmanager
def relayed(
    storm: StackStorm, world: World, folder: Path, *more: str
) -> Iterator[Tuple[XmppRoom, Errbot]]:
    """Errbot in the two rooms, and in `more`; the world knows its people."""
    with ExitStack() as stack:
        room, bot = on_xmpp(stack, storm, folder, *more)
        configure(world, room, storm)
        yield room, bot


def test_three_people_a_stranger_and_what_each_reads(
    stackstorm: StackStorm, world: World, tmp_path: Path
) -> None:
    with relayed(stackstorm, world, tmp_path) as (room, _):
        play(room, stackstorm, world)


def test_nobody_is_someone_else(stackstorm: StackStorm, world: World, tmp_path: Path) -> None:
    with relayed(stackstorm, world, tmp_path, "hidden") as (room, bot):
        player = Player(room, stackstorm, world)
        player.play(Step("alice", "versions on uat", "versions"))

        # Someone else with the nick of who has left, and one who writes it otherwise.
        dev, ops = room.source("dev"), room.source("ops")
        carol, mallory = room.person("carol"), room.person("mallory")
        carol.leave(ops)
        mallory.join(ops, "carol")
        player.play(Step("mallory", "deploy web v1.0.0 to production", "not_allowed", "ops"))
        mallory.join(ops, "Carol")
        player.play(Step("mallory", "deploy web v1.0.0 to production", "not_allowed", "ops"))

        # The same name on another server, in private.
        room.server.register("carol", OTHER_HOST)
        other = XmppPerson(room.server, "carol", OTHER_HOST)
        execution = _privately(player, other, f"xmpp:carol@{OTHER_HOST}")
        assert execution["result"]["result"]["code"] in ("not_allowed", "wrong_room")
        execution = _privately(player, carol, "xmpp:carol@localhost")
        assert execution["result"]["result"]["code"] == "wrong_room"

        # Through the room, and in a room that hides who is speaking.
        carol.say(f"{dev}/{NICK}", f"{PREFIX}deploy web v1.0.0 to uat", "chat")
        until(lambda: carol.heard(f"{dev}/{NICK}")[-1:] == [THROUGH], "a refusal in private", 30)
        carol.join(f"hidden@{ROOMS}")
        carol.say(f"hidden@{ROOMS}", f"{PREFIX}deploy web v1.0.0 to uat")
        until(
            lambda: any("hides" in one for one in carol.heard(f"hidden@{ROOMS}/{NICK}")),
            "a refusal in the room",
            30,
        )
        player.nothing_new()
        assert (world.running("uat"), world.running("production")) == ("", "")
        assert bot.dropped().count("of someone whose identity is not known") == 2


THROUGH = (
    "Private messages through a room are not passed on. Write to the bot directly, or say it in "
    "the room."
)


def _privately(player: Player, person: XmppPerson, identity: str) -> dict:
    """A deployment to production that someone asks for in a private message: its execution."""
    sender = f"{NICK}@{HOST}"
    before = len(person.private(sender))
    person.say(sender, f"{PREFIX}deploy web v1.0.0 to production", "chat")
    execution = player.storm.ended(player._one_new())
    context = execution["context"]
    assert context["api_user"].partition(" ")[0] == identity
    assert context["source_channel"] == person.jid
    message = str(player.storm.answer_to(execution["id"])["message"])
    until(
        lambda: any(message in one for one in person.private(sender)[before:]),
        f"the answer {message!r} in private",
        60,
    )
    return execution
