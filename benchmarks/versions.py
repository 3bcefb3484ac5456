"""`versions on uat` for 200 applications that take 100 ms each to answer, against `curl
--parallel`. Linux.

    .venv/bin/python -m benchmarks.versions [--against DIR] [--apps N] [--milliseconds N]

Each application has an address of its own (127.0.1.1, 127.0.1.2 ...), so that each needs a
connection of its own. Both ask as many at once; they are measured in turns. The action is measured
by itself, in a process that has run it before, and with the start of its process, as the runner of
StackStorm starts one for every message.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

from benchmarks.harness import Checkout, Worker, checkouts, parser, ratio, run_python, table
from benchmarks.slow_server import slow_server
from benchmarks.world import WHO

# So many places opsroom asks at once (opsroom.commands.deployments.running_version).
AT_ONCE = 50
_ASK = """
import json
from get_version import GetVersion

def ask(config, parameters):
    ok, result = GetVersion(config=config).run(**parameters)
    assert ok and not result["unanswered"], result["message"]
"""
_TASKS = f"""{_ASK}
tasks = {{"ask": lambda *job: timed(ask, *job)}}
"""
_CHILD = f"""
import sys
sys.path[:0] = sys.argv[1].split(":")
{_ASK}
with open(sys.argv[2]) as file:
    ask(*json.load(file))
"""


def addresses(count: int, port: int) -> List[str]:
    """One address for each application, on hosts of their own."""
    return [
        f"http://127.0.{1 + number // 250}.{1 + number % 250}:{port}/version"
        for number in range(count)
    ]


def config_of(urls: List[str]) -> Dict[str, Any]:
    """The config of as many applications, all on uat."""
    version = [{"kind": "http", "url": url, "json": "version"} for url in urls]
    return {
        "environments": {"uat": {}},
        "apps": {f"app{number}": {"version": one} for number, one in enumerate(version)},
    }


def by_curl(urls: List[str], folder: Path) -> Callable[[], float]:
    """Ask all addresses with one curl."""
    file = folder / "curl.conf"
    file.write_text("".join(f'url = "{url}"\n' for url in urls), encoding="utf-8")
    command = [
        "curl",
        "--silent",
        "--fail",
        "--parallel",
        "--parallel-max",
        str(AT_ONCE),
        "--config",
        str(file),
    ]

    def ask() -> float:
        began = time.perf_counter()
        said = subprocess.run(command, check=True, capture_output=True).stdout
        assert said.count(b"v1.4.2") == len(urls), said[:200]
        return time.perf_counter() - began

    return ask


def measure(
    compared: Sequence[Checkout], python: str, rounds: int, count: int, seconds: float
) -> Dict[str, List[float]]:
    """Seconds of each round by who asked. Without curl on the machine, there is none of it."""
    kept: Dict[str, List[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsroom-versions-")))
        urls = addresses(count, stack.enter_context(slow_server(seconds)))
        job = [config_of(urls), {**WHO, "environment": "uat"}]
        file = folder / "job.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        asking: Dict[str, Callable[[], float]] = {}
        for one in compared:
            worker = stack.enter_context(Worker(python, _TASKS, one, folder / one.name))
            arguments = [":".join(one.paths), str(file)]
            asking[f"{one.name}: the action"] = partial(worker.do, "ask", *job)
            asking[f"{one.name}: the action and its process"] = partial(
                _process, python, arguments, folder
            )
        if shutil.which("curl"):
            asking["curl"] = by_curl(urls, folder)
        for turn in range(rounds + 1):
            for who, ask in asking.items():
                taken = ask()
                if turn:  # the first one warms up
                    kept.setdefault(who, []).append(taken)
    return kept


def _process(python: str, arguments: Sequence[str], folder: Path) -> float:
    return run_python(python, _CHILD, arguments, folder).seconds


def tables(
    compared: Sequence[Checkout],
    python: str,
    rounds: int,
    count: int = 200,
    seconds: float = 0.1,
) -> Dict[str, str]:
    """The table of docs/performance.md."""
    kept = measure(compared, python, rounds, count, seconds)
    floor = kept.get("curl")
    rows = [
        [who, f"{statistics.median(taken):.3f}", f"{ratio(taken, floor):.2f}" if floor else ""]
        for who, taken in kept.items()
    ]
    ideal = -(-count // AT_ONCE) * seconds
    said = f"Medians of {rounds} rounds; {ideal:.2f} s is the best that anyone can do."
    return {"versions": f"{said}\n\n{table(['who asks', 'seconds', 'of curl'], rows)}"}


def main() -> None:
    """Measure and print the table."""
    options = parser(__doc__, 15)
    options.add_argument("--apps", type=int, default=200)
    options.add_argument("--milliseconds", type=int, default=100)
    given = options.parse_args()
    compared = checkouts(given.against)
    made = tables(compared, given.python, given.rounds, given.apps, given.milliseconds / 1000)
    print(made["versions"])


if __name__ == "__main__":
    sys.exit(main())
