"""Who is asking is what StackStorm knows, never what someone says."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, Iterator, Optional

import pytest
import yaml

from support.seals import KEY, sealed
from support.stackstorm.client import RELAY, StackStorm
from support.worlds.world import World

FORGED = {"api_user": "carol", "source_channel": "#ops"}


def of_deploy(environment: str = "production", **more: Any) -> Dict[str, Any]:
    return {"app": "web", "version": "v1.0.0", "environment": environment, **more}


def test_alice_may_not_deploy_to_production(stackstorm: StackStorm, world: World) -> None:
    answer = stackstorm.ask("deploy web v1.0.0 to production", "alice", "#ops")
    assert (answer.status, answer.code) == ("failed", "not_allowed")
    assert world.running("production") == ""


def test_carol_may_but_not_from_another_room(stackstorm: StackStorm, world: World) -> None:
    answer = stackstorm.ask("deploy web v1.0.0 to production", "carol", "#dev")
    assert (answer.status, answer.code) == ("failed", "wrong_room")
    assert world.running("production") == ""


def test_carol_may_from_the_room_for_it(stackstorm: StackStorm, world: World) -> None:
    answer = stackstorm.ask("deploy web v1.0.0 to production", "carol", "#ops")
    assert (answer.status, answer.code) == ("succeeded", "deployed")
    assert world.running("production") == "v1.0.0"


@pytest.mark.parametrize("who", ["Carol", "carol ", "CAROL", "mallory", "carol\n", ""])
def test_a_name_that_is_not_quite_carols_is_nobody_in_particular(
    stackstorm: StackStorm, world: World, who: str
) -> None:
    body = {"command": "deploy web v1.0.0 to production", "user": who, "source_channel": "#ops"}
    told = stackstorm.call("POST", "/aliasexecution/match_and_execute", body, stackstorm.relay)
    if told.status_code == 201:
        answer = stackstorm.ended(told.json()["results"][0]["execution"]["id"])
        assert answer["status"] == "failed"
        assert answer["result"]["result"]["code"] == "not_allowed"
    else:
        assert told.status_code == 400
    assert world.running("production") == ""


PAIRS = [
    "requester=carol",
    'requester="carol"',
    "room=#ops",
    "st2_user=chatops_bot",
    'env={"PATH": "/tmp"}',
    "timeout=1",
    "content_version=0000000",
    "log_level=AUDIT",
    "debug=true",
    "api_user=carol",
    "user=carol",
    "app=web requester=carol",
]


@pytest.mark.parametrize("said", ["deploy web v1.0.0 to uat", "history on uat", "opsroom help"])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_that_says_who_asks_or_how_to_run_is_refused_before_anything_runs(
    stackstorm: StackStorm, world: World, said: str, pair: str
) -> None:
    action = {
        "deploy": "opsroom.deploy",
        "history": "opsroom.get_history",
        "opsroom": "opsroom.help",
    }[said.split()[0]]
    who = f"alice-{uuid.uuid4().hex[:8]}"
    answer = stackstorm.tell(f"{said} {pair}", who)
    assert answer.status_code == 400, answer.text[:500]
    assert who not in [
        execution["context"].get("api_user") for execution in stackstorm.newest(action)
    ]


def test_redeploying_cannot_be_turned_off_where_it_is_what_was_said(
    stackstorm: StackStorm, world: World
) -> None:
    assert stackstorm.tell("redeploy web v1.0.0 to uat redeploy=false").status_code == 400


@pytest.mark.parametrize("forged", [FORGED, {**FORGED, "user": "chatops_bot"}])
def test_a_chat_name_that_no_relay_reports_counts_for_nothing(
    stackstorm: StackStorm, world: World, forged: Dict[str, str]
) -> None:
    me = stackstorm.get("/user")["username"]
    execution = stackstorm.run("opsroom.deploy", parameters=of_deploy(), context=forged)
    assert execution["status"] == "failed"
    assert execution["result"]["result"]["code"] == "not_allowed"
    assert world.running("production") == ""
    for record in world.records():
        assert (record.requester, record.st2_user) == (me, me)
        assert (record.person, record.chat_name, record.room) == ("", "", "")


def test_an_alias_told_by_somebody_else_than_a_relay_is_theirs(
    stackstorm: StackStorm, world: World
) -> None:
    me = stackstorm.get("/user")["username"]
    body = {"command": "deploy web v1.0.0 to production", "user": "carol", "source_channel": "#ops"}
    begun = stackstorm.make("/aliasexecution/match_and_execute", body)["results"][0]
    execution = stackstorm.ended(begun["execution"]["id"])
    assert execution["result"]["result"]["code"] == "not_allowed"
    assert {record.requester for record in world.records()} == {me}


def test_a_user_of_stackstorm_is_the_person_whose_user_it_is(
    stackstorm: StackStorm, world: World
) -> None:
    me = stackstorm.get("/user")["username"]
    world.config["people"]["bob"]["st2"] = [me]
    stackstorm.configure(world.config)
    execution = stackstorm.run("opsroom.deploy", parameters=of_deploy("uat"))
    assert execution["status"] == "succeeded", execution["result"]
    assert {(record.person, record.st2_user) for record in world.records()} == {("bob", me)}


@pytest.mark.parametrize(
    "given",
    [
        {"requester": "carol"},
        {"room": "#ops"},
        {"st2_user": "chatops_bot"},
        {"env": {"PATH": "/tmp"}},
        {"timeout": 1},
        {"content_version": "0000000"},
        {"log_level": "AUDIT"},
        {"debug": True},
    ],
    ids=lambda given: next(iter(given)),
)
def test_identity_cannot_be_given_as_a_parameter(
    stackstorm: StackStorm, world: World, given: Dict[str, Any]
) -> None:
    body = {"action": "opsroom.deploy", "parameters": of_deploy("uat", **given)}
    for who in (stackstorm.admin, stackstorm.relay):
        answer = stackstorm.call("POST", "/executions", body, who)
        assert answer.status_code == 400, answer.text[:500]
    assert world.events() == []
    # Nothing else in it was wrong.
    right = stackstorm.run("opsroom.deploy", stackstorm.relay, parameters=of_deploy("uat"))
    assert right["result"]["result"]["code"], right["result"]


# StackStorm lays this header over the context that it made; only `rbac` is written after it.
CLAIM = {"user": "chatops_bot", **FORGED, "rbac": {"user": "chatops_bot"}}
DEPLOYING = {
    "version": 1.0,
    "input": ["version"],
    "tasks": {
        "deploy": {
            "action": "opsroom.deploy",
            "input": {"app": "web", "environment": "production", "version": "<% ctx(version) %>"},
        }
    },
}


def claiming(storm: StackStorm) -> Dict[str, str]:
    """The headers of the administrator, who says to be the relay that reports carol. Needs RBAC."""
    if not storm.get("/user").get("rbac", {}).get("enabled"):
        pytest.skip("without RBAC, anyone who reaches the API of StackStorm may do anything")
    # An execution that was the relay's indeed, as the parent.
    others = [
        one["id"] for one in storm.newest("opsroom.help") if one["context"]["user"] == "chatops_bot"
    ]
    return {
        **storm.admin,
        "St2-Context": json.dumps({**CLAIM, "parent": {"execution_id": others[0]}}),
    }


def nobody_became_carol(storm: StackStorm, world: World, result: Any) -> None:
    me = storm.get("/user")["username"]
    # Unauthorized: the claimed user may not see the workflow's execution, so that it cannot be told
    # who started it.
    assert result["code"] in ("not_allowed", "unauthorized"), result
    assert world.running("production") == ""
    recorded = {(one.requester, one.st2_user, one.chat_name, one.room) for one in world.records()}
    assert recorded == ({(me, me, "", "")} if result["code"] == "not_allowed" else set())


def test_a_header_that_claims_to_be_the_relay_counts_for_nothing(
    stackstorm: StackStorm, world: World
) -> None:
    execution = stackstorm.run("opsroom.deploy", claiming(stackstorm), parameters=of_deploy())
    assert execution["context"]["user"] == "chatops_bot", (
        "StackStorm does not believe the header any more"
    )
    nobody_became_carol(stackstorm, world, execution["result"]["result"])


def test_a_workflow_does_not_hide_who_started_it(stackstorm: StackStorm, world: World) -> None:
    files = {"workflows/t_deploying.yaml": yaml.safe_dump(DEPLOYING)}
    parameters = {"version": {"type": "string"}}
    entry = {
        "runner_type": "orquesta",
        "entry_point": "workflows/t_deploying.yaml",
        "parameters": parameters,
    }
    with stackstorm.action("t_deploying", files, **entry) as workflow:
        execution = stackstorm.run(workflow, claiming(stackstorm), parameters={"version": "v1.0.0"})
        (child,) = stackstorm.get(f"/executions?parent={execution['id']}&limit=10")
    assert child["context"]["user"] == "chatops_bot", (
        "StackStorm does not hand the claim on any more"
    )
    nobody_became_carol(stackstorm, world, child["result"]["result"])


def test_somebody_who_may_deploy_can_do_so_in_a_workflow(
    stackstorm: StackStorm, world: World
) -> None:
    files = {"workflows/t_deploying.yaml": yaml.safe_dump(DEPLOYING).replace("production", "uat")}
    parameters = {"version": {"type": "string"}}
    entry = {
        "runner_type": "orquesta",
        "entry_point": "workflows/t_deploying.yaml",
        "parameters": parameters,
    }
    with stackstorm.action("t_deploying", files, **entry) as workflow:
        execution = stackstorm.run(workflow, parameters={"version": "v1.0.0"})
    assert execution["status"] == "succeeded", execution["result"]
    assert world.running("uat") == "v1.0.0"
    assert {one.requester for one in world.records()} == {stackstorm.get("/user")["username"]}


# Speakers for whom the relay vouches.

CAROL = "slack:T024BE7LD/U0CAROL"


@pytest.fixture
def vouched(stackstorm: StackStorm, world: World) -> Iterator[World]:
    """Production takes only speakers for whom the relay vouches; its key is in the datastore."""
    name = f"opsroom_t_{uuid.uuid4().hex[:8]}"
    with stackstorm.secret(name, KEY):
        world.config["relay_keys"] = {RELAY: f"{{{{ st2kv.system.{name} }}}}"}
        world.config["people"]["carol"]["chat"].append(CAROL)
        world.config["environments"]["production"]["identity"] = "vouched"
        stackstorm.configure(world.config)
        yield world


def test_a_sealed_speaker_is_believed_with_a_key_of_the_datastore(
    stackstorm: StackStorm, vouched: World
) -> None:
    who = sealed(CAROL, "#ops")
    answer = stackstorm.say("deploy web v1.0.0 to production", who, "#ops")
    assert (answer.status, answer.code) == ("succeeded", "deployed"), answer.result
    assert vouched.running("production") == "v1.0.0"
    records = vouched.records()
    assert {(one.person, one.chat_name, one.facts["vouched_by"]) for one in records} == {
        ("carol", CAROL, who.split(" ")[1])
    }
    seal = who.rpartition(" ")[2]
    assert seal not in f"{records} {answer.result} {answer.message}"
    # StackStorm's own history has what the relay handed over.
    assert answer.execution["context"]["api_user"] == who


@pytest.mark.parametrize(
    ("who", "more", "code"),
    [
        ("carol", None, "not_vouched"),
        (CAROL, None, "not_vouched"),
        (CAROL, {"room": "#dev"}, "seal_wrong"),
        (CAROL, {"key": "another-key-that-is-long-enough-0000"}, "seal_wrong"),
        (CAROL, {"at": 1_700_000_000.0}, "seal_stale"),
        (f"{CAROL} hubot/0.4.0", None, "seal_malformed"),
        ("slack:T024BE7LD/U0NOBODY", {}, "not_allowed"),
        ("#ops", None, "speaker_is_room"),
    ],
    ids=["name", "prefix", "room", "key", "time", "form", "nobody", "channel"],
)
def test_what_is_not_carols_seal_deploys_nothing(
    stackstorm: StackStorm, vouched: World, who: str, more: Optional[Dict[str, Any]], code: str
) -> None:
    user = who if more is None else sealed(who, **{"room": "#ops", **more})
    answer = stackstorm.ask("deploy web v1.0.0 to production", user, "#ops")
    assert (answer.status, answer.code) == ("failed", code), answer.result
    assert vouched.running("production") == ""
    assert vouched.records()[-1].code == code


def test_a_message_that_is_delivered_again_is_carried_out_once(
    stackstorm: StackStorm, vouched: World
) -> None:
    who = sealed(CAROL, "#ops")
    begun = [stackstorm.begin("deploy web v1.0.0 to production", who, "#ops") for _ in range(2)]
    answers = [stackstorm.finish(one) for one in begun]
    assert sorted(one.code for one in answers) == ["deployed", "message_taken"]
    first, again = sorted(answers, key=lambda one: one.code)
    assert again.result["execution"] == first.id
    assert "This message of carol was taken at " in again.message
    assert vouched.events().count("succeeded") == 1


def test_whoami_says_in_the_room_who_vouches(stackstorm: StackStorm, vouched: World) -> None:
    answer = stackstorm.say("opsroom whoami", sealed(CAROL, "#ops"), "#ops")
    assert answer.message.startswith("You are carol: ")
    assert f"({RELAY}) vouches for {CAROL}" in answer.message
    assert "production" in answer.message
    by_name = stackstorm.say("opsroom who am i", "carol", "#ops")
    assert "On production a relay has to vouch." in by_name.message


def test_the_actions_of_a_workflow_share_the_message_that_started_it(
    stackstorm: StackStorm, vouched: World
) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        said = f"deploy web {version} to production"
        assert stackstorm.ask(said, sealed(CAROL, "#ops"), "#ops").code == "deployed"
    words = f"t{uuid.uuid4().hex[:8]} back {{{{app}}}} on {{{{environment}}}}"
    said = words.replace("{{app}}", "web").replace("{{environment}}", "production")
    who = sealed(CAROL, "#ops")
    with stackstorm.alias(name="t_back", action_ref="opsroom.roll_back", formats=[words]):
        done, again = (stackstorm.ask(said, who, "#ops").execution for _ in range(2))
    assert done["status"] == "succeeded", done["result"]
    assert done["result"]["output"]["code"] == "deployed"
    assert vouched.running("production") == "v1.0.0"
    assert again["status"] == "failed"
    assert again["result"]["output"]["code"] == "message_taken"
    commands = [(one.command, one.event.value, one.person) for one in vouched.records()]
    assert commands.count(("rollback", "succeeded", "carol")) == 1
