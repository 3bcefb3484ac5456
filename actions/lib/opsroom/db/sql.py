"""Statements as text, with values that are bound, on the driver's own connection: one way for both
databases.

Each statement is written in the SQL that SQLite and PostgreSQL share; where they differ, the caller
asks for `Transaction.dialect`. Values stand in it as `:name` and are bound by the driver.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import (
    Any,
    Callable,
    Dict,
    Generator,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

from ..errors import OpsroomError
from ..structs.patterns import lazy_pattern
from .connect import Connections, turn
from .url import Address


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
    """The aware UTC time behind a stored text. Raises ValueError."""
    return datetime.fromisoformat(stored)


Row = Dict[str, Any]
_VALUE = lazy_pattern(r"(?<!:):([A-Za-z_]\w*)")


# Any two numbers that no other user of the database takes for its advisory locks: "opsr", and what
# the lock is for.
LOCK_SPACE = 0x6F707372
LOCK_RECORDS = 1

# So many rows of a stream are fetched from a server at once.
_FETCHED = 2000

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECONDS = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
# One message to the server: everyone waits while this transaction does, so it must not wait for
# each answer separately. Each statement in it sees what was committed before it began: the second
# one sees the record as it is once the lock is ours.
_QUEUE_UP = (
    f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, {LOCK_RECORDS});"  # noqa: S608
    f" SELECT {_MICROSECONDS}, head.seq, head.at, head.hash FROM (SELECT 1) AS one"
    " LEFT JOIN (SELECT seq, at, hash FROM ledger ORDER BY seq DESC LIMIT 1) AS head ON true"
)


class Transaction:
    """A transaction on the driver's own connection; `writes` when it may change rows.

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
        """See `queue_up`. On PostgreSQL; a transaction does it once."""
        if self.queued:
            return
        cursor = self._driver.execute(_QUEUE_UP)
        cursor.nextset()
        microseconds, seq, at, hash_ = cursor.fetchone()
        self._set_clock(microseconds)
        self.head = (0, "", "") if seq is None else (seq, at, hash_)
        self.queued = True

    def now(self) -> datetime:
        """The time, aware, UTC, with microseconds.

        On PostgreSQL it is the server's clock, since runners whose clocks differ must agree on when
        a lease runs out: asked once in a transaction, then counted on from there, which is never
        ahead of it. An SQLite file has one machine, so one clock.
        """
        if self.dialect == "sqlite":
            return datetime.now(timezone.utc)
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
        return self._driver.execute(self._of_driver(statement), values)

    def stream(
        self, statement: str, values: Mapping[str, Any]
    ) -> Generator[Tuple[Any, ...], None, None]:
        """The rows as tuples, read as they are looked at: memory does not grow with their
        number."""
        if self.dialect == "sqlite":
            yield from self._driver.execute(statement, values)
            return
        with self._driver.cursor(name="opsroom_stream") as cursor:
            cursor.itersize = _FETCHED
            yield from cursor.execute(self._of_driver(statement), values)

    def insert_many(self, statement: str, many: Sequence[Sequence[Any]]) -> None:
        """Run a statement with `?` for its values once for each of many. On SQLite."""
        self._driver.executemany(statement, many)

    def copy_in(self, statement: str, many: Iterable[Sequence[Any]]) -> None:
        """Add many rows by a statement `COPY ... FROM STDIN`, as they come. On PostgreSQL."""
        with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in many:
                copy.write_row(row)

    def add_function(self, name: str, function: Callable[[str], str]) -> None:
        """Let statements on SQLite call a function of one text, which has the same result for the
        same text."""
        self._driver.create_function(name, 1, function, deterministic=True)

    @contextmanager
    def any_text(self) -> Iterator[None]:
        """While inside, SQLite hands out texts that are not UTF-8 as well, with surrogates, instead
        of stopping at the first one. PostgreSQL holds none."""
        if self.dialect != "sqlite":
            yield
            return
        self._driver.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        try:
            yield
        finally:
            self._driver.text_factory = str

    def _of_driver(self, statement: str) -> str:
        return statement if self.dialect == "sqlite" else _VALUE.sub(r"%(\1)s", statement)


def queue_up(on: Transaction) -> None:
    """Wait until no other transaction changes claims or the ledger, and keep others waiting until
    this one ends.

    One lock for both, taken before any row is: two transactions that take rows and the lock in
    different orders would wait for each other. On SQLite, `Store.write` already is that lock.
    """
    if on.dialect == "postgresql":
        on.queue_up()


def rows(on: Transaction, statement: str, /, **values: Any) -> List[Row]:
    """The rows that a statement finds, by column. `values` are bound to its `:names`, never written
    into it."""
    cursor = on.execute(statement, values)
    names = [one[0] for one in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def scalar(on: Transaction, statement: str, /, **values: Any) -> Any:
    """The first column of the first row that a statement finds; None where it finds none."""
    row = on.execute(statement, values).fetchone()
    return None if row is None else row[0]


def execute(on: Transaction, statement: str, /, **values: Any) -> int:
    """Run a statement that changes rows; how many it changed."""
    return int(on.execute(statement, values).rowcount)


def insert(on: Transaction, table: str, values: Mapping[str, Any]) -> None:
    """Add a row. `table` and the names in `values` are the program's own words, what is in it
    is bound."""
    columns, bound = ", ".join(values), ", ".join(f":{name}" for name in values)
    _own_names(table, *values)
    execute(on, f"INSERT INTO {table} ({columns}) VALUES ({bound})", **values)  # noqa: S608


def insert_new(on: Transaction, table: str, values: Mapping[str, Any]) -> bool:
    """Add a row unless one with the same key is there; whether it was added. Of any number at once,
    one adds it."""
    columns, bound = ", ".join(values), ", ".join(f":{name}" for name in values)
    _own_names(table, *values)
    query = f"INSERT INTO {table} ({columns}) VALUES ({bound}) ON CONFLICT DO NOTHING"  # noqa: S608
    return execute(on, query, **values) == 1


def one_of(column: str, values: Sequence[Any]) -> Tuple[str, Dict[str, Any]]:
    """A condition that a column has one of these values, and what is bound in it."""
    _own_names(column)
    bound = {f"{column}_{number}": value for number, value in enumerate(values)}
    return f"{column} IN ({', '.join(f':{name}' for name in bound)})", bound


def update(on: Transaction, table: str, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Change the rows whose columns are as in `where`; how many there were. Words as with
    `insert`."""
    set_to = ", ".join(f"{name} = :{name}" for name in values)
    found = " AND ".join(f"{name} = :_{name}" for name in where)
    _own_names(table, *values, *where)
    query = f"UPDATE {table} SET {set_to} WHERE {found}"  # noqa: S608
    return execute(on, query, **values, **{f"_{name}": value for name, value in where.items()})


def _own_names(*words: str) -> None:
    # They are written into the statement.
    if not all(word.isidentifier() for word in words):
        raise AssertionError(f"no names of a table and its columns: {words}")


@contextmanager
def begin(address: Address, writes: bool, connections: Connections) -> Iterator[Transaction]:
    """One transaction: commits at the end of the block, rolls back when the block raises. Errors
    are the driver's own.

    On SQLite one that writes holds the write lock from its first moment (BEGIN IMMEDIATE): one that
    reads first and writes later would fail when another one wrote in between. On PostgreSQL one
    that writes is READ COMMITTED, also where the database says otherwise: who waited for its turn
    must see what was written meanwhile.
    """
    with turn(address, writes):
        yield from _transaction(address, writes, connections)


def _transaction(address: Address, writes: bool, connections: Connections) -> Iterator[Transaction]:
    connection = connections.take()
    driver = connection.driver
    try:
        if address.dialect == "sqlite":
            driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        else:
            from psycopg import IsolationLevel

            level = IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
            driver.isolation_level, driver.read_only = level, None if writes else True
        yield Transaction(driver, address.dialect, writes)
        driver.commit()
    except BaseException as error:
        if getattr(driver, "broken", False):
            # libpq's text for this depends on where it was cut.
            error.connection_invalidated = True  # type: ignore[attr-defined]
        undone = False
        # A connection that is broken has nothing to undo.
        with suppress(Exception):
            driver.rollback()
            undone = isinstance(error, OpsroomError)
        if undone:
            connections.give_back(connection)
        else:
            connections.drop(connection)
        raise
    else:
        connections.give_back(connection)
