"""Changes that can no longer go ahead, and what people write about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import yaml

from console.opening import open_session
from opsroom.db.store import open_store
from opsroom.records.changes import find
from support.expectations import expect, says
from support.worlds.guarded import (
    SECRET,
    approvals_in,
    approve,
    code_of,
    guarded_world,
    reject,
    review,
    state_of,
    wait_for,
)
from support.worlds.world import ROOT, Listener, World, git, runs


def test_what_can_never_go_ahead_is_withdrawn_with_its_record(world: World) -> None:
    change = wait_for(world)
    git(world.folder / "repository", "tag", "--force", "v1.1.0", "v1.2.0")
    answer = approve(world, change)
    expect(answer, outcome="refused", code="changed_meanwhile")
    says(answer, begins=f"Change {change} could not go ahead. v1.1.0 of web is another commit now")
    assert answer["message"].endswith(" It is withdrawn.")
    assert answer["hint"] == "Ask again: deploy web v1.1.0 to production"
    assert (state_of(world, change), world.running("production")) == ("withdrawn", "")
    last = world.records()[-1]
    expect(last, event="rejected", code="changed_meanwhile", requester="alice")
    assert last.deployment == world.records()[0].deployment
    again = approve(world, change, "dave")
    says(again, begins=f"Change {change} (web v1.1.0 on production) was withdrawn, by opsroom, at ")
    # What is told to say works.
    assert approve(world, wait_for(world))["code"] == "deployed"


def test_an_approval_without_a_code_can_be_given_again_with_one(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, approvals=2)
    other = SECRET[::-1]
    world.config["people"]["dave"]["totp"] = other
    change = wait_for(world)
    approve(world, change)
    assert "1 of 2 approved" in world.ask("list_changes", "bob")["message"]
    world.config["environments"]["production"]["second_factor"] = True
    shown = world.ask("list_changes", "bob")
    assert "0 of 2 approved" in shown["message"]
    assert shown["changes"][0]["approved_by"] == []
    assert approve(world, change)["code"] == "code_needed"
    assert approve(world, change, code=code_of())["code"] == "approved"
    assert approve(world, change, code=code_of(step=1))["code"] == "approved_already"
    assert approvals_in(world, change) == 1
    assert approve(world, change, "dave", code=code_of(other))["code"] == "deployed"


def environment_gone(world: World) -> None:
    world.config["environments"]["staging"] = world.config["environments"].pop("production")


def application_moved(world: World) -> None:
    world.config["apps"]["web"]["environments"] = ["test", "uat"]


def application_gone(world: World) -> None:
    world.config["apps"]["api"] = world.config["apps"].pop("web")


GONE = [environment_gone, application_moved, application_gone]


@pytest.mark.parametrize("gone", GONE)
def test_a_change_without_a_place_is_closed(world: World, gone: Callable[[World], None]) -> None:
    first, second = wait_for(world), wait_for(world, "v1.2.0")
    gone(world)
    assert approve(world, first)["code"] in (
        "unknown_environment",
        "not_in_environment",
        "unknown_app",
    )
    for who in ("bob", "ghost"):
        assert reject(world, first, who, "gone")["code"] == "not_allowed"
    assert reject(world, first, "alice2", "gone")["code"] == "rejected"
    assert reject(world, second, "dave", "gone")["code"] == "rejected"
    assert (state_of(world, first), state_of(world, second)) == ("withdrawn", "rejected")


@pytest.mark.parametrize("gone", GONE)
def test_a_placeless_emergency_is_reviewed(tmp_path: Path, gone: Callable[[World], None]) -> None:
    world = guarded_world(tmp_path, emergency=["alice"], second_factor=False)
    world.emergency("v1.1.0", who="alice")
    change = next(
        str(one.facts["change"]) for one in world.records() if one.event.value == "overridden"
    )
    gone(world)
    assert review(world, change, "alice")["code"] == "own_change"
    assert review(world, change, "bob")["code"] == "not_allowed"
    rules: List[Dict[str, Any]] = list(world.config["environments"].values())
    rules[-1]["second_factor"] = True
    assert review(world, change)["code"] == "code_needed"
    reviewed = review(world, change, code=code_of())
    assert reviewed["code"] == "reviewed"


def test_what_people_write_is_masked_in_the_record_and_in_the_change(world: World) -> None:
    secret = SECRET
    change = wait_for(world)
    reject(world, change, "dave", f"it logs {secret}")
    last = world.records()[-1]
    assert last.event.value == "rejected"
    assert secret not in f"{last.message} {last.facts}"
    assert "***" in last.facts["reason"]
    store = open_store(world.database)
    with store.read() as connection:
        found = find(connection, change)
    assert found is not None
    assert secret not in str(found)


@pytest.mark.parametrize("action", ["approve_change", "confirm_change"])
def test_half_a_surrogate_pair_is_an_unknown_change_and_no_crash(world: World, action: str) -> None:
    assert world.ask(action, "carol", change="K7\ud800")["code"] == "unknown_change"


def test_the_hint_for_a_code_works_when_it_is_typed_with_the_code(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, second_factor=True)
    config = tmp_path / "opsroom.yaml"
    config.write_text(yaml.safe_dump(world.config))
    session = open_session(config, ROOT, world.database)
    change = wait_for(world)
    told = session.say(f"approve change {change}", "carol", "#dev")
    assert told.code == "code_needed"
    typed = told.message.split("in place of 123456: ")[1]
    assert session.say(typed, "carol", "#dev").code == "code_wrong"
    assert session.say(typed.replace("123456", code_of()), "carol", "#dev").code == "deployed"


@pytest.mark.parametrize(
    ("broken", "code"), [("deploy", "deploy_failed"), ("version", "bad_answer")]
)
def test_the_requester_is_told_of_a_failure(world: World, broken: str, code: str) -> None:
    change = wait_for(world, room="#web")
    world.config["apps"]["web"][broken] = runs("/bin/sh", "-c", "exit 3")
    answer = approve(world, change, room="#ops")
    expect(answer, outcome="failed", code=code)
    assert any(answer["message"][:60] in said for said in world.room.said)


def test_in_the_room_where_it_was_asked_a_failure_is_said_once(world: World) -> None:
    change = wait_for(world)
    world.lock("production", who="dave")
    world.room = Listener()
    assert approve(world, change)["code"] == "locked"
    assert world.room.said == []
