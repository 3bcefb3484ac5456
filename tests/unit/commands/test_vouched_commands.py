"""An environment that wants a relay to vouch: every command that changes it refuses a bare name.

A new command that changes something is listed here, or the first test fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from opsroom.db.sql import scalar
from opsroom.db.store import open_store
from support.expectations import expect
from support.seals import KEY, sealed
from support.worlds.effects import CHANGING
from support.worlds.guarded import guarded_world
from support.worlds.world import ROOT, World

IDENTITIES = {"alice": "slack:T024BE7LD/U0ALICE", "carol": "xmpp:carol@example.com"}
PLACE = {"app": "web", "environment": "uat"}
# What these change is no environment, or it is a rule or a timer that runs them, in nobody's name.
OTHERS = {
    *("ack_page", "add_responder", "escalate_page", "page", "page_on_failure", "resolve_page"),
    *("assign_card", "comment_card", "create_card", "move_card", "update_cards"),
    *("end_incident", "incident_step", "note_incident", "open_incident"),
    *("loud", "quiet", "announce_deployments", "announce_head", "close_dead_executions"),
    *("note_drift", "note_reach", "remind", "watch_pages"),
    # They deploy, in the name of a rule, which is a StackStorm user.
    *("deploy_release", "promote_card"),
}


@dataclass(frozen=True)
class Command:
    """`who` has the right to it; `before` prepares the world and returns what the command is
    about."""

    who: str
    given: Dict[str, Any]
    before: Callable[[World], Dict[str, Any]] = lambda world: {}


def vouched(who: str) -> str:
    return sealed(IDENTITIES[who], "#dev")


def waiting(world: World) -> Dict[str, Any]:
    """A change of alice on production, which waits for approval."""
    given = {"app": "web", "version": "v1.1.0", "environment": "production"}
    return {"change": world.ask("deploy", vouched("alice"), **given)["change"]}


def to_confirm(world: World) -> Dict[str, Any]:
    world.config["environments"]["uat"]["confirm_within"] = "60s"
    return {"change": world.ask("deploy", vouched("alice"), version="v1.1.0", **PLACE)["change"]}


def emergency(world: World) -> Dict[str, Any]:
    given = {"app": "web", "version": "v1.1.0", "environment": "production", "reason": "down"}
    assert world.ask("emergency_deploy", vouched("alice"), **given)["ok"]
    with open_store(world.database).read() as on:
        return {"change": scalar(on, "SELECT id FROM changes")}


def locked(world: World) -> Dict[str, Any]:
    assert world.lock("uat", "test", who=vouched("alice"))["ok"]
    return {}


def two_versions(world: World) -> Dict[str, Any]:
    for version in ("v1.0.0", "v1.1.0"):
        assert world.ask("deploy", vouched("alice"), version=version, **PLACE)["ok"]
    return {}


def on_test(world: World) -> Dict[str, Any]:
    given = {"app": "web", "version": "v1.1.0", "environment": "test"}
    assert world.ask("deploy", "alice", **given)["ok"]
    return {}


EMERGENCY = {"app": "web", "version": "v1.1.0", "environment": "production", "reason": "down"}
BOUND: Dict[str, Command] = {
    "deploy": Command("alice", {"version": "v1.1.0", **PLACE}),
    "deploy_set": Command("alice", {"apps": "web v1.1.0 and api v1.1.0", "environment": "uat"}),
    "promote": Command("alice", {"source": "test", **PLACE}, on_test),
    "rollback": Command("alice", PLACE, two_versions),
    "emergency_deploy": Command("alice", EMERGENCY),
    "cancel_deployment": Command("alice", PLACE),
    "approve_change": Command("carol", {}, waiting),
    "confirm_change": Command("alice", {}, to_confirm),
    "reject_change": Command("alice", {"reason": "not now"}, waiting),
    "review_change": Command("carol", {"text": "it was right"}, emergency),
    "lock": Command("alice", {"environment": "uat", "reason": "test"}),
    "unlock": Command("alice", {"environment": "uat"}, locked),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = guarded_world(tmp_path, identity="vouched", emergency=["alice"])
    made.config.update(relays=["chatops_bot"], relay_keys={"chatops_bot": KEY})
    made.config["environments"]["uat"]["identity"] = "vouched"
    made.with_app("api", **made.config["apps"]["web"])
    for name, identity in IDENTITIES.items():
        made.config["people"][name]["chat"].append(identity)
    return made


def ledger_without_refusals(world: World) -> int:
    with open_store(world.database).read() as on:
        count = "SELECT count(*) FROM ledger WHERE event NOT IN ('asked', 'refused')"
        return int(scalar(on, count))


def test_every_command_that_changes_something_is_listed() -> None:
    assert {*BOUND, *OTHERS} == set(CHANGING)
    assert not set(BOUND) & OTHERS
    in_chat = {path.stem for path in (ROOT / "aliases").glob("*.yaml")}
    assert set(BOUND) <= in_chat


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("action", BOUND)
def test_a_bare_name_changes_nothing_a_vouched_one_does(world: World, action: str) -> None:
    command = BOUND[action]
    given = {**command.given, **command.before(world)}
    before = ledger_without_refusals(world), world.running("uat"), world.running("production")
    refused = world.ask(action, command.who, **given)
    expect(refused, ok=False, code="not_vouched")
    assert "known by name only" in refused["message"]
    assert (
        ledger_without_refusals(world),
        world.running("uat"),
        world.running("production"),
    ) == before
    done = world.ask(action, vouched(command.who), **given)
    assert done["ok"] or done["code"] == "nothing_to_cancel", done


@pytest.mark.databases("sqlite")
def test_everything_is_not_locked_by_a_bare_name(world: World) -> None:
    given = {"environment": "everything", "reason": "who is speaking?"}
    assert world.ask("lock", "carol", **given)["code"] == "not_vouched"
    assert world.ask("lock", vouched("carol"), **given)["ok"]
    assert world.unlock("everything", who="carol")["code"] == "not_vouched"


@pytest.mark.databases("sqlite")
def test_from_stackstorm_s_own_side_it_works_as_ever(world: World) -> None:
    done = world.ask("deploy", "alice", "", "alice", version="v1.1.0", **PLACE)
    assert done["code"] == "deployed"


@pytest.mark.databases("sqlite")
def test_plan_says_that_a_bare_name_would_be_refused(world: World) -> None:
    answer = world.ask("plan", "alice", version="v1.1.0", **PLACE)
    assert "known by name only" in f"{answer['message']} {answer}"
