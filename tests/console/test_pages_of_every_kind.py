"""Pages of every kind, as messages in the console's room: the same words, whatever the pager."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
import yaml

from console.lines import Chat
from console.opening import open_session
from console.session import Reply, Session
from support.chat.conversation import Answer
from support.expectations import expect
from support.pages.kinds import CASES, Case, case, story
from support.worlds.world import World, make_world

ROOT = Path(__file__).resolve().parents[2]


def room_of(world: World, it: Case) -> Session:
    world.config.update(database=world.database, **it.config())
    world.config["groups"], world.config["environments"] = {}, {"test": {}}
    path = world.folder / "opsroom.yaml"
    path.write_text(yaml.safe_dump(world.config))
    return open_session(path, ROOT, speaker="alice", room="#dev")


@pytest.mark.parametrize("name", CASES)
def test_a_page_is_sent_once_and_every_command_works_on_it(name: str, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with case(name) as it:
        session = room_of(world, it)

        def say(text: str, who: str) -> Answer:
            reply = session.say(text, who, "#dev")
            assert reply.status in ("succeeded", "failed"), reply
            assert not reply.rendered.problem
            return Answer(reply.status == "succeeded", reply.code, reply.message, reply.result)

        events = story(say, it)
        assert [one for one in world.events() if one != "asked"] == events
        assert world.chain_holds()
        for secret in it.secrets:
            assert secret not in repr(world.records())


def replies(session: Session, *texts: str) -> Reply:
    for text in texts:
        reply = session.say(text)
    return reply


def test_the_pager_of_whoever_is_called_rings_in_the_console(tmp_path: Path) -> None:
    with case("local") as it:
        session = room_of(make_world(tmp_path), it)
        paged = replies(session, "page web-team: checkout is down")
        assert paged.rings == ("bob",)
        assert paged.mapping()["rings"] == ["bob"]
        out = StringIO()
        Chat(out).reply(paged)
        assert out.getvalue().split("\n")[1] == "* the pager of bob rings *"
        # Nobody is woken by a page that was sent before, or by an answer to it.
        assert replies(session, "page web-team: checkout is down").rings == ()
        assert replies(session, "ack page 1").rings == ()
        assert replies(session, "escalate page 1").rings == ("carol",)
        assert replies(session, "add alice to page 1").rings == ("alice",)
        assert "rings" not in replies(session, "resolve page 1").mapping()


def test_a_real_pager_rings_by_itself(tmp_path: Path) -> None:
    with case("webhook") as it:
        expect(
            replies(room_of(make_world(tmp_path), it), "page web-team: checkout is down"), rings=()
        )
