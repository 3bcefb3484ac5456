"""A database that is busy, and the files of records that wait for it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, Iterator, List

import pytest

from opsroom.db.sql import Transaction
from opsroom.db.store import Store
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure
from opsroom.records.outbox import folder_of, waiting
from support.pages.rooms import Rooms, make_rooms
from support.pages.scripted_pager import Side


def late_rooms(
    folder: Path, database: str, sides: Dict[str, Side], monkeypatch: pytest.MonkeyPatch
) -> Rooms:
    """Rooms in which nothing waits for the database. What is private is kept beside a file of its
    own, as with a database on a server."""
    monkeypatch.setattr("opsroom.commands.exactly_once._RECORD_TIMEOUT", 0.0)
    monkeypatch.setattr("opsroom.commands.request._TIMEOUT", 0.0)
    own = f"sqlite:///{folder}/own/opsroom.db"
    monkeypatch.setattr("opsroom.action.default_database", lambda: own)
    rooms = make_rooms(folder, sides, database)
    rooms.ask("list_pages")
    return rooms


def letters(rooms: Rooms) -> List[Path]:
    keep = [path for path in rooms.world.folder.rglob("kept") if path.is_dir()]
    folder = folder_of(keep[0], read_address(rooms.world.database)) if keep else Path("nowhere")
    return waiting(folder)


def close_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no database can be opened."""

    def closed(url: str) -> None:
        raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

    monkeypatch.setattr("opsroom.db.store.open_store", closed)


@contextmanager
def away(
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    committed: bool = False,
    when: Callable[[], object] = lambda: True,
) -> Iterator[None]:
    """The next so many transactions, `when` that holds, find no database. With `committed`, those
    that write are committed and the answer to that is lost."""
    left = [times]
    real = Store.begin

    def begin(store: Store, writes: bool) -> ContextManager[Transaction]:
        if not left[0] or (committed and not writes) or not when():
            return real(store, writes)
        left[0] -= 1
        if committed:
            return _lost(real(store, writes))
        raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "begin", begin)
        yield


@contextmanager
def _lost(transaction: ContextManager[Transaction]) -> Iterator[Transaction]:
    with transaction as on:
        yield on
    raise Failure(Code.STORE_UNREACHABLE, "The connection to the database was lost.")


@contextmanager
def busy(monkeypatch: pytest.MonkeyPatch, since: int = 1) -> Iterator[None]:
    """From the writing transaction `since` on, others hold the database."""
    count = [0]

    def held(real: Callable[[Store, bool], Any]) -> Callable[[Store, bool], Any]:
        def begin(store: Store, writes: bool) -> Any:
            count[0] += writes
            if writes and count[0] >= since:
                raise Failure(
                    Code.STORE_BUSY, "The database is busy: others have been writing to it."
                )
            return real(store, writes)

        return begin

    with monkeypatch.context() as patched:
        patched.setattr(Store, "begin", held(Store.begin))
        yield
