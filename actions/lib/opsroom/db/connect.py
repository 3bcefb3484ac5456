"""Connecting: the driver's own connection to a database, set up so that SQLite and PostgreSQL both
keep what was committed."""

from __future__ import annotations

import os
import select
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, Optional, Tuple
from urllib.parse import quote

from ..structs import dataclass
from . import errors, queue
from .url import Address

# How long to wait for others that write, in seconds.
LOCK_WAIT = 10.0
CONNECT_WAIT = 5


@contextmanager
def turn(address: Address, writes: bool) -> Iterator[None]:
    """Run a block that writes when it is its turn: in SQLite files, whose own lock knows no
    order."""
    if not writes or address.dialect != "sqlite" or address.read_only:
        yield
        return
    with queue.turn(address.path, LOCK_WAIT):
        yield


def connect(address: Address) -> Any:
    """A connection of sqlite3, in which nothing begins or commits implicitly, or of psycopg. Raises
    the driver's errors.

    Raises Failure(store_failed) where psycopg is missing.
    """
    return _sqlite(address) if address.dialect == "sqlite" else _postgresql(address)


class Connections:
    """The connections of this process to one database, of which one is kept: a command makes
    several transactions in a row.

    One more is made only while another thread (the one that renews a lease, one that hangs) has the
    kept one. On PostgreSQL a connection is a process of the server, and one that idles through a
    deployment of an hour is cut by servers and firewalls: it is kept for `KEPT` seconds. On SQLite
    the last connection that closes copies the log into the file and waits for the disk, which is
    done once instead of after every transaction. Safe to share between threads: no two transactions
    have the same connection at a time. A process that forks does not share it with its child.
    """

    KEPT = 30.0

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: Optional[Connection] = None
        self._guard = threading.Lock()

    def take(self) -> Connection:
        """A connection outside any transaction: the kept one where it still serves, else a new one.

        So one that was lost in between is made again here, before a transaction begins, and never
        in the middle of one. Raises as `connect` does.
        """
        with self._guard:
            idle, self._idle = self._idle, None
        if idle is not None:
            if self._serves(idle):
                return idle
            self.drop(idle)
        driver = connect(self._address)
        return Connection(driver, os.getpid(), _file(self._address))

    def give_back(self, connection: Connection) -> None:
        """Keep it, or close it; its transaction is over."""
        connection.idle_since = time.monotonic()
        with self._guard:
            if self._idle is None:
                self._idle = connection
                return
        self.drop(connection)

    def drop(self, connection: Connection) -> None:
        """Close it. Raises nothing."""
        # The server's end of what a forked child has is its parent's.
        if connection.process == os.getpid():
            with suppress(Exception):
                connection.driver.close()

    def close(self) -> None:
        """Close what is kept."""
        with self._guard:
            idle, self._idle = self._idle, None
        if idle is not None:
            self.drop(idle)

    def __del__(self) -> None:
        # At the very end of a process nothing is left to close it with.
        with suppress(Exception):
            self.close()

    def _serves(self, idle: Connection) -> bool:
        if idle.process != os.getpid():
            return False
        if self._address.dialect == "sqlite":
            # Not where another file was put in its place, or its folder was closed or opened.
            return bool(idle.file) and idle.file == _file(self._address)
        return time.monotonic() - idle.idle_since < self.KEPT and _silent(idle.driver)


@dataclass
class Connection:
    """The driver's connection, the process that made it, and for SQLite which file it is to."""

    driver: Any
    process: int
    file: Tuple[Any, ...] = ()
    idle_since: float = 0.0


def _file(address: Address) -> Tuple[Any, ...]:
    """How an SQLite file is opened, its device and its inode; empty where there is none."""
    if address.dialect != "sqlite":
        return ()
    try:
        status = os.stat(address.path)
    except OSError:
        return ()
    return _sqlite_uri(address), status.st_dev, status.st_ino


def _silent(driver: Any) -> bool:
    """Whether a server has nothing to say on an idle connection: what it would say is that it ends
    it."""
    try:
        if driver.closed:
            return False
        # `select.select` takes no descriptor from 1024 on.
        poll = select.poll()
        poll.register(driver.fileno(), select.POLLIN)
        return not poll.poll(0)
    except Exception:
        return False


def _sqlite(address: Address) -> sqlite3.Connection:
    connection = sqlite3.connect(
        _sqlite_uri(address),
        uri=True,
        timeout=LOCK_WAIT,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # FULL: the record "started" must survive a power cut, also in WAL mode, where NORMAL would
        # not do.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _sqlite_uri(address: Address) -> str:
    uri = "file:" + quote(address.path)
    if _on_read_only_ground(address.path):
        # WAL needs a file beside the database even to read. Nobody can write here, and no writer
        # has left anything, so the database can be read as it lies.
        return uri + "?immutable=1"
    return uri + ("?mode=ro" if address.read_only else "?mode=rwc")


def _on_read_only_ground(path: str) -> bool:
    return (
        not os.access(os.path.dirname(path), os.W_OK)
        and os.path.exists(path)
        and not os.path.exists(path + "-wal")
    )


def _postgresql(address: Address) -> Any:
    with errors.driver_errors():
        import psycopg
        from psycopg.conninfo import make_conninfo
    arguments: Dict[str, Any] = {
        "connect_timeout": CONNECT_WAIT,
        "application_name": "opsroom",
        "client_encoding": "utf8",
        **address.options,
    }
    # What the address sets comes last, so it wins.
    limits = f"-c lock_timeout={int(LOCK_WAIT * 1000)} -c statement_timeout=60000"
    arguments["options"] = f"{limits} {address.options.get('options', '')}".strip()
    # Poolers such as PgBouncer hand each transaction another server connection, where a prepared
    # statement is unknown.
    arguments.pop("prepare_threshold", None)
    # As one text, in which libpq takes its own options only: what psycopg would take besides, such
    # as autocommit, would undo what transactions are for.
    return psycopg.connect(make_conninfo(**arguments), prepare_threshold=None)
