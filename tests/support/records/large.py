"""Ledgers with many records, written in one go: their chain holds, and each is as opsroom writes
it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Iterator, List

from opsroom.db.sql import moment
from opsroom.db.store import Store
from opsroom.records.chain import GENESIS, HASHED, record_hash
from opsroom.records.ledger import COLUMNS

_BEGIN = datetime(2025, 1, 1, tzinfo=timezone.utc)
_EVENTS = ("asked", "started", "succeeded")


def records(count: int) -> Iterator[List[Any]]:
    """So many records, with the columns of COLUMNS."""
    previous = GENESIS
    for seq in range(1, count + 1):
        values: Dict[str, Any] = dict.fromkeys(HASHED, "")
        values.update(
            seq=seq,
            at=moment(_BEGIN + timedelta(minutes=seq)),
            event=_EVENTS[seq % 3],
            deployment=f"d{seq // 3}",
            command="deploy",
            requester="alice",
            app=f"app{seq % 7}",
            environment="uat",
            version=f"v1.{seq}",
            message='Größe, “quotes” "and" a \\ and a tab\t.',
            milliseconds=seq if seq % 3 == 2 else None,
            facts="{}",
            previous_hash=previous,
        )
        previous = record_hash(values)
        yield [*(values[name] for name in HASHED), previous]


def fill_large(store: Store, count: int) -> None:
    """Put so many records into an empty ledger, in one transaction."""
    names = ", ".join(COLUMNS)
    with store.write() as on:
        if store.dialect == "postgresql":
            on.copy_in(f"COPY ledger ({names}) FROM STDIN", records(count))
        else:
            bound = ", ".join("?" * len(COLUMNS))
            on.insert_many(f"INSERT INTO ledger ({names}) VALUES ({bound})", list(records(count)))
