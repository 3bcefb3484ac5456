"""Names as phones and chats write them, in every command that takes one: shown as the config has
them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.config import load
from opsroom.people import identify
from support.expectations import expect, says
from support.pages.rooms import Rooms
from support.worlds.world import make_world

# How one name may be typed.
MARKS = ["{}", "@{}", "#{}", "\u2018{}\u2019", "\u201c@{}\u201d", "{}\u00a0", "\u200b{}", "'{}'"]


@pytest.fixture
def world(tmp_path: Path) -> Rooms:
    """A board, a pager, a team and a person whose names have marks in them."""
    made = make_world(tmp_path)
    made.config["trackers"] = {
        "board": {"kind": "local", "columns": ["To do", "Caf\u00e9", "Bob\u2019s \u2013 Done"]}
    }
    made.config["pagers"] = {"bell": {"kind": "local", "on_call": {"web-team": ["o'brien"]}}}
    made.config["people"]["obrien"] = {"chat": ["o'brien"]}
    made.config["teams"] = {"web-team": {"bell": "web-team"}}
    rooms = Rooms(made, {})
    rooms.ask("create_card", text="checkout is broken")
    rooms.ask("deploy", app="web", version="v1.0.0", environment="uat")
    return rooms


def said(answer: Dict[str, Any]) -> str:
    return f"{answer['ok']} {answer['message']} {answer['hint']}"


PLAIN: Dict[str, Any] = {
    "get_version": {"app": "web", "environment": "uat"},
    "get_history": {"app": "web", "environment": "uat"},
    "plan": {"app": "web", "environment": "uat", "version": "v1.1.0"},
    "list_locks": {"environment": "uat"},
    "get_on_call": {"who": "web-team"},
    "list_pages": {"who": "web-team"},
    "get_card": {"card": "CARD-1"},
    "find_cards": {"project": "board", "mine": False},
    "help": {"command": "deploy"},
}


@pytest.mark.parametrize("action", PLAIN)
def test_marks_around_a_name_count_for_nothing(world: Rooms, action: str) -> None:
    given = {**PLAIN[action], **({"text": "checkout"} if action == "find_cards" else {})}
    expected = said(world.ask(action, **given))
    for name, value in PLAIN[action].items():
        # A version may be named after a package: `@` belongs to it.
        for mark in MARKS if name not in ("version", "mine") else ():
            assert said(world.ask(action, **{**given, name: mark.format(value)})) == expected
    if "version" in given:
        assert (
            said(world.ask(action, **{**given, "version": f"\u2018{given['version']}\u2019\u00a0"}))
            == expected
        )


@pytest.mark.parametrize("mark", ["@{}", "\u201c#{}\u201d", "{}\u00a0"])
def test_what_is_done_is_done_to_what_is_meant(world: Rooms, mark: str) -> None:
    app, environment = mark.format("web"), mark.format("UAT")
    locked = world.world.lock(environment, who="alice", app=app)
    assert locked["message"].startswith("web on uat is locked by alice")
    assert world.world.unlock(environment, who="alice", app=app)["code"] == "unlocked"
    locked = world.world.lock(mark.format("everything"), "attack", who="carol", room="#ops")
    assert locked["message"].startswith("Everything is locked by carol") or locked["code"] in (
        "not_allowed",
        "wrong_room",
    )
    world.world.unlock("everything", who="carol", room="#ops")
    says(
        world.ask("assign_card", card=mark.format("card-1"), assignee=mark.format("Bob")), "to bob."
    )
    says(
        world.ask("move_card", card="CARD-1", column=mark.format("bob's - done").lstrip("@#")),
        "to Bob\u2019s \u2013 Done",
    )
    says(world.ask("move_card", card="CARD-1", column="\u2018Cafe\u0301\u2019"), "to Caf\u00e9")
    paged = world.ask("page", who=mark.format("web\u2013team"), message="checkout is down")
    expect(paged, code="paged", team="web-team")
    page = mark.format("1")
    added = world.ask("add_responder", who=mark.format("o\u2019brien"), page=page)
    assert "alice added" in added["message"]
    assert world.ask("ack_page", page=page)["code"] == "acknowledged"
    assert (
        world.ask("resolve_page", page=mark.format("bell:1" if "bell" not in mark else "1"))["code"]
        == "resolved"
    )


@pytest.mark.parametrize("mark", ["@{}", "#{}:", "\u201c{}\u201d.", "\u00a0{} "])
def test_a_change_and_an_incident_are_found_by_their_id(world: Rooms, mark: str) -> None:
    world.world.config["environments"]["uat"]["approvals"] = 1
    waiting = world.world.deploy("v1.1.0", who="bob")
    assert waiting["code"] == "waiting"
    rejected = world.ask(
        "reject_change", "alice", change=mark.format(waiting["change"].lower()), reason="not now"
    )
    assert rejected["change"] == waiting["change"]
    declared = world.ask("open_incident", who="@web-team", text="checkout is down")
    closed = world.ask("end_incident", incident=mark.format(declared["incident"]))
    assert closed["incident"] == declared["incident"]


@pytest.mark.parametrize(
    "name", ["o\u2019brien", "O'Brien", " o'brien", "@o'brien", "\u043e'brien", "o'brien\u200b"]
)
def test_who_speaks_is_compared_letter_by_letter(world: Rooms, name: str) -> None:
    settings = load(world.world.config, _kinds())
    assert identify(settings, "o'brien", "chatops_bot", "#dev").person_name == "obrien"
    assert identify(settings, name, "chatops_bot", "#dev").person is None


def _kinds() -> Any:
    from opsroom.commands import KINDS

    return KINDS
