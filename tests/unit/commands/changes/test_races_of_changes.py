"""Changes under fire: many approvals, rejections, expiries and replays at once, on both
databases."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from support.processes import at_once
from support.worlds.guarded import (
    approvals_in,
    code_of,
    guarded_world,
    let_minutes_pass,
    let_time_run_out,
    state_of,
    wait_for,
)
from support.worlds.world import World

Saying = Tuple[str, str, Dict[str, Any]]
PEOPLE = [f"manager{number}" for number in range(20)]


@pytest.fixture
def world(tmp_path: Path, store_url: str) -> World:
    world = guarded_world(tmp_path, store_url)
    for name in PEOPLE:
        world.config["people"][name] = {"chat": [name]}
    world.config["groups"]["release-managers"] = ["carol", "dave", "erin", *PEOPLE]
    return world


def _say(index: int, world: World, sayings: List[Saying]) -> Dict[str, Any]:
    action, who, given = sayings[index]
    return world.ask(action, who, **given)


def together(world: World, sayings: List[Saying]) -> List[Dict[str, Any]]:
    """Say all of it at the same moment, each in a process of its own."""
    return at_once(len(sayings), _say, world, sayings)


def _expire_or_say(index: int, world: World, change: str, sayings: List[Saying]) -> Dict[str, Any]:
    if index == len(sayings):
        let_time_run_out(world, change)
        return {"code": "time passed"}
    return _say(index, world, sayings)


def codes(answers: List[Dict[str, Any]]) -> List[str]:
    return sorted(one["code"] for one in answers)


def test_twenty_approvals_at_once_deploy_once(world: World) -> None:
    change = wait_for(world)
    answers = together(world, [("approve_change", name, {"change": change}) for name in PEOPLE])
    assert codes(answers) == ["change_closed"] * 19 + ["deployed"]
    events = world.events()
    assert (events.count("approved"), events.count("started"), events.count("succeeded")) == (
        1,
        1,
        1,
    )
    assert (world.running("production"), state_of(world, change), approvals_in(world, change)) == (
        "v1.1.0",
        "done",
        1,
    )
    assert (world.claims(), world.chain_holds()) == (0, True)


def test_of_twenty_approvals_at_once_where_three_are_needed_the_third_deploys(world: World) -> None:
    world.config["environments"]["production"]["approvals"] = 3
    change = wait_for(world)
    # Everyone twice, so that the same person races with themself too.
    answers = together(
        world, [("approve_change", name, {"change": change}) for name in PEOPLE[:10] * 2]
    )
    assert codes(answers).count("deployed") == 1
    assert codes(answers).count("approved") == 2
    started = [record for record in world.records() if record.event.value == "started"]
    assert len(started) == 1
    assert len(set(started[0].facts["approved_by"])) == 3
    assert approvals_in(world, change) == 3


def test_of_approving_and_rejecting_at_once_one_happens(world: World) -> None:
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        before = world.running("production")
        change = wait_for(world, version)
        approving: List[Saying] = [
            ("approve_change", name, {"change": change}) for name in PEOPLE[:5]
        ]
        rejecting: List[Saying] = [
            ("reject_change", name, {"change": change, "reason": "no"}) for name in PEOPLE[5:10]
        ]
        answers = together(world, rejecting + approving)
        happened = [one for one in codes(answers) if one != "change_closed"]
        assert happened in (["deployed"], ["rejected"])
        deployed = happened == ["deployed"]
        assert state_of(world, change) == ("done" if deployed else "rejected")
        assert world.running("production") == (version if deployed else before)
    assert world.chain_holds()


def test_of_approving_and_expiring_at_once_one_happens(world: World) -> None:
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        before, seen = world.running("production"), len(world.events())
        change = wait_for(world, version)
        sayings: List[Saying] = [
            ("approve_change", name, {"change": change}) for name in PEOPLE[:4]
        ]
        sayings += [("list_changes", "bob", {})] * 4
        answers = at_once(len(sayings) + 1, _expire_or_say, world, change, sayings)
        world.ask("list_changes", "bob")
        expired = state_of(world, change) == "expired"
        told = [one for one in codes(answers) if one not in ("changes", "time passed")]
        assert told == (["change_expired"] * 4 if expired else ["change_closed"] * 3 + ["deployed"])
        events = world.events()[seen:]
        assert (events.count("expired"), events.count("started")) == ((1, 0) if expired else (0, 1))
        assert world.running("production") == (before if expired else version)


def test_a_code_that_is_replayed_for_many_changes_at_once_approves_one(world: World) -> None:
    world.config["environments"]["production"]["second_factor"] = True
    changes = [
        wait_for(world, version, who)
        for version in ("v1.0.0", "v1.1.0")
        for who in ("alice", "dave", "erin")
    ]
    code = code_of(step=1)
    answers = together(
        world, [("approve_change", "carol", {"change": one, "code": code}) for one in changes]
    )
    used = [one for one in codes(answers) if one == "code_used"]
    assert len(used) == len(changes) - 1
    assert world.events().count("approved") == 1
    assert world.events().count("started") == 1


def test_many_who_ask_for_the_same_at_once_make_one_change(world: World) -> None:
    given = {"app": "web", "version": "v1.1.0", "environment": "production", "redeploy": False}
    answers = together(world, [("deploy", "alice", given)] * 10)
    assert codes(answers) == ["waiting"] * 10
    assert len({one["change"] for one in answers}) == 1
    assert world.events().count("waiting") == 1


STEPS = {
    # Where the runner of the approval dies, and the outcome of the change when the lease has run
    # out.
    "approved, nothing begun": (
        "opsroom.commands.changes.sets:execute_change:before",
        "v1.0.0",
        "deploying",
    ),
    "started": ("opsroom.commands.deployments.pipeline:_start:after", "v1.0.0", "failed"),
    "deployed, not recorded": (
        "opsroom.commands.deployments.pipeline:success:before",
        "v1.1.0",
        "failed",
    ),
    "recorded, not closed": ("opsroom.commands.request:Request.end:after", "v1.1.0", "done"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_runner_killed_in_a_change_leaves_no_second_try(world: World, step: str) -> None:
    die_at, runs, state = STEPS[step]
    rules = world.config["environments"]["production"]
    world.config["environments"]["production"] = {}
    world.deploy("v1.0.0", "production")
    world.config["environments"]["production"] = rules
    change = wait_for(world)
    process = world.spawn("approve_change", "carol", die_at, change=change)
    assert process.wait() == -signal.SIGKILL
    world.let_leases_run_out()
    # Whoever comes next records the interruption; the look after that closes the change.
    world.ask("get_history", app="web", environment="production")
    shown = world.ask("list_changes", "bob")
    assert state_of(world, change) == state
    assert (change in shown["message"]) is (state == "deploying")
    assert world.ask("approve_change", "dave", change=change)["code"] == "change_closed"
    assert world.running("production") == runs
    if state == "deploying":
        # Nothing tells that this runner is dead but time.
        let_minutes_pass(world, change)
        assert "0 of" not in world.ask("list_changes", "bob")["message"]
        assert state_of(world, change) == "open"
        assert world.events()[-1] == "waiting"
        assert world.ask("approve_change", "dave", change=change)["code"] == "deployed"
        assert world.events().count("started") == 2
    # The way is free for a new one.
    again = wait_for(world, "v1.2.0")
    assert world.ask("approve_change", "dave", change=again)["code"] == "deployed"
    assert world.chain_holds()
