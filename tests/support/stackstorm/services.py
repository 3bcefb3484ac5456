"""Killing and starting the services that StackStorm consists of, where the machine that tests run
on allows it.

`OPSROOM_TEST_SERVICES` names a program that does it: `PROGRAM kill NAME` ends a service with
SIGKILL and returns when it is gone, `PROGRAM start NAME` starts whatever is missing and returns
when StackStorm answers again. NAME is one of SERVICES; `actionrunner` means all of them, and
`sensorcontainer-2` a second one with the settings of the first, which runs only after `start`.
Without the variable the tests that need it are skipped, saying so.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import List

import pytest

from support.stackstorm.client import StackStorm, wait_for

SERVICES = (
    "actionrunner",
    "rabbitmq",
    "mongodb",
    "rulesengine",
    "sensorcontainer",
    "sensorcontainer-2",
)
TIMEOUT = 240.0


@dataclass(frozen=True)
class Services:
    """The services of the StackStorm that is tested."""

    program: str

    def kill(self, name: str) -> None:
        """End a service at once, as if the machine had lost it."""
        self._run("kill", name)

    def start(self, name: str) -> None:
        """Start a service, and what could not live without it; returns when StackStorm answers."""
        self._run("start", name)

    def kill_runner_of(self, execution: str, with_action: bool) -> None:
        """End the action runner that runs an execution, and its action too when the whole machine
        is meant to die."""
        action = process_of(execution)
        runner = parent(action)
        assert b"st2actionrunner" in Path(f"/proc/{runner}/cmdline").read_bytes(), (
            "no action runner runs the action"
        )
        os.kill(runner, signal.SIGKILL)
        if with_action:
            os.kill(action, signal.SIGKILL)

    def _run(self, verb: str, name: str) -> None:
        assert name in SERVICES, f"no such service: {name}"
        # What it starts outlives it and must not hold a pipe of ours open.
        done = subprocess.run(
            [self.program, verb, name], stdout=subprocess.DEVNULL, timeout=TIMEOUT
        )
        assert done.returncode == 0, f"{self.program} {verb} {name} ended with {done.returncode}"


def find() -> Services:
    """The services of the environment. Skips, saying so, where they may not be touched."""
    program = os.environ.get("OPSROOM_TEST_SERVICES", "")
    if not program:
        pytest.skip("StackStorm's services are not killed here: OPSROOM_TEST_SERVICES is not set")
    return Services(program)


def process_of(execution: str) -> int:
    """The process of an action, by the execution's id in its environment; the oldest of several."""
    found: List[int] = []

    def there() -> bool:
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                environ = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if f"ST2_ACTION_EXECUTION_ID={execution}".encode() in environ:
                found.append(int(path.parent.name))
        return bool(found)

    wait_for(there, f"the process of {execution}")
    return min(found)


def parent(pid: int) -> int:
    """The process that started this one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def sensors(storm: StackStorm, class_name: str) -> List[int]:
    """The processes in which this StackStorm runs a sensor of the pack; there may be another one on
    the machine."""
    pack = f"--file-path={storm.get('/packs/opsroom')['path']}/"
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        of_pack = any(word.startswith(pack) for word in words)
        if of_pack and f"--class-name={class_name}" in words:
            found.append(int(path.parent.name))
    return found
