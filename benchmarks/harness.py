"""What all benchmarks share: the checkouts that are compared, processes whose cost is counted, and
tables.

Two checkouts are measured in turns, in one run: whatever else the machine does meets both. Ratios
are medians of the ratios of the rounds, not ratios of medians: a slow minute slows both sides of
one.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

ROOT = Path(__file__).resolve().parents[1]
# Where StackStorm has installed the pack: there its own base class is imported.
_INSTALLED = Path("/opt/stackstorm/virtualenvs/opsroom/bin/python")


@dataclass(frozen=True)
class Checkout:
    """A folder with a version of the pack. `name` heads its column."""

    name: str
    root: Path

    @property
    def paths(self) -> List[str]:
        """What its actions need on Python's path."""
        return [str(self.root / "actions"), str(self.root / "actions" / "lib")]


@dataclass(frozen=True)
class Run:
    """A process that has ended: seconds on the clock, seconds of processors (its children's too),
    and what it printed as JSON."""

    seconds: float
    cpu: float
    result: Any


def checkouts(against: Optional[Path]) -> List[Checkout]:
    """This checkout and, if it is given, the one to compare it with, which comes first."""
    before = [Checkout("before", against.resolve())] if against else []
    return [*before, Checkout("now", ROOT)]


def run_python(
    python: str,
    code: str,
    arguments: Sequence[str],
    folder: Path,
    environ: Mapping[str, str] = {},
    under: Sequence[str] = (),
) -> Run:
    """Run Python code in a process of its own. `under` is a command that runs another, such as
    valgrind's. Raises SystemExit with its errors where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*under, python, "-c", code, *arguments],
            cwd=folder,
            env={**plain_environ(folder), **environ},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = status
        out.seek(0)
        errors.seek(0)
        if status:
            raise SystemExit(
                f"{python} failed:\n{errors.read().decode('utf-8', 'replace')[-3000:]}"
            )
        lines = out.read().decode("utf-8").strip().splitlines()
        result = json.loads(lines[-1]) if lines else None
    return Run(seconds, usage.ru_utime + usage.ru_stime, result)


def find(name: str, *modules: str) -> Any:
    """What an older checkout has elsewhere: of that name in the first module that has it, or of
    another name in `module:NAME`. Raises SystemExit."""
    import importlib

    for module in modules:
        place, _, other = module.partition(":")
        try:
            return getattr(importlib.import_module(place), other or name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"no {name} in {modules}")


_WORKER = """
import json, sys, time
from typing import Any
sys.path[:0] = sys.argv[1].split(":")

FIND

def timed(work, *values):
    began = time.perf_counter()
    work(*values)
    return time.perf_counter() - began

def serve(tasks):
    for line in sys.stdin:
        task, values = json.loads(line)
        print(json.dumps(tasks[task](*values)), flush=True)
""".replace("FIND", inspect.getsource(find))


class Worker:
    """A process with a checkout's library that does one task after the other: `code` defines
    `tasks`, a mapping of names to functions of JSON values."""

    def __init__(self, python: str, code: str, checkout: Checkout, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, "-c", f"{_WORKER}\n{code}\nserve(tasks)", ":".join(checkout.paths)],
            cwd=folder,
            env=plain_environ(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def do(self, task: str, *values: Any) -> Any:
        """Run a task; what it returns. Raises SystemExit where the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps([task, values]), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            self._errors.seek(0)
            raise SystemExit(self._errors.read().decode("utf-8", "replace")[-3000:])
        return json.loads(line)


def plain_environ(folder: Path) -> Dict[str, str]:
    """An environment without what the caller's shell has set, and with compiled modules kept in a
    folder."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }


def ratio(values: Iterable[float], floor: Iterable[float]) -> float:
    """The median of the ratios, round by round."""
    return statistics.median(one / other for one, other in zip(values, floor))


def table(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def default_python() -> str:
    """The interpreter of the pack's virtualenv where StackStorm has installed it, else this one."""
    return str(_INSTALLED) if _INSTALLED.exists() else sys.executable


def parser(description: Optional[str], rounds: int) -> argparse.ArgumentParser:
    """The options that all of them take."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument(
        "--against", type=Path, metavar="DIR", help="measure this checkout too, in the same rounds"
    )
    made.add_argument(
        "--python", default=default_python(), help="the interpreter that runs the actions"
    )
    return made
