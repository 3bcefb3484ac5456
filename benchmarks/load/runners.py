"""Action runners that die while they work, and are started again."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

from support.stackstorm.services import Services

# Between two looks for a runner that works, in seconds.
PAUSE = 0.05


@contextmanager
def killed_every(seconds: float) -> Iterator[List[int]]:
    """Kill a runner that works, every so many seconds, and start it again; the processes that were
    killed. Without OPSROOM_TEST_SERVICES nothing is killed."""
    dead: List[int] = []
    program = os.environ.get("OPSROOM_TEST_SERVICES", "")
    over = threading.Event()

    def kill() -> None:
        while not over.wait(seconds):
            runner = 0
            while not runner and not over.wait(PAUSE):
                runner = working_runner()
            if runner:
                os.kill(runner, signal.SIGKILL)
                dead.append(runner)
                Services(program).start("actionrunner")

    thread = threading.Thread(target=kill)
    if program and seconds:
        thread.start()
    try:
        yield dead
    finally:
        over.set()
        if thread.ident:
            thread.join()


def working_runner() -> int:
    """The process of a runner that runs an action of this StackStorm, 0 where none does."""
    ours = f"ST2_ACTION_API_URL={_without_version(os.environ['ST2_API_URL'])}"
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environ = path.read_bytes().decode("utf-8", "replace")
            if ours not in environ or "ST2_ACTION_EXECUTION_ID=" not in environ:
                continue
            stat = path.with_name("stat").read_text()
            parent = int(stat.rpartition(")")[2].split()[1])
            if b"st2actionrunner" in Path(f"/proc/{parent}/cmdline").read_bytes():
                return parent
        except OSError:
            continue
    return 0


def _without_version(url: str) -> str:
    return url.rstrip("/").rpartition("/v1")[0] or url.rstrip("/")
