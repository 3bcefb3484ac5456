"""Opening the database, and transactions on it that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, ContextManager, Dict, Iterator, Optional
from urllib.parse import quote

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ..errors import Code, Failure
from . import faults
from .address import Address, read_address

# The newest migration; a test keeps the two equal. With it here, a database at head is opened without Alembic, whose
# import takes longer than everything else together.
HEAD = "0006"

# How long to wait for another process that writes, in seconds.
LOCK_WAIT = 10.0
CONNECT_WAIT = 5

# Any two numbers that no other user of the database takes for its advisory locks: "opsr", and what the lock is for.
LOCK_SPACE = 0x6F707372
LOCK_RECORDS = 1

_WRITES = "opsroom_writes"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Store:
    """One database. Safe to share between threads: each transaction has a connection of its own."""

    def __init__(self, engine: Engine, address: Address) -> None:
        self._engine = engine
        self.address = address
        self.dialect = address.dialect

    @property
    def place(self) -> str:
        """The database in words, without user and password."""
        return self.address.place

    def write(self) -> ContextManager[Connection]:
        """One transaction that may change rows: commits at the end of the block, rolls back when the block raises.

        On SQLite it holds the write lock from its first moment (BEGIN IMMEDIATE): a transaction that reads first and
        writes later would fail when another one wrote in between. Errors of the database, also those raised inside the
        block, come out as Failure(store_...).
        """
        return faults.told(self.address, self.begin(writes=True))

    def read(self) -> ContextManager[Connection]:
        """One transaction that only reads, and sees one moment of the database throughout. Errors as with `write`."""
        return faults.told(self.address, self.begin(writes=False))

    @contextmanager
    def begin(self, writes: bool) -> Iterator[Connection]:
        """A transaction whose errors are SQLAlchemy's own. For this package; others use `write` and `read`."""
        options: Dict[str, Any] = {_WRITES: writes}
        if self.dialect == "postgresql" and not writes:
            options.update(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with self._engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction. For this package."""
        connection = self._engine.raw_connection()
        try:
            yield connection.driver_connection
        finally:
            connection.close()

    def now(self, connection: Connection) -> datetime:
        """The time, aware, UTC, with microseconds.

        On PostgreSQL it is the server's clock: runners whose clocks differ must agree on when a lease runs out. An
        SQLite file has one machine, hence one clock.
        """
        if self.dialect == "sqlite":
            return datetime.now(timezone.utc)
        # As a number: a timestamp would come in the session's time zone, which the driver must know by name.
        microseconds = connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
        return _EPOCH + timedelta(microseconds=int(microseconds or 0))

    def close(self) -> None:
        """Let go of the database. Connections are closed with each transaction; this is for symmetry and leaks."""
        self._engine.dispose()


def open_store(url: str) -> Store:
    """The database behind a URL, its tables made or brought up to date.

    - `sqlite:////absolute/path` makes the file and its folder (mode 0750) when missing; a relative path starts at the
      working directory. `?mode=ro` opens a file that exists, for reading. WAL needs a local disk: no network share.
    - `postgresql://user:password@host/database` connects through psycopg.

    A database at head costs one SELECT. Raises Refusal(settings_invalid) for a URL that cannot work, and
    Failure(store_unreachable, store_read_only, store_full, store_newer, store_failed) for a database that does not.
    """
    address = read_address(url)
    if address.path and not address.read_only:
        _make_folder(address)
    store = Store(_engine(address), address)
    if _revision(store) != HEAD:
        from .migrating import upgrade

        upgrade(store, HEAD)
    return store


def queue_up(connection: Connection) -> None:
    """Wait until no other transaction changes claims or the ledger, and keep others waiting until this one ends.

    One lock for both, taken before any row is: two transactions that take rows and the lock in different orders would
    wait for each other. On SQLite, `Store.write` already is that lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": LOCK_SPACE, "what": LOCK_RECORDS}
        )


def _revision(store: Store) -> Optional[str]:
    """The migration that the database is at; None when it has no tables yet."""

    @contextmanager
    def asking() -> Iterator[Optional[str]]:
        try:
            with store.begin(writes=False) as connection:
                found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        except DBAPIError as error:
            if not faults.is_missing_table(error):
                raise
            found = None
        yield None if found is None else str(found)

    with faults.told(store.address, asking()) as revision:
        return revision


def _make_folder(address: Address) -> None:
    folder = os.path.dirname(address.path)
    try:
        os.makedirs(folder, mode=0o750, exist_ok=True)
    except OSError as error:
        raise Failure(
            Code.STORE_UNREACHABLE,
            f"The folder {folder} for the database cannot be made ({error.strerror or type(error).__name__}).",
            "Make it by hand, owned by the user that StackStorm's actions run as, or set another path in 'database'.",
        ) from error


def _engine(address: Address) -> Engine:
    # NullPool: an action makes a handful of transactions, a connection kept through a deployment of an hour would be
    # cut by servers and firewalls, and processes that fork must not share one. Parameters stay out of error texts.
    if address.dialect == "sqlite":
        # The URL is only the dialect's name; the creator knows the file.
        engine = create_engine(
            "sqlite+pysqlite://", creator=_sqlite_opener(address), poolclass=NullPool, hide_parameters=True
        )
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    url = address.url
    arguments: Dict[str, Any] = {
        "connect_timeout": CONNECT_WAIT,
        "application_name": "opsroom",
        "client_encoding": "utf8",
        "options": f"-c lock_timeout={int(LOCK_WAIT * 1000)} -c statement_timeout=60000",
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    # Poolers such as PgBouncer hand each transaction another server connection, where a prepared statement is unknown.
    arguments["prepare_threshold"] = None
    with faults.driver_there():
        return create_engine(
            url, connect_args=arguments, poolclass=NullPool, hide_parameters=True, use_native_hstore=False
        )


def _sqlite_opener(address: Address) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        # isolation_level None: the sqlite3 module begins and commits nothing by itself, `_begin_sqlite` does.
        connection = sqlite3.connect(
            _sqlite_uri(address), uri=True, timeout=LOCK_WAIT, isolation_level=None, check_same_thread=False
        )
        try:
            # FULL: the record "started" must survive a power cut, also in WAL mode, where NORMAL would not do.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return connect


def _sqlite_uri(address: Address) -> str:
    uri = "file:" + quote(address.path)
    if _on_read_only_ground(address.path):
        # WAL needs a file beside the database even to read. Nobody can write here, and no writer has left anything, so
        # the database can be read as it lies.
        return uri + "?immutable=1"
    return uri + ("?mode=ro" if address.read_only else "?mode=rwc")


def _on_read_only_ground(path: str) -> bool:
    return not os.access(os.path.dirname(path), os.W_OK) and os.path.exists(path) and not os.path.exists(path + "-wal")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
