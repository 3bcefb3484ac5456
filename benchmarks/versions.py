"""`versions on uat` for 200 applications that take 100 ms each to answer, against `curl
--parallel`. Linux.

    .venv/bin/python -m benchmarks.versions [--apps N] [--milliseconds N] [--rounds N] [--json]

Each application has an address of its own (127.0.1.1, 127.0.1.2 ...), so that each needs a
connection of its own. Both ask as many at once; they are measured in turns. The action is measured
by itself, in a process that has run it before, and with the start of its process, as the runner of
StackStorm starts one for every message.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

from benchmarks.slow_server import slow_server
from benchmarks.world import WHO

ROOT = Path(__file__).resolve().parents[1]
for _folder in ("actions/lib", "actions"):
    sys.path.insert(0, str(ROOT / _folder))

from get_version import GetVersion  # noqa: E402

from opsroom.commands.deployments.running_version import AT_ONCE  # noqa: E402

TARGET = 2.0
_CHILD = """
import json, sys
sys.path[:0] = sys.argv[1].split(":")
from get_version import GetVersion
with open(sys.argv[2]) as file:
    config, parameters = json.load(file)
ok, result = GetVersion(config=config).run(**parameters)
assert ok and not result["unanswered"], result["message"]
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


def by_curl(urls: List[str], folder: Path) -> Callable[[], None]:
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

    def ask() -> None:
        said = subprocess.run(command, check=True, capture_output=True).stdout
        assert said.count(b"v1.4.2") == len(urls), said[:200]

    return ask


def by_action(urls: List[str]) -> Callable[[], None]:
    """Ask through the action's class, in this process."""
    config = config_of(urls)

    def ask() -> None:
        ok, result = GetVersion(config=config).run(**WHO, environment="uat")
        assert ok, result
        assert len(result["versions"]) == len(urls)
        assert not result["unanswered"], result["message"]

    return ask


def by_process(urls: List[str], folder: Path) -> Callable[[], None]:
    """Ask through the action's class, in a new process."""
    file = folder / "job.json"
    file.write_text(json.dumps([config_of(urls), {**WHO, "environment": "uat"}]), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        _CHILD,
        f"{ROOT / 'actions'}:{ROOT / 'actions' / 'lib'}",
        str(file),
    ]

    def ask() -> None:
        subprocess.run(command, check=True, cwd=folder)

    return ask


def measure(count: int, seconds: float, rounds: int) -> Dict[str, float]:
    """Medians in seconds, by who asked. Without curl on the machine, there is none of it."""
    kept: Dict[str, List[float]] = {}
    with tempfile.TemporaryDirectory(prefix="opsroom-versions-") as name, slow_server(
        seconds
    ) as port:
        folder, urls = Path(name), addresses(count, port)
        asking = {
            "the action": by_action(urls),
            "the action and its process": by_process(urls, folder),
        }
        if shutil.which("curl"):
            asking["curl"] = by_curl(urls, folder)
        for turn in range(rounds + 1):
            for who, ask in asking.items():
                began = time.perf_counter()
                ask()
                if turn:  # the first one warms up
                    kept.setdefault(who, []).append(time.perf_counter() - began)
    return {who: statistics.median(taken) for who, taken in kept.items()}


def main() -> None:
    """Measure and print a table; status 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--apps", type=int, default=200)
    parser.add_argument("--milliseconds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    seconds = arguments.milliseconds / 1000
    medians = measure(arguments.apps, seconds, arguments.rounds)
    ideal = -(-arguments.apps // AT_ONCE) * seconds
    curl = medians.get("curl")
    ratios = {who: round(taken / curl, 2) for who, taken in medians.items()} if curl else {}
    if arguments.json:
        print(
            json.dumps({"at_once": AT_ONCE, "ideal": ideal, "seconds": medians, "of_curl": ratios})
        )
    else:
        print(
            f"{arguments.apps} addresses, {arguments.milliseconds} ms each, {AT_ONCE} at once: "
            f"{ideal:.2f} s at best"
        )
        print(
            f"Medians of {arguments.rounds} rounds\n\n| who asks | seconds | of curl |\n| --- | "
            "--- | --- |"
        )
        for who, taken in medians.items():
            print(f"| {who} | {taken:.3f} | {ratios.get(who, '')} |")
        if not curl:
            print("\nThere is no curl on this machine, so there is nothing to compare with.")
    if ratios.get("the action", 0.0) > TARGET:
        sys.exit(1)


if __name__ == "__main__":
    main()
