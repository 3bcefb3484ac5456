"""The commands about cards with a Jira behind them: what the room reads, and what is in Jira
afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from support.vendor import Vendor
from support.vendors.jira import ALICE, BOB, TOKEN, USER, Jira
from support.world import World, make_world


@pytest.fixture(params=["cloud3", "dc"])
def jira(request: pytest.FixtureRequest) -> Jira:
    return Jira(request.param)


@pytest.fixture
def vendor(jira: Jira) -> Iterator[Vendor]:
    with jira.vendor() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, jira: Jira, vendor: Vendor) -> World:
    """Alice and bob have names in Jira, carol has none."""
    made = make_world(tmp_path)
    tracker: Dict[str, Any] = {
        "kind": "jira",
        "url": vendor.url("").rstrip("/"),
        "token": TOKEN,
        "project": "OPS",
    }
    made.config["trackers"] = {"jira": {**tracker, **({"user": USER} if jira.cloud else {})}}
    made.config["people"]["alice"]["jira"] = ALICE if jira.cloud else "alice"
    made.config["people"]["bob"]["jira"] = BOB if jira.cloud else "bob"
    return made


def test_a_card_goes_through_its_life_in_the_room(world, jira, vendor):
    made = world.ask("create_card", text="Checkout is down\nsince nine", project="")
    assert (made["code"], made["card"], made["url"]) == (
        "card_created",
        "OPS-1",
        vendor.url("/browse/OPS-1"),
    )
    assert (
        world.ask("comment_card", card="ops-1", text="it is the cart", who="bob")["code"]
        == "card_commented"
    )
    moved = world.ask("move_card", card="OPS-1", column="in progress")
    assert moved["code"] == "card_moved"
    assert "from To Do to In Progress" in moved["message"]
    assert (
        world.ask("assign_card", card="OPS-1", assignee="me", who="bob")["code"] == "card_assigned"
    )
    shown = world.ask("get_card", card=vendor.url("/browse/OPS-1"))
    assert "Checkout is down" in shown["message"]
    assert "assigned to Bob Brown, reported by Alice Adams" in shown["message"]
    assert "it is the cart" in str(shown)
    assert [
        one["card"]
        for one in world.ask("find_cards", text="checkout", project="", mine=False)["cards"]
    ] == ["OPS-1"]
    assert len(vendor.requests) == 7
    assert world.chain_holds()


def test_somebody_without_a_name_in_jira_is_said_to_have_none(world, jira):
    made = world.ask("create_card", text="Checkout is down", project="", who="carol")
    assert "carol has no jira name in the config" in made["message"]
    assert jira.issues["OPS-1"]["fields"]["reporter"] is None


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_lost_answer_leads_to_one_card_and_one_comment(world, jira, vendor, drop):
    vendor.after(drop)
    made = world.ask("create_card", text="Checkout is down", project="")
    assert (made["ok"], made["card"], len(jira.issues)) == (True, "OPS-1", 1)
    vendor.after(drop)
    said = world.ask("comment_card", card="OPS-1", text="it is the cart")
    assert (said["ok"], len(jira.comments["OPS-1"])) == (True, 1)


def test_the_same_message_twice_is_one_card(world, jira):
    first, second = (
        world.ask("create_card", text="Checkout is down", project="") for _ in range(2)
    )
    assert (first["code"], second["code"], second["card"]) == (
        "card_created",
        "card_there",
        "OPS-1",
    )
    assert len(jira.issues) == 1


def test_no_answer_shows_the_token(world, vendor):
    world.config["trackers"]["jira"]["token"] = "wrong" + TOKEN
    answer = world.ask("create_card", text="Checkout is down", project="")
    assert answer["code"] == "unauthorized"
    assert TOKEN not in str(answer)
