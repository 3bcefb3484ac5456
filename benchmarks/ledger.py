"""What the ledger costs at 1,000 and at 1,000,000 records: append, history, and checking the chain.
On SQLite.

    .venv/bin/python benchmarks/ledger.py [--small N] [--large N] [--rounds N] [--json]

The records are made up in a temporary folder, with a chain that holds. The two sizes are measured
in turns, so that whatever else the machine does meets both. An append is a whole transaction, with
the disk told to keep it.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "actions" / "lib"))

from opsroom.db import Store, open_store
from opsroom.records.chain import GENESIS, record_hash, verify_chain
from opsroom.records.ledger import COLUMNS, append
from opsroom.records.model import Entry, Event
from opsroom.records.queries import deployments

_COLUMNS = list(COLUMNS)
_EVENTS = (
    "asked",
    "started",
    "succeeded",
    "asked",
    "refused",
    "asked",
    "refused",
    "succeeded",
    "started",
    "failed",
)


def made_up(number: int) -> Iterator[Tuple[Any, ...]]:
    """Rows of a ledger: 5 applications on 4 environments, and more refusals than deployments."""
    previous = GENESIS
    for seq in range(1, number + 1):
        mixed = seq * 2654435761 >> 7
        values: Dict[str, Any] = {
            "seq": seq,
            "at": f"2026-{1 + seq * 11 // number:02d}-01T00:00:00.000000+00:00",
            "event": _EVENTS[seq % 10],
            "deployment": f"{seq // 3:016x}",
            "command": "deploy",
            "requester": f"person{seq % 40}",
            "person": f"person{seq % 40}",
            "chat_name": f"person{seq % 40}",
            "room": "#deploys",
            "st2_user": "chatops_bot",
            "execution_id": f"{seq:024x}",
            "app": f"app{mixed % 5}",
            "environment": ("test", "uat", "staging", "production")[mixed // 5 % 4],
            "version_before": f"v1.{seq // 100}.0",
            "version": f"v1.{seq // 100 + 1}.0",
            "code": "deployed",
            "message": "a sentence of the usual length, such as it would be said in the room",
            "milliseconds": seq % 60000,
            "facts": "{}",
            "previous_hash": previous,
        }
        previous = values["hash"] = record_hash(values)
        yield tuple(values[name] for name in _COLUMNS)


def filled(folder: str, number: int) -> Store:
    """A store with that many records."""
    path = f"{folder}/{number}.db"
    store = open_store(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        marks = ", ".join("?" * len(_COLUMNS))
        connection.executemany(
            f"INSERT INTO ledger ({', '.join(_COLUMNS)}) VALUES ({marks})", made_up(number)
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return store


def one_append(store: Store) -> None:
    with store.write() as connection:
        append(
            store,
            connection,
            Entry(Event.STARTED, app="app1", environment="uat", message="a sentence"),
        )


def history(**narrow: str) -> Callable[[Store], None]:
    def ask(store: Store) -> None:
        with store.read() as connection:
            assert len(deployments(connection, limit=10, **narrow)) == 10

    return ask


MEASURED: Dict[str, Callable[[Store], None]] = {
    "append": one_append,
    "history": history(),
    "history on uat": history(environment="uat"),
    "history of app3": history(app="app3"),
    "history of app3 on test": history(app="app3", environment="test"),
}


def measure(stores: List[Store], rounds: int) -> Dict[str, List[float]]:
    """For each measured thing the median in milliseconds, one for each store."""
    medians = {}
    for name, work in MEASURED.items():
        seconds: List[List[float]] = [[] for _ in stores]
        for turn in range(rounds + 5):
            for store, kept in zip(stores, seconds):
                began = time.perf_counter()
                work(store)
                # The first few warm the caches of both.
                if turn >= 5:
                    kept.append(time.perf_counter() - began)
        medians[name] = [round(statistics.median(kept) * 1000, 3) for kept in seconds]
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opsroom-ledger-") as folder:
        began = time.perf_counter()
        stores = [filled(folder, arguments.small), filled(folder, arguments.large)]
        fill_seconds = round(time.perf_counter() - began, 1)
        medians = measure(stores, arguments.rounds)
        began = time.perf_counter()
        with stores[1].read() as connection:
            report = verify_chain(connection)
        verify_seconds = round(time.perf_counter() - began, 1)
        assert report.ok, report
        size = round(Path(f"{folder}/{arguments.large}.db").stat().st_size / 1e6)
    ratios = {name: round(large / small, 2) for name, (small, large) in medians.items()}
    if arguments.json:
        print(
            json.dumps(
                {
                    "milliseconds": medians,
                    "ratio": ratios,
                    "verify_seconds": verify_seconds,
                    "records": report.records,
                }
            )
        )
        return
    print(
        f"| median, ms | {arguments.small:,} records | {arguments.large:,} records | ratio |\n| "
        "--- | --- | --- | --- |"
    )
    for name, (small, large) in medians.items():
        print(f"| {name} | {small} | {large} | {ratios[name]} |")
    print(
        f"\nChecking the chain of {report.records:,} records: {verify_seconds} s ({size} MB; "
        f"made in {fill_seconds} s)."
    )


if __name__ == "__main__":
    main()
