"""Attacks on production, as messages in a room: whatever someone alone says, nothing is deployed
there."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, Dict

import pyotp
import pytest
import yaml

from console.opening import open_session
from console.session import Reply, Session
from support.expectations import expect
from support.worlds.world import World, make_world

ROOT = Path(__file__).resolve().parents[2]
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ASK = "deploy web v1.0.0 to production"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path)
    made.config.update(database=made.database, relays=["chatops_bot"])
    made.config["people"] = {
        "alice": {"chat": ["alice", "alice2"]},
        "bob": {"chat": ["bob"]},
        "carol": {"chat": ["carol"], "totp": TOTP},
        "dave": {"chat": ["dave"]},
    }
    made.config["groups"] = {"release-managers": ["carol", "dave", "alice"]}
    made.config["environments"]["production"] = {
        "deployers": ["release-managers"],
        "approvers": ["release-managers"],
        "approvals": 1,
        "rooms": ["#ops"],
        "emergency": ["carol"],
    }
    return made


def room_of(world: World, **changes: Any) -> Session:
    """A session over the world's config, with changes to production's rules."""
    config: Dict[str, Any] = {**world.config}
    config["environments"]["production"].update(changes)
    path = world.folder / "opsroom.yaml"
    path.write_text(yaml.safe_dump(config))
    return open_session(path, ROOT, speaker="alice", room="#ops")


def asked(session: Session) -> str:
    reply = session.say(ASK, "alice", "#ops")
    expect(reply, status="succeeded", code="waiting")
    return str(reply.result["change"])


def stopped(world: World, reply: Reply, status: str, *codes: str) -> None:
    assert reply.status == status, reply
    assert reply.code in codes, reply
    assert not reply.rendered.unsafe
    assert world.running("production") == ""


@pytest.mark.parametrize(
    ("said", "who", "room", "status", "code"),
    [
        ("approve change ID", "alice", "#ops", "failed", "own_change"),
        ("approve change ID", "alice2", "#ops", "failed", "own_change"),
        ("approve change ID", "bob", "#ops", "failed", "not_allowed"),
        ("approve change ID", "mallory", "#ops", "failed", "not_allowed"),
        ("approve change ID", "Carol", "#ops", "failed", "not_allowed"),
        ("approve change ID", "carol ", "#ops", "failed", "not_allowed"),
        ("approve change ID", "carol", "#dev", "failed", "wrong_room"),
        ("approve change ID 000000", "carol", "#ops", "failed", "code_wrong"),
        ("approve change AAAA", "carol", "#ops", "failed", "unknown_change"),
        ("confirm change ID", "alice", "#ops", "failed", "not_allowed"),
        ("approve change ID requester=carol", "alice", "#ops", "rejected", "immutable_parameter"),
        ("approve change ID room=#ops", "carol", "#dev", "rejected", "immutable_parameter"),
        ("approve change ID st2_user=carol", "alice", "#ops", "rejected", "immutable_parameter"),
        ('approve change ID env={"PATH": "/tmp"}', "alice", "#ops", "rejected",
         "invalid_parameter"),
        ("emergency deploy web v1.0.0 to production: now", "alice", "#ops", "failed",
         "not_allowed"),
        ("emergency deploy web v1.0.0 to production: {{ " "x }}", "carol", "#ops", "rejected",
         "invalid_parameter"),
        ("reject change ID: <% st2kv('system.x') %>", "carol", "#ops", "rejected",
         "invalid_parameter"),
        ("lock production: {% for x in y %}", "carol", "#ops", "rejected", "invalid_parameter"),
        ("redeploy web v1.0.0 to production", "alice", "#ops", "succeeded", "waiting"),
        ("deploy web v1.0.0 to uat environment=production", "bob", "#ops", "failed", "not_allowed"),
    ],
)  # fmt: skip
def test_nothing_that_one_alone_says_deploys_to_production(
    world: World, said: str, who: str, room: str, status: str, code: str
) -> None:
    session = room_of(world)
    change = asked(session)
    stopped(world, session.say(said.replace("ID", change), who, room), status, code)


def test_a_code_that_was_read_in_the_room_is_worth_nothing(world: World) -> None:
    session = room_of(world, second_factor=True)
    first = asked(session)
    code = pyotp.TOTP(TOTP).at(time.time())
    assert session.say(f"approve change {first} {code}", "carol", "#ops").code == "deployed"
    second = session.say("deploy web v1.1.0 to production", "alice", "#ops").result["change"]
    assert session.say(f"approve change {second} {code}", "carol", "#ops").code == "code_used"
    assert world.running("production") == "v1.0.0"


def test_a_relay_that_is_not_trusted_speaks_for_nobody(world: World) -> None:
    session = room_of(world)
    change = asked(session)
    session.config = {**session.config, "relays": ["another"]}
    session._relay = lambda: "chatops_bot"
    stopped(
        world,
        session.say(f"approve change {change}", "carol", "#ops"),
        "failed",
        "own_change",
        "not_allowed",
    )


def test_an_edited_database_is_found_by_the_next_who_asks(world: World) -> None:
    session = room_of(world)
    asked(session)
    assert session.say("audit verify", "carol", "#ops").code == "record_holds"
    with sqlite3.connect(world.database.replace("sqlite:///", "")) as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET requester = 'bob'")
    expect(session.say("audit verify", "carol", "#ops"), status="failed", code="record_broken")
