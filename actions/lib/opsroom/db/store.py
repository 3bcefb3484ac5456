"""Opening the database, and transactions on it that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime
from typing import ContextManager, Iterator, Optional

from ..errors import Code, Failure
from . import errors, sql
from .connect import Connections
from .sql import Transaction, scalar
from .url import Address, read_address

# The newest migration; a test keeps the two equal. With it here, a database at head is opened
# without Alembic, whose import takes longer than everything else together.
HEAD = "0009"


class Store:
    """One database. Safe to share between threads: no two transactions have the same connection at
    a time."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.dialect = address.dialect
        self._connections = Connections(address)

    @property
    def place(self) -> str:
        """The database in words, without user and password."""
        return self.address.place

    def write(self) -> ContextManager[Transaction]:
        """One transaction that may change rows: commits at the end of the block, rolls back when
        the block raises.

        On SQLite it holds the write lock from its first moment. Errors of the database, also those
        raised inside the block, come out as Failure(store_...).
        """
        return errors.translated(self.address, self.begin(writes=True))

    def read(self) -> ContextManager[Transaction]:
        """One transaction that only reads, and sees one moment of the database throughout. Errors
        as with `write`."""
        return errors.translated(self.address, self.begin(writes=False))

    def begin(self, writes: bool) -> ContextManager[Transaction]:
        """A transaction whose errors are the driver's own. For this package and for tests; others
        use `write` and `read`."""
        return sql.begin(self.address, writes, self._connections)

    def now(self, on: Transaction) -> datetime:
        """The database's time, aware, UTC. See `Transaction.now`."""
        return on.now()

    def close(self) -> None:
        """Let go of the database: close the connection that is kept for the next transaction."""
        self._connections.close()


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
    revision = _revision(store)
    if revision != HEAD:
        store.close()
        if revision is not None and revision.startswith(CLOSED):
            raise _closed(address, revision)
        from .migrate import upgrade  # loads Alembic and SQLAlchemy

        upgrade(address, HEAD)
    return store


def upgrade_closed(address: Address) -> None:
    """Bring the tables of a closed database up to date; nobody ever sees it open."""
    from . import migrate  # loads Alembic and SQLAlchemy

    migrate.upgrade_closed(address, HEAD)


# Why a database is closed stands before its migration: `moved:0008`.
MOVED, REFUSED, RESTORING = "moved", "refused", "restoring"
CLOSED = (f"{MOVED}:", f"{REFUSED}:", f"{RESTORING}:")


def _closed(address: Address, revision: str) -> Failure:
    place = f"{address.place[0].upper()}{address.place[1:]}"
    if revision.startswith(MOVED):
        return Failure(
            Code.STORE_CLOSED,
            f"{place} was moved to another database, and is closed.",
            "Set 'database' in the config to the new one.",
        )
    if revision.startswith(RESTORING):
        return Failure(
            Code.STORE_CLOSED,
            f"{place} is being restored from a backup, or its restoring was interrupted.",
            "If nobody is restoring it, restore the backup into an empty database.",
        )
    return Failure(
        Code.STORE_CLOSED,
        f"{place} was restored from a backup that is not the record that was noted, and is closed.",
        "Restore another backup, or have an administrator look at it.",
    )


def _revision(store: Store) -> Optional[str]:
    """The migration that the database is at; None when it has no tables yet."""

    @contextmanager
    def question() -> Iterator[Optional[str]]:
        try:
            with store.begin(writes=False) as on:
                found = scalar(on, "SELECT version_num FROM alembic_version")
        except Exception as error:
            if not errors.is_missing_table(error):
                raise
            found = None
        yield None if found is None else str(found)

    with errors.translated(store.address, question()) as revision:
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
