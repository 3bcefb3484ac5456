"""One message is one command, whichever relay delivers it again; and a room that speaks changes
nothing."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom import action as action_module
from opsroom.action import Effect, Surroundings
from opsroom.commands import Context, Outcome
from opsroom.db.sql import execute, moment, scalar
from opsroom.db.store import open_store
from opsroom.errors import Code
from opsroom.records.idempotency import KEPT
from opsroom.stackstorm.context import Starter
from support.cases import cases
from support.expectations import expect, says
from support.processes import in_threads
from support.seals import KEY, sealed
from support.worlds.effects import ACTIONS, CHANGING, class_of
from support.worlds.world import World, make_world

ALICE = "slack:T024BE7LD/U0ALICE"
OTHER_KEY = "the-key-of-the-other-relay-0123456789"
READS = {
    *("audit_report", "audit_verify", "board", "check_green", "check_record", "check_version"),
    *("compare_environments", "compare_versions", "find_cards", "get_card", "get_history"),
    *("get_on_call", "get_version", "help", "list_changes", "list_incidents", "list_locks"),
    *("list_pages", "metrics", "plan", "reconcile", "release_plan", "report", "suggest"),
    "write_metrics",
    *("whoami", "doctor"),
}
ALERTS = {
    *("ack_page", "add_responder", "escalate_page", "open_incident", "page", "page_on_failure"),
    "resolve_page",
}


def test_what_only_reads_and_what_alerts_is_listed_here() -> None:
    found = {name: class_of(name).effect for name in ACTIONS}
    assert {name for name, effect in found.items() if effect is Effect.READS} == READS
    assert {name for name, effect in found.items() if effect is Effect.ALERTS} == ALERTS


@pytest.fixture
def world(tmp_path: Path, store_url: str) -> World:
    made = make_world(tmp_path, store_url)
    config = copy.deepcopy(made.config)
    config.update(
        relays=["chatops_bot", "errbot_bot", "plain_bot"],
        relay_keys={"chatops_bot": KEY, "errbot_bot": OTHER_KEY},
        trackers={"board": {"kind": "local", "project": "CARD", "columns": ["To do", "Done"]}},
        pagers={"log": {"kind": "local", "on_call": {"web-team": ["alice"]}}},
        teams={"web-team": {"page": ["log"], "log": "web-team"}},
    )
    config["people"]["alice"]["chat"].append(ALICE)
    made.config = config
    return made


def deliver(
    world: World, action: str, execution: str, speaker: str, user: str = "chatops_bot", **given: Any
) -> Dict[str, Any]:
    """Run an action as an execution of its own."""
    class_ = class_of(action)
    own = type(
        class_.__name__,
        (class_,),
        {"surroundings": Surroundings(world.database, world.room, execution)},
    )
    defaults = {"deploy": {"redeploy": False}, "page": {"urgent": False, "emergency": False}}
    parameters = {**defaults.get(action, {}), **given}
    ok, result = own(config=world.config).run(
        **parameters, requester=speaker, room="#dev", st2_user=user
    )
    return {"ok": ok, **result}


def counted(world: World, statement: str) -> int:
    with open_store(world.database).read() as on:
        return int(scalar(on, statement))


COMMANDS: Dict[str, Any] = {
    "deploy": (
        {"app": "web", "version": "v1.1.0", "environment": "uat"},
        "SELECT count(*) FROM ledger WHERE event = 'succeeded'",
    ),
    "create_card": ({"text": "checkout is down"}, "SELECT count(*) FROM cards"),
    "page": (
        {"who": "web-team", "message": "checkout is down"},
        "SELECT count(*) FROM local_pages",
    ),
}


@pytest.mark.parametrize("action", COMMANDS)
def test_two_relays_that_deliver_one_message_at_once_do_it_once(world: World, action: str) -> None:
    given, made = COMMANDS[action]
    relays = [("chatops_bot", KEY, "hubot/0.4.0"), ("errbot_bot", OTHER_KEY, "errbot/0.4.0")]

    def relay(number: int) -> Any:
        user, key, by = relays[number]
        who = sealed(ALICE, "#dev", message="1796048341.000100", key=key, relay=by)
        return deliver(world, action, f"e{number}", who, user, **given)

    answers = in_threads(len(relays), relay)
    assert sorted((one["ok"], one["code"] == "message_taken") for one in answers) == [
        (False, True),
        (True, False),
    ]
    assert counted(world, made) == 1
    assert counted(world, "SELECT count(*) FROM ledger WHERE code = 'message_taken'") == 1


def note(
    world: World,
    execution: str,
    who: str,
    room: str = "#dev",
    user: str = "chatops_bot",
    action: str = "lock",
) -> str:
    """The code of a command that does nothing but say that it was carried out."""
    class_ = class_of(action)
    around = Surroundings(world.database, world.room, execution)
    own = type(class_.__name__, (class_,), {"surroundings": around})

    def use_case(context: Context) -> Outcome:
        return Outcome(True, Code.NOTED, "done")

    _, result = own(config=world.config).answer(use_case, who, room, user)
    return str(result["code"])


@pytest.mark.databases("sqlite")
@cases("action", CHANGING)
def test_every_command_that_changes_something_takes_its_message(world: World, action: str) -> None:
    who = sealed(ALICE, "#dev")
    codes = [note(world, execution, who, action=action) for execution in ("e1", "e2")]
    assert codes == ["noted", "message_taken"]


@pytest.mark.databases("sqlite")
def test_what_reads_answers_each_time_and_takes_nothing(world: World) -> None:
    who = sealed(ALICE, "#dev", message="m1")
    codes = [note(world, "e1", who, action=one) for one in (*READS, *READS)]
    assert set(codes) == {"noted"}
    assert counted(world, "SELECT count(*) FROM messages") == 0


@pytest.mark.databases("sqlite")
def test_the_answer_says_when_and_where_it_was_taken(world: World) -> None:
    who, given = sealed(ALICE, "#dev", message="m1"), COMMANDS["deploy"][0]
    assert deliver(world, "deploy", "e1", who, **given)["code"] == "deployed"
    again = deliver(world, "lock", "e2", who, environment="uat", reason="load test")
    expect(again, code="message_taken", outcome="refused", execution="e1")
    says(again, "(execution e1)", begins="This message of alice was taken at ")
    assert counted(world, "SELECT count(*) FROM locks") == 0
    last = world.records()[-1]
    expect(last, event="refused", code="message_taken", command="lock")
    expect(last, person="alice", execution_id="e2")
    assert (last.chat_name, last.facts["vouched_by"]) == (ALICE, who.split(" ")[1])


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("speaker", "room", "message", "age", "code"),
    [
        (ALICE, "#dev", "m2", 0, "noted"),
        ("slack:T024BE7LD/U0BOB", "#dev", "m1", 0, "noted"),
        (ALICE, "#ops", "m1", 0, "noted"),
        # Reported without its sign by another relay.
        (ALICE, "Dev", "m1", 0, "message_taken"),
        (ALICE, "#dev", "m1", 9, "message_taken"),
    ],
    ids=["message", "speaker", "room", "room without sign", "time"],
)
def test_what_one_message_is(
    world: World, speaker: str, room: str, message: str, age: int, code: str
) -> None:
    assert note(world, "e1", sealed(ALICE, "#dev", message="m1")) == "noted"
    again = sealed(speaker, room, message=message, at=datetime.now().timestamp() - age)
    assert note(world, "e2", again, room) == code


@pytest.mark.databases("sqlite")
def test_a_bare_name_has_no_message_that_could_come_again(world: World) -> None:
    assert note(world, "e0", sealed(ALICE, "#dev", message="m1")) == "noted"
    assert [note(world, one, "alice") for one in ("e1", "e2")] == ["noted", "noted"]
    assert counted(world, "SELECT count(*) FROM messages") == 1


@pytest.mark.databases("sqlite")
def test_actions_of_a_workflow_share_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    who = sealed(ALICE, "#dev")

    def inside(workflow: str) -> None:
        starter = Starter("chatops_bot", who, "#dev", workflow, None)
        monkeypatch.setattr(action_module, "starter_of", lambda *given: starter)

    inside("w1")
    codes = [note(world, f"e{one}", who, action=one) for one in ("page", "create_card", "deploy")]
    assert codes == ["noted"] * 3
    inside("w2")
    assert note(world, "e9", who, action="page") == "message_taken"


@pytest.mark.databases("sqlite")
def test_a_workflow_is_as_old_as_its_start(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    an_hour_ago = datetime.now(timezone.utc).timestamp() - 3600
    who = sealed(ALICE, "#dev", at=an_hour_ago)
    assert note(world, "e1", who) == "seal_stale"
    starter = Starter("chatops_bot", who, "#dev", "w1", an_hour_ago + 2)
    monkeypatch.setattr(action_module, "starter_of", lambda *given: starter)
    assert note(world, "e1", who) == "noted"


@pytest.mark.databases("sqlite")
def test_an_execution_without_an_id_shares_its_message_with_nobody(world: World) -> None:
    who = sealed(ALICE, "#dev")
    assert [note(world, "", who), note(world, "", who)] == ["noted", "message_taken"]


def test_what_is_older_than_a_week_is_forgotten(world: World) -> None:
    assert note(world, "e1", sealed(ALICE, "#dev", message="m1")) == "noted"
    old = moment(datetime.now(timezone.utc) - timedelta(seconds=KEPT + 60))
    with open_store(world.database).write() as on:
        execute(on, "UPDATE messages SET at = :old", old=old)
    assert note(world, "e2", sealed(ALICE, "#dev", message="m2")) == "noted"
    assert counted(world, "SELECT count(*) FROM messages") == 1


@pytest.mark.databases("sqlite")
@cases("action", CHANGING)
def test_a_room_that_speaks_changes_nothing(world: World, action: str) -> None:
    assert note(world, "e1", "#ops", room="#ops", user="plain_bot", action=action) == (
        "speaker_is_room"
    )


@pytest.mark.databases("sqlite")
def test_a_room_that_speaks_may_look_and_is_on_the_record_otherwise(world: World) -> None:
    assert note(world, "e1", "#ops", user="plain_bot", action="get_version") == "noted"
    assert world.records() == []
    assert note(world, "e1", "#ops", user="plain_bot", action="approve_change") == "speaker_is_room"
    last = world.records()[-1]
    expect(last, code="speaker_is_room", command="approve change", requester="#ops (unknown here)")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("action", ["deploy", "page", "get_version"])
def test_a_seal_that_does_not_fit_a_change_is_on_the_record(world: World, action: str) -> None:
    who = sealed(ALICE, "#ops")
    assert note(world, "e1", who, room="#dev", action=action) == "seal_wrong"
    found = [(one.code, one.requester, one.chat_name, one.facts) for one in world.records()]
    assert found == (
        [] if action == "get_version" else [("seal_wrong", f"{ALICE} (not proven)", ALICE, {})]
    )
    assert who.rpartition(" ")[2] not in str(world.records())


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(("action", "code"), [("page", "noted"), ("deploy", "store_unreachable")])
def test_without_the_database_only_an_alert_begins(
    world: World, tmp_path: Path, action: str, code: str
) -> None:
    (tmp_path / "file").write_text("")
    world.database = f"sqlite:///{tmp_path}/file/opsroom.db"
    assert note(world, "e1", sealed(ALICE, "#dev"), action=action) == code
