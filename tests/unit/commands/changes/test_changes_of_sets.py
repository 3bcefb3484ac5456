"""Sets whose changes wait: which of them can be decided on, and what is said of many."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, List

import pytest

from opsroom.commands import Outcome, changes
from opsroom.commands.changes import sets
from opsroom.commands.changes.set_messages import waiting_set
from opsroom.errors import Code
from opsroom.records.change import Kind
from support.expectations import expect
from support.worlds.guarded import let_time_run_out, reject, state_of
from support.worlds.sets import ends, guarded, shop, together, with_cart, world_of_sets
from support.worlds.world import World, runs


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_of_sets(tmp_path)


def test_what_runs_already_does_not_keep_the_rest_from_approval(world: World) -> None:
    with_cart(world)
    world.deploy("v1.2.0")
    guarded(world)
    answer = shop(world)
    assert len(answer["changes"]) == 2
    assert answer["message"].endswith("There already: web v1.2.0.")
    assert ends(world)[-1] == ("web", "refused", "already_there")
    assert world.ask("approve_change", "carol", change=answer["changes"][0])["code"] == "deployed"
    assert (world.running("uat", "api"), world.running("uat", "cart")) == ("v1.2.0", "v1.2.0")


def test_where_one_is_left_its_change_is_shown_as_any_other(world: World) -> None:
    world.deploy("v1.2.0")
    guarded(world)
    answer = shop(world)
    (change,) = answer["changes"]
    assert f"To approve: approve change {change} (carol and bob, 1 needed" in answer["message"]
    assert world.ask("approve_change", "carol", change=change)["ok"]


def test_what_is_left_of_a_set_can_be_rejected(world: World) -> None:
    guarded(world)
    _, second = shop(world)["changes"]
    world.deploy("v1.2.0")
    answer = reject(world, second, "carol", "not today")
    assert answer["code"] == "rejected"
    assert state_of(world, second) == "rejected"


def test_a_later_one_that_is_held_up_is_withdrawn_with_the_rest(world: World) -> None:
    guarded(with_cart(world))
    first, second, third = shop(world)["changes"]
    world.lock(app="api")
    answer = world.ask("approve_change", "carol", change=first)
    expect(answer, outcome="refused", code="locked")
    assert f"Change {second} could not go ahead." in answer["message"]
    assert f"Not begun and withdrawn: cart ({third})." in answer["message"]
    assert answer["hint"] == "Ask again: deploy api v1.2.0 to uat"
    assert world.ask("list_changes")["changes"] == []
    assert ends(world)[-2:] == [("api", "rejected", "locked"), ("cart", "rejected", "set_stopped")]
    assert world.records()[-1].message.endswith("was withdrawn, since api could not go ahead.")


def test_the_requester_is_told_that_the_rest_is_withdrawn(world: World) -> None:
    guarded(world)
    command = ["sh", "-c", "echo no disk >&2; exit 1"]
    world.with_app("web", deploy=runs(*command))
    _, second = shop(world, room="#team")["changes"]
    world.room.said.clear()
    world.ask("approve_change", "carol", change=second)
    failed, rest = world.room.said[-2:]
    assert "no disk" in failed
    assert rest == f"Not begun and withdrawn: api ({second})."


def test_an_internal_error_stops_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded(world)
    first, second = shop(world)["changes"]
    monkeypatch.setattr(sets, "execute_change", lambda *_: 1 / 0)
    assert world.ask("approve_change", "carol", change=first)["code"] == "crashed"
    assert state_of(world, second) == "withdrawn"


def test_approvals_and_confirmations_are_not_mixed(world: World) -> None:
    guarded(world, apps={"api": {"approvals": 0, "confirm_within": "5m"}})
    answer = shop(world)
    expect(answer, outcome="refused", code="not_possible")
    assert "On uat, web needs an approval and api needs a confirmation" in answer["message"]
    assert world.ask("list_changes")["changes"] == []


def test_nobody_who_could_approve_is_said(world: World) -> None:
    world.config["environments"]["uat"].update(approvals=2, approvers=["carol", "alice"])
    assert "2 changes wait together. It cannot be approved: it needs 2" in shop(world)["message"]


def test_who_decides_until_when_is_said(world: World) -> None:
    guarded(world)
    answer = shop(world)
    first = answer["changes"][0]
    assert f"approve change {first} (carol and bob, 1 needed, until " in answer["message"]
    del world.config["environments"]["uat"]["approvals"]
    world.config["environments"]["uat"]["confirm_within"] = "5m"
    answer = shop(world, "v1.1.0")
    first = answer["changes"][0]
    assert f"confirm change {first} (within 5 min from #dev)" in answer["message"]


@pytest.mark.parametrize("kind", ["approve", "confirm"])
def test_what_waits_for_its_turn_does_not_expire(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    guarded(with_cart(world))
    if kind == "confirm":
        world.config["environments"]["uat"] = {"confirm_within": "5m"}
    changes = shop(world)["changes"]
    first_one = sets.execute_change

    def slow(context: Any, change: Any, *more: Any) -> Any:
        outcome = first_one(context, change, *more)
        if change.id == changes[0]:
            # Someone looks at what waits when the time to decide is over.
            assert not [one for one in changes[1:] if _left(world, one) < 3600]
            world.ask("list_changes")
        return outcome

    monkeypatch.setattr(sets, "execute_change", slow)
    who = "carol" if kind == "approve" else "alice"
    answer = world.ask(f"{kind}_change", who, change=changes[0])
    assert answer["ok"], answer
    assert world.running("uat", "cart") == "v1.2.0"


def _left(world: World, change: str) -> float:
    """Seconds until it expires."""
    found = world.ask("list_changes")["changes"]
    until = next(one["expires_at"] for one in found if one["change"] == change)
    moment = datetime.fromisoformat(until.replace("Z", "+00:00"))
    return (moment - datetime.now(timezone.utc)).total_seconds()


def test_those_that_wait_again_expire_as_before(world: World) -> None:
    guarded(world)
    first, second = shop(world)["changes"]
    world.lock(app="web")
    world.ask("approve_change", "carol", change=first)
    assert abs(_left(world, first) - _left(world, second)) < 1
    for change in (first, second):
        let_time_run_out(world, change)
    assert world.ask("approve_change", "carol", change=second)["code"] == "change_expired"


def test_what_is_rejected_is_not_deployed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded(world)
    first, second = shop(world)["changes"]

    def rejected(context: Any, change: Any, *more: Any) -> Any:
        outcome = original(context, change, *more)
        reject(world, second, "carol", "not today")
        return outcome

    original = sets.execute_change
    monkeypatch.setattr(sets, "execute_change", rejected)
    answer = world.ask("approve_change", "carol", change=first)
    expect(answer, outcome="refused", code="change_closed")
    assert f"Change {second} (api v1.2.0 on uat) no longer waits." in answer["message"]
    assert (world.running(), world.running("uat", "api")) == ("v1.2.0", "")


# Twenty of them.


@pytest.fixture
def twenty(world: World) -> World:
    names = [f"application-number-{index}" for index in range(20)]
    for name in names:
        world.with_app(name, **world.config["apps"]["web"])
    world.config["sets"]["shop"]["apps"] = names
    return world


def test_of_twenty_changes_the_word_is_shown(twenty: World) -> None:
    guarded(twenty)
    answer = shop(twenty)
    first = answer["changes"][0]
    assert answer["message"].startswith(
        f"20 changes wait together. One word is for all of them: approve change {first} ("
    )
    assert answer["message"].endswith("and 14 more; see: show changes")
    done = twenty.ask("approve_change", "carol", change=first)
    assert done["message"].startswith("Deployed, 20: application-number-0 v1.2.0, ")
    assert {one.facts["set"] for one in twenty.records() if one.event.value == "succeeded"} == {
        "shop"
    }


def test_the_word_is_wanted_until_the_first_of_them_expires() -> None:
    asked = datetime(2026, 12, 1, 9, 59, 59, tzinfo=timezone.utc)
    made = [
        Outcome(
            True,
            Code.WAITING,
            "",
            {
                "change": f"CH{minutes}",
                "app": "web",
                "version": "v1",
                "plan": "web on uat",
                "problem": "",
                "expires_at": asked + timedelta(minutes=minutes),
                "waits_for": f"carol, 1 needed, until 10:0{minutes} UTC",
            },
        )
        for minutes in (2, 1)
    ]
    text = waiting_set(Kind.APPROVAL, made, [])
    assert "approve change CH2 (carol, 1 needed, until 10:01 UTC)" in text


def test_of_twenty_the_one_that_failed_is_shown(twenty: World) -> None:
    command = ["sh", "-c", "echo no disk >&2; exit 1"]
    twenty.with_app("application-number-9", deploy=runs(*command))
    answer = shop(twenty)
    failed, rest, done = answer["message"].split("\n")
    assert "no disk" in failed
    assert rest.startswith("application-number-10, ")
    assert done.startswith("Deployed, 9: ")


def test_of_two_with_much_to_show_each_plan_begins(world: World) -> None:
    for app in ("web", "api"):
        world.deploy("v1.0.0", app=app)
        world.config["apps"][app]["deploy"]["compare"] = f"https://git.example/{'x' * 120}"
    guarded(world)
    answer = shop(world)
    _, *plans = answer["message"].split("\n")
    assert [one[:4] for one in plans] == answer["changes"]
    assert all("would go from v1.0.0 to v1.2.0" in one for one in plans)


def test_a_set_is_named_where_one_application_is_wanted(world: World) -> None:
    given = {"app": "Shop", "environment": "uat"}
    for action, more in (
        ("emergency_deploy", {"version": "v1.0.0", "reason": "checkout is down"}),
        ("promote", {"source": "test"}),
        ("cancel_deployment", {}),
        ("lock", {"reason": "load test"}),
        ("get_version", {}),
    ):
        answer = world.ask(action, **given, **more)
        expect(answer, outcome="refused", code="unknown_app")
        assert answer["message"].startswith("shop is no application but the set of web and api.")
    assert together(world, "shop v1.0.0 and web v1.0.0")["code"] == "unknown_app"


# Runners that die in the middle of a set.


def killed(world: World, at: str) -> List[str]:
    """The changes of a set that were approved, whose runner died then."""
    guarded(world)
    waiting: List[str] = shop(world)["changes"]
    process = world.spawn("approve_change", "carol", at, change=waiting[0])
    assert process.wait() == -signal.SIGKILL
    world.let_leases_run_out()
    return waiting


def test_the_rest_of_a_set_whose_runner_died_says_so_at_once(world: World) -> None:
    # When the first one was in place.
    _, second = killed(world, "opsroom.commands.deployments.pipeline:verify:before")
    answer = world.ask("list_changes")
    (shown,) = answer["changes"]
    assert shown["change"] == second
    text = (
        "its set was interrupted: web v1.2.0 did not end well. Ask again: deploy api v1.2.0 to uat"
    )
    assert shown["interrupted"] == text
    assert text in answer["message"]
    assert "1 of 1" not in answer["message"]
    refused = world.ask("approve_change", "carol", change=second)
    expect(refused, code="changed_meanwhile", hint="Ask again: deploy api v1.2.0 to uat")


def test_between_two_a_runner_may_go_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(world, "opsroom.commands.changes.sets:_begun:before")
    assert world.running("uat") == "v1.2.0"
    (shown,) = world.ask("list_changes")["changes"]
    assert "interrupted" not in shown
    monkeypatch.setattr(changes, "RELEASED_AFTER", timedelta(seconds=-60))
    answer = world.ask("list_changes")
    assert "its set was interrupted: web v1.2.0 was deployed. Ask again:" in answer["message"]


def test_a_set_that_waits_as_a_whole_is_not_interrupted(world: World) -> None:
    guarded(with_cart(world))
    second = shop(world)["changes"][1]
    reject(world, second, "carol", "not today")
    for shown in world.ask("list_changes")["changes"]:
        assert "interrupted" not in shown
