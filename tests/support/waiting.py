"""Waiting for something to become true: often asked, generously limited."""

from __future__ import annotations

import os
import time
from typing import Callable

TIMEOUT = 30.0


def until(condition: Callable[[], object], what: str, timeout: float = TIMEOUT) -> None:
    """Return as soon as the condition holds; fail when it never does."""
    give_up = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < give_up, f"never came: {what}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected by its parent does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (
        FileNotFoundError,
        ProcessLookupError,
    ):  # the second when it ends while it is being looked at
        if os.path.isdir("/proc/self"):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
