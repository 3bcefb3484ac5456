"""Cards that are named with a deployment or by its commits are moved and told of it, and a tracker
that is down stops none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from opsroom.commands.deployments import card_updates
from opsroom.errors import Code, Failure
from opsroom.records.model import Event
from opsroom.trackers import Moved
from opsroom.trackers.local.board import Board
from support.cards.deployments import column, comments, commit, world_with_board
from support.expectations import expect
from support.servers.http import free_port
from support.worlds.world import World

DOWN = "https://trello.com/c/abcd1234"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_with_board(tmp_path)


def trello_is_down(world: World) -> None:
    world.config["trackers"]["trello"] = {
        "kind": "trello",
        "key": "a-key-of-trello",
        "token": "a-token-of-trello",
        "board": "abcdefgh",
        "list": "5abbe4b7ddc1b351ef961414",
        "url": f"http://127.0.0.1:{free_port()}/1",
    }


def test_cards_move_where_the_environment_says_and_only_there(world: World) -> None:
    world.config["environments"]["uat"]["move_cards"] = "doing"
    world.deploy(environment="test", cards="OPS-1")
    assert column(world, "OPS-1") == "To do"
    answer = world.deploy(cards="OPS-1 OPS-2")
    assert answer["message"].endswith("OPS-1 and OPS-2 were updated and moved to doing.")
    assert column(world, "OPS-1") == column(world, "OPS-2") == "Doing"


def test_a_column_that_does_not_exist_is_told_and_the_comment_stays(world: World) -> None:
    world.config["environments"]["uat"]["move_cards"] = "Nowhere"
    answer = world.deploy(cards="OPS-1")
    assert answer["ok"]
    assert "OPS-1 was updated. OPS-1 could not be moved: " in answer["message"]
    assert len(comments(world, "OPS-1")) == 1


def test_a_move_in_doubt_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.config["environments"]["uat"]["move_cards"] = "Doing"
    lost, real = (
        [Failure(Code.UNREACHABLE, "The answer was lost.", facts={"sent": True})],
        Board.move,
    )

    def move(self: Board, card: str, to: str) -> Moved:
        moved = real(self, card, to)
        if lost:
            raise lost.pop()
        return moved

    monkeypatch.setattr(Board, "move", move)
    assert world.deploy(cards="OPS-1")["cards_moved"] == ["OPS-1"]
    assert world.events()[-1] == "card_moved"
    lost += [
        Failure(Code.UNREACHABLE, "The answer was lost.", facts={"sent": True}) for _ in range(2)
    ]
    answer = world.deploy("v1.1.0", cards="OPS-2")
    assert "OPS-2 could not be moved: OPS-2 may or may not have been moved" in answer["message"]
    assert world.events()[-1] == "unconfirmed"


def test_an_application_can_have_another_column(world: World) -> None:
    world.config["environments"]["uat"].update(
        move_cards="Doing", apps={"web": {"move_cards": "Done"}}
    )
    world.deploy(cards="OPS-1")
    assert column(world, "OPS-1") == "Done"


def test_a_card_that_cannot_be_reached_fails_no_deployment(world: World) -> None:
    trello_is_down(world)
    answer = world.deploy(cards=f"{DOWN} OPS-1")
    expect(answer, ok=True, code="deployed")
    assert world.running() == "v1.0.0"
    assert answer["cards_told"] == ["OPS-1"]
    (why,) = answer["cards_in_trouble"].values()
    assert "refused" in why
    assert "could not be updated" in answer["message"]
    assert len(answer["message"]) <= 400
    assert world.events().count("succeeded") == 1
    assert world.claims() == 0


def test_a_tracker_that_is_down_is_asked_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    trello_is_down(world)
    asked: List[str] = []
    real = card_updates._comment
    monkeypatch.setattr(
        card_updates,
        "_comment",
        lambda request, order, found: (asked.append(found.name), real(request, order, found)),
    )
    answer = world.deploy(cards=f"{DOWN} https://trello.com/c/wxyz5678 OPS-1")
    assert asked == ["trello", "board"]
    assert len(answer["cards_in_trouble"]) == 2


def test_nobody_waits_long_for_cards(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 1.0, 19.0, 21.0])
    monkeypatch.setattr(card_updates, "clock", lambda: next(moments))
    answer = world.deploy(cards="OPS-1 OPS-2 OPS-3")
    assert answer["cards_told"] == ["OPS-1", "OPS-2"]
    assert answer["cards_in_trouble"] == {"OPS-3": "there was no time left"}


def test_a_defect_in_cards_fails_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(card_updates, "_comment", broken)
    answer = world.deploy(cards="OPS-1")
    expect(answer, ok=True, code="deployed")
    assert "internal error in opsroom" in answer["message"]
    assert world.finished()[0].event is Event.SUCCEEDED


def test_nothing_is_said_on_cards_when_nothing_was_deployed(world: World) -> None:
    world.deploy()
    assert world.deploy(cards="OPS-1")["code"] == "already_there"
    world.config["apps"]["web"]["version"] = {
        "kind": "http",
        "url": f"http://127.0.0.1:{free_port()}/",
    }
    assert not world.deploy("v1.1.0", cards="OPS-1")["ok"]
    assert comments(world, "OPS-1") == []


def test_cards_travel_with_a_change_through_its_approval(world: World) -> None:
    world.config["environments"]["uat"].update(approvals=1, move_cards="Done")
    asked = world.deploy(cards="OPS-1")
    assert asked["code"] == "waiting"
    assert comments(world, "OPS-1") == []
    waiting = next(one for one in world.records() if one.event is Event.WAITING)
    assert waiting.facts["cards"] == ["OPS-1"]
    done = world.ask("approve_change", "bob", change=asked["change"])
    assert done["ok"], done
    (said,) = comments(world, "OPS-1")
    assert "alice deployed web v1.0.0 to uat" in said
    assert "Approved by bob" in said
    assert column(world, "OPS-1") == "Done"


def test_asking_again_with_other_cards_makes_another_change(world: World) -> None:
    world.config["environments"]["uat"].update(approvals=1)
    first, same, other = (
        world.deploy(cards="OPS-1"),
        world.deploy(cards="OPS-1"),
        world.deploy(cards="OPS-2"),
    )
    assert first["change"] == same["change"] != other["change"]


def test_a_plan_tells_of_which_cards_the_commits_speak(world: World) -> None:
    world.deploy()
    commit(world, "OPS-2: new", "v1.5.0")
    answer = world.ask("plan", app="web", version="v1.5.0", environment="uat")
    assert answer["cards"] == ["OPS-2"]
    assert "Its commits speak of OPS-2." in answer["message"]


def test_the_record_has_the_cards_of_a_deployment_and_what_they_were_told(world: World) -> None:
    world.config["environments"]["uat"]["move_cards"] = "Done"
    trello_is_down(world)
    world.deploy(cards=f"OPS-1 {DOWN}")
    records = world.records()
    succeeded = next(one for one in records if one.event is Event.SUCCEEDED)
    assert succeeded.facts["cards"][0] == "OPS-1"
    after = records[records.index(succeeded) + 1 :]
    assert [one.event for one in after] == [Event.CARD_COMMENTED, Event.CARD_MOVED, Event.FAILED]
    for one in after:
        assert one.facts["of_deployment"] == succeeded.deployment
        assert one.facts["deployed"] == "web v1.0.0 on uat"
        # History and rollback read the ends of deployments at a place: these are none.
        expect(one, app="", environment="")
    assert world.chain_holds()


def test_without_a_tracker_nobody_looks_for_cards(world: World) -> None:
    del world.config["trackers"]
    world.deploy()
    commit(world, "OPS-2: new", "v1.5.0")
    assert "cards" not in world.deploy("v1.5.0")


def test_a_card_named_with_a_deployment_reads_what_was_deployed(world: World) -> None:
    world.deploy()
    answer = world.deploy("v1.1.0", cards="ops-1")
    assert answer["ok"]
    assert answer["message"].endswith("OPS-1 was updated.")
    expect(answer, cards=["OPS-1"], cards_told=["OPS-1"], cards_in_trouble={})
    (said,) = comments(world, "OPS-1")
    assert "alice deployed web v1.1.0 to uat (before: v1.0.0)" in said
    assert "UTC" in said
    assert comments(world, "OPS-2") == []


@pytest.mark.parametrize(
    "text", ["OPS-1,OPS-2", "OPS-1, OPS-2", "ops-1 and OPS-2", "OPS-1, and board:OPS-2 OPS-1"]
)
def test_several_cards_can_be_named(world: World, text: str) -> None:
    assert world.deploy(cards=text)["message"].endswith("were updated.")
    assert len(comments(world, "OPS-1")) == len(comments(world, "OPS-2")) == 1


def test_a_card_that_is_named_in_two_ways_is_told_once(world: World) -> None:
    world.deploy()
    commit(world, "Mend it: OPS-1", "v1.3.0")
    answer = world.deploy("v1.3.0", cards="board:OPS-1 ops-1")
    assert answer["cards"] == ["board:OPS-1"]
    assert answer["message"].endswith("board:OPS-1 was updated.")


def test_a_card_that_no_tracker_has_stops_it_before_anything_is_touched(world: World) -> None:
    expect(world.deploy(cards="OPS-1, NOPE-7"), ok=False, code="unknown_card")
    assert world.running() == ""
    assert world.events()[-2:] == ["asked", "refused"]
    assert comments(world, "OPS-1") == []


def test_more_cards_than_anybody_reads_are_refused(world: World) -> None:
    answer = world.deploy(cards=" ".join(f"OPS-{number}" for number in range(1, 22)))
    assert (answer["ok"], answer["code"], world.running()) == (False, "not_possible", "")


def test_the_commits_between_two_versions_name_cards_for_certain(world: World) -> None:
    commit(world, "OPS-4 was before", "v1.3.0")
    world.deploy("v1.3.0")
    commit(
        world,
        "Fix UTF-8 of OPS-2 and SHA-256\n\nSee also board/OPS-3, OPS-99x and acme/web#3.",
        "v1.4.0",
    )
    answer = world.deploy("v1.4.0", cards="OPS-1")
    assert answer["cards"] == ["OPS-1", "OPS-2", "OPS-3"]
    assert comments(world, "OPS-4") == []
    assert len(comments(world, "OPS-3")) == 1
