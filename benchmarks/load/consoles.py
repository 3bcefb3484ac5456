"""Many consoles at once on one database: errors, waits, and what was made elsewhere without a
record of it.

    .venv/bin/python -m benchmarks.load [--consoles 50] [--seconds 75] [--database
    sqlite|postgresql|URL] [--json] [--checkout DIR]

Each console is a process of its own, as `python -m console` is, and says one message after the
other without a pause: deployments, locks, cards, pages, and what only reads. They begin together,
once all have started, and a console ends with the message that it is at when the time is over.
Cards and pages are made at a Jira and a PagerDuty that this process plays, so that what they took
can be compared with the record. PostgreSQL needs the requirements of the tests.

To compare with another version, give a checkout of it (`git worktree add DIR COMMIT`): its consoles
are played then.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Sequence

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "actions" / "lib"), str(ROOT)]

from benchmarks.harness import Checkout  # noqa: E402
from benchmarks.load.mix import config_of, database_of, next_message, quantile  # noqa: E402

# So long the consoles may take to start, in seconds.
PATIENCE = 600.0
# Nobody waits longer: a console that has not ended so many seconds after the end is killed and
# counted.
GRACE = 120.0


@dataclass
class Outcome:
    """What one run came to. `waits` are seconds of those messages that are recorded."""

    database: str
    consoles: int
    seconds: float
    messages: int = 0
    codes: Dict[str, int] = field(default_factory=dict)
    errors: int = 0
    waits: List[float] = field(default_factory=list)
    reads: List[float] = field(default_factory=list)
    killed: int = 0
    unrecorded: Dict[str, int] = field(default_factory=dict)
    late: int = 0

    def row(self) -> str:
        """A line of the table."""
        share = 100 * self.errors / max(self.messages, 1)
        lost = (
            ", ".join(f"{number} {what}" for what, number in self.unrecorded.items() if number)
            or "none"
        )
        return (
            f"| {self.database} | {self.consoles} | {self.messages:,} | {self.errors} "
            f"({share:.1f}%) "
            f"| {quantile(self.waits, 0.5):.2f} | {quantile(self.waits, 0.95):.2f} "
            f"| {max(self.waits, default=0.0):.2f} | {quantile(self.reads, 0.95):.2f} | {lost} | "
            f"{self.late} |"
        )


HEADING = (
    "| database | consoles | messages | store errors | writes: median, s | 95% | longest | "
    "reads: 95% "
    "| made, not recorded | recorded late |\n| " + " | ".join(["---"] * 10) + " |"
)


def talk(checkout: Path, config: Path, number: int, seconds: float, out: Path) -> None:
    """One console: says messages for so long from the moment on when all are there; notes what came
    of each."""
    sys.path[:0] = [str(checkout / "actions" / "lib"), str(checkout)]
    from console import PACK
    from console.opening import open_session

    chance = random.Random(number)
    session = open_session(config, PACK, speaker=f"person{number}", room="#dev")
    # What every command imports, so that the start of a process is not taken for waiting.
    session.say("show locks")
    out.with_suffix(".ready").touch()
    while not out.with_name("begin").exists():
        time.sleep(0.05)
    end = time.time() + seconds
    with out.open("w", encoding="utf-8") as lines:
        while time.time() < end:
            text, writes = next_message(chance, number)
            reply = session.say(text)
            recorded = (
                not isinstance(reply.result, dict)
                or reply.result.get("recorded", True) is not False
            )
            told = {
                "code": reply.code,
                "seconds": reply.seconds,
                "writes": writes,
                "recorded": recorded,
            }
            lines.write(json.dumps({**told, "said": text, "message": reply.message}) + "\n")
            lines.flush()


def run(kind: str, consoles: int, seconds: float, keep: str = "", checkout: Path = ROOT) -> Outcome:
    """Play it once, with the code in `checkout`. `keep` is a folder for what each console wrote
    down."""
    from benchmarks.jira_server import Jira
    from benchmarks.paging import Pager

    with tempfile.TemporaryDirectory(
        prefix="opsroom-load-"
    ) as name, Jira() as jira, Pager() as pager:
        folder = Path(name)
        with database_of(kind, folder) as url:
            _make_tables(url, checkout)
            config = folder / "opsroom.yaml"
            config.write_text(
                json.dumps(config_of(folder, url, jira.url, pager.url)), encoding="utf-8"
            )
            outcome = Outcome(kind.partition(":")[0], consoles, seconds)
            _play(outcome, config, folder, consoles, seconds, checkout)
            # As the next command would: it writes down what could not be recorded.
            _drain(config, checkout)
            _compare(outcome, url, {"card_created": len(jira.cards), "paged": len(pager.accepted)})
            if keep:
                shutil.copytree(folder, keep, dirs_exist_ok=True, ignore=lambda *_: {"running"})
            return outcome


def _make_tables(url: str, checkout: Path) -> None:
    library = {**os.environ, "PYTHONPATH": str(checkout / "actions" / "lib")}
    code = "import sys; from opsroom.db.store import open_store; open_store(sys.argv[1]).close()"
    subprocess.run([sys.executable, "-c", code, url], env=library, check=True)


def _play(
    outcome: Outcome, config: Path, folder: Path, consoles: int, seconds: float, checkout: Path
) -> None:
    command = [
        sys.executable,
        str(Path(__file__).resolve()),
        "--checkout",
        str(checkout),
        "--console",
    ]
    outs = [folder / f"console-{number}.jsonl" for number in range(consoles)]
    processes = []
    for number, out in enumerate(outs):
        arguments = [str(config), str(number), str(seconds), str(out)]
        with out.with_suffix(".err").open("w") as errors:
            processes.append(subprocess.Popen([*command, *arguments], cwd=checkout, stderr=errors))
    until = time.time() + PATIENCE
    while not all(out.with_suffix(".ready").exists() for out in outs):
        if time.time() > until or any(one.poll() for one in processes):
            raise SystemExit(f"The consoles do not start: see {folder}")
        time.sleep(0.1)
    (folder / "begin").touch()
    until = time.time() + seconds + GRACE
    for process in processes:
        try:
            process.wait(max(until - time.time(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            outcome.killed += 1
    for out in outs:
        for line in out.read_text("utf-8").splitlines() if out.exists() else ():
            _count(outcome, json.loads(line))


def _count(outcome: Outcome, told: Dict[str, Any]) -> None:
    outcome.messages += 1
    outcome.codes[told["code"]] = outcome.codes.get(told["code"], 0) + 1
    outcome.errors += told["code"].startswith("store_") or not told["recorded"]
    (outcome.waits if told["writes"] else outcome.reads).append(told["seconds"])


def _drain(config: Path, checkout: Path) -> None:
    say = [
        sys.executable,
        "-m",
        "console",
        "--config",
        str(config),
        "--as",
        "alice",
        "--room",
        "#dev",
    ]
    for _ in range(2):
        subprocess.run(
            say,
            cwd=checkout,
            input=b"page web-team: the last one\n",
            check=True,
            capture_output=True,
        )


def _compare(outcome: Outcome, url: str, made: Dict[str, int]) -> None:
    from opsroom.db.sql import rows
    from opsroom.db.store import open_store

    with open_store(url).read() as on:
        for event, number in made.items():
            found = rows(on, "SELECT count(*) AS n FROM ledger WHERE event = :event", event=event)
            outcome.unrecorded[event] = number - int(found[0]["n"])
        late = rows(
            on, "SELECT count(*) AS n FROM ledger WHERE facts LIKE :late", late='%"recorded_late"%'
        )
        outcome.late = int(late[0]["n"])


def tables(
    compared: Sequence[Checkout],
    python: str,
    rounds: int,
    consoles: int = 20,
    seconds: float = 20.0,
) -> Dict[str, str]:
    """The table of docs/performance.md, one run of each. The consoles need the requirements of the
    tests, so they run with this interpreter; `rounds` is ignored."""
    rows = []
    for kind in ("postgresql", "sqlite"):
        for one in compared:
            outcome = run(kind, consoles, seconds, checkout=one.root)
            rows.append(outcome.row().replace("|", f"| {one.name} |", 1))
    top, line = HEADING.splitlines()
    lines = [f"| {top}", f"| --- {line}", *rows]
    return {"load": "\n".join(lines)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--consoles", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=75.0)
    parser.add_argument(
        "--database",
        action="append",
        help="sqlite, postgresql or a URL of an empty database; repeat",
    )
    parser.add_argument(
        "--keep", default="", metavar="FOLDER", help="keep what the consoles wrote down"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--checkout", type=Path, default=ROOT, metavar="DIR", help="play the code in this folder"
    )
    parser.add_argument("--console", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.console:
        config, number, seconds, out = given.console
        talk(given.checkout, Path(config), int(number), float(seconds), Path(out))
        return
    outcomes = []
    for kind in given.database or ("sqlite", "postgresql"):
        outcomes.append(
            run(kind, given.consoles, given.seconds, given.keep, given.checkout.resolve())
        )
    if given.json:
        print(json.dumps([vars(one) for one in outcomes], default=str))
        return
    print(f"{given.seconds:.0f} s, load {' '.join(f'{one:.1f}' for one in os.getloadavg())}")
    print(HEADING)
    for one in outcomes:
        print(one.row())
    for one in outcomes:
        print(
            f"{one.database}: {dict(sorted(one.codes.items()))}"
            + (f", {one.killed} killed" if one.killed else "")
        )


if __name__ == "__main__":  # a console is this file as a script
    main()
