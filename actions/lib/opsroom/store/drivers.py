"""Connecting: the driver's own connection to a database, set up so that both kinds keep what was committed."""

from __future__ import annotations

import os
import sqlite3
from typing import Any, Dict
from urllib.parse import quote

from . import faults
from .address import Address

# How long to wait for another process that writes, in seconds.
LOCK_WAIT = 10.0
CONNECT_WAIT = 5


def connect(address: Address) -> Any:
    """A connection of sqlite3, in which nothing begins or commits by itself, or of psycopg. Raises the driver's errors.

    Raises Failure(store_failed) where psycopg is missing.
    """
    return _sqlite(address) if address.dialect == "sqlite" else _postgresql(address)


def _sqlite(address: Address) -> sqlite3.Connection:
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


def _sqlite_uri(address: Address) -> str:
    uri = "file:" + quote(address.path)
    if _on_read_only_ground(address.path):
        # WAL needs a file beside the database even to read. Nobody can write here, and no writer has left anything, so
        # the database can be read as it lies.
        return uri + "?immutable=1"
    return uri + ("?mode=ro" if address.read_only else "?mode=rwc")


def _on_read_only_ground(path: str) -> bool:
    return not os.access(os.path.dirname(path), os.W_OK) and os.path.exists(path) and not os.path.exists(path + "-wal")


def _postgresql(address: Address) -> Any:
    with faults.driver_there():
        import psycopg
        from psycopg.conninfo import make_conninfo
    arguments: Dict[str, Any] = {
        "connect_timeout": CONNECT_WAIT,
        "application_name": "opsroom",
        "client_encoding": "utf8",
        "options": f"-c lock_timeout={int(LOCK_WAIT * 1000)} -c statement_timeout=60000",
        **address.options,
    }
    # Poolers such as PgBouncer hand each transaction another server connection, where a prepared statement is unknown.
    arguments.pop("prepare_threshold", None)
    # As one text, in which libpq takes its own options only: what psycopg would take besides, such as autocommit, would
    # undo what transactions are for.
    return psycopg.connect(make_conninfo(**arguments), prepare_threshold=None)
