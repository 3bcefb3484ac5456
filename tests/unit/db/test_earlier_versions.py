"""Databases of earlier versions, filled by their own console, are brought up to date: every record
keeps its hash, what waited still waits, and the next record continues the chain."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from opsroom.archive.proof import prove
from opsroom.audit.heads import Head
from opsroom.backup import restore as restore_module
from opsroom.backup.make import make
from opsroom.db.migrate import upgrade
from opsroom.db.store import HEAD, Store, open_store
from opsroom.db.url import read_address
from opsroom.errors import Failure
from opsroom.records.chain import verify_chain
from support.records.archived import archive
from support.records.postgres import programs
from support.records.stores import entry, fill, rows
from support.worlds.world import World, make_world

# The newest record's hash in each of them.
NEWEST = {
    "0.1.0": "035fd8ee809c57756a072ff16877b7dcd2622ff1f66699d1d376f86e244b51a2",
    "0.2.0": "3c93ee2b4329946b03a23532f8bf3389fb4fc814435f4c1e0e9523378e0aa298",
    "0.3.0": "40760bb5786303e18704393ee14bc08add525ad8ce0f290619f573665959a814",
}
# The emergency that waits for its review. What 0.3.0 left open is in test_upgrade.
EMERGENCY = {"0.1.0": "KJ9F", "0.2.0": "MTNG"}
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"


def filled(version: str, path: Path) -> Path:
    """The database that this version left behind."""
    dump = Path(__file__).with_name("databases") / f"{version}.sql"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text("utf-8"))
    return path


def contents(path: Path) -> Dict[str, Tuple[List[str], List[Any]]]:
    """Columns and rows of each table, in the order in which they were put in."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            cursor = connection.execute(f"SELECT * FROM {table} ORDER BY rowid")
            found[table] = ([one[0] for one in cursor.description], cursor.fetchall())
    return found


def as_left(url: str, version: str, tmp_path: Path) -> None:
    """Make an empty database what this version left behind, on PostgreSQL too."""
    address = read_address(url)
    if address.dialect == "sqlite":
        Path(address.path).parent.mkdir(parents=True, exist_ok=True)
        filled(version, Path(address.path))
        return
    found = contents(filled(version, tmp_path / "left.db"))
    ((revision,),) = found.pop("alembic_version")[1]
    upgrade(address, revision)
    store = Store(address)
    with store.write() as on:
        for table, (columns, values) in found.items():
            on.copy_in(f"COPY {table} ({', '.join(columns)}) FROM STDIN", values)
    store.close()


@pytest.mark.parametrize("version", NEWEST)
def test_a_database_of_an_earlier_version_keeps_every_record(empty_url, version, tmp_path):
    as_left(empty_url, version, tmp_path)
    before = contents(filled(version, tmp_path / "before.db"))
    store = open_store(empty_url)
    assert rows(store, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    with store.read() as on:
        found = verify_chain(on, NEWEST[version])
    assert (found.ok, found.head_hash) == (True, NEWEST[version])
    for table, (columns, values) in before.items():
        if table != "alembic_version":
            known = rows(store, f"SELECT {', '.join(columns)} FROM {table}")
            assert sorted(known) == sorted(values), table
    store.close()


@pytest.mark.parametrize("version", NEWEST)
def test_a_database_of_an_earlier_version_can_be_archived(empty_url, version, tmp_path):
    as_left(empty_url, version, tmp_path)
    store = open_store(empty_url)
    store.now = lambda on: datetime(2040, 1, 1, tzinfo=timezone.utc)
    fill(store, entry())
    before = rows(store, "SELECT count(*) FROM ledger")[0][0]
    (one,) = archive(store, tmp_path / "files")
    assert (one.last, one.head_hash) == (before - 1, NEWEST[version])
    with store.read() as on:
        proof = prove(on, tmp_path / "files", [])
        assert verify_chain(on, NEWEST[version]).ok
    assert (proof.breaks, proof.records) == ((), before - 1)
    store.close()


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("version", NEWEST)
@pytest.mark.parametrize("step", ["append", "reopen_database", ""])
def test_an_earlier_one_is_restored_with_the_reason_or_stays_closed(
    empty_url, postgres, version, step, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    as_left(empty_url, version, tmp_path)
    note = make(read_address(empty_url), tmp_path, datetime(2026, 11, 30, tzinfo=timezone.utc))
    lost = Head("ab" * 32, 9999)

    def killed(*_):
        raise KeyboardInterrupt

    with postgres.database() as url:
        if step:
            monkeypatch.setattr(restore_module, step, killed)
        with pytest.raises(KeyboardInterrupt) if step else nullcontext():
            restore_module.restore(tmp_path / note.file, read_address(url), [lost], "disk", "root")
        if step:
            with pytest.raises(Failure, match="its restoring was interrupted"):
                open_store(url)
            return
        store = open_store(url)
        newest = "SELECT event FROM ledger ORDER BY seq DESC LIMIT 1"
        assert rows(store, newest) == [("restored",)]
        assert fill(store, entry())
        with store.read() as on:
            assert verify_chain(on, NEWEST[version]).ok
        store.close()


@pytest.fixture(params=EMERGENCY)
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Tuple[World, str]:
    """The world of the database, and the emergency that waits for its review."""
    path = filled(request.param, tmp_path / "left.db")
    world = make_world(tmp_path, f"sqlite:///{path}")
    production = world.config["environments"]["production"]
    production.update(approvals=1, approvers=["release-managers"], deployers=["alice", "carol"])
    world.config["groups"]["release-managers"] = ["bob", "carol"]
    return world, EMERGENCY[request.param]


def test_the_next_commands_go_on_where_the_earlier_version_stopped(upgraded):
    world, emergency = upgraded
    before = len(world.records())
    history = world.ask("get_history", "alice", app="web")["deployments"]
    assert [one["version"] for one in history] == ["v1.0.0", "v1.2.0", "v1.1.0", "v1.0.0", "v1.0.0"]
    locks = world.ask("list_locks", "alice")["locks"]
    assert ("web", "uat", "alice") in [
        (one["app"], one["environment"], one["owner"]) for one in locks
    ]
    assert emergency in [one["change"] for one in world.ask("list_changes", "alice")["changes"]]
    reviewed = world.ask("review_change", "bob", "#ops", change=emergency, text="It was right.")
    assert (reviewed["ok"], reviewed["requester"]) == (True, "carol")
    assert world.ask("unlock", "alice", environment="uat", app="web")["ok"]
    verified = world.ask("audit_verify", "alice", head="", record=0, keep=False)
    assert verified["ok"], verified
    assert len(world.records()) > before
