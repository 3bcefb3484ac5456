"""Statements as text: the same on both databases, on the driver's own connection."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, ContextManager, Dict, Set

import pytest

from opsroom.db.sql import Transaction, execute, insert, rows, update
from opsroom.db.store import Store, open_store
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure, Refusal
from opsroom.pagers.local.log import Logged
from opsroom.records import chain, ledger, pages
from opsroom.records.change import Change
from opsroom.records.claims import Claim
from opsroom.records.incidents import Incident
from opsroom.records.ledger import COLUMNS
from opsroom.records.locks import Lock
from support.cases import cases
from support.errors import failure_of
from support.processes import at_once
from support.records.encrypted import Encrypted
from support.records.postgres import Postgres
from support.records.stores import entry
from support.servers.mail import make_certificate

HOSTILE = "'); DROP TABLE ledger; -- :name %(name)s %s {{ 1 }} \U0001f4a5"
HANDLE = dict.fromkeys(("app", "environment", "name", "value", "at"), "")


def _names(kind: Any) -> Set[str]:
    return {one.name for one in fields(kind)}


def handle(app: str, value: str = "") -> Dict[str, Any]:
    return {**HANDLE, "app": app, "value": value}


def kept(store: Store) -> Dict[str, str]:
    with store.read() as on:
        return {row["app"]: row["value"] for row in rows(on, "SELECT * FROM handles")}


def test_rows_are_added_found_and_changed(store: Store) -> None:
    with store.write() as on:
        for app in ("web", "shop", "blog"):
            insert(on, "handles", handle(app, app.upper()))
        assert update(on, "handles", {"value": "new"}, {"app": "web", "value": "WEB"}) == 1
        assert update(on, "handles", {"value": "newer"}, {"app": "web", "value": "WEB"}) == 0
        assert execute(on, "DELETE FROM handles WHERE app = :app", app="blog") == 1
        assert rows(on, "SELECT value FROM handles WHERE app = :app", app="web") == [
            {"value": "new"}
        ]
    assert kept(store) == {"web": "new", "shop": "SHOP"}


def test_values_are_bound_and_never_a_part_of_the_statement(store: Store) -> None:
    with store.write() as on:
        insert(on, "handles", handle(HOSTILE, HOSTILE))
        assert update(on, "handles", {"value": HOSTILE + "!"}, {"app": HOSTILE}) == 1
        assert (
            len(rows(on, "SELECT app FROM handles WHERE value = :value", value=HOSTILE + "!")) == 1
        )
    assert kept(store) == {HOSTILE: HOSTILE + "!"}


@pytest.mark.parametrize("word", ["handles; DROP TABLE ledger", "app) VALUES ('x'); --", ""])
def test_what_is_no_name_is_never_written_into_a_statement(store: Store, word: str) -> None:
    with store.write() as on:
        for values, where in (({word: "x"}, {"app": "x"}), ({"app": "x"}, {word: "x"})):
            with pytest.raises(AssertionError):
                update(on, "handles", values, where)
        for table, column in ((word, "app"), ("handles", word)):
            with pytest.raises(AssertionError):
                insert(on, table, {column: "x"})


def test_a_block_that_raises_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(KeyError):
        _insert_and_raise(store.write())
    assert kept(store) == {}


def _insert_and_raise(transaction: ContextManager[Transaction]) -> None:
    with transaction as on:
        insert(on, "handles", handle("web"))
        raise KeyError("a defect")


def test_writers_wait_for_each_other_also_where_the_server_isolates_more(
    postgres: Postgres,
) -> None:
    name = postgres.new_database()
    url = postgres.url(name)
    open_store(url).close()
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    assert at_once(8, _append, url) == [True] * 8
    postgres.drop(name)


def test_who_reads_sees_one_moment_and_cannot_write_on_a_server(store: Store) -> None:
    with store.read() as on:
        assert rows(on, "SELECT * FROM handles") == []
        with store.write() as other:
            insert(other, "handles", handle("web"))
        assert rows(on, "SELECT * FROM handles") == []
    if store.dialect == "postgresql":
        with pytest.raises(Failure) as caught, store.read() as on:
            insert(on, "handles", handle("shop"))
        assert caught.value.code is Code.STORE_READ_ONLY


def test_errors_come_out_as_failures_without_their_text(store: Store) -> None:
    with pytest.raises(Failure) as caught, store.write() as on:
        rows(on, "SELECT secret FROM nowhere")
    assert caught.value.code is Code.STORE_FAILED
    assert "secret" not in caught.value.sentence()


def test_a_connection_that_was_cut_in_the_middle_is_told(store: Store) -> None:
    if store.dialect == "sqlite":
        pytest.skip("a file has no connections that could be cut")
    caught = failure_of(_cut_off, store, store.write())
    assert caught.code is Code.STORE_UNREACHABLE
    assert "cut the connection" in caught.message


def _cut_off(store: Store, transaction: ContextManager[Transaction]) -> None:
    with transaction as on:
        mine = rows(on, "SELECT pg_backend_pid() AS pid")[0]["pid"]
        with store.write() as other:
            rows(other, "SELECT pg_terminate_backend(:pid)", pid=mine)
        rows(on, "SELECT 1 AS one")


@cases(
    ("table", "names", "more"),
    [
        ("ledger", COLUMNS, set()),
        ("claims", _names(Claim) - {"expired"}, set()),
        ("locks", _names(Lock), set()),
        ("changes", _names(Change), set()),
        ("incidents", _names(Incident), set()),
        ("pages", _names(pages.Page), {"target_kind", "target_name"}),
        ("local_pages", _names(Logged), set()),
    ],
)
def test_the_names_in_the_statements_are_those_of_the_tables(
    store: Store, table: str, names: Set[str], more: Set[str]
) -> None:
    with store.read() as on:
        cursor = on.execute(f"SELECT * FROM {table} LIMIT 0", {})
    assert {column[0] for column in cursor.description} == {*names, *more}


def test_the_hashed_columns_are_in_the_order_of_their_names() -> None:
    assert list(chain.HASHED) == sorted(chain.HASHED)


@cases(
    "url",
    [
        "postgresql://me:secret@db.example.com/ops",
        "postgresql://me:s%40cr%2Fet%3A@db.example.com:5433/ops"
        "?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://me:p#/a:ss@db/ops",
        "postgres://me@db/ops",
        "postgresql://db",
        "postgresql:///ops",
        "postgresql:///ops?host=/run/postgresql",
        "postgresql://me:pw@[2001:db8::1]:5432/ops",
        "postgresql://me:pw@/ops?host=db1:5432&host=db2:5433",
        "postgresql://me:pw@/ops?host=db1,db2&port=5432,5433",
        "postgresql+psycopg://me:pw@db/ops?application_name=mine&connect_timeout=1",
        "postgresql://me:pw@:5433/ops?host=/run/postgresql",
        "postgresql://me:pw@db:5432/ops?host=other",
        "postgresql://me:pw@db:5432/ops?host=other:5433",
        "postgresql://me:pw@db:5432/ops?port=5433",
        "postgresql://me:pw@db/ops?user=u&password=p&dbname=d",
    ],
)
def test_a_url_of_postgresql_is_read_as_sqlalchemy_reads_it(url: str) -> None:
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
    from sqlalchemy.engine import make_url

    parsed = make_url(url).set(drivername="postgresql+psycopg")
    wanted = PGDialect_psycopg().create_connect_args(parsed)[1]
    assert read_address(url).options == {name: str(value) for name, value in wanted.items()}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////srv/ops.db", "/srv/ops.db"),
        ("sqlite:////srv/a%20b?mode=ro", "/srv/a b"),
        ("sqlite+pysqlite:////srv/a@b:c#d", "/srv/a@b:c#d"),
    ],
)
def test_a_url_of_sqlite_names_a_file(url: str, path: str) -> None:
    assert read_address(url).path == path


def test_the_place_is_the_one_that_is_connected_to() -> None:
    place = read_address("postgresql://me:pw@db:5432/ops?dbname=records&host=other&port=5433").place
    assert place == "the database records on other port 5433"


def test_a_password_is_told_nowhere_also_where_it_was_not_written_as_it_should_be() -> None:
    with pytest.raises(Refusal, match="an @ within its password is written %40") as caught:
        read_address("postgresql://me:pass@secret@db/ops")
    assert "secret" not in caught.value.sentence()
    assert "secret" not in read_address("postgresql://me/too:secret@db/ops").place
    assert "secret" not in repr(read_address("postgresql://me:secret@db/ops"))


def test_an_option_of_the_driver_cannot_undo_what_transactions_are_for(postgres: Postgres) -> None:
    name = postgres.new_database()
    url = postgres.url(name)
    # Poolers want it, and it is so in any case.
    open_store(url + "&prepare_threshold=0").close()
    with pytest.raises(Failure, match="an option that PostgreSQL does not know"):
        open_store(url + "&autocommit=true")
    postgres.drop(name)


@pytest.mark.parametrize("at_the_end", [False, True])
def test_an_encrypted_connection_that_is_cut_was_lost_and_not_insecure(
    postgres: Postgres, tmp_path: Path, at_the_end: bool
) -> None:
    name = postgres.new_database()
    path = f"{postgres.server.get_postmaster_info().socket_dir}/.s.PGSQL.{postgres.run('SHOW port')[0][0]}"  # noqa: E501
    with Encrypted(path, make_certificate(tmp_path)) as door:
        store = open_store(f"postgresql://postgres@127.0.0.1:{door.port}/{name}?sslmode=require")
        caught = failure_of(_cut_by, door, store.write(), at_the_end)
    assert caught.code is Code.STORE_UNREACHABLE
    assert "was lost" in caught.message
    postgres.drop(name)


def _cut_by(door: Encrypted, transaction: ContextManager[Transaction], at_the_end: bool) -> None:
    with transaction as on:
        rows(on, "SELECT 1 AS one")
        door.cut()
        if not at_the_end:
            rows(on, "SELECT 1 AS one")


def test_an_error_is_told_while_another_thread_loads_a_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("psycopg", "sqlalchemy.exc"):
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    with pytest.raises(Failure, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/none.db?mode=ro")


def test_pages_are_read_also_when_a_newer_opsroom_added_to_them(store: Store) -> None:
    page = pages.Page("ops1", "d1", "log", "web-team", "alice", "alice", "it is down")
    with store.write() as on:
        pages.begin(store, on, page)
        execute(on, "ALTER TABLE pages ADD COLUMN added_later TEXT")
        found = pages.with_mark(on, "ops1")
    assert found is not None
    assert (found.mark, found.text) == ("ops1", "it is down")


@pytest.mark.parametrize(
    "url", ["postgresql://db:1x/ops", "postgresql:///ops?host=db1:x&host=db2:5432"]
)
def test_a_port_that_is_no_number_is_refused(url: str) -> None:
    with pytest.raises(Refusal, match="its port is not a number"):
        read_address(url)


def _append(index: int, url: str) -> bool:
    store = open_store(url)
    with store.write() as on:
        ledger.append(store, on, entry())
    return True
