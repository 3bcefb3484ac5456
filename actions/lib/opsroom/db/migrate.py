"""Bringing the tables up to date. Imported only when they are not: Alembic is slow to import."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from typing import Iterator

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from . import errors
from .engine import Store
from .sql import LOCK_SPACE

# A migration of a large ledger takes its time; who comes second waits for it, in seconds.
MIGRATION_WAIT = 60.0

_LOCK_MIGRATION = 2
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "migrations")


def upgrade(store: Store, head: str) -> None:
    """Run the missing migrations in one transaction that no other process can enter: all of them,
    or none.

    Of many processes that find an old database at once, one migrates; the others wait and then find
    nothing to do. Raises Failure(store_newer) when the database is at a migration that this code
    does not have.
    """
    with errors.told(store.address, _alone(store)) as connection:
        config = _config()
        current = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise errors.newer(store.address, current, head)
        if current != head:
            config.attributes["connection"] = connection
            command.upgrade(config, head)


def _config() -> Config:
    config = Config()
    # The parser behind it gives % a meaning.
    config.set_main_option("script_location", _FOLDER.replace("%", "%%"))
    return config


@contextmanager
def _alone(store: Store) -> Iterator[Connection]:
    if store.dialect == "sqlite":
        _write_ahead(store)
    with store.begin(writes=True) as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SET LOCAL lock_timeout = {int(MIGRATION_WAIT * 1000)}"))
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:space, :what)"),
                {"space": LOCK_SPACE, "what": _LOCK_MIGRATION},
            )
        yield connection


def _write_ahead(store: Store) -> None:
    """Switch the file to WAL, once for all times: readers then do not wait for writers.

    SQLite does not wait for others when it switches, it reports the file as locked; so the waiting
    is done here. On a disk that cannot do WAL it stays as it is, which works too.
    """
    deadline = time.monotonic() + MIGRATION_WAIT
    while True:
        try:
            with store.driver() as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)
