"""Cards of reverted commits, and cards that are named by their address."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.commands import KINDS
from opsroom.commands.cards import delivered
from opsroom.config import load
from support.cards.deployments import change, column, comments, commit, in_git, world_with_board
from support.expectations import expect, says
from support.servers.http import free_port
from support.worlds.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_with_board(tmp_path)


def revert(world: World, what: str, *options: str) -> str:
    in_git(world, "revert", "--no-edit", *options, what)
    return in_git(world, "rev-parse", "HEAD")


def merge_topic(world: World, reverts_the_second: bool = False) -> None:
    """A merge, named after OPS-4, of two commits about OPS-1 and OPS-2 into one about OPS-3."""
    in_git(world, "checkout", "--quiet", "-b", "topic")
    change(world, "one", "OPS-1 one")
    change(world, "two", "OPS-2 two")
    if reverts_the_second:
        revert(world, "HEAD")
    in_git(world, "checkout", "--quiet", "main")
    change(world, "three", "OPS-3 three")
    in_git(world, "merge", "--quiet", "--no-ff", "-m", "Merge branch 'OPS-4-topic'", "topic")


def tagged(world: World, tag: str) -> Dict[str, Any]:
    """The answer to deploying what there is now to uat, where cards are moved to Done."""
    world.config["environments"]["uat"]["move_cards"] = "Done"
    in_git(world, "tag", tag)
    return world.deploy(tag)


def test_what_is_reverted_on_the_way_delivers_nothing(world: World) -> None:
    world.deploy()
    first = change(world, "one", "OPS-1 one")
    change(world, "two", "OPS-2 two")
    change(world, "again", "OPS-3 first try")
    revert(world, "HEAD")
    change(world, "better", "OPS-3 second try")
    revert(world, first)
    shown = world.ask("plan", app="web", version="main", environment="uat")
    assert shown["cards"] == ["OPS-3", "OPS-2"]
    answer = tagged(world, "v2.0.0")
    assert answer["cards"] == ["OPS-3", "OPS-2"]
    assert [column(world, one) for one in ("OPS-1", "OPS-2", "OPS-3")] == ["To do", "Done", "Done"]
    assert comments(world, "OPS-1") == []
    assert "cards_taken_back" not in answer


def test_the_revert_of_a_revert_delivers_again(world: World) -> None:
    world.deploy()
    change(world, "one", "OPS-1 one")
    revert(world, revert(world, "HEAD"))
    assert tagged(world, "v2.0.0")["cards"] == ["OPS-1"]


def test_the_revert_of_a_merge_takes_all_of_it_out(world: World) -> None:
    world.deploy()
    merge_topic(world)
    revert(world, "HEAD", "-m", "1")
    assert tagged(world, "v2.0.0")["cards"] == ["OPS-3"]


def test_the_revert_of_a_merge_deployed_earlier_speaks_of_all_that_it_brought(world: World) -> None:
    world.deploy()
    merge_topic(world, reverts_the_second=True)
    tagged(world, "v2.0.0")
    back = revert(world, "HEAD", "-m", "1")
    assert sorted(tagged(world, "v2.1.0")["cards_taken_back"]) == ["OPS-1", "OPS-4"]
    revert(world, back)
    assert sorted(tagged(world, "v2.2.0")["cards"]) == ["OPS-1", "OPS-4"]


def test_a_card_whose_earlier_work_is_taken_back_is_told_and_not_moved(world: World) -> None:
    world.deploy()
    first = change(world, "one", "Add one\n\nFor OPS-1.")
    assert tagged(world, "v2.0.0")["cards_moved"] == ["OPS-1"]
    world.ask("move_card", card="OPS-1", column="Doing")
    change(world, "two", "OPS-2 two")
    back = revert(world, first)
    shown = world.ask("plan", app="web", version="main", environment="uat")
    expect(shown, cards=["OPS-2"], cards_taken_back=["OPS-1"])
    assert "Its commits speak of OPS-2.\nThey take back OPS-1." in shown["message"]
    answer = tagged(world, "v2.1.0")
    expect(answer, cards=["OPS-2"], cards_moved=["OPS-2"], cards_taken_back=["OPS-1"])
    says(answer, "OPS-2 was updated and moved to Done. OPS-1 got a comment about the revert.")
    assert column(world, "OPS-1") == "Doing"
    assert comments(world, "OPS-1")[-1].endswith(
        "The commits of this card are reverted in it: its work is no longer there."
    )
    # And once it is there again, it is delivered again.
    revert(world, back)
    assert tagged(world, "v2.2.0")["cards_moved"] == ["OPS-1"]


def test_a_card_that_somebody_names_is_delivered_whatever_its_commits_say(world: World) -> None:
    world.deploy()
    first = change(world, "one", "OPS-1 one")
    tagged(world, "v2.0.0")
    revert(world, first)
    in_git(world, "tag", "v2.1.0")
    answer = world.deploy("v2.1.0", cards="OPS-1")
    assert (answer["cards_told"], answer.get("cards_taken_back")) == (["OPS-1"], None)


def two_jiras(world: World) -> str:
    """Besides the board, a Jira whose project is OPS too and another one; the address of the other
    one."""
    for name, project in (("ours", "OPS"), ("theirs", "WEB")):
        url = f"http://127.0.0.1:{free_port()}"
        world.config["trackers"][name] = {
            "kind": "jira",
            "url": url,
            "token": "a-token-of-jira",
            "project": project,
        }
    return url


def test_an_address_never_stands_for_the_same_id_elsewhere(world: World) -> None:
    theirs = two_jiras(world)
    answer = world.deploy(cards=f"{theirs}/browse/OPS-1, {theirs}/browse/WEB-7")
    assert answer["cards"] == ["theirs:OPS-1", "WEB-7"]
    assert "is unreachable" in answer["cards_in_trouble"]["theirs:OPS-1"]
    assert comments(world, "board:OPS-1") == []


def test_nor_is_one_of_which_a_commit_gives_the_address(world: World) -> None:
    theirs = two_jiras(world)
    world.deploy()
    commit(world, f"Mend it, see {theirs}/browse/OPS-1.", "v1.3.0")
    assert world.deploy("v1.3.0")["cards"] == ["theirs:OPS-1"]
    assert comments(world, "board:OPS-1") == []


@pytest.mark.parametrize("word", ["a", "a/", "A_", "-."])
def test_a_commit_message_of_one_long_word_takes_no_time(world: World, word: str) -> None:
    settings = load(world.config, KINDS)
    began = time.monotonic()
    assert list(delivered._in(settings, [f"{word * 100_000} OPS-2"])) == ["OPS-2"]
    assert time.monotonic() - began < 5


def test_a_rollback_tells_only_the_cards_that_were_named(world: World) -> None:
    world.deploy()
    commit(world, "OPS-2: new", "v1.5.0")
    world.deploy("v1.5.0")
    assert world.ask("rollback", app="web", environment="uat", cards="OPS-3")["cards_told"] == [
        "OPS-3"
    ]
    assert len(comments(world, "OPS-2")) == 1
    assert "rolled back web to v1.0.0 on uat" in comments(world, "OPS-3")[0]


def test_the_first_deployment_of_all_names_no_cards(world: World) -> None:
    commit(world, "OPS-2: new", "v1.5.0")
    assert "cards" not in world.deploy("v1.5.0")


def test_a_promotion_has_cards_too(world: World) -> None:
    world.deploy(environment="test")
    answer = world.ask("promote", app="web", source="test", environment="uat", cards="OPS-1")
    assert answer["cards_told"] == ["OPS-1"]
