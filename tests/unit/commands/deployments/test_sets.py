"""Several applications in one command: checked together, deployed in order, approved together."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.commands import KINDS
from opsroom.commands.deployments import sets
from opsroom.commands.deployments.sets import Item, read_items
from opsroom.config import load
from opsroom.errors import Refusal
from support.cases import cases
from support.expectations import expect
from support.waiting import until
from support.worlds.sets import ends, guarded, shop, together, world_of_sets
from support.worlds.world import World, python, runs


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_of_sets(tmp_path)


def broken(world: World) -> None:
    """api is deployed by a command that fails."""
    world.with_app("api", deploy=python("raise SystemExit('no disk')"))


def test_applications_are_deployed_in_the_order_in_which_they_are_named(world: World) -> None:
    answer = together(world, "api v1.1.0 and web v1.2.0")
    expect(answer, ok=True, code="deployed")
    first, second = answer["message"].split("\n")
    assert first.startswith("alice deployed api v1.1.0 to uat")
    assert second.startswith("alice deployed web v1.2.0 to uat")
    assert (world.running("uat", "api"), world.running()) == ("v1.1.0", "v1.2.0")
    assert ends(world) == [("api", "succeeded", "deployed"), ("web", "succeeded", "deployed")]
    records = world.records()
    assert len({one.deployment for one in records}) == 2
    assert records[-1].facts["set"] == "api v1.1.0 and web v1.2.0"
    assert world.claims() == 0
    assert world.chain_holds()


def test_a_set_of_the_config_gets_one_version(world: World) -> None:
    answer = shop(world)
    assert (answer["ok"], len(answer["parts"])) == (True, 2)
    assert (world.running(), world.running("uat", "api")) == ("v1.2.0", "v1.2.0")
    again = shop(world)
    assert again["code"] == "already_there"
    assert world.deploy("v1.1.0", app="Shop", redeploy=True)["ok"]


def test_a_set_is_rolled_back_the_last_application_first(world: World) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        shop(world, version)
    answer = world.ask("rollback", app="shop", environment="uat")
    assert answer["ok"], answer
    first, second = answer["message"].split("\n")
    assert "rolled back api to v1.0.0" in first
    assert "rolled back web to v1.0.0" in second


@pytest.mark.parametrize("alone", [False, True])
def test_what_did_not_come_together_does_not_go_back_so(world: World, alone: bool) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        shop(world, version)
    if alone:
        world.spawn_deploy("v1.2.0").wait()
    else:
        works = world.config["apps"]["api"]
        broken(world)
        world.config["apps"]["api"]["version"] = works["version"]
        shop(world, "v1.2.0")
        world.with_app("api", **works)
    answer = world.ask("rollback", app="shop", environment="uat")
    expect(answer, outcome="refused", code="not_possible")
    assert answer["message"].startswith("api was not changed together with the others last")
    assert answer["hint"] == "Roll back one by one: rollback web on uat"
    assert (world.running(), world.running("uat", "api")) == ("v1.2.0", "v1.1.0")


def test_nothing_is_touched_where_one_of_them_may_not_be(world: World) -> None:
    world.lock(app="api")
    expect(shop(world), outcome="refused", code="locked")
    assert world.running() == ""
    assert ends(world)[1:] == [("api", "refused", "locked"), ("web", "refused", "locked")]


def test_the_first_that_fails_stops_the_rest(world: World) -> None:
    broken(world)
    world.config["sets"]["shop"]["apps"] = ["web", "api", "cart"]
    world.with_app("cart", **world.config["apps"]["web"])
    answer = shop(world)
    expect(answer, outcome="failed", code="deploy_failed")
    done, failed, rest = answer["message"].split("\n")
    assert done.startswith("alice deployed web v1.2.0")
    assert "no disk" in failed
    assert rest == "cart was not begun."
    assert answer["not_begun"] == ["cart"]
    assert ends(world) == [
        ("web", "succeeded", "deployed"),
        ("api", "failed", "deploy_failed"),
        ("cart", "refused", "set_stopped"),
    ]
    assert world.running("uat", "cart") == ""


def test_after_a_crash_the_rest_is_not_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "run_deployment", lambda *_: 1 / 0)
    assert shop(world)["code"] == "crashed"
    assert ends(world) == [("web", "failed", "crashed"), ("api", "refused", "set_stopped")]


def test_side_by_side_one_that_fails_stops_no_other(world: World) -> None:
    broken(world)
    world.config["sets"]["shop"].update(apps=["api", "web"], side_by_side=True)
    expect(shop(world), outcome="failed", code="deploy_failed")
    assert world.running() == "v1.2.0"
    assert world.claims() == 0
    assert sorted(ends(world)) == [
        ("api", "failed", "deploy_failed"),
        ("web", "succeeded", "deployed"),
    ]


def test_side_by_side_all_end_when_stackstorm_stops_the_execution(world: World) -> None:
    slow = runs("sh", "-c", "exec sleep 300")
    for name in ("web", "api"):
        world.with_app(name, deploy=slow)
    world.config["sets"]["shop"]["side_by_side"] = True
    process = world.spawn_deploy("v1.0.0", app="shop")
    try:
        until(lambda: world.events().count("started") == 2, "both have begun")
        process.send(signal.SIGTERM)
        answer = process.result()
    finally:
        process.send(signal.SIGKILL)
        process.wait()
    expect(answer, outcome="failed", code="interrupted")
    assert world.events()[4:] == ["interrupted", "interrupted"]
    assert world.claims() == 0


def test_what_is_no_pair_is_on_the_record(world: World) -> None:
    expect(together(world, "web v1.0.0 api v1.0.0"), outcome="refused", code="unknown_command")
    assert world.events() == ["asked", "refused"]


@cases(
    ("app", "version", "hint"),
    [
        ("web,", "api", "Say: deploy web VERSION and api VERSION to uat"),
        ("web,api", "v1.0.0", "Say: deploy web v1.0.0 and api v1.0.0 to uat"),
        ("web,", "v1.0.0", "Say: deploy web v1.0.0 to uat"),
    ],
)
def test_what_names_several_is_told_apart(world: World, app: str, version: str, hint: str) -> None:
    answer = world.deploy(version, app=app)
    expect(answer, code="unknown_command", hint=hint)
    assert f"'{app}' is not one application" in answer["message"]


def test_a_set_that_is_nearly_named_is_offered(world: World) -> None:
    for command in ("deploy", "rollback"):
        given = {"version": "v1.0.0"} if command == "deploy" else {}
        answer = world.ask(command, app="shpo", environment="uat", **given)
        expect(answer, code="unknown_app", hint="Did you mean the set shop?")


def test_what_is_deployed_together_may_be_for_cards(world: World) -> None:
    world.config["trackers"] = {"board": {"kind": "local", "project": "OPS"}}
    world.ask("create_card", text="checkout is slow", project="OPS")
    apps = "web v1.1.0 and api v1.1.0"
    answer = world.ask("deploy_set", apps=apps, environment="uat", cards="OPS-1")
    assert answer["ok"], answer
    assert [one["cards"] for one in answer["parts"]] == [["OPS-1"], ["OPS-1"]]


def test_what_was_typed_is_evaluated_nowhere(world: World) -> None:
    together(world, "web {{x}} and api <!channel>")
    title = world.records()[-1].facts["set"]
    assert title == "web { {x} } and api < !channel>"


@cases(
    ("typed", "found"),
    [
        ("web 1.4.2 and api 2.0.0", [("web", "1.4.2"), ("api", "2.0.0")]),
        ("web 1, api 2 AND cart 3", [("web", "1"), ("api", "2"), ("cart", "3")]),
        ("web 1, and api 2", [("web", "1"), ("api", "2")]),
    ],
)
def test_items_are_read_as_people_write_them(typed: str, found: List[Any]) -> None:
    assert read_items(typed) == [Item(*one) for one in found]


@cases("typed", ["web", "web 1 api 2", "web 1 and", "and", ", ,", "web 1 and " * 30])
def test_what_is_no_pair_is_named(typed: str) -> None:
    if typed == "web 1 and":
        assert read_items(typed) == [Item("web", "1")]
        return
    with pytest.raises(Refusal):
        read_items(typed)


def test_an_application_is_named_once(world: World) -> None:
    expect(together(world, "web v1.1.0 and Web v1.2.0"), outcome="refused", code="not_possible")
    assert world.running() == ""


# One word for all of them.


def test_one_approval_is_for_all_and_then_all_are_deployed(world: World) -> None:
    guarded(world)
    answer = shop(world)
    assert (answer["code"], len(answer["changes"])) == ("waiting", 2)
    first, second = answer["changes"]
    assert f"One word is for all of them: approve change {first}" in answer["message"]
    assert world.running() == ""
    expect(world.ask("approve_change", "carol", change=second), ok=True, code="deployed")
    assert (world.running(), world.running("uat", "api")) == ("v1.2.0", "v1.2.0")
    assert [one.app for one in world.records() if one.event.value == "approved"] == ["web", "api"]
    assert world.ask("list_changes")["changes"] == []
    assert world.chain_holds()


def test_two_approvals_are_counted_for_all(world: World) -> None:
    guarded(world)
    world.config["environments"]["uat"]["approvals"] = 2
    change = shop(world)["changes"][0]
    assert world.ask("approve_change", "carol", change=change)["code"] == "approved"
    assert world.running() == ""
    assert world.ask("approve_change", "bob", change=change)["code"] == "deployed"
    assert world.running("uat", "api") == "v1.2.0"


def test_the_stricter_rules_of_one_application_hold(world: World) -> None:
    guarded(world, apps={"api": {"approvers": ["bob"]}})
    change = shop(world)["changes"][0]
    refused = world.ask("approve_change", "carol", change=change)
    expect(refused, outcome="refused", code="not_allowed")
    assert "approved" not in world.events()
    assert world.ask("approve_change", "bob", change=change)["code"] == "deployed"


def test_asking_again_finds_the_changes_that_wait(world: World) -> None:
    guarded(world)
    assert shop(world)["changes"] == shop(world)["changes"]


def test_what_changed_since_it_was_shown_is_not_deployed(world: World) -> None:
    guarded(world)
    first, second = shop(world)["changes"]
    world.config["environments"]["uat"].pop("approvals")
    world.deploy("v1.0.0", app="api", who="bob")
    guarded(world)
    answer = world.ask("approve_change", "carol", change=first)
    expect(answer, outcome="refused", code="changed_meanwhile")
    done, held_up = answer["message"].split("\n")
    assert done.startswith("alice deployed web v1.2.0 to uat")
    assert held_up.startswith(f"Change {second} could not go ahead. api on uat changed meanwhile")
    assert world.running("uat", "api") == "v1.0.0"


def test_a_set_of_which_one_was_asked_for_anew_is_asked_for_again(world: World) -> None:
    guarded(world)
    first, _ = shop(world)["changes"]
    world.deploy("v1.2.0", app="api")
    answer = world.ask("approve_change", "carol", change=first)
    expect(answer, outcome="refused", code="changed_meanwhile")
    assert "of which 1 no longer wait" in answer["message"]
    assert world.running() == ""


def test_after_a_failure_the_rest_is_withdrawn(world: World) -> None:
    guarded(world)
    broken(world)
    world.config["sets"]["shop"]["apps"] = ["api", "web"]
    first, second = shop(world)["changes"]
    answer = world.ask("approve_change", "carol", change=first)
    expect(answer, outcome="failed", code="deploy_failed")
    assert f"Not begun and withdrawn: web ({second})." in answer["message"]
    assert world.running() == ""
    assert ends(world)[-1] == ("web", "rejected", "set_stopped")


def test_what_is_held_up_before_anything_was_touched_waits_again(world: World) -> None:
    guarded(world)
    first, second = shop(world)["changes"]
    world.lock(app="web")
    answer = world.ask("approve_change", "carol", change=first)
    expect(answer, outcome="refused", code="locked")
    assert f"The others wait too: {second}." in answer["message"]
    world.unlock(app="web")
    assert world.ask("approve_change", "carol", change=first)["ok"]
    assert world.running("uat", "api") == "v1.2.0"


def test_a_rejection_is_for_all(world: World) -> None:
    guarded(world)
    first, second = shop(world)["changes"]
    answer = world.ask("reject_change", "carol", change=second, reason="not today")
    assert answer["code"] == "rejected"
    assert world.ask("approve_change", "carol", change=first)["code"] == "change_closed"


def test_a_confirmation_is_for_all(world: World) -> None:
    world.config["environments"]["uat"]["confirm_within"] = "5m"
    answer = shop(world)
    assert answer["code"] == "confirm"
    done = world.ask("confirm_change", "alice", change=answer["changes"][0])
    assert (done["ok"], world.running("uat", "api")) == (True, "v1.2.0")


def test_those_that_need_approval_and_those_that_do_not_are_not_mixed(world: World) -> None:
    guarded(world, apps={"api": {"approvals": 0}})
    answer = shop(world)
    expect(answer, outcome="refused", code="not_possible")
    assert "On uat, web needs an approval and api needs neither" in answer["message"]


@cases(
    ("sets", "line"),
    [
        ({"shop": {"apps": ["web", "wbe"]}}, "sets.shop.apps: expected applications of the con"),
        ({"shop": {"apps": ["web"]}}, "sets.shop.apps: expected two applications or more"),
        ({"shop": {"apps": ["web", "web"]}}, "sets.shop.apps: expected two applications or more"),
        ({"Web": {"apps": ["web", "api"]}}, "sets.Web: expected a name that no application has"),
        ({"shop": {"aps": ["web"]}}, "sets.shop.apps"),
    ],
)
def test_a_wrong_set_is_named_with_its_key(sets: Dict[str, Any], line: str) -> None:
    raw = {"environments": {"uat": {}}, "apps": {"web": {}, "api": {}}, "sets": sets}
    with pytest.raises(Refusal) as refused:
        load(raw, KINDS)
    assert any(one.startswith(line) for one in refused.value.facts["problems"])
