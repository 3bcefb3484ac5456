"""Opening the database, its schema, and its transactions."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterator, Mapping
from urllib.parse import quote

import pytest
from alembic.script import ScriptDirectory

from opsroom.db import migrate, sql
from opsroom.db.sql import Transaction, execute, scalar
from opsroom.db.store import HEAD, Store, open_store
from opsroom.errors import Code, Failure
from opsroom.records.chain import verify_chain
from support.errors import failure_of
from support.processes import at_once
from support.records.stores import entry, fill, rows, run


def test_a_fresh_database_has_its_tables_and_is_at_head(store: Store) -> None:
    assert rows(store, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert rows(store, "SELECT count(*) FROM ledger") == [(0,)]
    assert rows(store, "SELECT count(*) FROM claims") == [(0,)]


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(migrate._FOLDER).get_heads() == [HEAD]


# For each table its key, and what else no two rows share: what makes one of many the only one.
UNIQUE = {
    "alembic_version": (["version_num"], []),
    "approvals": (["change", "owner"], []),
    "card_comments": (["tracker", "mark"], []),
    "cards": (["tracker", "project", "number"], [["tracker", "mark"]]),
    "changes": (["id"], [["deployment"]]),
    "claims": (["app", "environment"], [["deployment"]]),
    "handles": (["app", "environment", "name"], []),
    "incidents": (["id"], []),
    "ledger": (["seq"], [["previous_hash"]]),
    "local_pages": (["pager", "number"], [["pager", "mark"]]),
    "locks": (["app", "environment"], []),
    "news": (["event"], []),
    "pages": (["mark"], []),
    "repeats": (["key"], []),
    "seen": (["kind", "id"], []),
    "silences": (["what"], []),
    "tellings": (["key"], []),
    "used_codes": (["person", "counter"], []),
    "watched": (["source"], []),
    "wrong_codes": (["id"], []),
}


def test_what_must_be_unique_is_a_constraint_of_the_database(store: Store) -> None:
    from sqlalchemy import inspect

    with migrate._engine(store.address).connect() as connection:
        look = inspect(connection)
        found = {
            table: (
                look.get_pk_constraint(table)["constrained_columns"],
                [one["column_names"] for one in look.get_unique_constraints(table)],
            )
            for table in look.get_table_names()
        }
    assert {table: found.get(table) for table in UNIQUE} == UNIQUE


def test_eight_processes_that_open_a_fresh_database_at_once_all_can(empty_url: str) -> None:
    assert at_once(8, _open_and_write, empty_url) == [True] * 8
    store = open_store(empty_url)
    with store.read() as connection:
        assert verify_chain(connection).records == 8


def _open_and_write(index: int, url: str) -> bool:
    store = open_store(url)
    fill(store, entry())
    store.close()
    return True


def test_a_database_at_head_is_opened_by_one_select(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(empty_url).close()
    seen = []
    execute = Transaction.execute

    def note(on: Transaction, statement: str, values: Mapping[str, Any]) -> Any:
        seen.append(statement)
        return execute(on, statement, values)

    monkeypatch.setattr(Transaction, "execute", note)
    open_store(empty_url).close()
    assert seen == ["SELECT version_num FROM alembic_version"]


def test_a_database_at_head_is_opened_without_alembic(empty_url: str) -> None:
    open_store(empty_url).close()
    code = (
        "import sys; from opsroom.db.store import open_store; import opsroom.records.ledger, "
        "opsroom.records.claims;"
        "open_store(sys.argv[1]).close(); print([m for m in sys.modules if m.split('.')[0] in "
        "('alembic', 'mako', 'sqlalchemy')])"
    )
    library = str(Path(migrate.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code, empty_url],
        env={**os.environ, "PYTHONPATH": library},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert done.stdout == b"[]\n"


def test_a_database_made_by_a_newer_pack_is_refused_and_left_alone(
    store: Store, store_url: str
) -> None:
    run(store, "UPDATE alembic_version SET version_num = '9999'")
    caught = failure_of(open_store, store_url)
    assert caught.code is Code.STORE_NEWER
    assert "9999" in caught.message
    assert "Update the pack" in caught.hint
    assert rows(store, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations with room for one more after HEAD."""
    folder = tmp_path / "50% more" / "migrations"
    shutil.copytree(migrate._FOLDER, str(folder), ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "_FOLDER", str(folder))
    return folder / "versions" / "9000_next.py"


def _migration(body: str) -> str:
    return (
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '9000'\n"
        f"down_revision = {HEAD!r}\ndef upgrade():\n"
        "    op.create_table('extra', sa.Column('name', sa.Text()))\n"
        f"    {body}\n"
    )


def test_a_migration_that_fails_half_way_leaves_the_old_schema(
    store: Store, next_migration: Path
) -> None:
    from sqlalchemy import inspect

    fill(store, entry())
    next_migration.write_text(_migration("op.execute('INSERT INTO no_such_place VALUES (1)')"))
    with pytest.raises(Failure):
        migrate.upgrade(store.address, "9000")
    assert rows(store, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    with migrate._engine(store.address).connect() as connection:
        assert not inspect(connection).has_table("extra")
    fill(store, entry())


def test_an_older_database_is_brought_up_to_date_with_its_records(
    store: Store, next_migration: Path
) -> None:
    record = fill(store, entry())[0]
    next_migration.write_text(_migration("pass"))
    migrate.upgrade(store.address, "9000")
    migrate.upgrade(store.address, "9000")
    assert rows(store, "SELECT version_num FROM alembic_version") == [("9000",)]
    assert rows(store, "SELECT hash FROM ledger") == [(record.hash,)]


def test_a_reader_is_not_held_up_by_a_writer_and_sees_one_moment(store: Store) -> None:
    fill(store, entry())
    with store.read() as reader:
        assert scalar(reader, "SELECT count(*) FROM ledger") == 1
        fill(store, entry())
        assert scalar(reader, "SELECT count(*) FROM ledger") == 1
    with store.write() as writer:
        execute(writer, "DELETE FROM claims")
        assert rows(store, "SELECT count(*) FROM ledger") == [(2,)]


def test_sqlite_survives_power_cuts_and_checks_references(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a.db")
    assert rows(store, "PRAGMA journal_mode") == [("wal",)]
    assert rows(store, "PRAGMA synchronous") == [(2,)]
    assert rows(store, "PRAGMA foreign_keys") == [(1,)]
    assert rows(store, "PRAGMA busy_timeout") == [(10000,)]


def test_the_folder_of_the_file_is_made_and_closed_to_others(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/new/opsroom/a b#c.db")
    assert stat.S_IMODE(os.stat(tmp_path / "new" / "opsroom").st_mode) & 0o027 == 0
    assert (tmp_path / "new" / "opsroom" / "a b#c.db").is_file()


def test_the_clock_is_the_database_servers_or_this_machines(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2001, 1, 1, tzinfo=tz)

    monkeypatch.setattr(sql, "datetime", Wrong)
    with store.read() as connection:
        first, second = store.now(connection), store.now(connection)
    if store.dialect == "sqlite":
        assert first == datetime(2001, 1, 1, tzinfo=timezone.utc)
    else:
        assert abs(first - datetime.now(timezone.utc)) < timedelta(minutes=5)
        assert first < second, "the time of the moment, not of the transaction's beginning"


def test_a_file_that_can_only_be_read_still_tells_its_history(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    writer = open_store(url)
    fill(writer, entry())
    reader = open_store(url + "?mode=ro")
    assert rows(reader, "SELECT seq FROM ledger") == [(1,)]
    caught = failure_of(fill, reader, entry())
    assert caught.code is Code.STORE_READ_ONLY


@pytest.fixture
def closed_folder() -> Iterator[str]:
    """A folder that others can enter and read; only its owner can write there."""
    folder = tempfile.mkdtemp(prefix="opsroom-closed-")
    os.chmod(folder, 0o755)
    yield folder
    os.chmod(folder, 0o755)
    shutil.rmtree(folder)


def test_a_folder_that_can_only_be_read_still_tells_its_history(closed_folder: str) -> None:
    url = f"sqlite:///{closed_folder}/a.db"
    store = open_store(url)
    fill(store, entry())
    store.close()
    os.chmod(f"{closed_folder}/a.db", 0o444)
    os.chmod(closed_folder, 0o555)
    assert at_once(1, _look_as_nobody, url) == [([(1,)], Code.STORE_READ_ONLY)]


def _look_as_nobody(index: int, url: str) -> Any:
    if os.geteuid() == 0:
        # Permissions do not stop root.
        os.setuid(65534)
    store = open_store(url)
    seen = rows(store, "SELECT seq FROM ledger")
    try:
        fill(store, entry())
    except Failure as failure:
        return seen, failure.code
    return seen, None


def test_postgresql_knows_who_is_connected_and_waits_for_locks_only_so_long(store: Store) -> None:
    if store.dialect != "postgresql":
        pytest.skip("settings of PostgreSQL")
    assert rows(store, "SHOW application_name") == [("opsroom",)]
    assert rows(store, "SHOW lock_timeout") == [("10s",)]
    assert rows(store, "SHOW statement_timeout") == [("1min",)]


@pytest.mark.databases("postgresql")
def test_options_in_the_address_are_added_to_our_own_and_win(store_url: str) -> None:
    options = quote("-c statement_timeout=5s -c work_mem=8MB")
    store = open_store(f"{store_url}{'&' if '?' in store_url else '?'}options={options}")
    names = ("lock_timeout", "statement_timeout", "work_mem")
    shown = [rows(store, f"SHOW {one}")[0][0] for one in names]
    store.close()
    assert shown == ["10s", "5s", "8MB"]
