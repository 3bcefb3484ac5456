"""Runs one action in a process of its own, which may be killed or kill itself.

The processes are forks of one that has loaded what actions need: starting Python and loading it
takes longer than most actions do.
"""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import os
import signal
import traceback
from contextlib import suppress
from typing import Any, Callable, Dict

from opsroom.action import OpsroomAction, Surroundings

LIMIT = 120.0
# With what most of them load when they run.
_LOADED = (
    "support.worlds.act",
    "support.worlds.world",
    "deploy",
    "approve_change",
    "page",
    "psycopg",
)


class Runner:
    """A process that runs one action.

    - `job`: `action`, `config`, `database` and `parameters`, and `die_at`:
      `module:name:before` or `module:Class.name:after`. The process gets SIGKILL when that function
      is entered or has returned; empty for never.
    """

    def __init__(self, job: Dict[str, Any]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(_LOADED))
        self._answer, answer = context.Pipe(duplex=False)
        self._answered: Any = None
        surroundings = (dict(os.environ), os.getcwd())
        self._process = context.Process(target=_run, args=(job, surroundings, answer), daemon=True)
        self._process.start()
        answer.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def ended(self) -> bool:
        """Whether it has ended."""
        return not self._process.is_alive()

    def wait(self) -> int:
        """Wait for its end; its exit status, negative for a signal."""
        # What it answers may be more than fits into the pipe.
        if self._answer.poll(LIMIT):
            self._answered = self._received()
        self._process.join(LIMIT)
        assert self._process.exitcode is not None, "the action did not end"
        return self._process.exitcode

    def result(self) -> Dict[str, Any]:
        """Wait for its end; the result of the action, with `ok`."""
        status = self.wait()
        assert isinstance(self._answered, dict), f"no result (status {status}): {self._answered}"
        return self._answered

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _received(self) -> Any:
        try:
            return self._answer.recv()
        except EOFError:
            return None


def _run(job: Dict[str, Any], surroundings: Any, answer: Any) -> None:
    from support.worlds.world import Listener, run_action

    environ, folder = surroundings
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    OpsroomAction.surroundings = Surroundings(
        job["database"], Listener(), f"execution-{os.getpid()}"
    )
    if job["die_at"]:
        _arm(job["die_at"])
    try:
        answer.send(run_action(job["action"], job["config"], job["parameters"]))
    except BaseException:
        answer.send(traceback.format_exc())
        raise


def _arm(die_at: str) -> None:
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
