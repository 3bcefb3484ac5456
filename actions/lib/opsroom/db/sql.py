"""What may stand in the text columns, and how moments stand there.

Statements as text: for what every command does, on the driver alone.

Importing SQLAlchemy takes a third of what a command takes that creates a card or sends a page, and
on PostgreSQL it asks four questions of each new connection. So the record, claims, locks, changes,
announcements, the guard against doubles and the list of pages say what they want in SQL that both
databases understand, and it runs on a connection of the driver as well as within a transaction of
SQLAlchemy. Everything else is said through SQLAlchemy.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from .connect import Connections, turn
from .url import Address

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def clean(value: str) -> str:
    """The text without what a column cannot hold: NUL (PostgreSQL refuses it) and halves of
    surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def moment(at: datetime) -> str:
    """A time as it is stored: ISO 8601 in UTC with six decimals, so that texts sort as times do."""
    return at.astimezone(timezone.utc).isoformat(timespec="microseconds")


# Clocks of machines that are kept in time differ by less.
_AHEAD = timedelta(minutes=5)


def soon(now: datetime) -> datetime:
    """The latest time that something which was written down can have: what is later was written by
    a wrong clock."""
    return now + _AHEAD


def from_moment(stored: str) -> datetime:
    """The aware UTC time behind a stored text."""
    return datetime.fromisoformat(stored)


Row = Dict[str, Any]
_VALUE = re.compile(r"(?<!:):(\w+)")


# Any two numbers that no other user of the database takes for its advisory locks: "opsr", and what
# the lock is for.
LOCK_SPACE = 0x6F707372
LOCK_RECORDS = 1

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECONDS = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
# One message to the server: everybody waits while this transaction does, so it must not wait for
# each answer by itself. Each statement in it sees what was committed before it began: the second
# one sees the record as it is once the lock is ours.
_QUEUE_UP = (
    f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, {LOCK_RECORDS});"  # noqa: S608
    f" SELECT {_MICROSECONDS}, head.seq, head.at, head.hash FROM (SELECT 1) AS one"
    " LEFT JOIN (SELECT seq, at, hash FROM ledger ORDER BY seq DESC LIMIT 1) AS head ON true"
)


class Plain:
    """A transaction of the driver's own; `writes` when it may change rows.

    `head` is the newest record (seq, at, hash) once this transaction keeps others from adding one;
    it is for `ledger`.
    """

    def __init__(self, driver: Any, dialect: str, writes: bool = True) -> None:
        self._driver = driver
        self.dialect = dialect
        self.writes = writes
        self.head: Optional[Tuple[int, str, str]] = None
        self.queued = False
        self._clock: Optional[Tuple[datetime, float]] = None

    def queue_up(self) -> None:
        """See `engine.queue_up`. On PostgreSQL; a transaction does it once."""
        if self.queued:
            return
        cursor = self._driver.execute(_QUEUE_UP)
        cursor.nextset()
        microseconds, seq, at, hash_ = cursor.fetchone()
        self._set_clock(microseconds)
        self.head = (0, "", "") if seq is None else (seq, at, hash_)
        self.queued = True

    def now(self) -> datetime:
        """The server's time: asked once in a transaction, then counted on from there, which is
        never ahead of it."""
        if self._clock is None:
            # As a number: a timestamp would come in the session's time zone, which the driver must
            # know by name.
            self._set_clock(self._driver.execute(f"SELECT {_MICROSECONDS}").fetchone()[0])
        assert self._clock is not None
        at, counted = self._clock
        return at + timedelta(seconds=time.monotonic() - counted)

    def _set_clock(self, microseconds: int) -> None:
        self._clock = (_EPOCH + timedelta(microseconds=int(microseconds)), time.monotonic())

    def execute(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Run a statement with values for its `:names`; the driver's cursor."""
        if self.dialect == "postgresql":
            statement = _VALUE.sub(r"%(\1)s", statement)
        return self._driver.execute(statement, values)


Transaction = Union["Connection", Plain]


def rows(on: Transaction, statement: str, /, **values: Any) -> List[Row]:
    """The rows that a statement finds, by column. `values` are bound to its `:names`, never written
    into it."""
    if isinstance(on, Plain):
        cursor = on.execute(statement, values)
        names = [one[0] for one in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]
    from sqlalchemy import text

    return [dict(row) for row in on.execute(text(statement), values).mappings()]


def change(on: Transaction, statement: str, /, **values: Any) -> int:
    """Run a statement that changes rows; how many it changed."""
    if isinstance(on, Plain):
        return int(on.execute(statement, values).rowcount)
    from sqlalchemy import text

    return int(on.execute(text(statement), values).rowcount)


def insert(on: Transaction, table: str, values: Mapping[str, Any]) -> None:
    """Add a row. `table` and the names in `values` are the program's own words, what stands in it
    is bound."""
    columns, bound = ", ".join(values), ", ".join(f":{name}" for name in values)
    _own_words(table, *values)
    change(on, f"INSERT INTO {table} ({columns}) VALUES ({bound})", **values)  # noqa: S608


def insert_new(on: Transaction, table: str, values: Mapping[str, Any]) -> bool:
    """Add a row unless one with the same key is there; whether it was added. Of any number at once,
    one adds it."""
    columns, bound = ", ".join(values), ", ".join(f":{name}" for name in values)
    _own_words(table, *values)
    query = f"INSERT INTO {table} ({columns}) VALUES ({bound}) ON CONFLICT DO NOTHING"  # noqa: S608
    return change(on, query, **values) == 1


def one_of(column: str, values: Sequence[Any]) -> Tuple[str, Dict[str, Any]]:
    """A condition that a column has one of these values, and what is bound in it."""
    _own_words(column)
    bound = {f"{column}_{number}": value for number, value in enumerate(values)}
    return f"{column} IN ({', '.join(f':{name}' for name in bound)})", bound


def update(on: Transaction, table: str, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Change the rows whose columns are as in `where`; how many there were. Words as with
    `insert`."""
    set_to = ", ".join(f"{name} = :{name}" for name in values)
    found = " AND ".join(f"{name} = :_{name}" for name in where)
    _own_words(table, *values, *where)
    query = f"UPDATE {table} SET {set_to} WHERE {found}"  # noqa: S608
    return change(on, query, **values, **{f"_{name}": value for name, value in where.items()})


def _own_words(*words: str) -> None:
    # They are written into the statement.
    if not all(word.isidentifier() for word in words):
        raise AssertionError(f"no names of a table and its columns: {words}")


def dialect_of(on: Transaction) -> str:
    """Which database it is: "sqlite" or "postgresql"."""
    return on.dialect if isinstance(on, Plain) else on.dialect.name


def may_write(on: Transaction) -> bool:
    """Whether the transaction may change rows."""
    return (
        on.writes
        if isinstance(on, Plain)
        else not on.get_execution_options().get("postgresql_readonly")
    )


def server_time(on: Transaction) -> datetime:
    """The time of a PostgreSQL server, as `Plain.now`."""
    found = rows(on, f"SELECT {_MICROSECONDS} AS microseconds")
    return _EPOCH + timedelta(microseconds=int(found[0]["microseconds"]))


@contextmanager
def begin(address: Address, writes: bool, connections: Connections) -> Iterator[Plain]:
    """One transaction: commits at the end of the block, rolls back when the block raises. Errors
    are the driver's own.

    The same as `Store.begin`, see there.
    """
    with turn(address, writes):
        yield from _transaction(address, writes, connections)


def _transaction(address: Address, writes: bool, connections: Connections) -> Iterator[Plain]:
    driver = connections.take()
    try:
        if address.dialect == "sqlite":
            driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        else:
            from psycopg import IsolationLevel

            level = IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
            driver.isolation_level, driver.read_only = level, None if writes else True
        yield Plain(driver, address.dialect, writes)
        driver.commit()
    except BaseException as error:
        if getattr(driver, "broken", False):
            # As SQLAlchemy's errors say it: libpq's text for this depends on where it was cut.
            error.connection_invalidated = True  # type: ignore[attr-defined]
        # A connection that is broken has nothing to undo.
        with suppress(Exception):
            driver.rollback()
        driver.close()
        raise
    else:
        connections.give_back(driver)
