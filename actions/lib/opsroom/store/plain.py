"""Statements as text: for what every command does, on the driver alone.

Importing SQLAlchemy takes a third of what a command takes that creates a card or pages somebody. So the record, the
guard against doubles and the list of pages say what they want in SQL that both databases understand, and it runs on a
connection of the driver as well as within a transaction of SQLAlchemy. Everything else is said through SQLAlchemy.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Union

from .address import Address
from .drivers import connect

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Row = Dict[str, Any]
_VALUE = re.compile(r"(?<!:):(\w+)")


class Plain:
    """A transaction of the driver's own."""

    def __init__(self, driver: Any, dialect: str) -> None:
        self._driver = driver
        self.dialect = dialect

    def execute(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Run a statement with values for its `:names`; the driver's cursor."""
        if self.dialect == "postgresql":
            statement = _VALUE.sub(r"%(\1)s", statement)
        return self._driver.execute(statement, values)


Transaction = Union["Connection", Plain]


def rows(on: Transaction, statement: str, /, **values: Any) -> List[Row]:
    """The rows that a statement finds, by column. `values` are bound to its `:names`, never written into it."""
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
    """Add a row. `table` and the names in `values` are the program's own words, what stands in it is bound."""
    columns, bound = ", ".join(values), ", ".join(f":{name}" for name in values)
    _own_words(table, *values)
    change(on, f"INSERT INTO {table} ({columns}) VALUES ({bound})", **values)  # noqa: S608


def update(on: Transaction, table: str, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Change the rows whose columns are as in `where`; how many there were. Words as with `insert`."""
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


@contextmanager
def begin(address: Address, writes: bool) -> Iterator[Plain]:
    """One transaction: commits at the end of the block, rolls back when the block raises. Errors are the driver's own.

    The same as `Store.begin`, see there.
    """
    driver = connect(address)
    try:
        if address.dialect == "sqlite":
            driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        else:
            from psycopg import IsolationLevel

            level = IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
            driver.isolation_level, driver.read_only = level, None if writes else True
        yield Plain(driver, address.dialect)
        driver.commit()
    except BaseException as error:
        if getattr(driver, "broken", False):
            # As SQLAlchemy's errors say it: libpq's text for this depends on where it was cut.
            error.connection_invalidated = True  # type: ignore[attr-defined]
        # A connection that is broken has nothing to undo.
        with suppress(Exception):
            driver.rollback()
        raise
    finally:
        driver.close()
