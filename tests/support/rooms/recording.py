"""One short conversation of three people with a relay, and what its room received: recorded for the
pictures of docs/chat.md, or compared with what they show."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Mapping, Tuple

from console.pictures.transcript import Transcript, read, steadied, write
from support.chat.room import LINES, Room
from support.chat.story import Player, Step
from support.stackstorm.client import StackStorm
from support.worlds.world import ROOT, World

ROOMS = ROOT / "docs" / "rooms"
# A folder for new recordings; without it what the room received is compared with the old ones.
FOLDER = os.environ.get("OPSROOM_TEST_PICTURES", "")

# Said elsewhere, so that there is a version before.
PRELUDE = (Step("alice", "deploy web v1.0.0 to uat", "deployed"),)

CONVERSATION: Tuple[Step, ...] = (
    Step("alice", "deploy web v1.1.0 to uat", "deployed", "ops"),
    Step("bob", "deploy web v1.1.0 to production", "not_allowed", "ops"),
    Step(
        "alice",
        "deploy web v1.1.0 to production",
        "waiting",
        "ops",
        keeps={"change": r"approve change ([0-9A-Z]{4,8})"},
    ),
    Step("carol", "approve change {change}", "deployed", "ops"),
    Step("carol", "lock uat: load test for 2h", "locked_now", "ops"),
    Step(
        "bob",
        "create card: Checkout fails\n"
        "Since v1.1.0, with a voucher:\n"
        '1. press "pay"\n'
        "2. wait & see <nothing>",
        "card_created",
        "ops",
    ),
    Step(
        "bob",
        "create card: Checkout fails since v1.1.0 with a voucher",
        "card_created",
        "ops",
    ),
    Step("alice", "show card CARD-1", "card", "ops"),
    Step("alice", "page web-team: checkout is down", "paged", "ops"),
)


def hold(room: Room, storm: StackStorm, world: World) -> None:
    """Let the people of a world that is configured for the room have the conversation."""
    # The pager is named in an answer.
    world.config["pagers"] = {"rota": {"kind": "local", "on_call": {"web-team": ["bob", "carol"]}}}
    world.config["teams"] = {"web-team": {"rota": "web-team"}}
    storm.configure(world.config)
    player = Player(room, storm, world)
    for step in (*PRELUDE, *said_in(room)):
        player.play(step)


def said_in(room: Room) -> List[Step]:
    """The conversation as it is typed in this chat: a card in several lines where there are any."""
    in_lines, in_one = (one for one in CONVERSATION if one.code == "card_created")
    left_out = in_one if LINES in room.can else in_lines
    return [one for one in CONVERSATION if one is not left_out]


def transcript_of(chat: str, room: Room, bot: str, versions: Mapping[str, str]) -> Transcript:
    """What the room received, without what differs in another run."""
    return steadied(Transcript(chat, "ops", bot, room.received("ops"), room.names(), versions))


def record_or_compare(transcript: Transcript) -> None:
    """Write a new recording where one is asked for, else compare with the one that is there."""
    if FOLDER:
        write(transcript, Path(FOLDER) / f"{transcript.chat}.json")
    else:
        compare(transcript)


def compare(transcript: Transcript) -> None:
    """Fail where the room received something else than the recording has."""
    name = f"{transcript.chat}.json"
    recorded = read(ROOMS / name)
    for now, before in zip(transcript.messages, recorded.messages):
        assert now == before, f"docs/rooms/{name} has another {before.id}: record it again"
    assert len(transcript.messages) == len(recorded.messages)
    assert transcript.names == recorded.names
