"""From a line typed on IRC to the answer read there, in two ways in turns: StackStorm's rules, and
those of this pack.

    OPSROOM_IRC=127.0.0.1:6667 OPSROOM_IRC_ERRBOT=errbot OPSROOM_IRC_HUBOT=hubot \
        OPSROOM_IRC_ERRBOT_SOONER=errsoon OPSROOM_IRC_HUBOT_SOONER=hubsoon \
        .venv/bin/python -m benchmarks.answers [--rounds N] [--command COMMAND]

The relays, by their nicks, are in #dev. The first of a kind has StackStorm's own route (`errbot`,
`hubot`), the second that of this pack (`opsroom_errbot`, `opsroom_hubot`: see docs/chat.md). errbot
takes its nick as a prefix (`BOT_ALT_PREFIXES`, `BOT_ALT_PREFIX_SEPARATORS`). Both hubots say every
answer; what counts is the one that was asked.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Dict, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.chat.irc import Heard, Typist

ROOM = "#dev"
NAME = "benchmark"
WAYS = ("stock", "sooner")
PATIENCE = 60.0
PAUSE = 2.0


def ask(person: Typist, kind: str, nick: str, command: str) -> float:
    """Say a command to a relay; the seconds until the first line of its answer."""
    # hubot begins an answer with the name.
    start = f"{person.nick}: " if kind == "hubot" else ""
    heard = len(person.heard)
    began = time.monotonic()
    person.say(ROOM, f"{nick}: {command}")

    def answers() -> List[Heard]:
        said = [one for one in person.heard[heard:] if one.who == nick and one.to == ROOM]
        return [one for one in said if one.text.startswith(start)]

    person.wait(answers, f"an answer of {nick}", PATIENCE)
    return answers()[0].at - began


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
    arguments = parser.parse_args()
    host, _, port = os.environ["OPSROOM_IRC"].rpartition(":")
    asked = relays()
    taken: Dict[Tuple[str, str], List[float]] = {key: [] for key in asked}
    with Typist((host, int(port)), NAME) as person:
        person.join(ROOM)
        for number in range(arguments.rounds + 1):
            for (kind, way), nick in asked.items():
                # Whatever StackStorm still does about one answer is over before the next command.
                time.sleep(PAUSE)
                seconds = ask(person, kind, nick, arguments.command)
                # The first of each is not counted.
                if number:
                    taken[kind, way].append(seconds)
    print(f"{arguments.command}, {arguments.rounds} rounds, load {os.getloadavg()[1]:.1f}")
    print("Medians (fastest to slowest), in seconds\n")
    print("| relay | stock | sooner | of stock |\n| --- | --- | --- | --- |")
    for kind in dict.fromkeys(kind for kind, _ in asked):
        medians = {way: statistics.median(taken[kind, way]) for way in WAYS}
        shown = [
            f"{medians[way]:.2f} ({min(taken[kind, way]):.2f} to {max(taken[kind, way]):.2f})"
            for way in WAYS
        ]
        print(f"| {kind} | {shown[0]} | {shown[1]} | {medians['sooner'] / medians['stock']:.2f} |")


if __name__ == "__main__":
    main()
