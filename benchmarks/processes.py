"""What an action costs as a process, beside an empty one: processor time, time, and the modules of
opsroom that it loads.

    .venv/bin/python -m benchmarks.processes [--against DIR] [--python PATH] [--rounds N]

`--python` is the interpreter to measure with; without it, that of the pack's virtualenv where
StackStorm has installed one (there StackStorm's own base class is imported), else this one (a
stand-in takes the base class's place). The database is put back before each run, so that each does
the same work: it is at head and in a file. A Jira and a PagerDuty are played by this process, whose
own time does not count.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from benchmarks.harness import Checkout, Run, checkouts, parser, ratio, run_python, table
from benchmarks.jira_server import Jira
from benchmarks.paging import Pager
from benchmarks.world import WHO, make_world, with_vendors

# The child imports nothing by itself that an action could need: that would hide what it costs.
_CHILD = """
import sys
action = sys.argv[1]
sys.path[:0] = sys.argv[2].split(":")
try:
    from st2common.runners.base_action import Action
except ImportError:
    class Action:
        def __init__(self, config=None, action_service=None):
            self.config = config
if action:
    module = __import__(action)
    from opsroom.action import OpsroomAction
    class_ = next(
        one for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, OpsroomAction) and one is not OpsroomAction
    )
else:
    class class_(Action):
        def run(self, **parameters):
            exec(sys.argv[4])
            return True, {"code": "empty"}
import json
config, parameters = json.loads(sys.argv[3])
ok, result = class_(config=config).run(**parameters)
assert ok, result
names = list(sys.modules)
print(json.dumps({
    "facts": {key: result[key] for key in ("code", "change") if key in result},
    "counts": globals().get("counts"),
    "base": "st2common" in names,
    "python": sys.version.split()[0],
    "ours": sorted(name for name in names if name.split(".")[0] == "opsroom"),
    "heavy": [name for name in HEAVY if name in names],
}))
"""
_HEAVY = ("requests", "urllib3", "sqlalchemy", "alembic", "psycopg", "st2client", "jira", "yaml")


@dataclass(frozen=True)
class Subject:
    """An action with parameters; without `action`, an empty one that runs `code`. `target`: of the
    empty one, where one is set."""

    name: str
    action: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    target: float = 0.0
    code: str = ""


_PLACE = {"app": "web", "environment": "uat"}
EMPTY = Subject("an empty one")
DEPLOY = Subject(
    "deploy (git, a tiny repository)",
    "deploy",
    {**_PLACE, "version": "v1.0.0", "redeploy": True},
    1.5,
)
SUBJECTS = (
    EMPTY,
    Subject("help", "help"),
    Subject("get_version (a directory)", "get_version", _PLACE),
    Subject("get_history", "get_history", {**_PLACE, "limit": 20}, 1.35),
    Subject("lock", "lock", {"environment": "uat", "reason": "load test"}, 1.35),
    Subject("approve_change (of two approvals, the first)", "approve_change", {}, 1.35),
    Subject("plan (git)", "plan", {**_PLACE, "version": "v1.1.0"}, 1.45),
    DEPLOY,
    Subject("page (PagerDuty)", "page", {"who": "web-team", "message": "checkout is down"}, 1.25),
    Subject("create_card (Jira)", "create_card", {"text": "The checkout is slow"}),
)


class Bench:
    """Runs the actions of one checkout in a little world of their own."""

    def __init__(
        self, checkout: Checkout, python: str, folder: Path, jira: str, pager: str, first: str = ""
    ) -> None:
        folder.mkdir()
        self._checkout = checkout
        self._python = python
        self._folder = folder
        self._code = f"{first}\n{_CHILD}".replace("HEAVY", repr(_HEAVY))
        self._config = with_vendors(make_world(folder), jira, pager)
        self._database = folder / "opsroom.db"
        # Makes the database and the first release, and a change that waits.
        self._run(DEPLOY)
        wanted = {**_PLACE, "environment": "production", "version": "v1.0.0", "redeploy": False}
        opened = self._run(Subject("", "deploy", wanted)).result["facts"]
        self._change = {"change": opened["change"], "requester": "bob", "st2_user": "bob"}
        shutil.copytree(folder, folder.with_suffix(".kept"), ignore=lambda *_: ["compiled"])

    def run(self, subject: Subject) -> Run:
        """The action as StackStorm runs it, on a database in which nothing was done yet."""
        for path in self._folder.glob("opsroom.db*"):
            path.unlink()
        for path in self._folder.with_suffix(".kept").glob("opsroom.db*"):
            shutil.copy(path, self._folder)
        return self._run(subject)

    def _run(self, subject: Subject) -> Run:
        more = self._change if subject.action == "approve_change" else {}
        job = json.dumps([self._config, {**WHO, **subject.parameters, **more}])
        arguments = [subject.action, ":".join(self._checkout.paths), job, subject.code]
        return run_python(self._python, self._code, arguments, self._folder)


def measure(
    compared: Sequence[Checkout],
    python: str,
    rounds: int,
    subjects: Sequence[Subject] = SUBJECTS,
    first: str = "",
    pause: float = 0.0,
) -> Dict[str, Dict[str, List[Run]]]:
    """The runs of every subject by checkout, in turns, after one round that does not count.
    `first` is code that runs before all else in each process; it may fill `counts`. Jira
    takes `pause` seconds for an answer."""
    kept: Dict[str, Dict[str, List[Run]]] = {
        one.name: {subject.name: [] for subject in subjects} for one in compared
    }
    with tempfile.TemporaryDirectory(
        prefix="opsroom-processes-"
    ) as name, Jira() as jira, Pager() as pager:
        jira.pause = pause
        benches = {
            one.name: Bench(one, python, Path(name) / one.name, jira.url, pager.url, first)
            for one in compared
        }
        for turn in range(rounds + 1):
            for subject in subjects:
                for who, bench in benches.items():
                    run = bench.run(subject)
                    if turn:
                        kept[who][subject.name].append(run)
    return kept


def tables(compared: Sequence[Checkout], python: str, rounds: int) -> Dict[str, str]:
    """The tables of docs/performance.md by name."""
    return {"processes": _table(measure(compared, python, rounds), rounds)}


def _table(kept: Mapping[str, Mapping[str, List[Run]]], rounds: int) -> str:
    heading = ["action"]
    for who in kept:
        heading += [f"{who}: processor time", "time", "modules of opsroom"]
    rows = []
    for subject in SUBJECTS:
        row = [subject.name]
        for runs in kept.values():
            own, floor = runs[subject.name], runs[EMPTY.name]
            cpu = ratio((one.cpu for one in own), (one.cpu for one in floor))
            clock = ratio((one.seconds for one in own), (one.seconds for one in floor))
            row += [f"{cpu:.2f}", f"{clock:.2f}", str(len(own[0].result["ours"]))]
        rows.append([*row, f"{subject.target:g}" if subject.target else ""])
    about = kept["now"][EMPTY.name][0].result
    base = "StackStorm's base class" if about["base"] else "a stand-in for StackStorm's base class"
    said = f"Of an empty action; medians of {rounds} rounds, Python {about['python']}, {base}."
    return f"{said}\n\n{table([*heading, 'target'], rows)}"


def main() -> None:
    """Measure and print the table; status 1 when something heavy is loaded in vain."""
    arguments = parser(__doc__, 15).parse_args()
    kept = measure(checkouts(arguments.against), arguments.python, arguments.rounds)
    print(_table(kept, arguments.rounds))
    for subject in SUBJECTS:
        print(f"{subject.name}: {', '.join(kept['now'][subject.name][0].result['heavy']) or '-'}")


if __name__ == "__main__":
    sys.exit(main())
