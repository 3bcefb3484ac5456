"""Opening the database, and transactions on it that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ContextManager, Dict, Iterator, Optional

from ..errors import Code, Failure
from . import errors, sql
from .connect import Connections, connect, turn
from .sql import (
    LOCK_RECORDS,
    LOCK_SPACE,
    Plain,
    Transaction,
    change,
    dialect_of,
    rows,
    server_time,
)
from .url import Address, read_address

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

# The newest migration; a test keeps the two equal. With it here, a database at head is opened
# without Alembic, whose import takes longer than everything else together.
HEAD = "0006"

_WRITES = "opsroom_writes"


class Store:
    """One database. Safe to share between threads: no two transactions have the same connection at
    a time."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.dialect = address.dialect
        self._connections = Connections(address)
        self._made: Optional[Engine] = None
        self._making = threading.Lock()

    @property
    def place(self) -> str:
        """The database in words, without user and password."""
        return self.address.place

    def write(self) -> ContextManager[Connection]:
        """One transaction that may change rows: commits at the end of the block, rolls back when
        the block raises.

        On SQLite it holds the write lock from its first moment (BEGIN IMMEDIATE): a transaction
        that reads first and writes later would fail when another one wrote in between. Errors of
        the database, also those raised inside the block, come out as Failure(store_...).
        """
        return errors.told(self.address, self.begin(writes=True))

    def read(self) -> ContextManager[Connection]:
        """One transaction that only reads, and sees one moment of the database throughout. Errors
        as with `write`."""
        return errors.told(self.address, self.begin(writes=False))

    def write_plain(self) -> ContextManager[Plain]:
        """The same as `write` for what takes statements as text, without loading SQLAlchemy (see
        `plain`)."""
        return errors.told(self.address, self.begin_plain(writes=True))

    def read_plain(self) -> ContextManager[Plain]:
        """The same as `read` for what takes statements as text, without loading SQLAlchemy (see
        `plain`)."""
        return errors.told(self.address, self.begin_plain(writes=False))

    @contextmanager
    def begin(self, writes: bool) -> Iterator[Connection]:
        """A transaction whose errors are SQLAlchemy's own. For this package; others use `write` and
        `read`."""
        options: Dict[str, Any] = {_WRITES: writes}
        if self.dialect == "postgresql" and writes:
            # Also where the database says otherwise: who waited for its turn must see what was
            # written meanwhile.
            options.update(isolation_level="READ COMMITTED")
        elif self.dialect == "postgresql":
            options.update(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with turn(self.address, writes), self._engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                yield connection

    def begin_plain(self, writes: bool) -> ContextManager[Plain]:
        """A transaction whose errors are the driver's own. For this package; others use
        `write_plain`, `read_plain`."""
        return sql.begin(self.address, writes, self._connections)

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction. For this package."""
        connection = connect(self.address)
        try:
            yield connection
        finally:
            connection.close()

    def now(self, on: Transaction) -> datetime:
        """The time, aware, UTC, with microseconds.

        On PostgreSQL it is the server's clock: runners whose clocks differ must agree on when a
        lease runs out. An SQLite file has one machine, hence one clock.
        """
        if self.dialect == "sqlite":
            return datetime.now(timezone.utc)
        return on.now() if isinstance(on, Plain) else server_time(on)

    def close(self) -> None:
        """Let go of the database: close the connection that is kept for the next transaction."""
        self._connections.close()
        if self._made is not None:
            self._made.dispose()

    @property
    def _engine(self) -> Engine:
        with self._making:
            if self._made is None:
                self._made = _engine(self.address)
            return self._made


def open_store(url: str) -> Store:
    """The database behind a URL, its tables made or brought up to date.

    - `sqlite:////absolute/path` makes the file and its folder (mode 0750) when missing; a relative
      path starts at the working directory. `?mode=ro` opens a file that exists, for reading. WAL
      needs a local disk: no network share.
    - `postgresql://user:password@host/database` connects through psycopg.

    A database at head costs one SELECT. Raises Refusal(settings_invalid) for a URL that cannot
    work, and Failure(store_unreachable, store_read_only, store_full, store_newer, store_failed) for
    a database that does not.
    """
    address = read_address(url)
    if address.path and not address.read_only:
        _make_folder(address)
    store = Store(address)
    if _revision(store) != HEAD:
        from .migrate import upgrade

        upgrade(store, HEAD)
    return store


def queue_up(on: Transaction) -> None:
    """Wait until no other transaction changes claims or the ledger, and keep others waiting until
    this one ends.

    One lock for both, taken before any row is: two transactions that take rows and the lock in
    different orders would wait for each other. On SQLite, `Store.write` already is that lock.
    """
    if dialect_of(on) != "postgresql":
        return
    if isinstance(on, Plain):
        on.queue_up()
    else:
        change(
            on, "SELECT pg_advisory_xact_lock(:space, :what)", space=LOCK_SPACE, what=LOCK_RECORDS
        )


def _revision(store: Store) -> Optional[str]:
    """The migration that the database is at; None when it has no tables yet."""

    @contextmanager
    def asking() -> Iterator[Optional[str]]:
        try:
            with store.begin_plain(writes=False) as on:
                found = rows(on, "SELECT version_num FROM alembic_version")
        except Exception as error:
            if not errors.is_missing_table(error):
                raise
            found = []
        yield str(found[0]["version_num"]) if found else None

    with errors.told(store.address, asking()) as revision:
        return revision


def _make_folder(address: Address) -> None:
    folder = os.path.dirname(address.path)
    try:
        os.makedirs(folder, mode=0o750, exist_ok=True)
    except OSError as error:
        raise Failure(
            Code.STORE_UNREACHABLE,
            f"The folder {folder} for the database cannot be made "
            f"({error.strerror or type(error).__name__}).",
            "Make it by hand, owned by the user that StackStorm's actions run as, or set another "
            "path in 'database'.",
        ) from error


def _engine(address: Address) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    # NullPool: an action makes a handful of transactions, a connection kept through a deployment of
    # an hour would be cut by servers and firewalls, and processes that fork must not share one.
    # Parameters stay out of error texts. The URL is only the dialect's name; the creator knows the
    # place.
    options: Dict[str, Any] = {
        "creator": lambda: connect(address),
        "poolclass": NullPool,
        "hide_parameters": True,
    }
    if address.dialect == "sqlite":
        engine = create_engine("sqlite+pysqlite://", **options)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    with errors.driver_there():
        return create_engine("postgresql+psycopg://", use_native_hstore=False, **options)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
