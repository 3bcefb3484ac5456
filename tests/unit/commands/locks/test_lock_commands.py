"""lock, unlock and show locks: what is done, what is said, what is recorded, and whom a lock
stops."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.action import OpsroomAction, Surroundings
from opsroom.db.store import open_store
from support.records.stores import run
from support.worlds.world import Listener, World, make_world, run_action

LIMIT = 120.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def deploy(
    world: World, who: str = "alice", version: str = "v1.0.0", environment: str = "uat", **more: Any
) -> Any:
    return world.ask("deploy", who, app="web", version=version, environment=environment, **more)


def test_a_lock_stops_others_and_not_its_owner(world: World) -> None:
    locked = world.ask("lock", "bob", environment="uat", reason="load test")
    assert (locked["ok"], locked["code"]) == (True, "locked_now")
    assert re.fullmatch(
        r"uat is locked by bob since \d\d:\d\d UTC, no end: load test\. Only bob can deploy "
        r"there now\. "
        r"To end it: unlock uat",
        locked["message"],
    )
    refused = deploy(world, "alice")
    assert (refused["outcome"], refused["code"]) == ("refused", "locked")
    assert "uat is locked by bob since" in refused["message"]
    assert refused["hint"] == "To end it, bob or someone who may lock uat says: unlock uat"
    assert world.running() == ""
    assert deploy(world, "alice", environment="test")["code"] == "deployed"
    assert deploy(world, "bob")["code"] == "deployed"
    assert world.chain_holds()


def test_a_lock_and_its_end_are_recorded_with_who_and_why(world: World) -> None:
    world.ask(
        "lock", "bob", environment="UAT", app="Web", reason="load  test\nwith db", room="#dev"
    )
    world.ask("unlock", "bob", environment="uat", app="web")
    locked, unlocked = world.records()
    assert (locked.event.value, locked.command, locked.person, locked.chat_name) == (
        "locked",
        "lock",
        "bob",
        "bob",
    )
    assert (locked.app, locked.environment, locked.room, locked.code) == (
        "web",
        "uat",
        "#dev",
        "locked_now",
    )
    assert locked.facts["reason"] == "load test with db"
    assert (unlocked.event.value, unlocked.command, unlocked.code) == (
        "unlocked",
        "unlock",
        "unlocked",
    )
    assert unlocked.facts["reason"] == locked.facts["reason"]
    assert world.chain_holds()


@pytest.mark.parametrize(
    "end",
    ["until 24/12/1999", "until next Friday 17:00", "until the release is out", "for a while"],
)
def test_an_end_that_cannot_be_read_is_asked_back_and_never_a_part_of_the_reason(
    world: World, end: str
) -> None:
    refused = world.ask("lock", "bob", environment="uat", reason=f"load test {end}")
    assert (refused["outcome"], refused["code"]) == ("refused", "invalid_time")
    assert refused["hint"].endswith(
        ". Where no time is meant, write at the end of the reason: no end"
    )
    assert world.ask("list_locks")["locks"] == []
    locked = world.ask("lock", "bob", environment="uat", reason=f"load test {end}, no end")
    assert (locked["code"], locked["reason"], locked["until"]) == (
        "locked_now",
        f"load test {end}",
        "",
    )
    assert ", no end: load test" in locked["message"]
    assert ", no end | load test" in world.ask("list_locks")["message"]


def test_an_end_in_the_text_is_taken_off_the_reason(world: World) -> None:
    answer = world.ask("lock", "bob", environment="uat", reason="load test for 2h")
    assert (answer["reason"], answer["app"]) == ("load test", "")
    assert re.search(r"since .* until .*: load test\.", answer["message"])
    assert answer["until"] > answer["since"]


@pytest.mark.parametrize("reason", [None, "   ", "until 17:00", "for 2h", "\n"])
def test_a_lock_needs_a_reason(world: World, reason: Any) -> None:
    answer = world.ask("lock", environment="uat", reason=reason)
    assert (answer["code"], answer["outcome"]) == ("reason_needed", "refused")
    assert answer["hint"] == "For example: lock uat: load test until 17:00"
    assert world.events() == ["refused"]
    assert world.ask("list_locks")["message"] == "Nothing is locked."


def test_an_end_that_is_past_is_refused(world: World) -> None:
    answer = world.ask("lock", environment="uat", reason="load test until 2001-01-01")
    assert answer["code"] == "invalid_time"
    assert world.events() == ["refused"]


def test_locking_again_renews_ones_own_lock_and_says_so(world: World) -> None:
    first = world.ask("lock", "bob", environment="uat", reason="load test")
    again = world.ask("lock", "bob", environment="uat", reason="longer load test for 2h")
    assert again["ok"]
    assert again["renewed"] is True
    assert again["since"] == first["since"]
    assert "It was theirs already (load test, without end)." in again["message"]
    assert world.events() == ["locked", "locked"]
    assert len(world.ask("list_locks")["locks"]) == 1


def test_the_lock_of_another_stays_theirs(world: World) -> None:
    world.ask("lock", "bob", environment="uat", reason="load test")
    answer = world.ask("lock", "alice", environment="uat", reason="mine")
    assert (answer["outcome"], answer["code"]) == ("refused", "locked")
    assert "uat is locked by bob" in answer["message"]
    assert "That lock stays." in answer["message"]
    assert world.events() == ["locked", "refused"]


def test_the_kill_switch_stops_everybody_its_owner_too_until_it_is_unlocked(world: World) -> None:
    answer = world.ask(
        "lock", "carol", room="#ops", environment="everything", reason="the relay is not ours"
    )
    assert answer["message"].startswith("Everything is locked by carol since")
    assert "Nobody can deploy anywhere now, including carol." in answer["message"]
    for who in ("alice", "carol"):
        for environment in ("test", "production"):
            assert deploy(world, who, environment=environment, room="#ops")["ok"] is False
    assert deploy(world, "carol")["code"] == "locked"
    assert world.ask("unlock", "carol", room="#ops", environment="Everything")["ok"]
    assert deploy(world, "carol")["code"] == "deployed"


def test_everything_is_locked_by_those_who_may_lock_each_environment(world: World) -> None:
    answer = world.ask("lock", "alice", room="#ops", environment="everything", reason="panic")
    assert (answer["code"], "production" in answer["message"]) == ("not_allowed", True)
    # carol may, but from a room that counts somewhere.
    assert (
        world.ask("lock", "carol", room="#dev", environment="everything", reason="panic")["code"]
        == "wrong_room"
    )
    world.config["environments"]["uat"] = {"rooms": ["#dev"]}
    assert (
        world.ask("lock", "carol", room="#dev", environment="everything", reason="panic")["code"]
        == "locked_now"
    )


def test_who_may_not_lock_there_is_refused_and_told_who_may(world: World) -> None:
    answer = world.ask("lock", "alice", room="#ops", environment="production", reason="mine now")
    assert (answer["code"], "release-managers" in answer["hint"]) == ("not_allowed", True)
    assert (
        world.ask("lock", "carol", room="#dev", environment="production", reason="x")["code"]
        == "wrong_room"
    )
    world.config["environments"]["uat"] = {"lockers": ["carol"]}
    assert world.ask("lock", "alice", environment="uat", reason="mine now")["code"] == "not_allowed"
    assert world.ask("lock", "carol", environment="uat", reason="mine now")["code"] == "locked_now"


def test_the_owner_unlocks_from_anywhere_and_others_need_the_right(world: World) -> None:
    world.ask("lock", "carol", room="#ops", environment="production", reason="incident")
    refused = world.ask("unlock", "alice", room="#ops", environment="production")
    assert refused["code"] == "not_allowed"
    assert "production is locked by carol" in refused["message"]
    assert world.events() == ["locked", "refused"]
    assert world.ask("unlock", "carol", room="#dev", environment="production")["code"] == "unlocked"


def ask_in_rooms(
    world: World, rooms: Dict[str, Listener], who: str, action: str, **given: Any
) -> Any:
    """Ask an action where each room has a listener of its own."""

    class Around(Surroundings):
        pass

    around = Around(world.database, world.room, "5f0000000000000000000001")
    OpsroomAction.surroundings = around
    original = OpsroomAction._room
    OpsroomAction._room = lambda self, settings, room, _around: rooms.setdefault(room, Listener())  # type: ignore
    try:
        given = {"room": "#dev", **given}
        return run_action(
            action, world.config, {**given, "requester": who, "st2_user": "chatops_bot"}
        )
    finally:
        OpsroomAction._room = original  # type: ignore[method-assign]
        OpsroomAction.surroundings = None


def test_when_somebody_else_unlocks_the_owners_room_is_told(world: World) -> None:
    rooms: Dict[str, Listener] = {}
    world.ask("lock", "bob", room="#load", environment="uat", app="web", reason="load test")
    answer = ask_in_rooms(world, rooms, "alice", "unlock", environment="uat", app="web")
    assert re.match(
        r"alice unlocked web on uat; bob had locked it since .*: load test", answer["message"]
    )
    assert rooms["#load"].said == [
        "bob: alice unlocked web on uat, which you had locked: load test"
    ]
    assert rooms.get("#dev", Listener()).said == []


def test_the_owners_room_is_not_told_twice(world: World) -> None:
    rooms: Dict[str, Listener] = {}
    world.ask("lock", "bob", room="#dev", environment="uat", reason="load test")
    ask_in_rooms(world, rooms, "alice", "unlock", environment="uat", room="dev")
    world.ask("lock", "bob", room="#load", environment="uat", reason="load test")
    ask_in_rooms(world, rooms, "bob", "unlock", environment="uat")
    assert all(one.said == [] for one in rooms.values())


def test_of_an_application_alone_it_is_asked_where(world: World) -> None:
    answer = world.ask("unlock", environment="web")
    assert (answer["code"], answer["message"]) == (
        "unknown_environment",
        "web is an application, not an environment.",
    )
    assert answer["hint"].startswith("Say: unlock web on test; unlock web on uat")
    answer = world.ask("lock", "bob", environment="WEB", reason="load test until 17:00")
    assert answer["hint"].startswith(
        "Say: lock web on test: load test until 17:00; lock web on uat: "
    )
    assert (
        "Say: lock web on test: REASON"
        in world.ask("lock", "bob", environment="web", reason="x " * 60)["hint"]
    )
    assert world.ask("unlock", environment="wbe")["message"] == "There is no environment 'wbe'."


def test_what_is_not_locked_cannot_be_unlocked_and_what_was_meant_is_named(world: World) -> None:
    nothing = world.ask("unlock", environment="uat")
    assert (nothing["code"], nothing["message"]) == ("not_locked", "uat is not locked.")
    world.ask("lock", "bob", environment="uat", app="web", reason="load test")
    narrower = world.ask("unlock", environment="uat")
    assert narrower["message"].startswith(
        "uat itself is not locked. But web on uat is locked by bob"
    )
    assert narrower["hint"] == "Say: unlock web on uat"
    wider = world.ask("unlock", environment="everything", who="carol", room="#ops")
    assert wider["code"] == "not_locked"
    assert wider["message"].startswith("There is no lock on everything. But web on uat is locked")


def test_unknown_names_are_refused_with_the_nearest(world: World) -> None:
    assert world.ask("lock", environment="uta", reason="x")["hint"] == "Did you mean uat?"
    assert (
        world.ask("lock", environment="everything", app="web", reason="x")["code"]
        == "unknown_environment"
    )
    assert world.ask("lock", environment="uat", app="wbe", reason="x")["code"] == "unknown_app"
    assert world.ask("unlock", environment="uta")["code"] == "unknown_environment"
    assert world.events() == ["refused"] * 4


def test_the_list_shows_what_holds_widest_first(world: World) -> None:
    world.ask("lock", "bob", environment="uat", app="web", reason="load test")
    world.ask("lock", "alice", environment="test", reason="demo for 2h")
    world.ask("lock", "carol", room="#ops", environment="everything", reason="incident")
    listed = world.ask("list_locks")
    lines = listed["message"].split("\n")
    assert lines[0] == "Locked:"
    assert [line.split(" | ")[0] for line in lines[1:]] == ["everything", "test", "web on uat"]
    assert re.fullmatch(r"test \| alice since .* until .* \| demo", lines[2])
    assert [one["owner"] for one in listed["locks"]] == ["carol", "alice", "bob"]
    only = world.ask("list_locks", environment="uat")
    assert [line.split(" | ")[0] for line in only["message"].split("\n")[1:]] == [
        "everything",
        "web on uat",
    ]
    assert world.ask("list_locks", environment="production")["message"].startswith(
        "Locked on production:\neverything"
    )


def test_a_lock_whose_time_is_over_stops_nobody_and_its_end_is_recorded_by_the_next_who_locks(
    world: World,
) -> None:
    world.ask("lock", "bob", environment="uat", reason="load test for 2h")
    store = open_store(world.database)
    run(store, "UPDATE locks SET until = '2000-01-01T00:00:00.000000+00:00'")
    assert world.ask("list_locks")["message"] == "Nothing is locked."
    assert deploy(world, "alice")["code"] == "deployed"
    assert world.ask("unlock", "alice", environment="uat")["code"] == "not_locked"
    ended = [record for record in world.records() if record.event.value == "unlocked"]
    assert [(one.requester, one.message) for one in ended] == [("bob", "its time was over")]
    assert world.chain_holds()


def test_a_hostile_reason_reaches_the_room_harmless_and_short(world: World) -> None:
    answer = world.ask(
        "lock", environment="uat", reason="{{ st2kv.system.x }} <!channel> " + "x" * 460
    )
    for one in (
        answer,
        world.ask("list_locks"),
        deploy(world, "bob"),
        world.ask("unlock", "bob", environment="uat"),
    ):
        assert "{{" not in one["message"]
        assert "<!" not in one["message"]
        assert len(one["message"]) + len(one["hint"]) <= 400


def test_after_a_rollback_the_application_is_locked_there_for_who_rolled_back(world: World) -> None:
    deploy(world, "alice", "v1.0.0")
    deploy(world, "alice", "v1.1.0")
    back = world.ask("rollback", "bob", app="web", environment="uat")
    assert back["code"] == "deployed"
    (lock,) = world.ask("list_locks")["locks"]
    assert (lock["app"], lock["environment"], lock["owner"]) == ("web", "uat", "bob")
    assert lock["reason"] == "rolled back from v1.1.0 to v1.0.0"
    assert deploy(world, "alice", "v1.1.0")["code"] == "locked"
    assert deploy(world, "bob", "v1.2.0")["code"] == "deployed"
    assert world.ask("unlock", "alice", environment="uat", app="web")["code"] == "unlocked"


def test_a_lock_while_a_deployment_runs_succeeds_and_says_who_is_deploying(world: World) -> None:
    go, began = world.folder / "go", world.folder / "began"
    body = (
        f"import os, time\nopen({str(began)!r}, 'w')\nwhile not os.path.exists({str(go)!r}): "
        "time.sleep(0.05)"
    )
    world.with_app(
        "api", deploy={"kind": "command", "command": ["python3", "-c", body], "time_limit": "2m"}
    )
    process = world.spawn(
        "deploy", "alice", app="api", version="3.1.0", environment="uat", redeploy=False
    )
    until = time.monotonic() + LIMIT
    while not began.exists() and time.monotonic() < until:
        time.sleep(0.02)
    try:
        answer = world.ask("lock", "bob", environment="uat", reason="load test")
    finally:
        go.write_text("")
    assert answer["ok"]
    assert "alice (api 3.1.0 on uat) is deploying right now; that continues." in answer["message"]
    assert process.result()["code"] == "deployed"


@pytest.fixture
def shared(tmp_path: Path, store_url: str) -> World:
    return make_world(tmp_path, store_url)


def test_of_locks_and_a_deployment_at_once_the_deployment_began_first_or_was_refused(
    shared: World,
) -> None:
    open_store(shared.database).close()
    others = [f"locker{number}" for number in range(6)]
    shared.config["people"].update({name: {"chat": [name]} for name in others})
    given = {"app": "web", "version": "v1.0.0", "environment": "uat", "redeploy": False}
    # The deployment has further to go to its claim than a lock to its row: it gets a start.
    deploying = [shared.spawn("deploy", "alice", **given)]
    locking = [shared.spawn("lock", name, environment="uat", reason="mine") for name in others]
    answers: List[Dict[str, Any]] = [one.result() for one in locking]
    deployed = deploying[0].result()
    assert sorted(one["code"] for one in answers) == ["locked"] * 5 + ["locked_now"]
    (winner,) = [one for one in answers if one["code"] == "locked_now"]
    events = shared.events()
    if deployed["code"] == "locked":
        assert "started" not in events
        assert winner["deploying"] == []
    else:
        # Its claim was there before the lock: the lock names it, or it had ended by then.
        assert deployed["code"] == "deployed"
        ended_before = events.index("succeeded") < events.index("locked")
        assert winner["deploying"] == ([] if ended_before else [deployed["deployment"]])
    assert shared.chain_holds()
