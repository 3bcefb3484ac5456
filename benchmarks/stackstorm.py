"""Commands from message to answer on a running StackStorm, beside an empty Python action that is
asked for in chat too.

    ST2_API_URL=... ST2_AUTH_TOKEN=... .venv/bin/python -m benchmarks.stackstorm [--rounds N] [--say
    MESSAGE ...]

Run it where StackStorm runs, with the token of an administrator: it installs a pack of one empty
action for the time that it takes. opsroom has to be installed and configured; the messages change
nothing. What is measured: from `POST /v1/aliasexecution/match_and_execute` to the end of the
execution, asked for every 20 ms. The relay's own share is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

PACK = "opsroom_floor"
NOTHING = "measure an empty action"
MESSAGES = ("opsroom help", "version of web on uat", "history on uat")
PATIENCE = 120.0
_ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
_FILES = {
    "pack.yaml": f"""
name: {PACK}
ref: {PACK}
description: An action that does nothing, to measure what every action costs.
version: 1.0.0
python_versions: ["3"]
author: opsroom
email: opsroom@example.com
""",
    "requirements.txt": "",
    "actions/empty.yaml": """
name: empty
description: Does nothing.
runner_type: python-script
entry_point: empty.py
""",
    "actions/empty.py": """
import time

from st2common.runners.base_action import Action


class Empty(Action):
    def run(self):
        return True, {"message": "nothing", "ran_at": time.time()}
""",
    "aliases/empty.yaml": f"""
name: {PACK}_empty
description: Does nothing.
action_ref: {PACK}.empty
formats: ["{NOTHING}"]
""",
}


def call(path: str, body: Optional[Dict[str, Any]] = None) -> Any:
    """One request to StackStorm's API. Raises urllib.error.HTTPError."""
    headers = {"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"], "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["ST2_API_URL"] + path, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def ended(execution: str) -> str:
    """Wait for an execution; its status."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status = call(f"/executions/{execution}?include_attributes=status")["status"]
        if status in _ENDED:
            return str(status)
        time.sleep(0.02)
    raise SystemExit(f"the execution {execution} does not end")


def say(message: str) -> Tuple[str, float]:
    """Say something as a relay does: how it ended, and the seconds that it took."""
    body = {
        "command": message,
        "user": "benchmark",
        "source_channel": "",
        "notification_route": "none",
    }
    began = time.perf_counter()
    execution = call("/aliasexecution/match_and_execute", body)["results"][0]["execution"]["id"]
    return ended(execution), time.perf_counter() - began


@contextmanager
def floor_pack() -> Iterator[None]:
    """The pack of the empty action, installed until the block ends."""
    with tempfile.TemporaryDirectory(prefix="opsroom-floor-") as name:
        folder = Path(name) / PACK
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
        installed = call("/packs/install", {"packs": [f"file://{folder}"]})["execution_id"]
        try:
            if ended(installed) != "succeeded":
                raise SystemExit(f"the pack does not install: st2 execution get {installed}")
            yield
        finally:
            ended(call("/packs/uninstall", {"packs": [PACK]})["execution_id"])


def measure(messages: List[str], rounds: int) -> Dict[str, float]:
    """Medians in seconds; all messages in turns, after one round that does not count."""
    kept: Dict[str, List[float]] = {message: [] for message in messages}
    for turn in range(rounds + 1):
        for message in messages:
            status, seconds = say(message)
            if status != "succeeded":
                raise SystemExit(f"'{message}' {status}")
            if turn:
                kept[message].append(seconds)
    return {message: statistics.median(taken) for message, taken in kept.items()}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--say", nargs="*", default=list(MESSAGES), help="the messages to measure")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with floor_pack():
        medians = measure([NOTHING, *arguments.say], arguments.rounds)
    if arguments.json:
        print(json.dumps({"seconds": medians}))
        return
    print(
        f"Medians of {arguments.rounds} rounds\n\n| message | seconds | of the empty action |\n| "
        "--- | --- | --- |"
    )
    for message, seconds in medians.items():
        print(f"| {message} | {seconds:.2f} | {seconds / medians[NOTHING]:.2f} |")


if __name__ == "__main__":
    main()
