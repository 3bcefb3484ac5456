"""The answer to a change that waits names who can approve it: never the one who asked, nobody who
cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from support.worlds.guarded import guarded_world, wait_for

ASKED = {"app": "web", "version": "v1.1.0", "environment": "production"}
# Rules of production, who asks, and who can approve that.
CASES: Dict[str, Tuple[Dict[str, Any], str, str]] = {
    "a whole group": ({}, "alice", "release-managers"),
    "the others of a group": ({}, "carol", "dave and erin"),
    "a group and a person": (
        {"approvers": ["release-managers", "alice"]},
        "alice",
        "release-managers",
    ),
    "each once": ({"approvers": ["carol", "release-managers"]}, "dave", "carol and erin"),
    "whoever may deploy": (
        {"approvers": ["release-managers", "alice"]},
        "erin",
        "carol, dave and alice",
    ),
    "who has codes": ({"second_factor": True}, "alice", "carol"),
    "who is in a room": ({"rooms": ["#ops"], "approvers": ["carol", "ghost"]}, "alice", "carol"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_and_a_plan_name_who_can_approve(tmp_path: Path, case: str) -> None:
    rules, who, named = CASES[case]
    world = guarded_world(tmp_path, **rules)
    # No name in chat: from the CLI and the web one is in no room.
    world.config["people"]["ghost"] = {}
    plan = world.ask("plan", who, room="#ops", **ASKED)
    assert f"It needs 1 approval: {named}." in plan["message"]
    answer = world.ask("deploy", who, room="#ops", **ASKED)
    assert (answer["code"], f"({named}, 1 needed, until " in answer["message"]) == (
        "waiting",
        True,
    ), answer


ALONE = {"approvers": ["carol"], "deployers": ["carol", "alice"]}
STUCK: Dict[str, Tuple[Dict[str, Any], str, str]] = {
    "the only approver": (
        ALONE,
        "carol",
        "It cannot be approved: it needs 1 approval, carol asked for it, and nobody else can "
        "give one.",
    ),
    "one of two": (
        {"approvers": ["carol", "dave"], "approvals": 2},
        "carol",
        "It cannot be approved: it needs 2 approvals, carol asked for it, and only dave can "
        "give one.",
    ),
    "the only one with codes": (
        {"second_factor": True},
        "carol",
        "It cannot be approved: it needs 1 approval, carol asked for it, and nobody else can "
        "give one.",
    ),
}


@pytest.mark.parametrize("case", STUCK)
def test_what_nobody_can_approve_says_so_and_what_to_do(tmp_path: Path, case: str) -> None:
    rules, who, told = STUCK[case]
    world = guarded_world(tmp_path, **rules)
    cure = (
        "Someone else asks for it, or an administrator adds approvers of production to "
        "opsroom.yaml."
    )
    answers = [world.ask(action, who, **ASKED) for action in ("plan", "deploy", "deploy")]
    assert [answer["code"] for answer in answers] == ["plan", "waiting", "waiting"]
    for answer in answers:
        assert f"{told} {cure}" in answer["message"]
        assert "To approve" not in answer["message"]
    # What someone else asks for can be approved.
    assert "To approve" in world.ask("deploy", "alice", **{**ASKED, "version": "v1.0.0"})["message"]


def test_who_approves_their_own_change_is_told_who_else_can(tmp_path: Path) -> None:
    world = guarded_world(tmp_path)
    change = wait_for(world, who="carol")
    answer = world.ask("approve_change", "carol", change=change)
    assert answer["code"] == "own_change"
    assert answer["hint"] == f"Someone else (dave and erin) says: approve change {change}"


def test_who_alone_could_approve_their_own_change_is_told_that_nobody_else_can(
    tmp_path: Path,
) -> None:
    world = guarded_world(tmp_path, **ALONE)
    change = wait_for(world, who="carol")
    answer = world.ask("approve_change", "carol", change=change)
    assert answer["code"] == "own_change"
    assert answer["hint"] == "Nobody else can; an administrator adds approvers of production."
