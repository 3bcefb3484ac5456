"""Databases that cannot be used: each fault is made for real, and told in a sentence with the right
code."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from opsroom.db import connect, sql
from opsroom.db.sql import queue_up
from opsroom.db.store import Store, open_store
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.records.ledger import append
from support.cases import cases
from support.processes import at_once
from support.records import postgres as servers
from support.records.postgres import Postgres
from support.records.stores import entry, fill, rows, run


def _caught(work: Callable[[], Any]) -> OpsroomError:
    with pytest.raises(OpsroomError) as caught:
        work()
    told = caught.value.sentence()
    assert "secret" not in told
    assert "{" not in told
    assert told.endswith(".")
    return caught.value


@cases(
    ("url", "word"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("opsroom.db", "not a database URL"),
        ("postgresql://me:secret@host:port/d", "port is not a number"),
        ("mysql://me:secret@host/d", "SQLite or PostgreSQL only"),
        ("postgresql+psycopg2://me:secret@host/d", "psycopg"),
        ("oracle+secret://host", "SQLite or PostgreSQL only"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite://opt/opsroom.db", "four slashes"),
        ("sqlite:////opt/opsroom.db?secret=1", "only option"),
        ("sqlite:////opt/opsroom.db?mode=rw", "only option"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_one_that_would(url: str, word: str) -> None:
    error = _caught(lambda: open_store(url))
    assert isinstance(error, Refusal)
    assert error.code is Code.SETTINGS_INVALID
    assert word in error.message
    assert "sqlite:////" in error.hint


@pytest.mark.parametrize("written", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_postgresql_may_be_written_in_each_usual_way(postgres: Postgres, written: str) -> None:
    name = postgres.new_database()
    store = open_store(postgres.url(name).replace("postgresql://", written))
    assert store.dialect == "postgresql"
    store.close()
    postgres.drop(name)


def test_a_server_that_does_not_listen_is_unreachable() -> None:
    error = _caught(lambda: open_store("postgresql://me:secret@127.0.0.1:1/ops"))
    assert (type(error), error.code) == (Failure, Code.STORE_UNREACHABLE)
    assert error.message == "The database ops on 127.0.0.1 port 1 does not answer."


def test_a_host_that_is_not_known_is_told() -> None:
    error = _caught(lambda: open_store("postgresql://me:secret@nowhere.invalid/ops"))
    assert error.code is Code.STORE_UNREACHABLE
    assert "host" in error.message
    assert "nowhere.invalid" in error.message


def test_an_option_that_postgresql_does_not_know_is_told() -> None:
    error = _caught(lambda: open_store("postgresql://me:secret@127.0.0.1:1/ops?secret=1"))
    assert "an option" in error.message


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = _caught(lambda: open_store("postgresql://me:secret@127.0.0.1:1/ops"))
    assert error.code is Code.STORE_FAILED
    assert "psycopg" in error.message


@pytest.fixture
def guarded(postgres: Postgres) -> Iterator[str]:
    """A database on a server that wants a password from the role `guarded`, and lets `banned` not
    in at all."""
    name = postgres.new_database()
    rules = Path(postgres.folder) / "pg_hba.conf"
    before = rules.read_text()
    postgres.run("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    postgres.run("CREATE ROLE banned LOGIN")
    postgres.run("CREATE ROLE weak LOGIN")
    rules.write_text("local all guarded scram-sha-256\nlocal all banned reject\n" + before)
    postgres.run("SELECT pg_reload_conf()")
    yield name
    rules.write_text(before)
    postgres.run("SELECT pg_reload_conf()")
    postgres.drop(name)
    for role in ("guarded", "banned", "weak"):
        postgres.run(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("user", "password", "code", "words"),
    [
        ("guarded", "secret", Code.STORE_UNREACHABLE, "refuses the user or the password"),
        ("guarded", "", Code.STORE_UNREACHABLE, "refuses the user or the password"),
        ("banned", "secret", Code.STORE_UNREACHABLE, "refuses the user or the password"),
        ("nobody", "secret", Code.STORE_UNREACHABLE, "refuses the user or the password"),
        ("weak", "", Code.STORE_READ_ONLY, "may not use the tables"),
    ],
)
def test_a_user_that_the_server_does_not_let_in_is_told_without_the_password(
    postgres: Postgres, guarded: str, user: str, password: str, code: Code, words: str
) -> None:
    error = _caught(lambda: open_store(postgres.url(guarded, user, password)))
    assert error.code is code
    assert words in error.message
    assert guarded in error.message


def test_a_database_that_does_not_exist_is_told(postgres: Postgres) -> None:
    error = _caught(lambda: open_store(postgres.url("nosuch")))
    assert error.code is Code.STORE_UNREACHABLE
    assert error.message.startswith("There is no database nosuch on ")


def test_a_database_in_a_narrow_encoding_is_told_when_it_matters(postgres: Postgres) -> None:
    name = postgres.new_database("TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    store = open_store(postgres.url(name))
    error = _caught(lambda: fill(store, entry(message="漢字")))
    assert error.code is Code.STORE_FAILED
    assert "UTF8" in error.hint
    postgres.drop(name)


def test_a_server_that_was_stopped_is_unreachable_and_says_so_in_time() -> None:
    server = servers.start()
    try:
        url = server.url(server.new_database())
        store = open_store(url)
        fill(store, entry())
        server.stop()
        for way in ("write", "write", ""):
            error = _caught(lambda way=way: fill(store, entry()) if way else open_store(url))
            assert error.code is Code.STORE_UNREACHABLE
            assert "does not answer" in error.message
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def test_a_connection_that_is_cut_in_a_transaction_is_unreachable(postgres: Postgres) -> None:
    name = postgres.new_database()
    store = open_store(postgres.url(name))

    def cut() -> None:
        with store.write() as on:
            mine = sql.rows(on, "SELECT pg_backend_pid() AS pid")[0]["pid"]
            postgres.run(f"SELECT pg_terminate_backend({mine}, 10000)")
            sql.rows(on, "SELECT 1 AS one")

    assert _caught(cut).code is Code.STORE_UNREACHABLE
    postgres.drop(name)


def test_a_server_that_only_reads_still_tells_its_history(postgres: Postgres) -> None:
    name = postgres.new_database()
    url = postgres.url(name)
    fill(open_store(url), entry())
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = open_store(url)
    assert rows(store, "SELECT seq FROM ledger") == [(1,)]
    assert _caught(lambda: fill(store, entry())).code is Code.STORE_READ_ONLY
    postgres.drop(name)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("25006", Code.STORE_READ_ONLY),
        ("42501", Code.STORE_READ_ONLY),
        ("53100", Code.STORE_FULL),
        ("53200", Code.STORE_FAILED),
        ("53300", Code.STORE_UNREACHABLE),
        ("57P03", Code.STORE_UNREACHABLE),
        ("08006", Code.STORE_UNREACHABLE),
        ("55P03", Code.STORE_BUSY),
        ("57014", Code.STORE_BUSY),
        ("40P01", Code.STORE_BUSY),
        ("42P01", Code.STORE_FAILED),
        ("23505", Code.STORE_FAILED),
        ("XX000", Code.STORE_FAILED),
    ],
)
def test_what_the_server_reports_has_a_code_and_its_own_text_stays_out(
    postgres: Postgres, state: str, code: Code
) -> None:
    store = Store(read_address(postgres.url()))
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'a secret' USING ERRCODE = '{state}'; END $$"
    assert _caught(lambda: _in_block(store, statement)).code is code


def _in_block(store: Store, statement: str) -> None:
    with store.write() as on:
        sql.execute(on, statement)


def test_what_another_process_holds_for_too_long_is_told(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "LOCK_WAIT", 0.05)
    other = open_store(store_url)
    with store.write() as connection:
        queue_up(connection)
        error = _caught(lambda: fill(other, entry()))
    assert error.code is Code.STORE_BUSY
    assert error.message.startswith(
        "The database is busy: others have been writing to the database"
    )
    fill(other, entry())


def test_tables_that_are_not_ours_are_told(store: Store, store_url: str) -> None:
    run(store, "DROP TABLE alembic_version")
    error = _caught(lambda: open_store(store_url))
    assert error.code is Code.STORE_FAILED
    assert "not those that opsroom made" in error.message


def _garbage(folder: Path) -> str:
    (folder / "a.db").write_bytes(b"no database " * 1000)
    return "a.db"


def _truncated(folder: Path) -> str:
    store = open_store(f"sqlite:///{folder}/a.db")
    fill(store, *(entry(message="x" * 5000) for _ in range(20)))
    store.close()
    os.truncate(folder / "a.db", 8192)
    return "a.db"


def _directory(folder: Path) -> str:
    (folder / "a.db").mkdir()
    return "a.db"


def _file_in_the_way(folder: Path) -> str:
    (folder / "file").write_text("x")
    return "file/a.db"


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [
        (_garbage, Code.STORE_FAILED, "is not an SQLite database"),
        (_truncated, Code.STORE_FAILED, "is damaged"),
        (_directory, Code.STORE_UNREACHABLE, "cannot be opened"),
        (_file_in_the_way, Code.STORE_UNREACHABLE, "cannot be made"),
        (lambda folder: "none.db?mode=ro", Code.STORE_UNREACHABLE, "cannot be opened"),
    ],
)
def test_a_file_that_is_no_database_is_told(
    tmp_path: Path, made: Callable[[Path], str], code: Code, words: str
) -> None:
    error = _caught(lambda: open_store(f"sqlite:///{tmp_path}/{made(tmp_path)}"))
    assert error.code is code
    assert words in error.message
    assert str(tmp_path) in error.message


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a.db")

    def write_much() -> None:
        with store.write() as on:
            sql.rows(on, "PRAGMA max_page_count = 50")
            append(store, on, entry())
            append(store, on, entry(message="x" * 1000000))

    error = _caught(write_much)
    assert error.code is Code.STORE_FULL
    assert "full" in error.message
    assert rows(store, "SELECT count(*) FROM ledger") == [(0,)]
    fill(store, entry())


def test_a_disk_that_refuses_to_write_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    open_store(url).close()
    assert at_once(1, _write_beyond_the_limit, url, tmp_path / "a.db") == [Code.STORE_FAILED]
    assert rows(open_store(url), "SELECT count(*) FROM ledger") == [(0,)]


def _write_beyond_the_limit(index: int, url: str, path: Path) -> Code:
    limit = path.stat().st_size + 20000
    store = open_store(url)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        fill(store, entry(message="x" * 1000000))
    except Failure as failure:
        return failure.code
    raise AssertionError("the limit did not hold")
