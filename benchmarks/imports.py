"""What the pack costs above StackStorm's floor: each action against an empty Python action, in
fresh processes.

    .venv/bin/python -m benchmarks.imports [--python PATH] [--rounds N] [--json]

`--python` is the interpreter to measure with; without it, that of the pack's virtualenv where
StackStorm has installed one (there StackStorm's own base class is imported), else this one (the
stand-in takes the base class's place).

Two floors: the base class of Python actions, and for actions that need the database that and
SQLAlchemy with its SQLite dialect. Everything is measured in turns, so that whatever else the
machine does meets all alike. The import of an action is that of every module which a whole run of
it loads, also those that it loads late. Compiled modules are kept in a temporary folder; nothing is
written elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, DefaultDict, Dict, List, Mapping, Sequence, Tuple

from benchmarks.world import WHO, make_world

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = Path("/opt/stackstorm/virtualenvs/opsroom/bin/python")
TARGET = 0.05
# Big packages that an action has no business to load; SQLAlchemy is the floor of some, and of no
# other.
HEAVY = (
    "requests",
    "urllib3",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "jmespath",
    "jsonschema",
    "st2client",
    "yaml",
)

# The child imports nothing by itself that an action could need: that would hide what the action's
# import costs.
_CHILD = """
import sys
from time import perf_counter
what, floor, modules = sys.argv[1], sys.argv[2], sys.argv[3].split()
sys.path[:0] = sys.argv[4].split(":")
began = perf_counter()
try:
    from st2common.runners.base_action import Action
except ImportError:
    class Action:
        def __init__(self, config=None, action_service=None):
            self.config = config
if floor == "database":
    import sqlalchemy
    sqlalchemy.create_engine("sqlite://").dialect
ready = perf_counter()
before = set(sys.modules)
for name in modules:
    __import__(name)
imported = perf_counter()
if what == "run":
    if modules:
        from opsroom.action import OpsroomAction
        class_ = next(
            one for one in vars(sys.modules[modules[0]]).values()
            if isinstance(one, type) and issubclass(one, OpsroomAction) and one is not OpsroomAction
        )
    else:
        class class_(Action):
            def run(self, **parameters):
                return True, {"code": "empty"}
    import json
    config, parameters = json.loads(sys.argv[5])
    ok, result = class_(config=config).run(**parameters)
    assert ok, result
import json
print(json.dumps({
    "floor": ready - began, "import": imported - ready, "loaded": [name for name in sys.modules if name not in before],
    "base": "st2common" in sys.modules, "python": sys.version.split()[0],
}))
"""  # noqa: E501


@dataclass(frozen=True)
class Subject:
    """An action with parameters. `floor`: "base" or "database"; no `action` means the empty one."""

    name: str
    floor: str
    action: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needed(self) -> Tuple[str, ...]:
        """Of the heavy packages, those that it cannot do without."""
        return (
            *(("sqlalchemy",) if self.floor == "database" else ()),
            *(("yaml",) if self.action == "help" else ()),
        )


_PLACE = {"app": "web", "environment": "uat"}
SUBJECTS = (
    Subject("empty", "base"),
    Subject("help", "base", "help"),
    Subject("get_version", "base", "get_version", _PLACE),
    Subject("empty + SQLAlchemy", "database"),
    Subject("get_history", "database", "get_history", {**_PLACE, "limit": 20}),
    Subject("plan", "database", "plan", {**_PLACE, "version": "v1.1.0"}),
    Subject("deploy", "database", "deploy", {**_PLACE, "version": "v1.0.0", "redeploy": True}),
)


@dataclass(frozen=True)
class Measured:
    """Medians of one subject, in seconds. `floor` and `imports`: what importing them takes;
    `process`: from start to end; `heavy`: the big packages that it loads beyond those it needs."""

    floor: float
    imports: float
    process: float
    heavy: List[str]


class Bench:
    """Runs the children of one interpreter in one little world."""

    def __init__(self, python: str, folder: Path) -> None:
        self._python = python
        self._folder = folder
        self._config = make_world(folder)
        self._environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }

    def child(
        self, what: str, subject: Subject, modules: Sequence[str]
    ) -> Tuple[Dict[str, Any], float]:
        """One process: what it says of itself, and the seconds from its start to its end. Raises
        when it fails."""
        job = json.dumps([self._config, {**WHO, **subject.parameters}])
        paths = f"{ROOT / 'actions'}:{ROOT / 'actions' / 'lib'}"
        floor = subject.floor if what == "import" or not subject.action else "base"
        command = [self._python, "-c", _CHILD, what, floor, " ".join(modules), paths, job]
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=self._folder, env=self._environ, capture_output=True, text=True
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"{subject.name} failed with {self._python}:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout), seconds

    def run(self, subject: Subject) -> Tuple[Dict[str, Any], float]:
        """The action as StackStorm runs it."""
        return self.child("run", subject, [subject.action] if subject.action else [])


def measure(python: str, rounds: int) -> Tuple[Dict[str, Measured], Dict[str, Any]]:
    """Every subject, and what is known of the interpreter: `base` (StackStorm's class was there),
    `python`."""
    floors: DefaultDict[str, List[float]] = defaultdict(list)
    imports: DefaultDict[str, List[float]] = defaultdict(list)
    processes: DefaultDict[str, List[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="opsroom-imports-") as name:
        bench = Bench(python, Path(name))
        bench.child("run", SUBJECTS[-1], ["deploy"])  # makes the database and the first release
        about = {}
        loaded = {}
        for subject in SUBJECTS:  # also compiles every module
            about = bench.run(subject)[0]
            loaded[subject.name] = about["loaded"]
        modules = {subject.name: _own(subject, loaded) for subject in SUBJECTS}
        for _ in range(rounds):
            for subject in SUBJECTS:
                if subject.action:
                    said = bench.child("import", subject, modules[subject.name])[0]
                    imports[subject.name].append(said["import"])
                    floors[subject.name].append(said["floor"])
                said, seconds = bench.run(subject)
                processes[subject.name].append(seconds)
                if not subject.action:
                    floors[subject.name].append(said["floor"])
    medians = {
        subject.name: Measured(
            statistics.median(floors[subject.name]),
            statistics.median(imports[subject.name] or [0.0]),
            statistics.median(processes[subject.name]),
            [one for one in HEAVY if one in loaded[subject.name] and one not in subject.needed],
        )
        for subject in SUBJECTS
    }
    return medians, {"base": about["base"], "python": about["python"]}


def _own(subject: Subject, loaded: Mapping[str, List[str]]) -> List[str]:
    """The modules that a run loads, in an order in which they can be imported: the action's own
    first."""
    if not subject.action:
        return []
    floor = set(loaded["empty + SQLAlchemy"]) if subject.floor == "database" else set()
    return [
        subject.action,
        *(one for one in loaded[subject.name] if one not in floor and one != subject.action),
    ]


def main() -> None:
    """Measure and print a table; status 1 when the target is missed, or something heavy loaded in
    vain."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python", default=str(INSTALLED) if INSTALLED.exists() else sys.executable
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    medians, about = measure(os.path.abspath(arguments.python), arguments.rounds)
    slow = [name for name, one in medians.items() if one.imports > TARGET]
    if arguments.json:
        print(
            json.dumps(
                {
                    **about,
                    "seconds": {name: vars(one) for name, one in medians.items()},
                    "slow": slow,
                }
            )
        )
    else:
        base = (
            "StackStorm's base class"
            if about["base"]
            else "the stand-in for StackStorm's base class"
        )
        print(
            f"Python {about['python']}, {base}, medians of {arguments.rounds} rounds, in seconds\n"
        )
        print("| action | floor | import beyond it | whole process | of the empty one |")
        print("| --- | --- | --- | --- | --- |")
        for name, one in medians.items():
            ratio = one.process / medians["empty"].process
            print(
                f"| {name} | {one.floor:.3f} | {one.imports:.3f} | {one.process:.3f} | "
                f"{ratio:.2f} |"
            )
        vain = {name: one.heavy for name, one in medians.items() if one.heavy}
        print(
            f"\nLoaded in vain: {vain or 'nothing'}. Over {TARGET} s beyond the floor: "
            f"{', '.join(slow) or 'none'}."
        )
        if not about["base"]:
            print(
                "The target is for StackStorm's base class, which brings much of the standard "
                "library with it."
            )
    if any(one.heavy for one in medians.values()) or (slow and about["base"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
