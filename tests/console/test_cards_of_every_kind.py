"""Cards of every kind, as messages in the console's room: the same words, whatever the tracker."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from console.opening import open_session
from support.cards.kinds import CASES, case, story
from support.chat.conversation import Answer
from support.worlds.world import World, make_world

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", CASES)
def test_a_card_is_made_once_and_every_command_works_on_it(name: str, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with case(name) as it:
        world.config.update(database=world.database, **it.config())
        world.config["groups"], world.config["environments"] = {}, {"test": {}}
        path = world.folder / "opsroom.yaml"
        path.write_text(yaml.safe_dump(world.config))
        session = open_session(path, ROOT, speaker="alice", room="#dev")

        def say(text: str, who: str) -> Answer:
            reply = session.say(text, who, "#dev")
            assert reply.status in ("succeeded", "failed"), reply
            assert not reply.rendered.problem
            return Answer(reply.status == "succeeded", reply.code, reply.message, reply.result)

        story(say, it)
        recorded(world)
        for secret in it.secrets:
            assert secret not in repr(world.records())


def recorded(world: World) -> None:
    events = world.events()
    assert [one for one in events if one != "asked"] == [
        "card_created", "refused", "card_commented",
        *(["card_moved"] * (events.count("card_moved"))), "refused", *(["card_assigned"] * 4),
    ]  # fmt: skip
    assert events.count("asked") == len(events) - events.count("asked")
    assert world.chain_holds()
