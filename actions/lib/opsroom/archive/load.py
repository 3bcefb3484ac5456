"""Reading archives again: from an SQLite database of their own, in which they are an ordinary
record for reports, history and checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..audit.collect import LOADED
from ..db.sql import Transaction, insert, scalar
from ..db.store import open_store
from ..db.url import read_address
from ..errors import Code, Refusal
from ..records.chain import HASHED, canonical, record_hash
from ..records.model import Event
from .file import Header, read_archive
from .proof import chained

_BATCH = 5000


def load(files: Sequence[Path], url: str) -> Tuple[Header, Header]:
    """Put the records of archives, the first one among them, into a new SQLite database; the first
    line of the first file and of the last one. Each record has to fit, or nothing is loaded.

    Raises Refusal(not_accepted) for another sort of database or one with something in it, and for
    files that do not begin with record 1 or do not continue each other; otherwise as
    `read_archive`, and Failure(store_...).
    """
    address = read_address(url)
    if address.dialect != "sqlite" or address.read_only:
        message = "Archives are read again from an SQLite database of their own."
        raise Refusal(Code.NOT_ACCEPTED, message, "Name a file that is not there yet.")
    headers = sorted(
        ((path, read_archive(path)[0]) for path in files), key=lambda one: one[1].first
    )
    wrong = chained(headers)
    if headers[0][1].first != 1:
        wrong.insert(
            0,
            f"{headers[0][0]} begins with record {headers[0][1].first}: the archives before it are "
            "missing.",
        )
    if wrong:
        raise Refusal(Code.NOT_ACCEPTED, wrong[0], "Name all archives from the first one on.")
    store = open_store(url)
    try:
        with store.write() as on:
            if scalar(on, "SELECT 1 FROM ledger LIMIT 1") is not None:
                message = f"{address.place[0].upper()}{address.place[1:]} has records already."
                raise Refusal(Code.NOT_ACCEPTED, message, "Name a file that is not there yet.")
            for path, _ in headers:
                _load(on, path)
            _end(on, headers[-1][1])
    finally:
        store.close()
    return headers[0][1], headers[-1][1]


def _end(on: Transaction, header: Header) -> None:
    """Record that this is not the whole record, at the time of its last: a report on what is later
    is not complete."""
    message = (
        f"Loaded from archives that end with record {header.last} ({header.until[:10]}): what was "
        "recorded later is not here."
    )
    values: Dict[str, Any] = dict.fromkeys(HASHED, "")
    values.update(
        seq=header.last + 1,
        at=header.until,
        event=Event.RESTORED.value,
        command="load",
        message=message,
        milliseconds=None,
        facts=json.dumps({LOADED: True}, separators=(",", ":")),
        previous_hash=header.head_hash,
    )
    insert(on, "ledger", {**values, "hash": record_hash(values)})


def _load(on: Transaction, path: Path) -> None:
    batch: List[List[Any]] = []
    put = _putter(on, batch)

    def take(number: int, hash_: str, text: str) -> None:
        values = [*json.loads(text).values()]
        # Of another text the database would not have the hash.
        if canonical(values) != text:
            message = f"{path}: record {number} is not written as opsroom writes records."
            raise Refusal(Code.RECORD_BROKEN, message)
        batch.append([*values, hash_])
        if len(batch) >= _BATCH:
            put()

    read_archive(path, take)
    put()


def _putter(on: Transaction, batch: List[List[Any]]) -> Callable[[], None]:
    names = ", ".join((*HASHED, "hash"))
    bound = ", ".join("?" * (len(HASHED) + 1))
    statement = f"INSERT INTO ledger ({names}) VALUES ({bound})"  # noqa: S608

    def put() -> None:
        on.insert_many(statement, batch)
        batch.clear()

    return put
