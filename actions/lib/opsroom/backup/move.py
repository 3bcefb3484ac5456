"""Moving the record and all else that the database holds into another one, SQLite to PostgreSQL or
back: the same rows, the same hashes. The old database is closed, so that no command goes on with
it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ..db.sql import Transaction, execute, queue_up, rows, scalar
from ..db.store import MOVED, Store, open_store
from ..db.url import read_address
from ..errors import Code, Failure, Refusal
from ..grants import PRIVILEGES
from ..names import listed
from ..records.chain import verify_chain
from ..records.chain.archives import newest_archive
from ..structs import dataclass
from .closure import close_database
from .make import refuse_missing

# Every table but Alembic's: a test compares them with those that a database has. The ledger is
# first: it is the largest, and what is wrong with it shows before anything else is copied.
TABLES = ("ledger", *(one for one in PRIVILEGES if one not in ("alembic_version", "ledger")))
_BATCH = 5000


@dataclass(frozen=True)
class Moved:
    """How many rows of each table were moved, and number and hash of the newest record."""

    rows: Dict[str, int]
    head: int
    head_hash: str


def move(source_url: str, target_url: str) -> Moved:
    """Move everything from one database into another, which has to be empty.

    Commands wait while it runs, as they do for one another, and fail as busy when it takes longer;
    nothing is lost: the target is committed first, then the source is closed. Commands that still
    have its address are refused from then on (store_closed).

    Raises Refusal(not_accepted) while a deployment is running, for a source that does not exist, a
    target that is not empty, and a record that is broken; Failure(store_...).
    """
    refuse_missing(read_address(source_url))
    source, target = open_store(source_url), open_store(target_url)
    try:
        if source.place == target.place:
            raise Refusal(Code.NOT_ACCEPTED, "Both addresses are of the same database.")
        with source.write() as old:
            _hold(old)
            _nobody_deploys(old)
            _is_whole(old, source)
            with target.write() as new:
                queue_up(new)
                _is_empty(new, target)
                with _any_beginning(new, newest_archive(old) is not None):
                    counts = {table: _copy(old, new, table) for table in TABLES}
                chain = _same_chain(old, new)
                # A role that may not close the old one learns it before the new one is committed.
                close_database(old, MOVED)
        return Moved(counts, chain[0], chain[1])
    finally:
        source.close()
        target.close()


def _hold(old: Transaction) -> None:
    """Keep everyone from changing anything. SQLite has one lock, which a transaction that writes
    holds."""
    queue_up(old)
    if old.dialect == "postgresql":
        old.execute("SET LOCAL statement_timeout = 0", {})
        old.execute(f"LOCK TABLE {', '.join(TABLES)} IN EXCLUSIVE MODE", {})


def _nobody_deploys(old: Transaction) -> None:
    running = rows(old, "SELECT app, environment, holder FROM claims ORDER BY app, environment")
    if running:
        what = [f"{one['app']} on {one['environment']} ({one['holder']})" for one in running]
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"Deployments are running, whose end could not be recorded: {listed(what, most=5)}.",
            "Wait for their end, and keep new ones away with lock everything. After a dead runner, "
            "any command about that place clears it.",
        )


def _is_empty(new: Transaction, target: Store) -> None:
    full = [one for one in TABLES if scalar(new, f"SELECT 1 FROM {one} LIMIT 1")]  # noqa: S608
    if full:
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"{target.place[0].upper()}{target.place[1:]} is not empty: it has {listed(full)}.",
            "Name a database that nothing was recorded in.",
        )


# What lets in only what continues the record from its first number on.
_IN_ORDER = (("ledger", "ledger_in_order"), ("archives", "archives_in_order"))


@contextmanager
def _any_beginning(new: Transaction, archived: bool) -> Iterator[None]:
    """Let a record whose first records were archived in; whether it fits is verified afterwards."""
    if not archived:
        yield
        return
    made: List[str] = []
    for table, trigger in _IN_ORDER:
        if new.dialect == "postgresql":
            execute(new, f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
            made.append(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
        else:
            made.append(scalar(new, "SELECT sql FROM sqlite_master WHERE name = :it", it=trigger))
            execute(new, f"DROP TRIGGER {trigger}")
    yield
    for statement in made:
        new.execute(statement, {})


def _copy(old: Transaction, new: Transaction, table: str) -> int:
    columns = _columns(old, table)
    order = {"ledger": "seq", "archives": "first_seq"}.get(table, columns[0])
    names = ", ".join(f'"{one}"' for one in columns)
    stream = old.stream(f"SELECT {names} FROM {table} ORDER BY {order}", {})  # noqa: S608
    put = _rows_into_server if new.dialect == "postgresql" else _rows_into_file
    put(new, table, names, len(columns), stream)
    counts = [
        int(scalar(one, f"SELECT count(*) FROM {table}"))  # noqa: S608
        for one in (old, new)
    ]
    if counts[0] != counts[1]:
        message = f"{counts[1]} of {counts[0]} rows of {table} arrived; nothing was moved."
        raise Failure(Code.STORE_FAILED, message)
    return counts[0]


def _columns(on: Transaction, table: str) -> List[str]:
    cursor = on.execute(f"SELECT * FROM {table} LIMIT 0", {})  # noqa: S608
    return [one[0] for one in cursor.description]


def _rows_into_server(
    new: Transaction, table: str, names: str, width: int, stream: Iterator[Tuple[Any, ...]]
) -> None:
    new.execute("SET LOCAL statement_timeout = 0", {})
    new.copy_in(f"COPY {table} ({names}) FROM STDIN", stream)


def _rows_into_file(
    new: Transaction, table: str, names: str, width: int, stream: Iterator[Tuple[Any, ...]]
) -> None:
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * width)})"  # noqa: S608
    batch: List[Sequence[Any]] = []
    for row in stream:
        batch.append(row)
        if len(batch) == _BATCH:
            new.insert_many(statement, batch)
            batch = []
    new.insert_many(statement, batch)


def _is_whole(old: Transaction, source: Store) -> None:
    found = verify_chain(old)
    if not found.ok:
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"The record in {source.place} is broken: {found.breaks[0].message}",
            "Nothing was moved: a broken record stays where it can be looked at.",
        )


def _same_chain(old: Transaction, new: Transaction) -> Tuple[int, str]:
    found = verify_chain(new)
    head = rows(old, "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")
    known = (head[0]["seq"], head[0]["hash"]) if head else (found.head, found.head_hash)
    if not found.ok or known != (found.head, found.head_hash):
        raise Failure(Code.STORE_FAILED, "The record did not arrive whole; nothing was moved.")
    return known
