"""A change waits, is approved by someone else, and is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from support.expectations import expect, says
from support.worlds.guarded import approve, guarded_world, state_of, wait_for
from support.worlds.world import World, git


def test_asking_touches_nothing_and_says_what_would_happen_and_who_agrees(world: World) -> None:
    answer = world.deploy("v1.1.0", "production")
    change = answer["change"]
    expect(answer, ok=True, code="waiting")
    commit = git(world.folder / "repository", "rev-parse", "v1.1.0")[:12]
    assert answer["message"].startswith(
        f"Change {change}: web on production would get v1.1.0 ({commit}), asked by alice. "
        f"To approve: approve change {change} (release-managers, 1 needed, until "
    )
    assert world.running("production") == ""
    assert world.events() == ["asked", "waiting"]
    waiting = world.records()[-1]
    assert (waiting.facts["change"], waiting.facts["needed"], waiting.deployment) == (
        change,
        1,
        world.records()[0].deployment,
    )
    assert world.claims() == 0


def test_somebody_else_approves_and_it_is_deployed_in_the_name_of_who_asked(world: World) -> None:
    change = wait_for(world)
    answer = approve(world, change)
    expect(answer, ok=True, code="deployed")
    says(answer, "Approved by carol.", begins="alice deployed web v1.1.0 to production, verified")
    assert world.running("production") == "v1.1.0"
    assert world.events() == ["asked", "waiting", "approved", "started", "succeeded"]
    records = world.records()
    assert len({record.deployment for record in records}) == 1
    approved, last = records[2], records[-1]
    expect(approved, requester="carol", person="carol", chat_name="carol")
    expect(approved.facts, change=change, asked_by="alice")
    assert approved.facts["second_factor"] is False
    assert (last.requester, last.facts["change"], last.facts["approved_by"]) == (
        "alice",
        change,
        ["carol"],
    )
    assert state_of(world, change) == "done"
    assert (world.claims(), world.chain_holds()) == (0, True)


def test_an_id_may_be_typed_in_small_letters(world: World) -> None:
    assert approve(world, wait_for(world).lower())["code"] == "deployed"


@pytest.mark.parametrize(
    ("who", "more", "code"),
    [
        ("alice", {}, "own_change"),
        ("alice2", {}, "own_change"),
        ("alice!~alice@10.0.0.7", {}, "own_change"),
        ("", {"user": "alice", "room": ""}, "own_change"),
        ("carol", {"user": "alice.smith"}, "own_change"),
        ("carol", {"user": "mallory"}, "not_allowed"),
        ("bob", {}, "not_allowed"),
        ("ghost", {}, "not_allowed"),
    ],
)
def test_whoever_may_not_approve_is_refused_and_recorded(
    world: World, who: str, more: Dict[str, str], code: str
) -> None:
    change = wait_for(world)
    expect(approve(world, change, who, **more), ok=False, outcome="refused", code=code)
    assert world.running("production") == ""
    assert state_of(world, change) == "open"
    last = world.records()[-1]
    assert (last.event.value, last.command, last.code, last.facts["change"]) == (
        "refused",
        "approve",
        code,
        change,
    )
    expect(last, app="web", environment="production", version="v1.1.0")
    assert last.deployment != world.records()[0].deployment


def test_an_unknown_change_is_refused_and_recorded(world: World) -> None:
    expect(approve(world, "XXXX"), code="unknown_change", hint="To see what waits: show changes")
    assert world.events() == ["refused"]


def test_as_many_different_people_as_the_config_wants(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, approvals=2)
    change = wait_for(world)
    first = approve(world, change)
    expect(first, ok=True, code="approved")
    says(first, f"carol approved change {change} (web v1.1.0 on production): 1 of 2 approved.")
    assert approve(world, change)["code"] == "approved_already"
    assert world.running("production") == ""
    assert approve(world, change, "dave")["code"] == "deployed"
    assert world.records()[-1].facts["approved_by"] == ["carol", "dave"]


def test_an_approval_is_used_once(world: World) -> None:
    change = wait_for(world)
    approve(world, change)
    world.deploy("v1.0.0", "test")
    for who in ("carol", "dave"):
        answer = approve(world, change, who)
        assert answer["code"] == "change_closed"
        assert "was deployed, by carol" in answer["message"]
    again = world.deploy("v1.2.0", "production")
    assert again["code"] == "waiting"
    assert again["change"] != change
    assert world.running("production") == "v1.1.0"


def test_asking_for_the_same_again_finds_the_change_that_waits(world: World) -> None:
    change = wait_for(world)
    again = world.deploy("v1.1.0", "production", who="alice2")
    expect(again, code="waiting", change=change)
    assert "It waits already." in again["message"]
    assert world.events() == ["asked", "waiting", "asked", "refused"]
    assert world.records()[-1].facts["change"] == change
    assert wait_for(world, who="dave") != change


def test_asking_again_later_replaces_the_change(world: World) -> None:
    old = wait_for(world, "v1.2.0")
    approve(world, wait_for(world, "v1.1.0"))
    new = wait_for(world, "v1.2.0")
    assert new != old
    assert state_of(world, old) == "withdrawn"
    assert approve(world, old)["code"] == "change_closed"
    answer = approve(world, new)
    assert "(before: v1.1.0)" in answer["message"]
