"""From a line typed on IRC to the acknowledgement and the answer read there, in two ways in turns:
StackStorm's rules, and those of this pack.

    OPSROOM_IRC=127.0.0.1:6667 OPSROOM_IRC_ERRBOT=errbot OPSROOM_IRC_HUBOT=hubot \
        OPSROOM_IRC_ERRBOT_SOONER=errsoon OPSROOM_IRC_HUBOT_SOONER=hubsoon \
        .venv/bin/python -m benchmarks.answers [--rounds N] [--command COMMAND]
        [--acknowledged TEXT]

The relays, by their nicks, are in #dev. The first of a kind has StackStorm's own route (`errbot`,
`hubot`), the second that of this pack (`opsroom_errbot`, `opsroom_hubot`: see docs/chat.md). errbot
takes its nick as a prefix (`BOT_ALT_PREFIXES`, `BOT_ALT_PREFIX_SEPARATORS`). Both hubots say every
answer; what counts is the one that was asked. TEXT is in the acknowledgement of a command that has
one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.chat.irc import Heard, Typist

ROOM = "#dev"
NAME = "benchmark"
WAYS = ("stock", "sooner")
PATIENCE = 60.0
PAUSE = 2.0


def ask(person: Typist, nick: str, command: str, acknowledged: str) -> List[float]:
    """Say a command to a relay; the seconds until it is acknowledged, where it is, and until the
    first line of its answer."""
    heard = len(person.heard)
    began = time.monotonic()
    person.say(ROOM, f"{nick}: {command}")

    def lines(first: bool) -> List[Heard]:
        said = [one for one in person.heard[heard:] if one.who == nick and one.to == ROOM]
        return [one for one in said if bool(acknowledged and acknowledged in one.text) is first]

    taken = []
    for first in (True, False) if acknowledged else (False,):
        person.wait(partial(lines, first), f"what {nick} says of {command}", PATIENCE)
        taken.append(lines(first)[0].at - began)
    return taken


def relays() -> Dict[Tuple[str, str], str]:
    """The nick for each kind and way."""
    found = {}
    for kind in ("errbot", "hubot"):
        for way, ending in zip(WAYS, ("", "_SOONER")):
            found[kind, way] = os.environ.get(f"OPSROOM_IRC_{kind.upper()}{ending}", "")
    return {key: nick for key, nick in found.items() if nick}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--command", default="show locks")
    parser.add_argument("--acknowledged", default="")
    given = parser.parse_args()
    host, _, port = os.environ["OPSROOM_IRC"].rpartition(":")
    asked = relays()
    taken: Dict[Tuple[str, str], List[List[float]]] = {key: [] for key in asked}
    with Typist((host, int(port)), NAME) as person:
        person.join(ROOM)
        for number in range(given.rounds + 1):
            for key, nick in asked.items():
                # Whatever StackStorm still does about one answer is over before the next command.
                time.sleep(PAUSE)
                seconds = ask(person, nick, given.command, given.acknowledged)
                # The first of each is not counted.
                if number:
                    taken[key].append(seconds)
    print(f"{given.command}, {given.rounds} rounds, load {os.getloadavg()[1]:.1f}")
    print("Medians (fastest to slowest), in seconds\n")
    print("| relay | until | stock | sooner | of stock |\n| --- | --- | --- | --- | --- |")
    for kind in dict.fromkeys(kind for kind, _ in asked):
        names = ("acknowledged", "answered") if given.acknowledged else ("answered",)
        for place, name in enumerate(names):
            row = {way: [one[place] for one in taken[kind, way]] for way in WAYS}
            medians = {way: statistics.median(row[way]) for way in WAYS}
            shown = [
                f"{medians[way]:.2f} ({min(row[way]):.2f} to {max(row[way]):.2f})" for way in WAYS
            ]
            ratio = medians["sooner"] / medians["stock"]
            print(f"| {kind} | {name} | {shown[0]} | {shown[1]} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
