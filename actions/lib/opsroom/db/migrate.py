"""Bringing the tables up to date: the only module that loads Alembic and SQLAlchemy, whose import
takes longer than a whole command. Imported only when the tables are not at head."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import Any, Dict, Iterator

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

from . import errors
from .connect import connect, turn
from .sql import LOCK_SPACE
from .url import Address

# A migration of a large ledger takes its time; who comes second waits for it, in seconds.
MIGRATION_WAIT = 60.0

_LOCK_MIGRATION = 2
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "migrations")


def upgrade(address: Address, head: str) -> None:
    """Run the missing migrations in one transaction that no other process can enter: all of them,
    or none.

    Of many processes that find an old database at once, one migrates; the others wait and then find
    nothing to do. Raises Failure(store_newer) when the database is at a migration that this code
    does not have.
    """
    with errors.translated(address, _alone(address)) as connection:
        _upgrade(address, connection, head)


def upgrade_closed(address: Address, head: str) -> None:
    """The same for a database that is closed (store.CLOSED): nobody else ever sees it open."""
    with errors.translated(address, _alone(address)) as connection:
        known = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
        why, _, revision = known.partition(":")
        connection.execute(text(_SET_VERSION), {"one": revision})
        _upgrade(address, connection, head)
        connection.execute(text(_SET_VERSION), {"one": f"{why}:{head}"})


_SET_VERSION = "UPDATE alembic_version SET version_num = :one"


def _upgrade(address: Address, connection: Connection, head: str) -> None:
    config = _config()
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise errors.newer(address, current, head)
    if current != head:
        config.attributes["connection"] = connection
        command.upgrade(config, head)


def _config() -> Config:
    config = Config()
    # The parser behind it gives % a meaning.
    config.set_main_option("script_location", _FOLDER.replace("%", "%%"))
    return config


@contextmanager
def _alone(address: Address) -> Iterator[Connection]:
    if address.dialect == "sqlite":
        _write_ahead(address)
    with turn(address, writes=True), _engine(address).connect() as connection, connection.begin():
        if address.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SET LOCAL lock_timeout = {int(MIGRATION_WAIT * 1000)}"))
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:space, :what)"),
                {"space": LOCK_SPACE, "what": _LOCK_MIGRATION},
            )
        yield connection


def _engine(address: Address) -> Engine:
    # Parameters stay out of error texts. The URL is only the dialect's name; the creator knows the
    # place.
    options: Dict[str, Any] = {
        "creator": lambda: connect(address),
        "poolclass": NullPool,
        "hide_parameters": True,
    }
    if address.dialect == "sqlite":
        engine = create_engine("sqlite+pysqlite://", **options)
        event.listen(engine, "begin", lambda on: on.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    with errors.driver_errors():
        # Also where the database says otherwise: who waited for its turn must see what was written
        # meanwhile.
        return create_engine(
            "postgresql+psycopg://",
            use_native_hstore=False,
            isolation_level="READ COMMITTED",
            **options,
        )


def _write_ahead(address: Address) -> None:
    """Switch the file to WAL, once for all times: readers then do not wait for writers.

    SQLite does not wait for others when it switches, it reports the file as locked; so the waiting
    is done here. On a disk that cannot do WAL it stays as it is, which works too.
    """
    deadline = time.monotonic() + MIGRATION_WAIT
    while True:
        try:
            with closing(connect(address)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)
