"""A card in Jira on a running StackStorm, beside a plain `requests.post` and the Exchange's pack;
requests per verb.

    ST2_API_URL=... ST2_AUTH_TOKEN=... .venv/bin/python -m benchmarks.cards [--exchange-pack PATH]
    [--rounds N] .venv/bin/python -m benchmarks.cards --requests

The first is run where StackStorm runs, with the token of an administrator. For the time that it
takes, it installs a pack of one action that sends one request, and configures opsroom (which has to
be installed) for a Jira that this process plays. PATH is a git clone of
StackStorm-Exchange/stackstorm-jira, installed and removed too; without it that row is left out.
Measured is from the moment that StackStorm took the request to the end of the execution, both by
its own clock; all make the same card, in turns, once with answers at once and once with answers
that take 100 ms.

The second needs the requirements of the tests, and the vendors' descriptions that the contract
tests read.
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
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from benchmarks.harness import Checkout, ratio, run_python
from benchmarks.harness import table as table_of
from benchmarks.jira_server import Jira
from benchmarks.processes import Subject
from benchmarks.processes import measure as measure_processes
from benchmarks.stackstorm import call, ended

ROOT = Path(__file__).resolve().parents[1]
PLAIN = "opsroom_plain_card"
DIRECT, OURS, EXCHANGE = "one requests.post", "opsroom.create_card", "jira.create_issue (Exchange)"
USER, TOKEN = "bot@example.com", "token-of-the-benchmark"
PATIENCE = 120.0
DESCRIPTION = (
    "Since noon, for carts of more than 20 things.\n\nhttps://example.com/dashboards/42 shows it."
)
# What is said, in this order, with the card that the first answer told. "bob" stands for a name
# that someone types.
VERBS = (
    ("create", "create card: checkout is broken"),
    ("the same again", "create card: checkout is broken"),
    ("comment", "comment on card {card}: it is the cache"),
    ("show", "show card {card}"),
    ("move", "move card {card} to {column}"),
    ("assign to me", "assign card {card} to me"),
    ("assign to a name", "assign card {card} to {bob}"),
    ("find", "cards about checkout"),
)
_FILES = {
    "pack.yaml": f"""
name: {PLAIN}
ref: {PLAIN}
description: An action that makes a card with one request, to measure what every action costs.
version: 1.0.0
python_versions: ["3"]
author: opsroom
email: opsroom@example.com
""",
    "requirements.txt": "",
    "actions/post.yaml": """
name: post
description: Makes a card with one request.
runner_type: python-script
entry_point: post.py
parameters:
  url: {type: string, required: true}
  user: {type: string, required: true}
  token: {type: string, required: true}
  fields: {type: object, required: true}
""",
    "actions/post.py": """
import requests

from st2common.runners.base_action import Action


class Post(Action):
    def run(self, url, user, token, fields):
        answer = requests.post(url + "/rest/api/2/issue", json={"fields": fields}, auth=(user, token), timeout=10)
        answer.raise_for_status()
        return True, {"card": answer.json()["key"]}
""",  # noqa: E501
}


def put(path: str, body: Any) -> None:
    """Replace something in StackStorm. Raises HTTPError."""
    headers = {"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"], "Content-Type": "application/json"}
    request = Request(
        os.environ["ST2_API_URL"] + path, json.dumps(body).encode(), headers, method="PUT"
    )
    with urlopen(request, timeout=30):
        return


@contextmanager
def configured(jira: Jira) -> Iterator[None]:
    """opsroom with that Jira, a fresh database, and the requester mapped; afterwards its config is
    what it was."""
    try:
        before = call("/configs/opsroom?show_secrets=true")["values"]
    except HTTPError:
        before = {}
    with tempfile.TemporaryDirectory(prefix="opsroom-benchmark-") as folder:
        Path(folder).chmod(0o777)
        tracker = {"kind": "jira", "url": jira.url, "user": USER, "token": TOKEN, "project": "OPS"}
        config = {
            "database": f"sqlite:///{folder}/opsroom.db",
            "environments": {"test": {}},
            "people": {
                "alice": {"st2": [call("/user")["username"]], "jira": "5b10a2844c20165700ede21g"}
            },
            "trackers": {"desk": tracker},
        }
        put("/configs/opsroom", config)
        try:
            yield
        finally:
            put("/configs/opsroom", before or {})


@contextmanager
def installed(pack: str, folder: Path) -> Iterator[None]:
    """A pack that is not there, installed until the block ends."""
    with suppress(HTTPError):
        call(f"/packs/{pack}")
        raise SystemExit(f"a pack {pack} is installed already; remove it first, it would be lost")
    execution = call("/packs/install", {"packs": [f"file://{folder}"]})["execution_id"]
    path = ""
    try:
        if ended(execution) != "succeeded":
            raise SystemExit(f"the pack {pack} does not install: st2 execution get {execution}")
        path = call(f"/packs/{pack}")["path"]
        compiled(path)
        yield
    finally:
        ended(call("/packs/uninstall", {"packs": [pack]})["execution_id"])
        if path:
            # Removing a pack leaves its config.
            (Path(path).parent.parent / "configs" / f"{pack}.yaml").unlink(missing_ok=True)


def compiled(path: str) -> None:
    """Compile a pack, as its first execution does on most installations."""
    python = Path(path).parent.parent / "virtualenvs" / Path(path).name / "bin" / "python"
    subprocess.run([str(python), "-m", "compileall", "-q", f"{path}/actions"], check=True)


@contextmanager
def plain_pack() -> Iterator[None]:
    """The pack of one action that sends one request."""
    with tempfile.TemporaryDirectory(prefix="opsroom-plain-") as name:
        folder = Path(name) / PLAIN
        for path, content in _FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content.lstrip(), encoding="utf-8")
        identity = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com"]
        for arguments in (
            ["init", "--quiet"],
            ["add", "."],
            [*identity, "commit", "--quiet", "-m", "The pack"],
        ):
            subprocess.run(["git", *arguments], cwd=folder, check=True)
        with installed(PLAIN, folder):
            yield


def card(who: str, jira: Jira, summary: str) -> Tuple[str, Dict[str, Any]]:
    """The action that makes a card of that summary, and its parameters."""
    if who == OURS:
        return "opsroom.create_card", {"text": f"{summary}\n{DESCRIPTION}"}
    if who == EXCHANGE:
        return "jira.create_issue", {"summary": summary, "description": DESCRIPTION, "type": "Task"}
    fields = {
        "project": {"key": "OPS"},
        "issuetype": {"name": "Task"},
        "summary": summary,
        "description": DESCRIPTION,
    }
    return f"{PLAIN}.post", {"url": jira.url, "user": USER, "token": TOKEN, "fields": fields}


def seconds_of(action: str, parameters: Mapping[str, Any]) -> float:
    """Run an action that has to succeed: how long it took."""
    id = call("/executions", {"action": action, "parameters": dict(parameters)})["id"]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.2)  # seldom: StackStorm's API answers on the same processors
        execution = call(
            f"/executions/{id}?include_attributes=status,start_timestamp,end_timestamp"
        )
        if execution["status"] in ("failed", "timeout", "canceled", "abandoned"):
            break
        if execution["status"] == "succeeded" and execution.get("end_timestamp"):
            began, over = (
                datetime.fromisoformat(execution[f"{one}_timestamp"].rstrip("Z"))
                for one in ("start", "end")
            )
            return (over - began).total_seconds()
    raise SystemExit(f"{action} failed: st2 execution get {id}")


def measure(rounds: int, pauses: List[float], exchange: str) -> Dict[float, Dict[str, List[float]]]:
    """Seconds by pause and by who makes the card. All in turns, the pauses too; the first round
    does not count."""
    kinds = [DIRECT, OURS, *([EXCHANGE] if exchange else [])]
    kept: Dict[float, Dict[str, List[float]]] = {
        pause: {who: [] for who in kinds} for pause in pauses
    }
    with ExitStack() as stack:
        stack.enter_context(plain_pack())
        jira = stack.enter_context(Jira())
        stack.enter_context(configured(jira))
        compiled(call("/packs/opsroom")["path"])
        if exchange:
            stack.enter_context(installed("jira", Path(exchange).resolve()))
            for sensor in call("/sensortypes?pack=jira"):
                # They would ask this Jira too, and be started again and again.
                put(f"/sensortypes/{sensor['ref']}", {**sensor, "enabled": False})
            config = {
                "url": jira.url,
                "auth_method": "api_token",
                "username": USER,
                "token": TOKEN,
                "project": "OPS",
            }
            put("/configs/jira", {**config, "verify": True})
        for turn in range(rounds + 1):
            for pause in pauses:
                jira.pause = pause
                # Another one is first each time: what StackStorm still does about the one before
                # meets all alike.
                for who in [*kinds[turn % len(kinds) :], *kinds[: turn % len(kinds)]]:
                    before, made = len(jira.asked), len(jira.cards)
                    taken = seconds_of(*card(who, jira, f"Checkout is slow, {turn} of {pause:g}"))
                    if len(jira.cards) != made + 1:
                        raise SystemExit(f"{who} made {len(jira.cards) - made} cards")
                    if turn:
                        kept[pause][who].append(taken)
                    elif pause == pauses[0]:
                        print(f"{who}: {', '.join(jira.asked[before:])}", file=sys.stderr)
    return kept


def requests_per_verb() -> List[Tuple[str, Dict[str, str]]]:
    """How many requests each kind sends for each verb, and for a card that is the first thing it is
    ever asked."""
    sys.path[:0] = [str(ROOT / one) for one in ("tests", "actions/lib")]
    import yaml

    from console.opening import open_session
    from support.cards.kinds import CASES, case

    rows: List[Tuple[str, Dict[str, str]]] = []
    for name in CASES:
        counts: Dict[str, str] = {}
        for again in (False, True):
            # Once with nothing known yet, and once after it was asked something.
            with case(name) as it, tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "opsroom.yaml"
                config = {
                    **it.config(),
                    "environments": {"test": {}},
                    "database": f"sqlite:///{folder}/opsroom.db",
                }
                path.write_text(yaml.safe_dump(config), encoding="utf-8")
                session = open_session(path, ROOT, speaker="alice", room="#dev")
                if again:
                    session.say("cards about nothing")
                verbs, card = (VERBS if again else VERBS[:1]), ""
                for verb, text in verbs:
                    before = len(it.vendor.sent()) if it.vendor else 0
                    reply = session.say(text.format(card=card, column=it.columns[-1], bob=it.bob))
                    if reply.status != "succeeded":
                        raise SystemExit(f"{name}: '{text}' was answered with {reply.code}")
                    card = card or str(reply.result["card"])
                    sent = (len(it.vendor.sent()) if it.vendor else 0) - before
                    counts[verb if again else "the very first"] = str(sent)
        rows.append((name, counts))
    return rows


# What the Exchange's pack 3.3.0 does to make a card, with the library that it asks for.
_AS_EXCHANGE = """
from jira import JIRA
options = {"server": self.config["trackers"]["work"]["url"], "verify": True}
client = JIRA(options=options, basic_auth=("b@example.com", "t"))
fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "It is slow"}
client.create_issue(fields=fields)
"""
_PROCESSES = (
    Subject("as the Exchange's pack does it", code=_AS_EXCHANGE),
    Subject("create_card", "create_card", {"text": "The checkout is slow"}),
)


def tables(compared: Sequence[Checkout], python: str, rounds: int) -> Dict[str, str]:
    """The tables of docs/performance.md by name: a card's process, and requests for each verb."""
    made = {"card-requests": _requests_table()}
    code = "import importlib.util as u, json; print(json.dumps(bool(u.find_spec('jira'))))"
    if not run_python(python, code, [], ROOT).result:
        print(f"cards: {python} has no library jira to compare with; left out", flush=True)
        return made
    rows = []
    for pause in (0.0, 0.1):
        kept = measure_processes(compared, python, rounds, _PROCESSES, pause=pause)
        for who, runs in kept.items():
            theirs, ours = (runs[subject.name] for subject in _PROCESSES)
            cpu = ratio((one.cpu for one in ours), (one.cpu for one in theirs))
            clock = ratio((one.seconds for one in ours), (one.seconds for one in theirs))
            rows.append([f"{pause * 1000:.0f} ms", who, f"{clock:.2f}", f"{cpu:.2f}"])
    heading = ["each answer takes", "create_card", "time", "processor time"]
    return {**made, "cards": table_of(heading, rows)}


def _requests_table() -> str:
    verbs = ["the very first", *(verb for verb, _ in VERBS)]
    found = requests_per_verb()
    return table_of(["kind", *verbs], ([name, *map(counts.get, verbs)] for name, counts in found))


def table(kept: Mapping[float, Mapping[str, List[float]]]) -> Iterator[str]:
    """Medians and quartiles in seconds, and ratios of medians."""
    yield (
        "| each answer takes | who makes the card | seconds (quartiles) | of requests.post | "
        "of the Exchange's |"
    )
    yield "| --- | --- | --- | --- | --- |"
    for pause, seconds in kept.items():
        for who, taken in seconds.items():
            low, middle, high = statistics.quantiles(taken, n=4)
            others = [
                statistics.median(seconds[other]) if other in seconds else None
                for other in (DIRECT, EXCHANGE)
            ]
            shown = " | ".join(f"{middle / other:.2f}" if other else "" for other in others)
            yield (
                f"| {pause * 1000:.0f} ms | {who} | {middle:.3f} ({low:.3f} to {high:.3f}) | "
                f"{shown} |"
            )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--pauses", type=float, nargs="+", default=[0.0, 0.1], help="seconds that each answer takes"
    )
    parser.add_argument(
        "--exchange-pack", default="", metavar="PATH", help="a git clone of stackstorm-jira"
    )
    parser.add_argument(
        "--requests", action="store_true", help="count requests instead; needs no StackStorm"
    )
    parser.add_argument(
        "--json", action="store_true", help="print every round as JSON instead of a table"
    )
    arguments = parser.parse_args()
    if arguments.requests:
        print(_requests_table())
        return
    kept = measure(arguments.rounds, arguments.pauses, arguments.exchange_pack)
    if arguments.json:
        print(json.dumps({str(pause): seconds for pause, seconds in kept.items()}))
        return
    print(f"{arguments.rounds} rounds\n", *table(kept), sep="\n")
    if not arguments.exchange_pack:
        print("\nThe Exchange's pack was left out: give a clone of it as --exchange-pack.")


if __name__ == "__main__":
    main()
