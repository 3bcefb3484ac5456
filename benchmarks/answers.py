"""From a line typed on IRC to the answer read there, in two ways in turns: StackStorm's own, and by one rule.

    ST2_API_URL=... ST2_AUTH_TOKEN=... OPSROOM_IRC=127.0.0.1:6667 OPSROOM_IRC_ERRBOT=errbot OPSROOM_IRC_HUBOT=hubot \
        .venv/bin/python -m benchmarks.answers [--rounds N] [--action ACTION]

Run it with the token of an administrator; the relays have to be in #dev and #ops. For the time that it takes it adds
two aliases and a rule. "stock", said in #dev: the rules of the pack chatops run the workflow chatops.post_result.
"rule", said in #ops: the alias keeps its result to itself, and a rule posts the message of the action's result, as one
execution. hubot takes up to two minutes to learn of the aliases.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.irc import Typist

ROOMS = {"stock": "#dev", "rule": "#ops"}
SAID = {way: f"measure the answer by {way}" for way in ROOMS}
NAME = "benchmark"
PATIENCE = 60.0
PAUSE = 2.0
_RESULT = "(trigger.data.result | from_json_string)"
_MESSAGE = (
    f"{{% set whole = {_RESULT} %}}"
    "{% set said = whole.result if whole is mapping and whole.result is mapping else {} %}"
    "{{ (said.message | default('opsroom could not carry this out.')) ~ (' ' ~ said.hint if said.hint else '') }}"
)


def call(method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Any:
    """One request to StackStorm's API. Raises urllib.error.HTTPError."""
    headers = {"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"], "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["ST2_API_URL"] + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def the_alias(way: str, action: str) -> Dict[str, Any]:
    """A command of its own for one of the ways."""
    text = "{{ execution.result.result.message }} {{ execution.result.result.hint }}"
    return {
        "name": f"opsroom_answers_{way}",
        "pack": "default",
        "description": "For a measurement.",
        "enabled": True,
        "action_ref": action,
        "formats": [SAID[way]],
        "ack": {"enabled": False},
        "result": {"enabled": way == "stock", "format": text},
    }


def the_rule(action: str) -> Dict[str, Any]:
    """The rule that posts an answer by itself, to us in one of the rooms."""
    return {
        "name": "opsroom_answers",
        "pack": "default",
        "enabled": True,
        "trigger": {"type": "core.st2.generic.notifytrigger", "parameters": {}},
        "criteria": {
            "trigger.action_ref": {"type": "equals", "pattern": action},
            "trigger.data.source_channel": {"type": "equals", "pattern": ROOMS["rule"]},
            "trigger.data.user": {"type": "startswith", "pattern": NAME},
        },
        "action": {
            "ref": "chatops.post_message",
            "parameters": {
                "channel": "{{ trigger.data.source_channel }}",
                "user": "{{ trigger.data.user }}",
                "context": "{{ trigger.data.source_context }}",
                "route": "{{ 'errbot' if trigger.route == 'errbot' else 'chatops' }}",
                "message": _MESSAGE,
            },
        },
    }


@contextmanager
def both_ways(action: str) -> Iterator[None]:
    """The aliases and the rule, there until the block ends."""
    made = []
    try:
        for way in ROOMS:
            made.append(f"/actionalias/{call('POST', '/actionalias', the_alias(way, action))['id']}")
        made.append(f"/rules/{call('POST', '/rules', the_rule(action))['id']}")
        yield
    finally:
        for path in made:
            call("DELETE", path)


def ask(person: Typist, relay: Tuple[str, str], way: str, patience: float = PATIENCE) -> Tuple[float, str]:
    """Say the message of a way; the seconds until the first line of the answer, and that line."""
    kind, nick = relay
    # hubot begins an answer with the name; others may be answered meanwhile.
    start = f"{person.nick}: " if kind == "hubot" else ""
    heard = len(person.heard)
    began = time.monotonic()
    person.say(ROOMS[way], f"!{SAID[way]}" if kind == "errbot" else f"{nick}: {SAID[way]}")

    def answers() -> List[Any]:
        said = [one for one in person.heard[heard:] if one.who == nick and one.to == ROOMS[way]]
        return [one for one in said if one.text.startswith(start)]

    person.wait(answers, f"an answer of {nick}", patience)
    return answers()[0].at - began, answers()[0].text


def learned(person: Typist, relay: Tuple[str, str], way: str) -> None:
    """Wait until the relay knows the command."""
    for _ in range(9):
        with suppress(AssertionError):
            if "not found" not in ask(person, relay, way, 20.0)[1]:
                return
    raise SystemExit(f"{relay[1]} does not learn '{SAID[way]}'")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--action", default="opsroom.list_locks")
    arguments = parser.parse_args()
    host, _, port = os.environ["OPSROOM_IRC"].rpartition(":")
    named = [(kind, os.environ.get(f"OPSROOM_IRC_{kind.upper()}", "")) for kind in ("errbot", "hubot")]
    relays = [(kind, nick) for kind, nick in named if nick]
    turns = [(relay, way) for relay in relays for way in ROOMS]
    taken: Dict[Tuple[str, str], List[float]] = {(relay[0], way): [] for relay, way in turns}
    with both_ways(arguments.action), Typist((host, int(port)), NAME) as person:
        person.join(*ROOMS.values())
        for relay, way in turns:
            learned(person, relay, way)
        for _ in range(arguments.rounds):
            for relay, way in turns:
                # What the stock workflow still does about a command of the other way is over before the next.
                time.sleep(PAUSE)
                taken[relay[0], way].append(ask(person, relay, way)[0])
        said = [one.text for one in person.heard if one.who in dict(relays).values()]
    print(f"{arguments.action}, {arguments.rounds} rounds, {len(said)} lines read")
    print("Medians (fastest to slowest), in seconds\n")
    print("| relay | stock | rule | of stock |\n| --- | --- | --- | --- |")
    for kind, _ in relays:
        medians = {way: statistics.median(taken[kind, way]) for way in ROOMS}
        shown = [f"{medians[way]:.2f} ({min(taken[kind, way]):.2f} to {max(taken[kind, way]):.2f})" for way in ROOMS]
        print(f"| {kind} | {shown[0]} | {shown[1]} | {medians['rule'] / medians['stock']:.2f} |")


if __name__ == "__main__":
    main()
