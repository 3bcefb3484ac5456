"""People who each say a message a second to a running StackStorm, of which a runner dies every two
minutes: what was answered, how fast, and whether the record is true.

    ST2_API_URL=... ST2_AUTH_TOKEN=... OPSROOM_TEST_SERVICES=PROGRAM .venv/bin/python -m
    benchmarks.load.people [--people 10] [--every 1] [--seconds 600] [--kill 120] [--json]

Run it where StackStorm runs, as the user that its actions run as, with the token of an
administrator. opsroom has to be installed; for the time that it takes, it is configured for a
PostgreSQL that this process starts, and for a Jira and a PagerDuty that it plays. PROGRAM is that
of the tests on StackStorm (`tests/support/stackstorm/services.py`); without it no runner dies.

Nobody waits for an answer before the next message. One more person says a message that runs an
empty action, with the same clock: it meets the same load, so its times say what StackStorm takes
for anything. Times are from the request to the end of the execution, as StackStorm notes it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence
from urllib.error import HTTPError

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "actions" / "lib"), str(ROOT), str(ROOT / "tests")]

from benchmarks.load.account import Account, account_of  # noqa: E402
from benchmarks.load.mix import config_of, database_of, next_message  # noqa: E402
from benchmarks.load.room import Message, configure, hand_over, settle, username  # noqa: E402
from benchmarks.load.runners import killed_every  # noqa: E402
from benchmarks.load.vendors import Vendors  # noqa: E402
from benchmarks.stackstorm import NOTHING, call, ended, floor_pack  # noqa: E402

# So long the executions may take to end after the last message, in seconds: what a dead runner had
# taken is cancelled after ten minutes, by a rule that comes every two.
PATIENCE = 780.0


@contextmanager
def configured(config: Dict[str, Any]) -> Iterator[None]:
    """opsroom with that config; afterwards it is what it was."""
    call("/packs/opsroom")  # raises where it is not installed
    try:
        before = call("/configs/opsroom?show_secrets=true")["values"]
    except HTTPError:  # it has none
        before = {}
    configure(config)
    try:
        yield
    finally:
        configure(before or {})


def talk(messages: List[Message], number: int, every: float, until: float) -> None:
    """One person, until the clock says so; number 0 says the empty message. A request that takes
    longer than the pause makes the next one late, and none is left out.

    Each message comes at a moment of its own within its time: at a fixed rhythm the same people
    would always meet each other, and the empty message always the same gap."""
    chance, moments = random.Random(number), random.Random(1000 + number)
    turn = time.time()
    while turn < until:
        time.sleep(max(0.0, turn + every * moments.random() - time.time()))
        text, writes = next_message(chance, number) if number else (NOTHING, False)
        messages.append(hand_over(text, f"person{number}", writes))
        turn += every


def play(people: int, every: float, seconds: float) -> List[Message]:
    """All people at once; their messages, handed over and not waited for."""
    said: List[List[Message]] = [[] for _ in range(people + 1)]
    until = time.time() + seconds
    threads = [
        threading.Thread(target=talk, args=(said[number], number, every, until))
        for number in range(people + 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [message for one in said for message in one]


def run(people: int, every: float, seconds: float, kill: float) -> Account:
    """Play it once, and account for every message."""
    with tempfile.TemporaryDirectory(prefix="opsroom-people-") as name, Vendors() as vendors:
        folder = Path(name)
        folder.chmod(0o755)
        with database_of("postgresql", folder) as url:
            config = config_of(folder, url, vendors.jira.url, vendors.pager.url)
            config.update(relays=[username()], lease="10s")
            config["watching"] = {"versions": "0s", "cards": "0s", "pages": "0s"}
            with floor_pack(), configured(config):
                first = [hand_over(text, "first", False) for text in ("show locks", NOTHING)]
                settle(first, PATIENCE)
                with killed_every(kill) as dead:
                    messages = play(people, every, seconds)
                settle(messages, PATIENCE)
                # What could not be recorded is recorded by the next command.
                verified = hand_over("audit verify", "auditor", False)
                ended(verified.execution)
                settle([verified], PATIENCE)
                return account_of(messages, vendors, url, dead, verified.code)


def main(given: Sequence[str] = ()) -> None:
    """Play it and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--every", type=float, default=1.0, help="seconds from message to message")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--kill", type=float, default=120.0, help="seconds from death to death")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args(given or None)
    before = os.getloadavg()[1]
    account = run(arguments.people, arguments.every, arguments.seconds, arguments.kill)
    if arguments.json:
        print(json.dumps(account.facts()))
        return
    print(
        f"{arguments.people} people, a message each {arguments.every:g} s for "
        f"{arguments.seconds:g} s; {os.cpu_count()} processors, load {before:.1f} before and "
        f"{os.getloadavg()[1]:.1f} after\n\n{account.table()}"
    )


if __name__ == "__main__":
    main()
