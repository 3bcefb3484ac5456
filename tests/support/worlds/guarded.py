"""The small world with a production that is guarded, people who approve there, and one-time
codes."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Dict, Optional

import pyotp

from opsroom.db.sql import moment, scalar, update
from opsroom.db.store import open_store
from opsroom.records.changes import find
from support.worlds.world import World, make_world

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def guarded_world(folder: Path, database: Optional[str] = None, **rules: Any) -> World:
    """Alice and the release managers (carol, dave, erin) may ask for production; the release
    managers approve.

    Alice has several names: two in chat, and two StackStorm users. `rules` are added to
    production's.
    """
    world = make_world(folder, database)
    config = copy.deepcopy(world.config)
    config["people"] = {
        "alice": {
            "chat": ["alice", "alice2", "alice!~alice@10.0.0.7"],
            "st2": ["alice", "alice.smith"],
        },
        "bob": {"chat": ["bob"]},
        "carol": {"chat": ["carol"], "totp": SECRET},
        "dave": {"chat": ["dave"]},
        "erin": {"chat": ["erin"]},
    }
    config["groups"] = {"release-managers": ["carol", "dave", "erin"]}
    production: Dict[str, Any] = {
        "deployers": ["release-managers", "alice"],
        "approvers": ["release-managers"],
        "approvals": 1,
    }
    config["environments"]["production"] = {**production, **rules}
    world.config = config
    return world


def wait_for(world: World, version: str = "v1.1.0", who: str = "alice", **more: Any) -> str:
    """Ask for a version on production; the id of the change."""
    answer = world.ask("deploy", who, app="web", version=version, environment="production", **more)
    assert answer["code"] in ("waiting", "confirm"), answer
    return str(answer["change"])


def approve(world: World, change: str, who: str = "carol", **more: Any) -> Any:
    """The answer to "approve change CHANGE"."""
    return world.ask("approve_change", who, change=change, **more)


def reject(world: World, change: str, who: str = "carol", reason: str = "no", **more: Any) -> Any:
    """The answer to "reject change CHANGE: REASON"."""
    return world.ask("reject_change", who, change=change, reason=reason, **more)


def review(world: World, change: str, who: str = "carol", text: str = "fine", **more: Any) -> Any:
    """The answer to "review change CHANGE: TEXT"."""
    return world.ask("review_change", who, change=change, text=text, **more)


def code_of(secret: str = SECRET, step: int = 0) -> str:
    """The code of now, or of some steps of 30 s later."""
    import time

    totp = pyotp.TOTP(secret)
    return totp.generate_otp(int(time.time()) // 30 + step)


def state_of(world: World, change: str) -> str:
    """What the database says of a change."""
    store = open_store(world.database)
    with store.read() as connection:
        found = find(connection, change)
    assert found is not None
    return found.state.value


def let_time_run_out(world: World, change: str) -> None:
    """As if the time of a change had passed."""
    store = open_store(world.database)
    with store.write() as on:
        update(on, "changes", {"expires_at": "2000-01-01T00:00:00.000000+00:00"}, {"id": change})


def let_minutes_pass(world: World, change: str, minutes: float = 6) -> None:
    """As if a change had been set off so long ago."""
    store = open_store(world.database)
    with store.write() as connection:
        found = find(connection, change)
        assert found is not None
        begun_at = moment(datetime.fromisoformat(found.begun_at) - timedelta(minutes=minutes))
        facts = json.dumps({**found.facts, "begun_at": begun_at})
        update(connection, "changes", {"facts": facts}, {"id": found.id})


def approvals_in(world: World, change: str) -> int:
    """How many approvals the database has of a change."""
    store = open_store(world.database)
    with store.read() as on:
        return int(scalar(on, "SELECT count(*) FROM approvals WHERE change = :id", id=change))
