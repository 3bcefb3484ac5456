"""A database that opsroom 0.3.0 filled is brought up to date and used as it is: what was stored is
read, and what was open then goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import List

import pytest

from console import PACK
from console.opening import open_session
from console.session import Reply, Session
from console.world import build
from opsroom.db import migrate
from opsroom.db.store import HEAD, open_store
from opsroom.db.url import read_address
from support.records.stores import rows

STORED = (Path(__file__).parent / "databases" / "0.3.0.sql").read_text(encoding="utf-8")
# What 0.3.0 was at.
REVISION = "0006"
CHANGE = "JNY3"


def fill_as_stored(url: str) -> None:
    """Put there what 0.3.0 stored, the change still open for half an hour. On PostgreSQL the tables
    are made by the migrations of that time, and the rows are those of SQLite."""
    until = (datetime.now(timezone.utc) + timedelta(minutes=30)).isoformat()
    reopen = f"UPDATE changes SET expires_at = '{until}' WHERE id = '{CHANGE}'"
    address = read_address(url)
    if address.dialect == "sqlite":
        Path(address.path).parent.mkdir(parents=True)
        with closing(sqlite3.connect(address.path)) as database:
            database.executescript(STORED)
            database.execute(reopen)
            database.commit()
        return
    import psycopg

    migrate.upgrade(address, REVISION)
    with psycopg.connect(url, autocommit=True) as server:
        for line in STORED.splitlines():
            if line.startswith("INSERT INTO") and "alembic_version" not in line:
                server.execute(line.encode())
        server.execute(reopen.encode())


@pytest.fixture
def session(tmp_path: Path, empty_url: str) -> Session:
    """The room of the demo on the database of 0.3.0."""
    fill_as_stored(empty_url)
    world = build(tmp_path / "world")
    # What ran on uat when the change was asked for: production takes only that.
    before = open_session(world.config, PACK, f"sqlite:///{tmp_path}/other.db")
    assert before.say("deploy web v1.1.0 to uat", "bob", "#dev").code == "deployed"
    return open_session(world.config, PACK, empty_url, speaker="alice", room="#dev")


def lines_of(reply: Reply) -> List[str]:
    """An answer's lines without the moment at which each begins."""
    return [line.split(" UTC | ", 1)[-1] for line in reply.message.splitlines()]


def test_a_database_of_0_3_0_is_read_and_its_open_matters_go_on(session: Session) -> None:
    verified = session.say("audit verify")
    assert (verified.code, "17 records checked" in verified.message) == ("record_holds", True)
    assert lines_of(session.say("history of web")) == [
        "web, newest first:",
        "test v1.0.0 | bob | done in 0.2 s",
        "uat v1.1.0 | bob | done in 1 s",
    ]
    assert "web on test | bob since" in session.say("show locks").message
    assert session.say("deploy web v1.1.0 to test").code == "locked"
    assert "triggered | web-team | checkout takes no cards" in session.say("show pages").message
    assert session.say("ack page 1", "bob").code == "acknowledged"
    assert "checkout is slow" in session.say("show card SHOP-1").message

    approved = session.say(f"approve change {CHANGE}", "carol", "#ops")
    assert approved.code == "deployed"
    assert approved.message.startswith("alice deployed web v1.1.0 to production, verified")

    # The runner of the deployment of api was killed; its claim ran out long ago.
    assert session.say("deploy api v2.1.0 to uat", "bob").code == "deployed"
    assert [line.rsplit(" in ", 1)[0] for line in lines_of(session.say("history of api"))] == [
        "api, newest first:",
        "uat v2.0.0 -> v2.1.0 | bob | done",
        "uat v2.0.0 -> v2.1.0 | bob | deploy interrupted, v2.0.0 ran then",
    ]
    both = session.say("deploy api v2.2.0 and web v1.2.0 to uat")
    assert both.code == "deployed"
    report = session.say("audit report for 2026-02")
    assert (report.code, "Complete." in report.message) == ("audit_report", True)
    assert session.say("audit verify").code == "record_holds"


def test_migrations_leave_every_row_of_0_3_0_and_find_cancelled_deployments(
    empty_url: str,
) -> None:
    fill_as_stored(empty_url)
    store = open_store(empty_url)
    assert rows(store, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    counts = {
        table: rows(store, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("ledger", "changes", "claims", "locks", "cards", "pages", "repeats")
    }
    assert counts == {
        "ledger": 17, "changes": 1, "claims": 1, "locks": 1, "cards": 1, "pages": 1, "repeats": 2
    }  # fmt: skip
    catalogue = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes",
    }[store.dialect]
    indexes = {
        name: sql for name, sql in rows(store, catalogue) if name.startswith("ledger_finished")
    }
    assert len(indexes) == 4
    assert [name for name, sql in indexes.items() if "cancelled" not in sql] == []
    store.close()
