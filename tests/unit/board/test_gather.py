"""What the board finds in the record and at the places, and what it leaves out where it is
narrowed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.board.compose import MOST
from opsroom.board.gather import PAST
from opsroom.board.model import Board, Outcome, Urgent, Waits
from opsroom.board.render import as_html
from opsroom.db.store import open_store
from opsroom.people import Speaker
from opsroom.records.claims import Claim, take
from opsroom.records.incidents import declare
from opsroom.records.ledger import append
from opsroom.records.model import Entry, Event
from opsroom.records.pages import Page, begin
from support.worlds.boards import board_of, place_of
from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path)
    made.config["web"] = "https://st2.example.com"
    return made


def look(world: World, **wanted: Any) -> Board:
    return board_of(world.config, world.database, **wanted)


def deploy(world: World, version: str, environment: str, **more: Any) -> Dict[str, Any]:
    return dict(world.ask("deploy", app="web", version=version, environment=environment, **more))


def put_by_hand(world: World, version: str, environment: str) -> None:
    place = world.folder / "srv" / "web" / environment
    (place / version).mkdir(parents=True)
    (place / version / "VERSION").write_text(version)
    (place / "current").unlink(missing_ok=True)
    (place / "current").symlink_to(version)


def claim(world: World, **more: Any) -> None:
    store = open_store(world.database)
    known = {"deployment": "d9", "command": "deploy", "holder": "bob", "version": "v1.2.0"}
    with store.write() as on:
        take(store, on, Claim("web", "uat", **{**known, "step": "deploying", **more}), 60.0)


def test_a_version_has_its_time_its_person_and_its_execution(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    board = look(world)
    found = place_of(board, "web", "uat")
    record = world.finished()[0]
    assert (found.version, found.by, found.since) == ("v1.0.0", "alice", record.clock)
    assert found.link == "https://st2.example.com/#/history/5f0000000000000000000001"
    assert (found.drift, found.silent, found.failed, found.going) == (False, "", None, None)
    assert place_of(board, "web", "test").version == ""
    assert board.environments == ("test", "uat", "production")


def test_without_the_address_of_stackstorm_nothing_is_linked(world: World) -> None:
    del world.config["web"]
    deploy(world, "v1.0.0", "uat")
    board = look(world)
    assert (place_of(board, "web", "uat").link, board.past[0].link) == ("", "")


def test_what_runs_and_the_record_does_not_know_is_drift(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    put_by_hand(world, "v6.6.6", "uat")
    put_by_hand(world, "v7.0.0", "production")
    board = look(world)
    uat, production = place_of(board, "web", "uat"), place_of(board, "web", "production")
    assert (uat.version, uat.recorded, uat.drift) == ("v6.6.6", "v1.0.0", True)
    assert (uat.by, uat.since, uat.link) == ("", None, "")
    assert (production.version, production.recorded, production.drift) == ("v7.0.0", "", True)


def test_without_asking_the_record_alone_says_what_runs(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    put_by_hand(world, "v6.6.6", "uat")
    board = look(world, ask=False)
    assert place_of(board, "web", "uat").version == "v1.0.0"
    assert not board.asked
    noted = {"event": "e1", "version": "v6.6.6", "version_before": "v1.0.0"}
    world.ask("note_drift", "stanley", app="web", environment="uat", **noted)
    found = place_of(look(world, ask=False), "web", "uat")
    assert (found.version, found.recorded, found.drift) == ("v6.6.6", "v1.0.0", True)
    assert look(world, ask=False).past[0].outcome is Outcome.DRIFT
    deploy(world, "v1.1.0", "uat")
    assert not place_of(look(world, ask=False), "web", "uat").drift


def test_while_something_is_deployed_nothing_counts_as_drift(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    put_by_hand(world, "v1.2.0", "uat")
    claim(world)
    found = place_of(look(world), "web", "uat")
    assert (found.drift, found.version) == (False, "v1.0.0")
    assert found.going is not None
    assert (found.going.version, found.going.step, found.going.by) == ("v1.2.0", "deploying", "bob")
    assert not found.going.lost
    world.let_leases_run_out()
    assert look(world).going[0].lost


def test_a_place_that_does_not_answer_shows_the_record_and_why(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    world.config["apps"]["web"]["version"] = {"kind": "command", "command": ["false"]}
    found = place_of(look(world), "web", "uat")
    assert found.version == "v1.0.0"
    assert "false" in found.silent


def test_a_place_that_hangs_is_not_waited_for(world: World) -> None:
    slow = {"kind": "command", "command": ["sleep", "30"], "time_limit": "60s"}
    world.config["apps"]["web"]["version"] = slow
    found = place_of(look(world, ask_within="1s"), "web", "uat")
    assert found.silent == "no answer within 1 s."


def test_a_deployment_that_failed_stays_until_one_succeeds(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    world.config["apps"]["web"]["deploy"]["repository"] = "/nowhere"
    world.config["apps"]["web"] = {
        **world.config["apps"]["web"], "deploy": {"kind": "command", "command": ["false"]},
    }  # fmt: skip
    assert deploy(world, "v1.1.0", "uat")["code"] == "deploy_failed"
    found = place_of(look(world), "web", "uat")
    assert found.version == "v1.0.0"
    assert found.failed is not None
    assert (found.failed.version, found.failed.outcome) == ("v1.1.0", Outcome.FAILED)


def test_locks_and_freezes_are_there_with_their_ends(world: World) -> None:
    year = [{"name": "all year", "from": "2020-01-01", "to": "2090-01-01"}]
    world.config["environments"]["production"]["freezes"] = year
    world.config["environments"]["uat"]["apps"] = {"web": {"freezes": year}}
    world.ask("lock", "bob", environment="uat", reason="load test for 2h")
    board = look(world)
    (lock,) = board.locks
    assert (lock.place, lock.reason, lock.by) == ("uat", "load test", "bob")
    assert lock.until is not None
    assert [(one.place, one.name) for one in board.freezes] == [
        ("web on uat", "all year"),
        ("production", "all year"),
    ]
    assert board.freezes[0].until is not None
    assert place_of(board, "web", "uat").locked
    assert not place_of(board, "web", "test").locked


def test_a_change_says_who_may_approve_it_and_how_far_it_is(world: World) -> None:
    world.config["groups"]["testers"] = ["alice", "bob"]
    world.config["environments"]["uat"] = {"approvals": 2, "approvers": ["testers", "carol"]}
    change = deploy(world, "v1.0.0", "uat")["change"]
    world.ask("approve_change", "bob", change=change, code="")
    (found,) = look(world).waiting
    assert (found.id, found.waits, found.version) == (change, Waits.APPROVAL, "v1.0.0")
    assert (found.approved, found.needed, found.who) == (1, 2, "bob and carol")
    assert found.until is not None
    # Without people, of those who may approve only the groups are named, and here none is whole.
    (unnamed,) = look(world, people=False).waiting
    assert (unnamed.who, unnamed.by, unnamed.needed) == ("", "", 2)


def test_what_is_to_be_confirmed_waits_for_who_asked(world: World) -> None:
    world.config["environments"]["uat"] = {"confirm_within": "10m"}
    deploy(world, "v1.0.0", "uat")
    (found,) = look(world).waiting
    assert (found.waits, found.by, found.who) == (Waits.CONFIRMATION, "alice", "")


def test_open_incidents_and_pages_are_there_each_once(world: World) -> None:
    store = open_store(world.database)
    speaker = Speaker("alice", None, "alice", "chatops_bot", "#dev", through_relay=True)
    with store.write() as on:
        incident, _ = declare(store, on, "web", "checkout is down", speaker, app="web")
        sent = Page("mark", "d1", "log", "alice", "alice", "alice", "it is slow", state="triggered")
        begin(store, on, replace(sent, number="7"))
        begin(store, on, replace(sent, mark="other", number="8", state="resolved"))
    board = look(world)
    assert [(one.kind, one.whom, one.text) for one in board.alerts] == [
        (Urgent.INCIDENT, "web", "checkout is down"),
        (Urgent.PAGE, "alice", "it is slow"),
    ]
    assert [one.id for one in board.alerts] == [incident.id, "7"]
    assert [one.whom for one in look(world, people=False).alerts] == ["web", ""]


def test_environments_that_are_not_shown_leave_no_trace(world: World) -> None:
    for environment in ("test", "uat"):
        deploy(world, "v1.0.0", environment)
    world.ask("lock", "bob", environment="test", reason="not for you")
    world.ask("lock", "bob", environment="uat", reason="for you")
    claim(world)
    board = look(world, environments=["test"])
    assert board.environments == ("test",)
    assert board.narrowed
    assert [one.reason for one in board.locks] == ["not for you"]
    assert {one.environment for one in board.past} == {"test"}
    assert board.going == ()
    assert {one.environment for one in board.places} == {"test"}
    assert look(world, environments=[]).rows == ()


def test_without_people_no_name_of_one_is_left(world: World) -> None:
    world.config["environments"]["test"] = {"approvals": 1}
    deploy(world, "v1.0.0", "uat")
    deploy(world, "v1.0.0", "test")
    world.ask("lock", "bob", environment="uat", reason="load test")
    claim(world, holder="carol")
    assert "alice" in repr(look(world))
    text = repr(look(world, people=False))
    assert [name for name in ("alice", "bob", "carol") if name in text] == []


def test_a_secret_of_the_config_is_nowhere(world: World) -> None:
    secret = "correct-horse-battery"
    deploy(world, "v1.0.0", "uat")
    world.ask("lock", "bob", environment="uat", reason=f"the token {secret} is in the log")
    world.config["apps"]["web"]["deploy"]["kind"] = "command"
    deploying = {"kind": "command", "command": ["true"], "secret_environ": {"TOKEN": secret}}
    world.config["apps"]["web"]["deploy"] = deploying
    board = look(world)
    assert secret not in repr(board)
    assert board.locks[0].reason == "the token *** is in the log"


def test_expressions_and_marks_of_the_record_are_neutral(world: World) -> None:
    store = open_store(world.database)
    live = "{{ st2kv.system.x }} <% 1 %>\u202e\nline"
    values = {"app": "web", "environment": "uat", "version": live, "requester": live}
    with store.write() as on:
        append(store, on, Entry(Event.SUCCEEDED, "d1", "deploy", message=live, **values))
    text = repr(look(world, ask=False))
    assert [one for one in ("{{", "<%", "\\u202e", "\\n") if one in text] == []


def test_the_timeline_has_the_last_thirty_of_what_is_shown(world: World) -> None:
    store = open_store(world.database)
    with store.write() as on:
        for number in range(80):
            environment = ("test", "uat")[number % 2]
            values = {"app": "web", "environment": environment, "version": f"v{number}"}
            append(store, on, Entry(Event.SUCCEEDED, f"d{number}", "deploy", **values))
    every, some = look(world, ask=False), look(world, ask=False, environments=["uat"])
    assert [one.version for one in every.past] == [f"v{number}" for number in range(79, 49, -1)]
    assert [one.version for one in some.past] == [f"v{number}" for number in range(79, 19, -2)]
    assert len(some.past) == PAST


def test_of_very_many_locks_the_rest_is_counted(world: World) -> None:
    world.config["environments"] = {f"e{number}": {} for number in range(MOST + 3)}
    for name in world.config["environments"]:
        world.ask("lock", "bob", environment=name, reason="all of them")
    board = look(world)
    assert len(board.locks) == MOST
    assert board.left_out == (("locks", 3),)


def test_it_changes_nothing(world: World) -> None:
    deploy(world, "v1.0.0", "uat")
    claim(world)
    world.let_leases_run_out()
    before = len(world.records())
    look(world)
    assert (len(world.records()), world.claims()) == (before, 1)


def test_two_hundred_applications_make_a_page_of_reasonable_size_in_reasonable_time(
    world: World,
) -> None:
    environments = ("dev", "test", "uat", "staging", "production")
    apps = [f"service-{number:03}" for number in range(200)]
    world.config["environments"] = {name: {} for name in environments}
    version = {"kind": "command", "command": ["true"]}
    world.config["apps"] = {name: {"version": version} for name in apps}
    store = open_store(world.database)
    with store.write() as on:
        for app in apps:
            for place in environments:
                values = {
                    "app": app,
                    "environment": place,
                    "version": "v1.12.0",
                    "requester": "alice",
                }
                values.update(execution_id="5f00000000000000000000ab", version_before="v1.11.3")
                append(store, on, Entry(Event.SUCCEEDED, f"{app}-{place}", "deploy", **values))
    # Of this process alone: what else the machine does is no fault of the board.
    began = time.process_time()
    board = look(world, ask=False)
    page = as_html(board)
    assert time.process_time() - began < 2.0
    assert len(board.places) == 1000
    assert len(page.encode()) < 400_000


def test_every_database_gives_the_same_board(tmp_path: Path, store_url: str) -> None:
    world = make_world(tmp_path, store_url)
    deploy(world, "v1.0.0", "uat")
    deploy(world, "v1.1.0", "uat")
    world.ask("lock", "bob", environment="uat", reason="load test for 2h")
    claim(world, deployment="d7")
    board = look(world)
    found = place_of(board, "web", "uat")
    assert (found.version, found.by, found.locked) == ("v1.1.0", "alice", True)
    assert [one.version for one in board.past] == ["v1.1.0", "v1.0.0"]
    assert [one.version for one in board.going] == ["v1.2.0"]
