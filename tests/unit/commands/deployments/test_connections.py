"""What a deployment asks of the database: one connection, and the transactions that its story
needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from opsroom.commands.deployments import job
from opsroom.db import connect
from opsroom.db.store import Store, open_store
from support.worlds.world import World, make_world, python


@pytest.fixture
def world(tmp_path: Path, store_url: str) -> World:
    world = make_world(tmp_path)
    world.database = store_url
    open_store(store_url).close()
    return world


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """`connection` for each that is made, `write` and `read` for each transaction."""
    found: List[str] = []
    real, begin = connect.connect, Store.begin

    def counted(address: Any) -> Any:
        found.append("connection")
        return real(address)

    def noted(store: Store, writes: bool) -> Any:
        found.append("write" if writes else "read")
        return begin(store, writes)

    monkeypatch.setattr(connect, "connect", counted)
    monkeypatch.setattr(Store, "begin", noted)
    return found


def test_a_deployment_makes_one_connection(
    world: World, made: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No heartbeat: how many there are depends on how busy the machine is.
    monkeypatch.setattr(job, "_BEAT", 60.0)
    assert world.deploy("v1.0.0")["ok"]
    assert made.count("connection") == 1
    # What was asked, the claim, the start, and the end with the claim given back.
    assert made.count("write") == 4
    # Whether the tables are at head, what was left behind, and what is in the way.
    assert made.count("read") == 3


def test_the_heartbeat_uses_the_connection_that_the_deployment_leaves_idle(
    world: World, made: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_BEAT", 0.01)
    slow = world.with_app("slow", deploy=python("import time; time.sleep(1)"))
    answer = slow.ask("deploy", app="slow", version="1.0", environment="uat")
    assert answer["ok"], answer
    assert made.count("write") > 4
    # A second one where both are at the database in the same moment, and never one a beat.
    assert made.count("connection") <= 4
