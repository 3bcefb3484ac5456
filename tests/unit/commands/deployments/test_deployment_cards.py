"""Cards named with a deployment, or by its commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cards.deployments import comments, commit, world_with_board
from support.expectations import expect
from support.worlds.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_with_board(tmp_path)


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
