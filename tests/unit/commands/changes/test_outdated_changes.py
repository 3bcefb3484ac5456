"""A change whose circumstances are no longer what they were, or that is rejected or expires."""

from __future__ import annotations

from pathlib import Path

from support.expectations import expect, says
from support.worlds.guarded import (
    approvals_in,
    approve,
    guarded_world,
    let_time_run_out,
    reject,
    state_of,
    wait_for,
)
from support.worlds.world import World, git


def test_an_approval_of_what_is_no_longer_so_withdraws_the_change(world: World) -> None:
    change = wait_for(world, "v1.2.0")
    approve(world, wait_for(world, "v1.1.0"))
    answer = approve(world, change)
    expect(answer, ok=False, code="changed_meanwhile")
    says(answer, begins=f"Change {change} could not go ahead. web on production changed meanwhile")
    assert world.running("production") == "v1.1.0"
    assert state_of(world, change) == "withdrawn"


def test_a_branch_is_deployed_as_the_commit_that_was_shown(world: World) -> None:
    change = wait_for(world, "main")
    (world.folder / "repository" / "VERSION").write_text("newer\n")
    git(world.folder / "repository", "commit", "--quiet", "-am", "newer")
    assert approve(world, change)["code"] == "deployed"
    assert world.running("production") == "v1.2.0"


def test_a_lock_holds_up_an_approved_change_until_it_is_gone(world: World) -> None:
    change = wait_for(world)
    world.lock("production", who="dave")
    held = approve(world, change)
    assert held["code"] == "locked"
    assert held["hint"].endswith(f"Then: approve change {change}")
    assert (state_of(world, change), approvals_in(world, change)) == ("open", 1)
    world.unlock("production", who="dave")
    answer = approve(world, change)
    assert answer["code"] == "deployed"
    assert approvals_in(world, change) == 1
    assert world.records()[-1].facts["approved_by"] == ["carol"]
    again = [record for record in world.records() if record.event.value == "approved"]
    assert [record.facts.get("again", False) for record in again] == [False, True]


def test_a_requester_who_lost_the_right_meanwhile_is_not_deployed_for(world: World) -> None:
    change = wait_for(world)
    world.config["environments"]["production"]["deployers"] = ["release-managers"]
    assert approve(world, change)["code"] == "not_allowed"
    assert world.running("production") == ""


def test_who_is_renamed_meanwhile_cannot_approve_their_own(world: World) -> None:
    change = wait_for(world)
    world.config["people"]["alicia"] = world.config["people"].pop("alice")
    world.config["environments"]["production"]["deployers"] = ["release-managers", "alicia"]
    world.config["groups"]["release-managers"] = ["alicia", "carol"]
    assert approve(world, change, "alice")["code"] == "own_change"
    # Nor does anyone else then approve it in a name that stands for someone else.
    assert approve(world, change, "carol")["code"] == "changed_meanwhile"
    assert world.running("production") == ""


def test_more_approvals_are_needed_when_the_config_wants_more_by_now(world: World) -> None:
    change = wait_for(world)
    world.config["environments"]["production"]["approvals"] = 2
    assert approve(world, change)["code"] == "approved"
    assert world.running("production") == ""


def test_an_approval_counts_only_while_its_person_may_approve(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, approvals=2)
    change = wait_for(world)
    approve(world, change, "carol")
    world.config["groups"]["release-managers"] = ["dave", "erin"]
    answer = approve(world, change, "dave")
    assert (answer["code"], "1 of 2 approved" in answer["message"]) == ("approved", True)
    assert approve(world, change, "erin")["code"] == "deployed"


def test_a_deployment_that_fails_closes_the_change(world: World) -> None:
    change = wait_for(world)
    world.config["apps"]["web"]["version"]["path"] = str(world.folder / "elsewhere")
    world.config["apps"]["web"]["verify_for"] = "0s"
    expect(approve(world, change), outcome="failed", code="not_verified")
    assert state_of(world, change) == "failed"
    assert approve(world, change, "dave")["code"] == "change_closed"


def test_an_expired_change_is_refused_recorded_and_can_be_asked_for_again(world: World) -> None:
    change = wait_for(world)
    let_time_run_out(world, change)
    answer = approve(world, change)
    expect(answer, code="change_expired", hint="Ask again: deploy web v1.1.0 to production")
    assert world.running("production") == ""
    assert world.events() == ["asked", "waiting", "expired", "refused"]
    assert state_of(world, change) == "expired"
    assert wait_for(world) != change


def test_a_rejected_change_says_why_and_is_over(world: World) -> None:
    change = wait_for(world)
    answer = reject(world, change, "carol", "the tests\nare red")
    expect(answer, ok=True, code="rejected")
    assert answer["message"] == (
        f"carol rejected change {change} (web v1.1.0 on production, asked by alice): the tests "
        "are red"
    )
    assert approve(world, change, "dave")["code"] == "change_closed"
    assert world.events() == ["asked", "waiting", "rejected", "refused"]
    record = world.records()[2]
    assert (record.requester, record.facts["reason"]) == ("carol", "the tests are red")
    assert record.deployment == world.records()[0].deployment


def test_whoever_asked_may_take_it_back_and_a_bystander_may_not(world: World) -> None:
    change = wait_for(world)
    assert reject(world, change, "bob")["code"] == "not_allowed"
    answer = reject(world, change, "alice2", "wrong version")
    assert f"alice withdrew change {change}" in answer["message"]
    assert state_of(world, change) == "withdrawn"


def test_a_rejection_needs_a_reason(world: World) -> None:
    change = wait_for(world)
    expect(reject(world, change, "carol", "  "), code="reason_needed")
    assert state_of(world, change) == "open"


def test_who_asked_hears_of_it_in_their_own_room(world: World) -> None:
    change = wait_for(world)
    reject(world, change, room="#managers")
    assert any("carol rejected change" in text for text in world.room.said)
    said = len(world.room.said)
    world.ask("reject_change", "carol", change=wait_for(world, "v1.2.0"), reason="no")
    assert len(world.room.said) == said


def test_show_changes_tells_what_waits_and_for_whom(world: World) -> None:
    assert world.ask("list_changes", "bob")["message"] == "No change waits."
    first, second = wait_for(world), wait_for(world, "v1.2.0", "dave")
    answer = world.ask("list_changes", "bob")
    lines = answer["message"].split("\n")
    assert lines[0].startswith(
        f"{first} | web v1.1.0 on production | by alice | 0 of 1 approved, until "
    )
    assert lines[1].startswith(f"{second} | web v1.2.0 on production | by dave | ")
    assert [one["change"] for one in answer["changes"]] == [first, second]
    let_time_run_out(world, first)
    assert first not in world.ask("list_changes", "bob", environment="production")["message"]
    assert world.events()[-1] == "expired"
    expect(world.ask("list_changes", "bob", environment="uat"), message="No change waits on uat.")
    assert world.ask("list_changes", "bob", environment="mars")["code"] == "unknown_environment"
