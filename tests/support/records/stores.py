"""Stores for tests: an empty database of each sort, and ledgers with something in them.

The fixtures reach every test through conftest.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure
from opsroom.records.ledger import Record, append
from opsroom.records.model import Entry, Event
from support.records.postgres import postgres
from support.records.templates import copy_database

__all__ = [
    "LossyStore",
    "empty_url",
    "entry",
    "fill",
    "fresh_url",
    "open_gates",
    "other_url",
    "postgres",
    "rows",
    "run",
    "store",
    "store_url",
]

DATABASES = ("sqlite", "postgresql")


def choose_databases(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a database once on each kind of them, or on those that its mark names:
    `@pytest.mark.databases("sqlite")`, on a test or as `pytestmark` of a module.

    A module whose subject is not the database runs on SQLite, and on PostgreSQL only what has
    statements that no other test runs there, or what must be right for many at once.
    """
    mark = metafunc.definition.get_closest_marker("databases")
    for name in ("empty_url", "store_url"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, mark.args if mark else DATABASES, indirect=True)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is not there yet (SQLite) or empty (PostgreSQL)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/opsroom/opsroom.db"
        return
    server = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with all tables and no records."""
    if request.param == "sqlite":
        yield copy_database(tmp_path / "opsroom" / "opsroom.db")
        return
    server = request.getfixturevalue("postgres")
    with server.database(server.template()) as url:
        yield url


@pytest.fixture
def fresh_url(store_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the same kind to restore into: a file that is not there, or an empty
    database."""
    if store_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/restored/opsroom.db"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def other_url(store_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database of the other kind."""
    if store_url.startswith("postgresql"):
        yield f"sqlite:///{tmp_path}/new/opsroom.db"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store on a database without records, once on SQLite and once on PostgreSQL."""
    opened = open_store(store_url)
    yield opened
    opened.close()


class LossyStore:
    """A store that, while `loses` is set, commits and then says that the server went away."""

    def __init__(self, store: Store) -> None:
        self.loses = False
        self._store = store

    @contextmanager
    def write(self) -> Iterator[Any]:
        with self._store.write() as connection:
            yield connection
        if self.loses:
            raise Failure(Code.STORE_UNREACHABLE, "The database went away.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def entry(event: Event = Event.SUCCEEDED, **values: Any) -> Entry:
    """An entry about web on uat, unless told otherwise."""
    known = {
        "deployment": "d1",
        "command": "deploy",
        "requester": "alice",
        "app": "web",
        "environment": "uat",
    }
    return Entry(event=event, **{**known, **values})


def fill(store: Store, *entries: Entry) -> List[Record]:
    """Append entries, all in one transaction."""
    with store.write() as connection:
        return [append(store, connection, one) for one in entries]


def run(store: Store, statement: str, **values: Any) -> None:
    """Run SQL by hand and commit it, as someone with a database client would."""
    with store.begin(writes=True) as connection:
        connection.execute(statement, values)


def rows(store: Store, statement: str, **values: Any) -> List[Any]:
    """Read by hand."""
    with store.begin(writes=False) as connection:
        return [tuple(row) for row in connection.execute(statement, values).fetchall()]


def open_gates(store: Store) -> None:
    """Drop the triggers that guard the ledger, as someone who owns the database can."""
    if store.dialect == "sqlite":
        statements = [
            f"DROP TRIGGER {name}"
            for name in ("ledger_no_update", "ledger_no_delete", "ledger_in_order")
        ]
    else:
        statements = [
            f"DROP TRIGGER {name} ON ledger"
            for name in ("ledger_no_change", "ledger_no_delete", "ledger_in_order")
        ]
    for statement in statements:
        run(store, statement)
