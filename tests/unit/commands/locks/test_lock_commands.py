"""lock, unlock and show locks: what is done, what is said, what is recorded, and whom a lock
stops."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.db.store import open_store
from support.expectations import expect, says
from support.records.stores import run
from support.waiting import until
from support.worlds.ruled import Ruled
from support.worlds.world import World, make_world

LIMIT = 120.0


def test_a_lock_stops_others_and_not_its_owner(world: World) -> None:
    locked = world.lock()
    expect(locked, ok=True, code="locked_now")
    assert re.fullmatch(
        r"uat is locked by bob since \d\d:\d\d UTC, no end: load test\. Only bob can deploy "
        r"there now\. "
        r"To end it: unlock uat",
        locked["message"],
    )
    refused = world.deploy()
    expect(refused, outcome="refused", code="locked")
    assert "uat is locked by bob since" in refused["message"]
    assert refused["hint"] == "To end it, bob or someone who may lock uat says: unlock uat"
    assert world.running() == ""
    assert world.deploy(environment="test")["code"] == "deployed"
    assert world.deploy(who="bob")["code"] == "deployed"
    assert world.chain_holds()


def test_a_lock_and_its_end_are_recorded_with_who_and_why(world: World) -> None:
    world.lock("UAT", "load  test\nwith db", app="Web", room="#dev")
    world.unlock(app="web")
    locked, unlocked = world.records()
    expect(locked, event="locked", command="lock", person="bob", chat_name="bob")
    expect(locked, app="web", environment="uat", room="#dev", code="locked_now")
    assert locked.facts["reason"] == "load test with db"
    expect(unlocked, event="unlocked", command="unlock", code="unlocked")
    assert unlocked.facts["reason"] == locked.facts["reason"]
    assert world.chain_holds()


@pytest.mark.parametrize(
    "end",
    ["until 24/12/1999", "until next Friday 17:00", "until the release is out", "for a while"],
)
def test_an_unreadable_end_is_no_part_of_the_reason(world: World, end: str) -> None:
    refused = world.lock("uat", f"load test {end}")
    expect(refused, outcome="refused", code="invalid_time")
    assert refused["hint"].endswith(
        ". Where no time is meant, write at the end of the reason: no end"
    )
    assert world.ask("list_locks")["locks"] == []
    locked = world.lock("uat", f"load test {end}, no end")
    expect(locked, code="locked_now", reason=f"load test {end}", until="")
    assert ", no end: load test" in locked["message"]
    assert ", no end | load test" in world.ask("list_locks")["message"]


def test_an_end_in_the_text_is_taken_off_the_reason(world: World) -> None:
    answer = world.lock("uat", "load test for 2h")
    expect(answer, reason="load test", app="")
    assert re.search(r"since .* until .*: load test\.", answer["message"])
    assert answer["until"] > answer["since"]


@pytest.mark.parametrize("reason", [None, "   ", "until 17:00", "for 2h", "\n"])
def test_a_lock_needs_a_reason(world: World, reason: Any) -> None:
    answer = world.lock("uat", reason, who="alice")
    expect(answer, code="reason_needed", outcome="refused")
    assert answer["hint"] == "For example: lock uat: load test until 17:00"
    assert world.events() == ["refused"]
    assert world.ask("list_locks")["message"] == "Nothing is locked."


def test_an_end_that_is_past_is_refused(world: World) -> None:
    answer = world.lock("uat", "load test until 2001-01-01", who="alice")
    assert answer["code"] == "invalid_time"
    assert world.events() == ["refused"]


def test_locking_again_renews_ones_own_lock_and_says_so(world: World) -> None:
    first = world.lock()
    again = world.lock("uat", "longer load test for 2h")
    assert again["ok"]
    assert again["renewed"] is True
    assert again["since"] == first["since"]
    assert "It was theirs already (load test, without end)." in again["message"]
    assert world.events() == ["locked", "locked"]
    assert len(world.ask("list_locks")["locks"]) == 1


def test_the_lock_of_another_stays_theirs(world: World) -> None:
    world.lock()
    answer = world.lock("uat", "mine", who="alice")
    expect(answer, outcome="refused", code="locked")
    says(answer, "uat is locked by bob", "That lock stays.")
    assert world.events() == ["locked", "refused"]


def test_the_kill_switch_stops_everybody_its_owner_too_until_it_is_unlocked(world: World) -> None:
    answer = world.lock("everything", "the relay is not ours", who="carol", room="#ops")
    assert answer["message"].startswith("Everything is locked by carol since")
    assert "Nobody can deploy anywhere now, including carol." in answer["message"]
    for who in ("alice", "carol"):
        for environment in ("test", "production"):
            assert world.deploy(who=who, environment=environment, room="#ops")["ok"] is False
    assert world.deploy(who="carol")["code"] == "locked"
    assert world.unlock("Everything", who="carol", room="#ops")["ok"]
    assert world.deploy(who="carol")["code"] == "deployed"


def test_everything_is_locked_by_those_who_may_lock_each_environment(world: World) -> None:
    answer = world.lock("everything", "panic", who="alice", room="#ops")
    assert (answer["code"], "production" in answer["message"]) == ("not_allowed", True)
    # carol may, but from a room that counts somewhere.
    assert world.lock("everything", "panic", who="carol", room="#dev")["code"] == "wrong_room"
    world.config["environments"]["uat"] = {"rooms": ["#dev"]}
    assert world.lock("everything", "panic", who="carol", room="#dev")["code"] == "locked_now"


def test_who_may_not_lock_there_is_refused_and_told_who_may(world: World) -> None:
    answer = world.lock("production", "mine now", who="alice", room="#ops")
    assert (answer["code"], "release-managers" in answer["hint"]) == ("not_allowed", True)
    assert world.lock("production", "x", who="carol", room="#dev")["code"] == "wrong_room"
    world.config["environments"]["uat"] = {"lockers": ["carol"]}
    assert world.lock("uat", "mine now", who="alice")["code"] == "not_allowed"
    assert world.lock("uat", "mine now", who="carol")["code"] == "locked_now"


def test_the_owner_unlocks_from_anywhere_and_others_need_the_right(world: World) -> None:
    world.lock("production", "incident", who="carol", room="#ops")
    refused = world.unlock("production", who="alice", room="#ops")
    assert refused["code"] == "not_allowed"
    assert "production is locked by carol" in refused["message"]
    assert world.events() == ["locked", "refused"]
    assert world.unlock("production", who="carol", room="#dev")["code"] == "unlocked"


def test_when_somebody_else_unlocks_the_owners_room_is_told(world: World) -> None:
    world.lock(room="#load", app="web")
    rooms = Ruled(world)
    answer = rooms.ask("unlock", environment="uat", app="web")
    assert re.match(
        r"alice unlocked web on uat; bob had locked it since .*: load test", answer["message"]
    )
    told = "bob: alice unlocked web on uat, which you had locked: load test"
    assert (rooms.heard["#load"].said, rooms.heard["#dev"].said) == ([told], [])


def test_the_owners_room_is_not_told_twice(world: World) -> None:
    rooms = Ruled(world)
    world.lock(room="#dev")
    assert rooms.ask("unlock", "alice", "dev", environment="uat")["ok"]
    world.lock(room="#load")
    assert rooms.ask("unlock", "bob", environment="uat")["ok"]
    assert all(one.said == [] for one in rooms.heard.values())


def test_of_an_application_alone_it_is_asked_where(world: World) -> None:
    answer = world.unlock("web", who="alice")
    expect(answer, code="unknown_environment", message="web is an application, not an environment.")
    assert answer["hint"].startswith("Say: unlock web on test; unlock web on uat")
    answer = world.lock("WEB", "load test until 17:00")
    assert answer["hint"].startswith(
        "Say: lock web on test: load test until 17:00; lock web on uat: "
    )
    assert "Say: lock web on test: REASON" in world.lock("web", "x " * 60)["hint"]
    assert world.unlock("wbe", who="alice")["message"] == "There is no environment 'wbe'."


def test_what_is_not_locked_cannot_be_unlocked_and_what_was_meant_is_named(world: World) -> None:
    expect(world.unlock(who="alice"), code="not_locked", message="uat is not locked.")
    world.lock(app="web")
    narrower = world.unlock(who="alice")
    says(narrower, begins="uat itself is not locked. But web on uat is locked by bob")
    assert narrower["hint"] == "Say: unlock web on uat"
    wider = world.unlock("everything", who="carol", room="#ops")
    assert wider["code"] == "not_locked"
    assert wider["message"].startswith("There is no lock on everything. But web on uat is locked")


def test_unknown_names_are_refused_with_the_nearest(world: World) -> None:
    assert world.lock("uta", "x", who="alice")["hint"] == "Did you mean uat?"
    assert world.lock("everything", "x", who="alice", app="web")["code"] == "unknown_environment"
    assert world.lock("uat", "x", who="alice", app="wbe")["code"] == "unknown_app"
    assert world.unlock("uta", who="alice")["code"] == "unknown_environment"
    assert world.events() == ["refused"] * 4


def test_the_list_shows_what_holds_widest_first(world: World) -> None:
    world.lock(app="web")
    world.lock("test", "demo for 2h", who="alice")
    world.lock("everything", "incident", who="carol", room="#ops")
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


def test_a_lock_whose_time_is_over_stops_nobody_and_its_end_is_recorded(world: World) -> None:
    world.lock("uat", "load test for 2h")
    store = open_store(world.database)
    run(store, "UPDATE locks SET until = '2000-01-01T00:00:00.000000+00:00'")
    assert world.ask("list_locks")["message"] == "Nothing is locked."
    assert world.deploy()["code"] == "deployed"
    assert world.unlock(who="alice")["code"] == "not_locked"
    ended = [record for record in world.records() if record.event.value == "unlocked"]
    assert [(one.requester, one.message) for one in ended] == [("bob", "its time was over")]
    assert world.chain_holds()


def test_a_hostile_reason_reaches_the_room_harmless_and_short(world: World) -> None:
    answer = world.lock("uat", "{{ st2kv.system.x }} <!channel> " + "x" * 460, who="alice")
    for one in (answer, world.ask("list_locks"), world.deploy(who="bob"), world.unlock()):
        assert "{{" not in one["message"]
        assert "<!" not in one["message"]
        assert len(one["message"]) + len(one["hint"]) <= 400


def test_after_a_rollback_the_application_is_locked_there_for_who_rolled_back(world: World) -> None:
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    back = world.ask("rollback", "bob", app="web", environment="uat")
    assert back["code"] == "deployed"
    (lock,) = world.ask("list_locks")["locks"]
    expect(lock, app="web", environment="uat", owner="bob")
    assert lock["reason"] == "rolled back from v1.1.0 to v1.0.0"
    assert world.deploy("v1.1.0")["code"] == "locked"
    assert world.deploy("v1.2.0", who="bob")["code"] == "deployed"
    assert world.unlock(who="alice", app="web")["code"] == "unlocked"


def test_a_lock_while_a_deployment_runs_succeeds_and_says_who_is_deploying(world: World) -> None:
    go, began = world.folder / "go", world.folder / "began"
    body = (
        f"import os, time\nopen({str(began)!r}, 'w')\nwhile not os.path.exists({str(go)!r}): "
        "time.sleep(0.05)"
    )
    world.with_app(
        "api", deploy={"kind": "command", "command": ["python3", "-c", body], "time_limit": "2m"}
    )
    process = world.spawn_deploy("3.1.0", who="alice", app="api")
    until(began.exists, "the deployment has begun", LIMIT)
    try:
        answer = world.lock()
    finally:
        go.write_text("")
    assert answer["ok"]
    assert "alice (api 3.1.0 on uat) is deploying right now; that continues." in answer["message"]
    assert process.result()["code"] == "deployed"


@pytest.fixture
def shared(tmp_path: Path, store_url: str) -> World:
    return make_world(tmp_path, store_url)


def test_of_locks_and_a_deployment_at_once_the_first_wins(shared: World) -> None:
    open_store(shared.database).close()
    others = [f"locker{number}" for number in range(6)]
    shared.config["people"].update({name: {"chat": [name]} for name in others})
    # The deployment has further to go to its claim than a lock to its row: it gets a start.
    deploying = shared.spawn_deploy("v1.0.0", who="alice")
    locking = [shared.spawn("lock", name, environment="uat", reason="mine") for name in others]
    answers: List[Dict[str, Any]] = [one.result() for one in locking]
    deployed = deploying.result()
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
