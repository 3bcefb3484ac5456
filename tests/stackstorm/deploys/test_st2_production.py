"""What guards production, on a running StackStorm: the story of a change, and the attacks on it."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest

from support.stackstorm.client import Answer, StackStorm
from support.worlds.world import World

TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ASK = "deploy web v1.0.0 to production"


@pytest.fixture
def guarded(stackstorm: StackStorm, world: World) -> World:
    """The world, with a production that wants the approval of a second person."""
    world.config["people"] = {
        "alice": {"chat": ["alice", "alice!~alice@10.0.0.7"]},
        "carol": {"chat": ["carol"], "totp": TOTP},
        "dave": {"chat": ["dave"]},
    }
    world.config["groups"] = {"release-managers": ["carol", "dave"]}
    world.config["environments"]["production"] = {
        "deployers": ["release-managers", "alice"],
        "approvers": ["release-managers"],
        "approvals": 1,
        "rooms": ["#ops"],
        "emergency": ["carol"],
    }
    stackstorm.configure(world.config)
    return world


def change_of(answer: Answer) -> str:
    assert (answer.status, answer.code) == ("succeeded", "waiting"), answer.result
    return str(answer.result["change"])


def test_a_change_waits_for_somebody_else_and_is_then_deployed_and_recorded(
    stackstorm: StackStorm, guarded: World
) -> None:
    asked = stackstorm.say(ASK, "alice", "#ops")
    change = change_of(asked)
    assert guarded.running("production") == ""
    assert f"approve change {change}" in asked.message
    assert asked.posted["extra"]["slack"]["color"] == "#daa038"
    approved = stackstorm.say(f"approve change {change}", "carol", "#ops")
    assert (approved.status, approved.code) == ("succeeded", "deployed"), approved.result
    assert "Approved by carol." in approved.message
    assert guarded.running("production") == "v1.0.0"
    records = guarded.records()
    assert [one.event.value for one in records if one.command == "deploy"] == [
        "asked", "waiting", "approved", "started", "succeeded",
    ]  # fmt: skip
    assert (
        len(
            {
                one.deployment
                for one in records
                if one.event.value in ("asked", "waiting", "succeeded")
            }
        )
        == 1
    )
    end = records[-1]
    assert (end.requester, end.facts["approved_by"], end.facts["change"]) == (
        "alice",
        ["carol"],
        change,
    )
    assert end.execution_id == approved.id
    assert stackstorm.say("show changes", "dave", "#ops").result["changes"] == []


def test_nobody_approves_their_own_change_under_any_of_their_names(
    stackstorm: StackStorm, guarded: World
) -> None:
    guarded.config["groups"]["release-managers"].append("alice")
    stackstorm.configure(guarded.config)
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    for name in ("alice", "alice!~alice@10.0.0.7"):
        answer = stackstorm.ask(f"approve change {change}", name, "#ops")
        assert (answer.status, answer.code) == ("failed", "own_change")
    assert guarded.running("production") == ""


@pytest.mark.parametrize(
    ("who", "room"), [("mallory", "#ops"), ("alicia", "#ops"), ("carol", "#dev"), ("Carol", "#ops")]
)
def test_neither_a_stranger_nor_the_wrong_room_approves(
    stackstorm: StackStorm, guarded: World, who: str, room: str
) -> None:
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    answer = stackstorm.ask(f"approve change {change}", who, room)
    assert answer.status == "failed"
    assert answer.code in ("not_allowed", "wrong_room")
    assert guarded.running("production") == ""


def test_an_approval_forged_through_the_api_does_not_count(
    stackstorm: StackStorm, guarded: World
) -> None:
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    forged = {"api_user": "carol", "source_channel": "#ops"}
    ended = stackstorm.run("opsroom.approve_change", parameters={"change": change}, context=forged)
    assert ended["status"] == "failed"
    assert ended["result"]["result"]["code"] in ("not_allowed", "wrong_room")
    refused = stackstorm.call(
        "POST",
        "/executions",
        {
            "action": "opsroom.approve_change",
            "parameters": {"change": change, "requester": "carol"},
        },
    )
    assert refused.status_code == 400
    said = stackstorm.tell(f"approve change {change} requester=carol", "alice", "#ops")
    assert said.status_code == 400
    assert guarded.running("production") == ""


def test_a_relay_that_is_not_trusted_speaks_for_nobody(
    stackstorm: StackStorm, guarded: World
) -> None:
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    stackstorm.configure({**guarded.config, "relays": ["another_relay"]})
    answer = stackstorm.ask(f"approve change {change}", "carol", "#ops")
    # Everyone is the relay's own user now: nobody who may approve, and the same who asked.
    assert (answer.status, answer.code) == ("failed", "own_change")
    assert stackstorm.ask(ASK, "carol", "#ops").code == "not_allowed"
    assert guarded.running("production") == ""


def test_two_approvals_at_once_deploy_once(stackstorm: StackStorm, guarded: World) -> None:
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    with ThreadPoolExecutor(4) as pool:
        said = pool.map(
            lambda who: stackstorm.ask(f"approve change {change}", who, "#ops"),
            ["carol", "dave"] * 2,
        )
        codes = sorted(one.code for one in said)
    assert codes.count("deployed") == 1, codes
    assert guarded.events().count("started") == 1
    assert guarded.events().count("succeeded") == 1


def test_a_one_time_code_is_wanted_and_works_once(stackstorm: StackStorm, guarded: World) -> None:
    guarded.config["environments"]["production"]["second_factor"] = True
    stackstorm.configure(guarded.config)
    first = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    assert stackstorm.ask(f"approve change {first}", "carol", "#ops").code == "code_needed"
    assert stackstorm.ask(f"approve change {first} 000000", "carol", "#ops").code == "code_wrong"
    assert stackstorm.ask(f"approve change {first} 000000", "dave", "#ops").code == "not_enrolled"
    code = pyotp.TOTP(TOTP).at(time.time())
    assert stackstorm.ask(f"approve change {first} {code}", "carol", "#ops").code == "deployed"
    second = change_of(stackstorm.ask("deploy web v1.1.0 to production", "alice", "#ops"))
    assert stackstorm.ask(f"approve change {second} {code}", "carol", "#ops").code == "code_used"
    assert guarded.running("production") == "v1.0.0"


def test_the_secret_of_the_codes_comes_from_the_datastore_and_is_shown_nowhere(
    stackstorm: StackStorm, guarded: World
) -> None:
    with stackstorm.secret("opsroom_tests_totp", TOTP) as key:
        guarded.config["people"]["carol"]["totp"] = f"{{{{ st2kv.system.{key} }}}}"
        guarded.config["environments"]["production"]["second_factor"] = True
        stackstorm.configure(guarded.config)
        change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
        code = pyotp.TOTP(TOTP).at(time.time())
        approved = stackstorm.ask(f"approve change {change} {code}", "carol", "#ops")
        assert approved.code == "deployed", approved.result
        assert TOTP not in str(stackstorm.get("/configs/opsroom"))
        assert TOTP not in str(approved.execution)


def test_a_lock_a_freeze_and_the_kill_switch_stop_an_approved_change(
    stackstorm: StackStorm, guarded: World
) -> None:
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    locked = stackstorm.say("lock production: load test for 2h", "dave", "#ops")
    assert locked.code == "locked_now"
    approved = stackstorm.ask(f"approve change {change}", "carol", "#ops")
    assert (approved.status, approved.code) == ("failed", "locked")
    assert stackstorm.ask("unlock production", "carol", "#ops").code == "unlocked"
    frozen = {
        **guarded.config["environments"]["production"],
        "freezes": [{"name": "all year", "from": "2020-01-01", "to": "2099-12-31"}],
    }
    stackstorm.configure(
        {**guarded.config, "environments": {**guarded.config["environments"], "production": frozen}}
    )
    assert stackstorm.ask(f"approve change {change}", "carol", "#ops").code == "frozen"
    stackstorm.configure(guarded.config)
    assert (
        stackstorm.ask("lock everything: something is wrong", "carol", "#ops").code == "locked_now"
    )
    assert (
        stackstorm.ask("emergency deploy web v1.0.0 to production: now", "carol", "#ops").code
        == "locked"
    )
    assert stackstorm.ask("unlock everything", "carol", "#ops").code == "unlocked"
    assert stackstorm.ask(f"approve change {change}", "carol", "#ops").code == "deployed"


def test_an_emergency_is_flagged_until_somebody_else_reviews_it(
    stackstorm: StackStorm, guarded: World
) -> None:
    assert (
        stackstorm.ask("emergency deploy web v1.0.0 to production: x", "alice", "#ops").code
        == "not_allowed"
    )
    done = stackstorm.say(
        "emergency deploy web v1.0.0 to production: checkout is down", "carol", "#ops"
    )
    assert done.code == "deployed"
    overridden = next(one for one in guarded.records() if one.event.value == "overridden")
    assert (overridden.facts["reason"], overridden.facts["passed"]) == (
        "checkout is down",
        ["approval"],
    )
    change = overridden.facts["change"]
    assert stackstorm.ask(f"review change {change}: was me", "carol", "#ops").code == "own_change"
    assert (
        stackstorm.ask(f"review change {change}: it was needed", "dave", "#ops").code == "reviewed"
    )


@pytest.mark.parametrize(
    "said",
    [
        "lock uat: {{ st2kv('system.x', decrypt=true) }}",
        "lock uat: <% st2kv('system.x') %>",
        'lock uat: fine reason="{{ st2kv.system.x }}"',
        "emergency deploy web v1.0.0 to production: {% for x in y %}",
        "reject change AAAA: {{ x }}",
    ],
)
def test_an_expression_in_a_reason_is_refused_before_anything_runs(
    stackstorm: StackStorm, guarded: World, said: str
) -> None:
    assert stackstorm.tell(said, "carol", "#ops").status_code == 400
    assert guarded.events() == []


def test_an_edited_record_is_found_and_named(stackstorm: StackStorm, guarded: World) -> None:
    change = change_of(stackstorm.ask(ASK, "alice", "#ops"))
    assert stackstorm.ask(f"approve change {change}", "carol", "#ops").code == "deployed"
    assert stackstorm.ask("audit verify", "carol", "#ops").code == "record_holds"
    path = guarded.database.replace("sqlite:///", "")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET requester = 'bob' WHERE event = 'waiting'")
    found = stackstorm.say("audit verify", "carol", "#ops")
    assert (found.status, found.code) == ("failed", "record_broken")
    number = next(one.seq for one in guarded.records() if one.event.value == "waiting")
    assert str(number) in found.message


def test_what_holds_in_chat_holds_for_the_command_line_too(
    stackstorm: StackStorm, guarded: World
) -> None:
    ended = stackstorm.run(
        "opsroom.deploy",
        parameters={"app": "web", "version": "v1.0.0", "environment": "production"},
    )
    assert ended["status"] == "failed"
    assert ended["result"]["result"]["code"] in ("not_allowed", "wrong_room")
    assert guarded.running("production") == ""
