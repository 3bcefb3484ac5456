"""What delivery figures and the file for Prometheus cost on a ledger of 1,000,000 records.

    .venv/bin/python -m benchmarks.metrics [--records N] [--rounds N] [--postgresql URL]

A made-up history of 40 applications in a temporary folder: deployments of a few commits each, of
which some fail, are rolled back, cancelled or emergencies, and incidents, between requests for
other things. Each run is a process of its own, from Python's start to its end; memory is its
largest resident set. `--postgresql` is the URL of an empty database to fill and read as well.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from benchmarks.harness import Checkout, Run, checkouts, parser, run_python, table

RECORDS = 1_000_000
_GENESIS = "0" * 64
# All of it lies in the past: a record from the future costs another look at everything.
_START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_DAYS = 700
_APPS = tuple(f"app{number}" for number in range(40))
_ENVIRONMENTS = ("test", "uat", "production")
_RUN = """
import contextlib, io, json, resource, sys, time
sys.path[:0] = sys.argv.pop(1).split(":")
from opsroom.metrics.__main__ import main
out = io.StringIO()
with contextlib.redirect_stdout(out):
    status = main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"status": status, "peak": peak, "out": out.getvalue()}))
"""


def history(records: int, seed: int = 1) -> Iterator[Dict[str, Any]]:
    """The rows of a ledger, with a chain that holds."""
    previous, step = _GENESIS, timedelta(days=_DAYS) / records
    for seq, values in enumerate(_told(records, Random(seed)), 1):
        at = (_START + seq * step).isoformat(timespec="microseconds")
        row = {**_EMPTY, **values, "seq": seq, "at": at, "previous_hash": previous}
        row["facts"] = json.dumps(row["facts"], sort_keys=True, separators=(",", ":"))
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = row["hash"] = sha256(text.encode()).hexdigest()
        yield row


_EMPTY: Dict[str, Any] = {
    "event": "asked",
    "deployment": "",
    "command": "deploy",
    "requester": "alice",
    "person": "alice",
    "chat_name": "alice",
    "room": "#deploys",
    "st2_user": "chatops_bot",
    "execution_id": "5f0000000000000000000001",
    "app": "",
    "environment": "",
    "version_before": "",
    "version": "",
    "code": "deployed",
    "message": "a sentence of the usual length, such as it would be said in the room",
    "milliseconds": None,
    "facts": {},
}


def _told(records: int, random: Random) -> Iterator[Dict[str, Any]]:
    running: Dict[Tuple[str, str], int] = {}
    step, written = _DAYS * 86400 / records, 0
    declared = 0
    incidents: List[str] = []
    while written < records:
        # Three commands in ten are deployments; most are asked, started and ended.
        story = list(_story(random, running, written * step))
        if random.random() < 0.002:
            declared += 1
            incidents.append(f"I{declared}")
            noted = {"incident": incidents[-1], "app": random.choice(_APPS)}
            story.append({"event": "declared", "command": "declare incident", "facts": noted})
        elif incidents and random.random() < 0.02:
            noted = {"incident": incidents.pop(0)}
            story.append({"event": "closed", "command": "close incident", "facts": noted})
        yield from story[: records - written]
        written += len(story)


def _story(
    random: Random, running: Dict[Tuple[str, str], int], seconds: float
) -> Iterator[Dict[str, Any]]:
    deployment = f"{random.getrandbits(64):016x}"
    place = (random.choice(_APPS), random.choice(_ENVIRONMENTS))
    drawn, known = random.random(), running.get(place, 0)
    common = {"deployment": deployment, "app": place[0], "environment": place[1]}
    if drawn < 0.15:
        yield {**common, "event": "asked"}
        yield {**common, "event": "refused", "code": "locked"}
        return
    command = "rollback" if drawn < 0.18 and known > 1 else "deploy"
    command = "emergency deploy" if 0.18 <= drawn < 0.2 else command
    version = known - 1 if command == "rollback" else known + 1
    now = int(_START.timestamp() + seconds)
    facts: Dict[str, Any] = {
        "commit": f"{version:040x}",
        "commit_before": f"{known:040x}",
        "commits": 6,
        "commit_authors": ["alice", "bob"],
        "commit_subjects": [f"OPS-{number}: a subject of the usual length" for number in range(6)],
    }
    common.update(command=command, version=f"v1.{version}.0", version_before=f"v1.{known}.0")
    yield {**common, "event": "asked", "version_before": ""}
    yield {**common, "event": "started", "facts": facts}
    took = random.randrange(2000, 600000)
    if drawn > 0.95:
        event = random.choice(("failed", "interrupted", "cancelled"))
        facts = {**facts, "running": random.choice((f"v1.{known}.0", "unknown"))}
        yield {**common, "event": event, "milliseconds": took, "facts": facts, "code": event}
        return
    running[place] = version
    times = [now - random.randrange(60, 400000) for _ in range(6)]
    done = {**facts, "verified": True}
    done.update({"goes_back": True} if command == "rollback" else {"commit_times": times})
    yield {**common, "event": "succeeded", "milliseconds": took, "facts": done}


def fill(path: Path, records: int) -> None:
    """Put a history into a database file that has the tables."""
    with sqlite3.connect(str(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(ledger)")]
        bound = ", ".join(f":{name}" for name in columns)
        connection.executemany(
            f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({bound})", history(records)
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


# What is measured: its name, and the arguments of `python -m opsroom.metrics`.
_WORK: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("all of production, the whole record", ("--for", "2024", "--until", "2025")),
    ("all of production, a quarter", ("--for", "2025-Q3")),
    ("one application, a quarter", ("--for", "2025-Q3", "--of", "app1")),
)
_TOTALS = """
import json, resource, sys
sys.path[:0] = sys.argv.pop(1).split(":")
from opsroom.db.store import open_store
from opsroom.metrics.totals import Totals, count_on
store, totals = open_store(sys.argv[1]), Totals()
if len(sys.argv) > 2:
    with store.read() as on:
        totals.record, totals.hash = on.execute(
            "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1 OFFSET 100", {}
        ).fetchone()
with store.read() as on:
    assert count_on(on, totals).ok
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"status": 0, "peak": peak}))
"""


def measure(
    checkout: Checkout, python: str, rounds: int, url: str, folder: Path
) -> Dict[str, List[Run]]:
    """The runs of each work on the database at `url`, in turns."""
    paths = ":".join(checkout.paths)
    found: Dict[str, List[Run]] = {}
    for _ in range(rounds):
        for name, given in _WORK:
            arguments = [paths, "--database", url, *given]
            found.setdefault(name, []).append(run_python(python, _RUN, arguments, folder))
        for name, given in (
            ("for Prometheus: the first run", ()),
            ("for Prometheus: 100 records later", ("later",)),
        ):
            runs = found.setdefault(name, [])
            runs.append(run_python(python, _TOTALS, [paths, url, *given], folder))
    assert all(one.result["status"] == 0 for runs in found.values() for one in runs)
    return found


def tables(
    compared: Sequence[Checkout],
    python: str,
    rounds: int,
    records: int = RECORDS,
    postgresql: str = "",
) -> Dict[str, str]:
    """The table of docs/performance.md. The last checkout alone is measured: no earlier one has
    these figures."""
    rounds = min(rounds, 5)
    checkout = compared[-1]
    with tempfile.TemporaryDirectory(prefix="opsroom-metrics-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'opsroom.db'}"
        run_python(python, _OPEN, [":".join(checkout.paths), url], folder)
        fill(folder / "opsroom.db", records)
        by_database = {"SQLite": measure(checkout, python, rounds, f"{url}?mode=ro", folder)}
        if postgresql:
            run_python(python, _OPEN, [":".join(checkout.paths), postgresql], folder)
            copy(folder / "opsroom.db", postgresql)
            by_database["PostgreSQL"] = measure(checkout, python, rounds, postgresql, folder)
    heading = [f"{records:,} records", "database", "processor time, s", "time, s", "memory, MB"]
    rows = [
        [
            work,
            database,
            f"{statistics.median(one.cpu for one in runs):.2f}",
            f"{statistics.median(one.seconds for one in runs):.2f}",
            f"{max(one.result['peak'] for one in runs):.0f}",
        ]
        for database, found in by_database.items()
        for work, runs in found.items()
    ]
    return {"metrics": f"Medians of {rounds} rounds.\n\n{table(heading, rows)}"}


_OPEN = """
import sys
sys.path[:0] = sys.argv.pop(1).split(":")
from opsroom.db.store import open_store
open_store(sys.argv[1]).close()
"""


def copy(path: Path, url: str) -> None:
    """Put the records of a file into an empty database on a server, as its owner may: past the
    triggers, which look at each record."""
    import psycopg

    with sqlite3.connect(str(path)) as source, psycopg.connect(url, autocommit=True) as target:
        columns = ", ".join(row[1] for row in source.execute("PRAGMA table_info(ledger)"))
        target.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        with target.cursor().copy(f"COPY ledger ({columns}) FROM STDIN") as copied:
            for row in source.execute(f"SELECT {columns} FROM ledger ORDER BY seq"):
                copied.write_row(row)
        target.execute("VACUUM ANALYZE ledger")


def main() -> None:
    """Measure and print the table."""
    options = parser(__doc__, 5)
    options.add_argument("--records", type=int, default=RECORDS)
    options.add_argument("--postgresql", default="", metavar="URL")
    given = options.parse_args()
    compared = checkouts(given.against)
    made = tables(compared, given.python, given.rounds, given.records, given.postgresql)
    print("\n\n".join(made.values()))


if __name__ == "__main__":
    sys.exit(main())
