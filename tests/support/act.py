"""Runs one action, told on standard input, and prints its result; kills itself where the test wants
it to die.

`die_at` is `module:name:before` or `module:Class.name:after`: the process gets SIGKILL when that
function is entered or has returned.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
from typing import Any, Callable

from opsroom.action import OpsroomAction, Surroundings
from support.world import Listener, run_action


def arm(die_at: str) -> None:
    """Replace the function by one that kills this process."""
    module_name, path, moment = die_at.split(":")
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    def deadly(*arguments: Any, **named: Any) -> None:
        if moment == "after":
            original(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)


def main() -> None:
    """Do what standard input says."""
    job = json.load(sys.stdin)
    OpsroomAction.surroundings = Surroundings(
        job["database"], Listener(), f"execution-{os.getpid()}"
    )
    if job["die_at"]:
        arm(job["die_at"])
    print(json.dumps(run_action(job["action"], job["config"], job["parameters"])))


if __name__ == "__main__":
    main()
