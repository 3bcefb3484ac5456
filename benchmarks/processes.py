"""What an action costs as a process, beside an empty one: processor time, time, and the modules of
opsroom that it loads.

    .venv/bin/python -m benchmarks.processes [--against DIR] [--python PATH] [--rounds N]
    .venv/bin/python -m benchmarks.processes --instructions [--python PATH] [--only WORD ...]

`--python` is the interpreter to measure with; without it, that of the pack's virtualenv where
StackStorm has installed one (there StackStorm's own base class is imported), else this one (a
stand-in takes the base class's place). The database is put back before each run, so that each does
the same work: it is at head and in a file. A Jira and a PagerDuty are played by this process, whose
own time does not count.

`--instructions` counts the instructions that a process carries out outside of the kernel, with
valgrind, in place of its time: that is the same on a busy machine. `--only` names subjects by a
part of their names.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence

import certifi

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
    empty one, where one is set. `over`: what trusts the pager, where it is asked over https."""

    name: str
    action: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    target: float = 0.0
    code: str = ""
    over: str = ""


ALL, ONE = "all authorities", "one authority"
_PAGE = {"who": "web-team", "message": "checkout is down"}
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
    Subject("page (PagerDuty)", "page", _PAGE, 1.25),
    Subject(f"page over https, {ALL}", "page", _PAGE, over=ALL),
    Subject(f"page over https, {ONE} (`verify`)", "page", _PAGE, over=ONE),
    Subject("create_card (Jira)", "create_card", {"text": "The checkout is slow"}),
)


class Bench:
    """Runs the actions of one checkout in a little world of their own."""

    def __init__(
        self,
        checkout: Checkout,
        python: str,
        folder: Path,
        jira: str,
        pager: str,
        first: str = "",
        secure: Mapping[str, Mapping[str, str]] = {},
    ) -> None:
        """`secure` has the keys of the pager for each subject's `over`."""
        folder.mkdir()
        self._secure = secure
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

    def run(self, subject: Subject, under: Sequence[str] = ()) -> Run:
        """The action as StackStorm runs it, on a database in which nothing was done yet; with
        `under` as for `run_python`."""
        for path in self._folder.glob("opsroom.db*"):
            path.unlink()
        for path in self._folder.with_suffix(".kept").glob("opsroom.db*"):
            shutil.copy(path, self._folder)
        return self._run(subject, under)

    def instructions(self, subject: Subject) -> float:
        """Millions of instructions that the action carries out. Raises SystemExit without
        valgrind."""
        log = self._folder / "valgrind.log"
        out = f"--cachegrind-out-file={self._folder / 'cachegrind'}"
        # Fair, so that the thread of a request gets its turn beside the one that waits for it.
        options = ("--tool=cachegrind", "--cache-sim=no", "--fair-sched=yes", out)
        options += (f"--log-file={log}",)
        self.run(subject)  # compiles
        try:
            self.run(subject, ("env", "PYTHONHASHSEED=0", "valgrind", *options))
            text = log.read_text("utf-8")
        except OSError:
            raise SystemExit("valgrind is not installed") from None
        found = re.search(r"I\s+refs:\s+([\d,]+)", text)
        assert found is not None, text
        return int(found.group(1).replace(",", "")) / 1e6

    def _run(self, subject: Subject, under: Sequence[str] = ()) -> Run:
        more = self._change if subject.action == "approve_change" else {}
        config = self._config
        if subject.over:
            duty = {**config["pagers"]["duty"], **self._secure[subject.over]}
            config = {**config, "pagers": {"duty": duty}}
        job = json.dumps([config, {**WHO, **subject.parameters, **more}])
        arguments = [subject.action, ":".join(self._checkout.paths), job, subject.code]
        return run_python(self._python, self._code, arguments, self._folder, under=under)


@contextmanager
def benches(
    compared: Sequence[Checkout], python: str, first: str = "", pause: float = 0.0
) -> Iterator[Dict[str, Bench]]:
    """A bench for each checkout by its name, with vendors that are played: over https too, with a
    certificate that a file of itself vouches for, and one of all public authorities and itself."""
    with tempfile.TemporaryDirectory(prefix="opsroom-processes-") as name:
        folder = Path(name)
        cert, key, bundle = (folder / one for one in ("cert.pem", "key.pem", "bundle.pem"))
        wanted = ["-days", "2", "-subj", "/CN=pager", "-addext", "subjectAltName=IP:127.0.0.1"]
        new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
        made = [*new, "-keyout", str(key), "-out", str(cert), *wanted]
        subprocess.run(made, check=True, capture_output=True)
        bundle.write_text(Path(certifi.where()).read_text("utf-8") + cert.read_text("utf-8"))
        with Jira() as jira, Pager() as pager, Pager((str(cert), str(key))) as secure:
            jira.pause = pause
            duties = {
                ALL: {"url": secure.url, "verify": str(bundle)},
                ONE: {"url": secure.url, "verify": str(cert)},
            }
            yield {
                one.name: Bench(one, python, folder / one.name, jira.url, pager.url, first, duties)
                for one in compared
            }


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
    with benches(compared, python, first, pause) as by_name:
        for turn in range(rounds + 1):
            for subject in subjects:
                for who, bench in by_name.items():
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


def count(compared: Sequence[Checkout], python: str, words: Sequence[str]) -> str:
    """The table of instructions, of the subjects whose names have one of the words."""
    heading = [f"instructions, of {EMPTY.name}", *(one.name for one in compared)]
    rows = []
    with benches(compared, python) as by_name:
        floors = {who: bench.instructions(EMPTY) for who, bench in by_name.items()}
        for subject in SUBJECTS[1:]:
            if not words or any(word in subject.name for word in words):
                counted = (
                    bench.instructions(subject) / floors[who] for who, bench in by_name.items()
                )
                rows.append([subject.name, *(f"{one:.2f}" for one in counted)])
    million = ", ".join(f"{one:.0f} million" for one in floors.values())
    return f"{EMPTY.name}: {million}\n\n{table(heading, rows)}"


def main() -> None:
    """Measure and print the table; status 1 when something heavy is loaded in vain."""
    options = parser(__doc__, 15)
    options.add_argument("--instructions", action="store_true", help="count with valgrind")
    options.add_argument("--only", nargs="*", default=[], metavar="WORD")
    arguments = options.parse_args()
    compared = checkouts(arguments.against)
    if arguments.instructions:
        print(count(compared, arguments.python, arguments.only))
        return
    kept = measure(compared, arguments.python, arguments.rounds)
    print(_table(kept, arguments.rounds))
    for subject in SUBJECTS:
        print(f"{subject.name}: {', '.join(kept['now'][subject.name][0].result['heavy']) or '-'}")


if __name__ == "__main__":
    sys.exit(main())
