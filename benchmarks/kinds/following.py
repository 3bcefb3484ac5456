"""20 deployments that are followed at once at a service.

Those who follow are processes of the action `deploy` with the kind `jenkins`, whose builds do not
end; beside them wait as many empty actions. All have the same database, an SQLite file.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import List, Mapping, NamedTuple, Tuple

from benchmarks.harness import Checkout, plain_environ, run_python, table
from benchmarks.kinds.jenkins import JENKINS, Jenkins
from benchmarks.world import WHO, make_world

FOLLOWERS = 20
# Seconds: before the window in which they are measured (the first half minute has more looks), and
# the window.
_BEFORE = 40.0
_WINDOW = 60.0
_DEPLOY = {**WHO, "environment": "uat", "version": "v1.0.0", "redeploy": False}
# Waits longer than anything here, and does nothing else. `first` is run before that.
_EMPTY = """
import sys, time
try:
    from st2common.runners.base_action import Action
except ImportError:
    class Action:
        def __init__(self, config=None, action_service=None):
            self.config = config
class Empty(Action):
    def run(self):
        exec(sys.argv[2])
        time.sleep(600)
Empty(config={}).run()
"""
# What a deployment asks the service and the database with.
_LIBRARIES = "import requests, sqlite3"
_FOLLOW = """
import json, sys
sys.path[:0] = sys.argv[1].split(":")
from deploy import Deploy
config, parameters = json.loads(sys.argv[2])
ok, result = Deploy(config=config).run(**parameters)
assert ok, result
"""


class Usage(NamedTuple):
    """Of one process: seconds of processor time so far, and the bytes of memory that it shares with
    no other process now."""

    cpu: float
    memory: int


class Followed(NamedTuple):
    """What a process that follows costs, medians of all.

    The part of a core and the bytes of memory beyond an empty action, and the bytes beyond one that
    has loaded `requests` and the driver; seconds between two of its requests: least, median, most.
    """

    core: float
    memory: float
    own_memory: float
    pauses: Tuple[float, float, float]


def followed(checkout: Checkout, python: str) -> Followed:
    """Follow FOLLOWERS builds at once, beside as many empty actions."""
    with tempfile.TemporaryDirectory(prefix="opsroom-followed-") as name, Jenkins() as jenkins:
        folder = Path(name)
        config = make_world(folder)
        apps = [f"app{number}" for number in range(FOLLOWERS)]
        deploy = {"kind": "jenkins", **JENKINS, "url": jenkins.url, "job": "{app}"}
        version = {"kind": "directory", "path": str(folder / "{app}")}
        config["apps"] = {one: {"deploy": deploy, "version": version} for one in apps}
        _make_database(checkout, folder, config["database"])
        # What compiles modules has more memory than those after it.
        run_python(python, _EMPTY.replace("time.sleep(600)", "pass"), ["", _LIBRARIES], folder)
        half = FOLLOWERS // 2
        waiting = [(_EMPTY, "")] * half + [(_EMPTY, _LIBRARIES)] * half
        processes: List[subprocess.Popen[bytes]] = []
        with tempfile.TemporaryFile() as errors:

            def start(code: str, argument: str) -> int:
                process = subprocess.Popen(
                    [python, "-c", code, ":".join(checkout.paths), argument],
                    cwd=folder,
                    env=plain_environ(folder),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                )
                processes.append(process)
                return process.pid

            try:
                for code, argument in waiting:
                    start(code, argument)
                # One after the other: answers meet many starts at once too late.
                for app in apps:
                    pid = start(_FOLLOW, json.dumps([config, {**_DEPLOY, "app": app}]))
                    while not jenkins.is_followed(app):
                        _usage(pid)
                        time.sleep(0.2)
                time.sleep(_BEFORE)
                before = [_usage(one.pid) for one in processes]
                began = time.monotonic()
                time.sleep(_WINDOW)
                after = [_usage(one.pid) for one in processes]
                seconds = time.monotonic() - began
            except OSError:
                errors.seek(0)
                raise SystemExit(errors.read().decode("utf-8", "replace")[-3000:]) from None
            finally:
                for one in processes:
                    one.kill()
                    one.wait()
    cores = [(last.cpu - first.cpu) / seconds for first, last in zip(before, after)]
    plain, loaded, following = (
        statistics.median(one.memory for one in part)
        for part in (after[:half], after[half:-FOLLOWERS], after[-FOLLOWERS:])
    )
    return Followed(
        statistics.median(cores[-FOLLOWERS:]) - statistics.median(cores[:-FOLLOWERS]),
        following - plain,
        following - loaded,
        jenkins.pauses(began, began + seconds),
    )


def _make_database(checkout: Checkout, folder: Path, url: str) -> None:
    """Make the tables, so that not all of the processes try to. StackStorm's Python may lack what
    migrates."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from opsroom.db.store import open_store\n"
        "open_store(sys.argv[1]).close()"
    )
    run_python(sys.executable, code, [url, checkout.paths[-1]], folder)


def _usage(pid: int) -> Usage:
    """Linux knows both. Raises OSError where the process has ended."""
    if Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z":
        raise ProcessLookupError(pid)
    # The clock of another process's processor time, with its threads that have ended: what
    # clock_getcpuclockid of the C library makes of a process id.
    cpu = time.clock_gettime((~pid << 3) | 2)
    private = sum(
        int(line.split()[1]) * 1024
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
        if line.startswith("Private_")
    )
    return Usage(cpu, private)


def following_table(found: Mapping[str, Followed]) -> str:
    heading = ["one of them, beyond an empty action"]
    rows = [
        ["processor, of one core"],
        [f"{FOLLOWERS} of them"],
        ["memory that it shares with no other process, MB"],
        ["of which not `requests` and the driver, MB"],
        ["seconds between two requests: median, least, most"],
    ]
    for who, one in found.items():
        least, middle, most = one.pauses
        heading.append(who)
        cells = (
            f"{one.core:.2%}",
            f"{one.core * FOLLOWERS:.1%}",
            f"{one.memory / 1e6:.1f}",
            f"{one.own_memory / 1e6:.1f}",
            f"{middle:.1f}, {least:.1f}, {most:.1f}",
        )
        for row, cell in zip(rows, cells):
            row.append(cell)
    return table(heading, rows)
