"""People type in IRC rooms, to errbot and to hubot, and read what StackStorm's answers become
there."""

from __future__ import annotations

import re
import sqlite3

from support.chat.relays import Channel
from support.worlds.world import World

CHANGE = re.compile(r"approve change ([0-9A-Z]{4,8})")


def test_a_deployment_is_acknowledged_answered_done_and_recorded(
    channel: Channel, world: World
) -> None:
    alice = channel.person("alice")
    answer = channel.ask(alice, "deploy web v1.0.0 to uat")
    assert (answer.status, answer.code) == ("succeeded", "deployed")
    assert world.running("uat") == "v1.0.0"
    acknowledged, *said = answer.lines
    assert acknowledged == f"On it. The answer follows here; execution {answer.execution['id']}"
    assert said == channel.relay.shows(answer.message, alice)
    assert "alice deployed web v1.0.0 to uat" in said[0]
    assert {(one.person, one.requester, one.chat_name, one.room) for one in world.records()} == {
        ("alice", "alice", channel.relay.reports(alice), "#dev")
    }


def test_whom_the_config_does_not_know_is_refused_by_name(channel: Channel, world: World) -> None:
    mallory = channel.person("mallory")
    answer = channel.ask(mallory, "deploy web v1.0.0 to production", "#ops")
    assert (answer.status, answer.code) == ("failed", "not_allowed")
    assert answer.lines[1:] == channel.relay.shows(answer.message, mallory)
    assert f"{channel.relay.reports(mallory)} (unknown here)" in world.records()[-1].requester
    assert world.running("production") == ""


def test_a_change_waits_for_a_second_person(channel: Channel, world: World) -> None:
    world.config["environments"]["production"].update(
        deployers=["release-managers", "alice"],
        approvers=["release-managers", "alice"],
        approvals=1,
    )
    channel.storm.configure(world.config)
    alice, carol = channel.person("alice"), channel.person("carol")
    asked = channel.ask(alice, "deploy web v1.0.0 to production", "#ops")
    assert asked.code == "waiting"
    found = CHANGE.search(" ".join(asked.lines))
    assert found is not None, asked.lines
    approve = f"approve change {found.group(1)}"

    own = channel.ask(alice, approve, "#ops")
    assert (own.status, own.code) == ("failed", "own_change")
    elsewhere = channel.ask(carol, approve, "#dev")
    assert (elsewhere.status, elsewhere.code) == ("failed", "wrong_room")
    assert world.running("production") == ""
    approved = channel.ask(carol, approve, "#ops")
    assert approved.code == "deployed"
    assert "Approved by carol." in " ".join(approved.lines)
    assert world.running("production") == "v1.0.0"
    # Both sat in both rooms, and read the same.
    assert alice.from_(channel.relay.nick, "#ops") == carol.from_(channel.relay.nick, "#ops")


def test_a_lock_keeps_others_out_until_its_owner_takes_it_away(
    channel: Channel, world: World
) -> None:
    alice, bob = channel.person("alice"), channel.person("bob")
    assert channel.ask(alice, "lock uat: load test, 50% done").code == "locked_now"
    refused = channel.ask(bob, "deploy web v1.0.0 to uat")
    assert refused.code == "locked"
    assert "alice" in refused.lines[-1]
    assert "load test, 50% done" in refused.lines[-1]
    assert channel.ask(alice, "unlock uat").code == "unlocked"
    assert channel.ask(bob, "deploy web v1.0.0 to uat").code == "deployed"


def test_what_runs_who_did_it_and_what_can_be_said(channel: Channel, world: World) -> None:
    alice, bob = channel.person("alice"), channel.person("bob")
    channel.ask(alice, "deploy web v1.0.0 to uat")
    channel.ask(bob, "deploy web v1.1.0 to uat")
    version = channel.ask(alice, "version of web on uat")
    assert "v1.1.0" in version.lines[0]
    history = channel.ask(alice, "history of web on uat")
    assert history.message.count("\n") == 2
    assert history.lines == channel.relay.shows(history.message, alice)
    limited = channel.ask(alice, "history of web on uat limit=1")
    assert len(limited.execution["result"]["result"]["deployments"]) == 1
    helped = channel.ask(alice, "opsroom help")
    assert helped.code == "help"
    assert helped.lines == channel.relay.shows(helped.message, alice)


def test_cards_and_pages_of_opsrooms_own(channel: Channel, world: World) -> None:
    world.config["trackers"] = {"board": {"kind": "local"}}
    world.config["pagers"] = {"log": {"kind": "local", "on_call": {"web-team": ["bob", "carol"]}}}
    world.config["teams"] = {"web-team": {"log": "web-team"}}
    channel.storm.configure(world.config)
    alice, bob = channel.person("alice"), channel.person("bob")
    made = channel.ask(alice, "create card: checkout is broken since v1.2.0")
    assert made.code == "card_created"
    name = made.execution["result"]["result"]["card"]
    assert "checkout is broken" in " ".join(channel.ask(bob, f"show card {name}").lines)
    paged = channel.ask(alice, "page web-team: checkout is down")
    assert paged.status == "succeeded"
    assert "bob" in " ".join(paged.lines)
    assert channel.ask(bob, "show pages").status == "succeeded"


def test_two_people_at_the_same_moment_get_an_answer_each(channel: Channel, world: World) -> None:
    alice, bob = channel.person("alice"), channel.person("bob")
    channel.type(alice, "deploy web v1.0.0 to test")
    channel.type(bob, "deploy web v1.1.0 to uat")
    first = channel.answer(alice, channel.execution_for(alice))
    second = channel.answer(bob, channel.execution_for(bob))
    assert (first.code, second.code) == ("deployed", "deployed")
    assert (world.running("test"), world.running("uat")) == ("v1.0.0", "v1.1.0")
    # What is asked next is answered after anything that would be said twice.
    channel.ask(alice, "versions on test")
    said = [line for line in alice.from_(channel.relay.nick, "#dev") if " deployed web " in line]
    assert len(said) == 2, said
    assert world.events().count("succeeded") == 2


def test_the_same_command_of_two_people_at_the_same_moment_is_done_once(
    channel: Channel, world: World
) -> None:
    alice, bob = channel.person("alice"), channel.person("bob")
    for one in (alice, bob):
        channel.type(one, "deploy web v1.0.0 to uat")
    codes = [channel.answer(one, channel.execution_for(one)).code for one in (alice, bob)]
    assert codes.count("deployed") == 1, codes
    assert set(codes) <= {"deployed", "busy", "already_there"}
    assert world.events().count("succeeded") == 1


def test_the_record_is_whole_and_every_answer_in_it(channel: Channel, world: World) -> None:
    alice = channel.person("alice")
    executions = {
        channel.ask(alice, f"deploy web {version} to uat").execution["id"]
        for version in ("v1.0.0", "v9")
    }
    assert {one.execution_id for one in world.records()} == executions
    assert world.chain_holds()
    with sqlite3.connect(world.folder / "db" / "opsroom.db") as database:
        assert database.execute("SELECT count(*) FROM ledger").fetchone()[0] == len(world.records())
