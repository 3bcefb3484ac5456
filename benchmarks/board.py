"""What the board costs, beyond asking the places: for one application, for 20 and for 200.

    .venv/bin/python -m benchmarks.board [--rounds N]

Each application is on five environments and was deployed there three times, so that 200 of them
have 3,000 ends of deployments on the record. The record alone is shown: asking many places is
measured by benchmarks.versions. All sizes are measured in turns. The limits of the page are
SECONDS and KILOBYTES, for 200 applications; the run fails beyond them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List, Sequence

from benchmarks.harness import Checkout, Worker, checkouts, parser, table

APPS = (1, 20, 200)
ENVIRONMENTS = ("dev", "test", "uat", "staging", "production")
DEPLOYMENTS = 3
SECONDS, KILOBYTES = 2.0, 400
_TASKS = """
from dataclasses import replace
from opsroom.action import OpsroomAction, Surroundings
from opsroom.db.store import open_store
from opsroom.records.ledger import append
from opsroom.records.model import Entry, Event
from board import Board

def fill(url, apps, environments, deployments):
    store = open_store(url)
    with store.write() as on:
        for number in range(deployments):
            for app in apps:
                for environment in environments:
                    append(store, on, Entry(
                        Event.SUCCEEDED, f"{number}-{app}-{environment}", "deploy", "alice",
                        app=app, environment=environment, version_before=f"v1.{number}.0",
                        version=f"v1.{number + 1}.0", execution_id="5f00000000000000000000ab",
                        seconds=12.5))
    store.close()

def make(url, config):
    OpsroomAction.surroundings = Surroundings(url)
    ok, result = Board(config=config).run("stanley", "", "stanley")
    assert ok, result
    size.append(result["bytes"])

size = []
tasks = {"fill": fill, "make": lambda *job: [timed(make, *job), size[-1]]}
"""


def config_of(apps: Sequence[str], folder: Path) -> Dict[str, Any]:
    """The config of these applications on all environments, with a board of the record alone."""
    return {
        "web": "https://st2.example.com",
        "environments": {name: {} for name in ENVIRONMENTS},
        "apps": {name: {} for name in apps},
        "board": {"folder": str(folder), "ask": False},
    }


def measure(
    compared: Sequence[Checkout], python: str, rounds: int
) -> Dict[int, List[Sequence[float]]]:
    """Seconds and bytes of each round, by the number of applications."""
    kept: Dict[int, List[Sequence[float]]] = {count: [] for count in APPS}
    # There is none in a checkout from before.
    now = compared[-1]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsroom-board-")))
        worker = stack.enter_context(Worker(python, _TASKS, now, folder / now.name))
        jobs = {}
        for count in APPS:
            apps = [f"service-{number:03}" for number in range(count)]
            url = f"sqlite:///{folder}/{count}.db"
            worker.do("fill", url, apps, ENVIRONMENTS, DEPLOYMENTS)
            jobs[count] = [url, config_of(apps, folder / str(count))]
        for turn in range(rounds + 1):
            for count, job in jobs.items():
                taken = worker.do("make", *job)
                if turn:  # the first one warms up
                    kept[count].append(taken)
    return kept


def tables(compared: Sequence[Checkout], python: str, rounds: int) -> Dict[str, str]:
    """The table of docs/performance.md. Raises SystemExit beyond a limit."""
    kept = measure(compared, python, rounds)
    rows = []
    for count, taken in kept.items():
        seconds = statistics.median(one[0] for one in taken)
        kilobytes = max(one[1] for one in taken) / 1000
        rows.append(
            [count, len(ENVIRONMENTS), f"{seconds:.3f}", f"{kilobytes:.0f}",
             f"{kilobytes * 1000 / count / len(ENVIRONMENTS):.0f}"]
        )  # fmt: skip
        if count == max(APPS) and (seconds > SECONDS or kilobytes > KILOBYTES):
            raise SystemExit(f"{seconds:.2f} s (limit {SECONDS}), {kilobytes:.0f} KB ({KILOBYTES})")
    heading = ["applications", "environments", "seconds", "KB", "bytes a place"]
    return {"board": f"Medians of {rounds} rounds.\n\n{table(heading, rows)}"}


def main() -> None:
    """Measure and print the table."""
    given = parser(__doc__, 7).parse_args()
    print(tables(checkouts(given.against), given.python, given.rounds)["board"])


if __name__ == "__main__":
    sys.exit(main())
