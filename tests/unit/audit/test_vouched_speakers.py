"""Who was vouched for, and by which relay, from the message to the auditor's page; and no seal
anywhere."""

from __future__ import annotations

import csv
import io
import json
from html import unescape
from pathlib import Path
from typing import List

import pytest

from opsroom.audit.period import read_period
from opsroom.audit.render.csv import as_csv
from opsroom.audit.render.html import as_html
from opsroom.audit.render.json import as_json
from opsroom.audit.report import make_report
from opsroom.db.store import open_store
from opsroom.stackstorm.history import _execution
from support.seals import KEY, VERSION, sealed
from support.worlds.guarded import guarded_world, let_time_run_out
from support.worlds.world import World

ALICE, CAROL = "slack:T024BE7LD/U0ALICE", "matrix:@carol:example.com"
HUBOT, ERRBOT = f"hubot/{VERSION}", "errbot/0.3.9"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = guarded_world(tmp_path, identity="vouched")
    made.config.update(relays=["chatops_bot"], relay_keys={"chatops_bot": KEY})
    made.config["people"]["alice"]["chat"].append(ALICE)
    made.config["people"]["carol"]["chat"].append(CAROL)
    return made


def approved(world: World) -> List[str]:
    """A deployment of alice that carol approves; the seals of both."""
    asks, approves = sealed(ALICE, "#dev", relay=HUBOT), sealed(CAROL, "#dev", relay=ERRBOT)
    answer = world.ask("deploy", asks, app="web", version="v1.1.0", environment="production")
    assert answer["code"] == "waiting", answer
    done = world.ask("approve_change", approves, change=answer["change"])
    assert done["code"] == "deployed", done
    return [one.rpartition(" ")[2] for one in (asks, approves)]


def test_each_record_has_the_identity_and_the_relay(world: World) -> None:
    seals = approved(world)
    records = world.records()
    found = {(one.person, one.chat_name, one.facts.get("vouched_by")) for one in records}
    assert found == {("alice", ALICE, HUBOT), ("carol", CAROL, ERRBOT)}
    assert [one.event.value for one in records if one.person == "carol"] == ["approved"]
    assert world.chain_holds()
    assert not any(seal in str(records) for seal in seals)


def test_a_change_that_expires_still_names_who_vouched(world: World) -> None:
    asks = sealed(ALICE, "#dev", relay=HUBOT)
    answer = world.ask("deploy", asks, app="web", version="v1.1.0", environment="production")
    let_time_run_out(world, answer["change"])
    world.ask("approve_change", sealed(CAROL, "#dev"), change=answer["change"])
    [expired] = [one for one in world.records() if one.event.value == "expired"]
    assert (expired.chat_name, expired.facts["vouched_by"]) == (ALICE, HUBOT)


def test_the_report_says_it_of_who_asked_and_who_approved(world: World) -> None:
    seals = approved(world)
    report = make_report(open_store(world.database), read_period("2020", "2120"))
    page = unescape(as_html(report))
    assert f"as {ALICE} for whom {HUBOT} vouched, in #dev" in page
    assert f"as {CAROL}, for whom {ERRBOT} vouched" in page
    [row] = [
        one
        for one in csv.DictReader(io.StringIO(as_csv(report).lstrip("\ufeff")))
        if one["kind"] == "change"
    ]
    assert (row["chat_name"], row["vouched_by"]) == (ALICE, HUBOT)
    assert row["approvals_vouched_by"] == f"carol: {ERRBOT}"
    [change] = json.loads(as_json(report))["changes"]
    assert (change["vouched_by"], change["approvals"][0]["vouched_by"]) == (HUBOT, ERRBOT)
    assert not any(seal in f"{page}{row}{change}" for seal in seals)


def test_stackstorm_s_own_history_is_read_without_the_seal() -> None:
    who = sealed(ALICE, "#dev")
    found = {"id": "5f00", "status": "succeeded", "context": {"api_user": who, "user": "bot"}}
    assert _execution(found, "opsroom.deploy").by == ALICE
