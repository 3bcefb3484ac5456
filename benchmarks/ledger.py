"""What the ledger costs at 1,000 and at 1,000,000 records: append, history, and checking the chain.
On SQLite.

    .venv/bin/python -m benchmarks.ledger [--against DIR] [--small N] [--large N] [--rounds N]

The records are made up in a temporary folder, with a chain that holds. All sizes and checkouts are
measured in turns, so that whatever else the machine does meets all. An append is a whole
transaction, with the disk told to keep it. Checking the chain is `python -m opsroom.audit verify`,
a process of its own.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import statistics
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from benchmarks.harness import Checkout, Run, Worker, checkouts, parser, ratio, run_python, table

SMALL, LARGE = 1000, 1_000_000
# Of the rounds, so many check the chain: each takes as long as all the others together.
_CHECKS = 3
_GENESIS = "0" * 64
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
_TASKS = """
open_store = find("open_store", "opsroom.db", "opsroom.store")
append = find("append", "opsroom.records.ledger", "opsroom.ledger")
Entry = find("Entry", "opsroom.records.model", "opsroom.records.ledger", "opsroom.ledger")
Event = find("Event", "opsroom.records.model", "opsroom.records.ledger", "opsroom.ledger")
deployments = find("deployments", "opsroom.records.queries", "opsroom.ledger_lookup")
stores = {}

def opened(url):
    stores[url] = open_store(url)

def appended(url):
    def work():
        with stores[url].write() as on:
            entry = Entry(Event.STARTED, app="app1", environment="uat", message="a sentence")
            append(stores[url], on, entry)
    return timed(work)

def history(url, narrow):
    def work():
        with stores[url].read() as on:
            assert len(deployments(on, limit=10, **narrow)) == 10
    return timed(work)

tasks = {"open": opened, "append": appended, "history": history}
"""
# What is done: its name, the task and what narrows it.
_WORK: Tuple[Tuple[str, str, List[Any]], ...] = (
    ("append", "append", []),
    ("history", "history", [{}]),
    ("history on uat", "history", [{"environment": "uat"}]),
    ("history of app3", "history", [{"app": "app3"}]),
    ("history of app3 on test", "history", [{"app": "app3", "environment": "test"}]),
)
_VERIFY = """
import contextlib, io, sys
sys.path[:0] = sys.argv.pop(1).split(":")
from opsroom.audit.__main__ import main
out = io.StringIO()
with contextlib.redirect_stdout(out):
    status = main(sys.argv[1:])
sys.exit(status and out.getvalue())
"""


def made_up(number: int) -> Iterator[Dict[str, Any]]:
    """Rows of a ledger: 5 applications on 4 environments, and more refusals than deployments."""
    previous = _GENESIS
    for seq in range(1, number + 1):
        mixed = seq * 2654435761 >> 7
        values: Dict[str, Any] = {
            "seq": seq,
            "at": f"2025-{1 + seq * 11 // number:02d}-01T00:00:00.000000+00:00",
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
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = values["hash"] = sha256(text.encode()).hexdigest()
        yield values


def fill(path: Path, number: int) -> None:
    """Put that many records into a database that has the tables."""
    with sqlite3.connect(str(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(ledger)")]
        bound = ", ".join(f":{name}" for name in columns)
        connection.executemany(
            f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({bound})", made_up(number)
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def measure(
    compared: Sequence[Checkout], python: str, rounds: int, sizes: Sequence[int]
) -> Tuple[Dict[str, Dict[str, List[List[float]]]], Dict[str, List[Run]]]:
    """By checkout: for each work the seconds of all rounds, a list for each size; and the checks of
    the largest one."""
    with tempfile.TemporaryDirectory(prefix="opsroom-ledger-") as name:
        folder = Path(name)
        workers = {one.name: Worker(python, _TASKS, one, folder / one.name) for one in compared}
        try:
            urls = _databases(workers, folder, sizes)
            seconds = {who: {work: [[] for _ in sizes] for work, _, _ in _WORK} for who in workers}
            for turn in range(rounds + 5):
                for work, task, values in _WORK:
                    for position in range(len(sizes)):
                        for who, worker in workers.items():
                            taken = worker.do(task, urls[who][position], *values)
                            # The first few warm the caches of all.
                            if turn >= 5:
                                seconds[who][work][position].append(taken)
        finally:
            for worker in workers.values():
                worker.__exit__()
        checks: Dict[str, List[Run]] = {one.name: [] for one in compared}
        for _ in range(min(rounds, _CHECKS)):
            for one in compared:
                arguments = [":".join(one.paths), "verify", "--database", urls[one.name][-1]]
                checks[one.name].append(run_python(python, _VERIFY, arguments, folder))
    return seconds, checks


def _databases(
    workers: Dict[str, Worker], folder: Path, sizes: Sequence[int]
) -> Dict[str, List[str]]:
    """The URLs of the databases by checkout. Those of the second are copies, which it migrates."""
    urls: Dict[str, List[str]] = {}
    first = next(iter(workers))
    for who, worker in workers.items():
        urls[who] = [f"sqlite:///{folder / who / str(size)}.db" for size in sizes]
        for size, url in zip(sizes, urls[who]):
            if who == first:
                worker.do("open", url)
                fill(folder / who / f"{size}.db", size)
            else:
                shutil.copy(folder / first / f"{size}.db", folder / who)
                worker.do("open", url)
    return urls


def tables(
    compared: Sequence[Checkout], python: str, rounds: int, small: int = SMALL, large: int = LARGE
) -> Dict[str, str]:
    """The tables of docs/performance.md by name."""
    seconds, checks = measure(compared, python, rounds, (small, large))
    heading = ["milliseconds"]
    for who in seconds:
        heading += [f"{who}: {small:,} records", f"{large:,} records", "ratio"]
    rows = []
    for work, _, _ in _WORK:
        row = [work]
        for kept in seconds.values():
            few, many = kept[work]
            row += [f"{1000 * statistics.median(one):.2f}" for one in (few, many)]
            row.append(f"{ratio(many, few):.2f}")
        rows.append(row)
    return {
        "ledger": f"Medians of {rounds} rounds.\n\n{table(heading, rows)}",
        "verify": _checked(checks, large),
    }


def _checked(checks: Dict[str, List[Run]], large: int) -> str:
    first = next(iter(checks.values()))
    rows = []
    for who, runs in checks.items():
        cpu = ratio((one.cpu for one in runs), (one.cpu for one in first))
        clock = ratio((one.seconds for one in runs), (one.seconds for one in first))
        per_record = 1e6 * statistics.median(one.cpu for one in runs) / large
        rows.append([who, f"{per_record:.1f}", f"{cpu:.2f}", f"{clock:.2f}"])
    title = f"`audit verify`, {large:,} records"
    heading = [title, "processor time a record, µs", "of the first row", "time, of the first row"]
    return table(heading, rows)


def main() -> None:
    """Measure and print the tables."""
    options = parser(__doc__, 100)
    options.add_argument("--small", type=int, default=SMALL)
    options.add_argument("--large", type=int, default=LARGE)
    given = options.parse_args()
    compared = checkouts(given.against)
    made = tables(compared, given.python, given.rounds, given.small, given.large)
    print("\n\n".join(made.values()))


if __name__ == "__main__":
    sys.exit(main())
