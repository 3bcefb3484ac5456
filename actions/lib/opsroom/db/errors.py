"""Errors of databases as one sentence each, with what would help."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import contextmanager
from typing import ContextManager, Iterator, Optional, Tuple, TypeVar

from ..errors import Code, Failure
from ..grants import statement_for
from .url import Address

T = TypeVar("T")

_AGAIN = "Try again in a moment."
_ROOM = "Free some space on that disk."
_SERVER = "Check that the server runs and that 'database' in opsroom.yaml names it."
_BUSY = (
    Code.STORE_BUSY,
    "The database is busy: others have been writing to {place} for longer than this command "
    "may wait.",
    _AGAIN,
)
_TABLES = (
    Code.STORE_FAILED,
    "The tables of {place} are not those that opsroom made.",
    "Use a database that is opsroom's alone, or restore this one from a backup.",
)
# From a command that had opened it before it was closed (backup.closure).
_CLOSED = (
    Code.STORE_CLOSED,
    "{Place} was closed meanwhile: it was moved, or is not the record that was noted.",
    "Set 'database' in the config to the new one.",
)
_Answer = Tuple[Code, str, str]

# SQLite's own texts (sqlite3_errstr): the codes behind them reach Python 3.11 and newer only.
_SQLITE: Tuple[Tuple[str, _Answer], ...] = (
    (
        "unable to open database file",
        (
            Code.STORE_UNREACHABLE,
            "{Place} cannot be opened.",
            "Its folder must exist, and the user that the actions run as ({user}) must be "
            "allowed to write there.",
        ),
    ),
    (
        "readonly database",
        (
            Code.STORE_READ_ONLY,
            "{Place} can only be read.",
            "The file, its folder and its disk must be writable for the user that the actions "
            "run as ({user}).",
        ),
    ),
    ("the ledger is closed", _CLOSED),
    ("disk is full", (Code.STORE_FULL, "The disk with {place} is full.", _ROOM)),
    ("is locked", _BUSY),
    ("locking protocol", _BUSY),
    (
        "not a database",
        (
            Code.STORE_FAILED,
            "{Place} is not an SQLite database.",
            "Set another path in 'database', or restore the file from a backup.",
        ),
    ),
    ("malformed", (Code.STORE_FAILED, "{Place} is damaged.", "Restore it from a backup.")),
    (
        "could not decode to utf-8",
        (Code.STORE_FAILED, "{Place} is damaged.", "Restore it from a backup."),
    ),
    (
        "disk i/o error",
        (
            Code.STORE_FAILED,
            "The disk with {place} reports an error.",
            "Check that it is healthy and not full.",
        ),
    ),
    ("no such table", _TABLES),
    ("no such column", _TABLES),
    ("already exists", _TABLES),
)

# PostgreSQL's SQLSTATEs, whole ones before the classes that they begin with.
_STATES: Tuple[Tuple[str, _Answer], ...] = (
    (
        "25006",
        (
            Code.STORE_READ_ONLY,
            "{Place} can only be read just now.",
            "It may be a standby: name the primary server.",
        ),
    ),
    (
        "42501",
        (
            Code.STORE_READ_ONLY,
            "The user in 'database' may not use the tables of {place}, or not make them.",
            "{grants}",
        ),
    ),
    ("53100", (Code.STORE_FULL, "The disk of {place} is full.", _ROOM)),
    ("53300", (Code.STORE_UNREACHABLE, "{Place} takes no more connections.", _AGAIN)),
    ("53", (Code.STORE_FAILED, "{Place} has run out of resources.", _AGAIN)),
    ("55P03", _BUSY),
    ("57014", _BUSY),
    ("40", _BUSY),
    ("57P", (Code.STORE_UNREACHABLE, "{Place} is restarting, or cut the connection.", _AGAIN)),
    ("08", (Code.STORE_UNREACHABLE, "The connection to {place} was lost.", _AGAIN)),
    (
        "28",
        (
            Code.STORE_UNREACHABLE,
            "{Place} refuses the user or the password in 'database'.",
            "Correct them.",
        ),
    ),
    (
        "3D000",
        (Code.STORE_UNREACHABLE, "There is no {place_only}.", "Create it, or correct 'database'."),
    ),
    ("42P01", _TABLES),
    ("42703", _TABLES),
    ("42P07", _TABLES),
    (
        "22P05",
        (
            Code.STORE_FAILED,
            "{Place} cannot hold every character.",
            "Create it with ENCODING 'UTF8'.",
        ),
    ),
)

_OPTION = (
    Code.STORE_FAILED,
    "'database' has an option that PostgreSQL does not know.",
    "Correct it.",
)
_INSECURE = (
    Code.STORE_UNREACHABLE,
    "A secure connection to {place} cannot be made.",
    "Check the certificates on both sides, and sslmode and sslrootcert in 'database'.",
)
# A connection that was never made has no SQLSTATE, only libpq's text (in English unless the server
# is set otherwise).
_CONNECTING: Tuple[Tuple[str, _Answer], ...] = (
    ("password", dict(_STATES)["28"]),
    ("pg_hba.conf", dict(_STATES)["28"]),
    ("authentication failed", dict(_STATES)["28"]),
    ('role "', dict(_STATES)["28"]),
    ("too many ", dict(_STATES)["53300"]),
    ("connection slots", dict(_STATES)["53300"]),
    ("starting up", dict(_STATES)["57P"]),
    ("shutting down", dict(_STATES)["57P"]),
    ('database "', dict(_STATES)["3D000"]),
    ("translate host name", (Code.STORE_UNREACHABLE, "The host of {place} is not known.", _SERVER)),
    ("resolve host", (Code.STORE_UNREACHABLE, "The host of {place} is not known.", _SERVER)),
    ("invalid sslmode", _OPTION),
    ("invalid integer value", _OPTION),
    ("ssl", _INSECURE),
    ("certificate", _INSECURE),
    ("closed the connection", dict(_STATES)["08"]),
    ("connection is closed", dict(_STATES)["08"]),
    ("connection is lost", dict(_STATES)["08"]),
    ("consuming input failed", dict(_STATES)["08"]),
    ("sending query failed", dict(_STATES)["08"]),
)


@contextmanager
def translated(address: Address, inner: ContextManager[T]) -> Iterator[T]:
    """Run a block inside `inner`; errors of the database come out as Failure, all others as they
    are."""
    try:
        with inner as value:
            yield value
    except Exception as error:
        if not _of_a_database(error):
            raise
        raise explain(error, address) from error


def _of_a_database(error: BaseException) -> bool:
    """Whether a driver or SQLAlchemy raised it. What was never loaded raised nothing."""
    kinds = [sqlite3.Error]
    for module, name in (("psycopg", "Error"), ("sqlalchemy.exc", "SQLAlchemyError")):
        # Another thread may just be loading it.
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None:
            kinds.append(kind)
    return isinstance(error, tuple(kinds))


def _original(error: BaseException) -> BaseException:
    """The driver's own error, which SQLAlchemy wraps."""
    inner = getattr(error, "orig", None)
    return inner if isinstance(inner, BaseException) else error


def explain(error: BaseException, address: Address) -> Failure:
    """The Failure for an error of SQLAlchemy or of a driver. Its text stays out: it may quote what
    is secret."""
    original = _original(error)
    finder = _sqlite if address.dialect == "sqlite" else _postgresql
    code, message, hint = finder(original, error) or _unknown(original)
    words = {
        "grants": _grants(original),
        "place": address.place,
        "Place": address.place[0].upper() + address.place[1:],
        "place_only": address.place.replace("the ", "", 1),
        "user": _user(),
    }
    return Failure(code, message.format(**words), hint.format(**words))


_ALL_GRANTS = "python -m opsroom.grants USER"


def _grants(original: BaseException) -> str:
    """Which right is missing. Never that of owning the tables: their owner can undo what protects
    the record."""
    # The first line; the statement follows below.
    missing = statement_for(str(original).partition("\n")[0])
    if missing:
        return (
            f"As the owner of the tables, run: {missing} TO that user; {_ALL_GRANTS} prints "
            "all that it needs."
        )
    return (
        "Run one command as the role that owns the tables, then the grants that "
        f"{_ALL_GRANTS} prints."
    )


def newer(address: Address, revision: str, head: str) -> Failure:
    """The Failure for a database whose schema this code does not know."""
    return Failure(
        Code.STORE_NEWER,
        f"{address.place[0].upper()}{address.place[1:]} was made by a newer opsroom: "
        f"its schema is {revision}, this pack knows those up to {head}.",
        "Update the pack on this machine.",
    )


def is_missing_table(error: BaseException) -> bool:
    """Whether a table was asked for that is not there."""
    original = _original(error)
    missing = isinstance(original, sqlite3.Error) and "no such table" in str(original)
    return missing or getattr(original, "sqlstate", None) == "42P01"


@contextmanager
def driver_errors() -> Iterator[None]:
    """Run a block that imports the PostgreSQL driver; a missing one comes out as Failure."""
    try:
        yield
    except ImportError as error:
        raise Failure(
            Code.STORE_FAILED,
            "The Python package psycopg, which talks to PostgreSQL, is missing or cannot be "
            "loaded.",
            "Install the pack again: its requirements.txt names it.",
        ) from error


def _sqlite(original: BaseException, error: BaseException) -> Optional[_Answer]:
    words = str(original).lower()
    return next((answer for text, answer in _SQLITE if text in words), None)


def _postgresql(original: BaseException, error: BaseException) -> Optional[_Answer]:
    state = getattr(original, "sqlstate", None)
    if state == "23001" and "append-only" in str(original):
        # The trigger that protects the record refuses what opsroom does, which only adds to it, in
        # a closed one.
        return _CLOSED
    if state:
        return next((answer for start, answer in _STATES if state.startswith(start)), None)
    if getattr(error, "connection_invalidated", False):
        return dict(_STATES)["08"]
    words = str(original).lower()
    if not any(one.__name__ == "OperationalError" for one in type(error).__mro__):
        return _OPTION if "invalid connection option" in words else None
    silent = (Code.STORE_UNREACHABLE, "{Place} does not answer.", _SERVER)
    return next((answer for text, answer in _CONNECTING if text in words), silent)


def _unknown(original: BaseException) -> _Answer:
    state = getattr(original, "sqlstate", None)
    detail = type(original).__name__ + (f" {state}" if state else "")
    return (
        Code.STORE_FAILED,
        "{Place} reports an error (" + detail + ").",
        "The log of the action has the details.",
    )


def _user() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    except (ImportError, KeyError):
        return "its own user"
