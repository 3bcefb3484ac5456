"""The database rights that the documents name for the runners' user are enough for everything, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsroom.store import open_store
from support.guarded import SECRET, code_of, guarded_world, wait_for
from support.postgres import Postgres

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
ROLE = "runners_only"


def granted(postgres: Postgres, name: str) -> str:
    """A database whose tables belong to somebody else; the URL for a role with the rights of the page alone."""
    open_store(postgres.url(name)).close()
    if not postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):
        postgres.run(f"CREATE ROLE {ROLE} LOGIN")
    for statement in re.findall(r"^GRANT .*;$", PAGE.read_text("utf-8"), re.MULTILINE):
        postgres.run(statement.replace("TO opsroom", f"TO {ROLE}"), name)
    return postgres.url(name, user=ROLE)


def test_everything_works_with_them(tmp_path: Path, postgres: Postgres) -> None:
    name = postgres.new_database("ENCODING 'UTF8' TEMPLATE template0")
    try:
        world = guarded_world(tmp_path, granted(postgres, name), emergency=["carol"])
        place = {"app": "web", "environment": "production"}
        for version in ("v1.0.0", "v1.1.0"):
            change = wait_for(world, version)
            assert world.ask("approve_change", "carol", change=change, code="000000")["code"] == "code_wrong"
            step = {"v1.0.0": 0, "v1.1.0": 1}[version]
            assert world.ask("approve_change", "carol", change=change, code=code_of(SECRET, step))["code"] == "deployed"
        change = wait_for(world, "v1.2.0")
        assert world.ask("reject_change", "dave", change=change, reason="not now")["code"] == "rejected"
        asked = world.ask("rollback", "alice", **place)
        assert world.ask("approve_change", "dave", change=asked["change"])["code"] == "deployed"
        assert world.ask("unlock", "alice", **place)["code"] == "unlocked"
        assert world.ask("lock", "bob", environment="uat", reason="load test for 2h")["code"] == "locked_now"
        assert world.ask("list_locks")["locks"][0]["owner"] == "bob"
        urgent = world.ask("emergency_deploy", "carol", version="v1.2.0", reason="checkout is down", **place)
        assert urgent["code"] == "deployed"
        waits = world.ask("list_changes")["changes"]
        reviewed = world.ask("review_change", "dave", change=waits[0]["change"], text="it was right")
        assert reviewed["code"] == "reviewed"
        assert len(world.ask("get_history", **place)["deployments"]) == 4
        assert world.chain_holds()
    finally:
        postgres.drop(name)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger SET requester = 'x'", "DROP TABLE ledger", "DELETE FROM approvals", "DELETE FROM changes"],
)
def test_they_are_not_enough_to_unmake_what_was_decided(postgres: Postgres, statement: str) -> None:
    import psycopg

    name = postgres.new_database("ENCODING 'UTF8' TEMPLATE template0")
    try:
        url = granted(postgres, name)
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    finally:
        postgres.drop(name)
