"""A program that is tracked by its process group: for programs that do not leave it, such as
git."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from functools import lru_cache
from typing import IO, BinaryIO, List, Mapping, Optional, Sequence, Tuple, Union

from .supervision import Left


class Grouped:
    """A running program in a session of its own, used as `supervision.Supervised` is. It starts
    faster, and what leaves its process group is out of sight."""

    socket = None
    lost_sight = False

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: str,
        environ: Mapping[str, str],
        stdout: Union[int, BinaryIO],
        stderr: int,
    ) -> None:
        self._process = subprocess.Popen(
            [*_dying_with_us(), *arguments],
            cwd=cwd or None,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        self.stdout: Optional[IO[bytes]] = self._process.stdout
        self.stderr: Optional[IO[bytes]] = self._process.stderr

    def poll(self) -> Optional[int]:
        """The status of the program, negative for a signal; None while it runs."""
        return self._process.poll()

    def end(self, grace: float) -> Tuple[Left, ...]:
        """End the whole process group: TERM, the grace, KILL."""
        try:
            if self._signal(signal.SIGTERM):
                give_up = time.monotonic() + grace
                while time.monotonic() < give_up and (
                    self._process.poll() is None or self._has_living()
                ):
                    time.sleep(0.02)
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
        return ()

    end_group = end

    def let_go(self) -> Tuple[Left, ...]:
        """Let what it started continue."""
        return ()

    def close(self) -> None:
        """Give the pipes back."""
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: int) -> bool:
        """Whether the process group still had a process to receive it. Its id is the program's: it
        leads a session."""
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _has_living(self) -> bool:
        """Whether anyone is left in the process group. Dead ones that nobody collects do not
        count: in a container without an init they stay, and each failed command would wait for
        them."""
        if not self._signal(0):
            return False
        try:
            numbers = [name for name in os.listdir("/proc") if name.isdigit()]
        except OSError:  # not Linux
            return True
        for number in numbers:
            with suppress(OSError, IndexError):
                with open(f"/proc/{number}/stat", "rb") as file:
                    state, _, group = file.read().rpartition(b")")[2].split()[:3]
                if int(group) == self._process.pid and state not in (b"Z", b"X"):
                    return True
        return False


@lru_cache(maxsize=1)
def _dying_with_us() -> List[str]:
    """What to put in front so that a program does not outlive this process, not even when this is
    killed.

    `setpriv` asks the kernel for it after the fork; doing so by `preexec_fn` is unsafe in a process
    with threads. The signal comes when the THREAD that started the program ends: here that thread
    waits for it. Tried once, because the setpriv of busybox cannot do it.
    """
    path = shutil.which("setpriv")
    if path is None:
        return []
    prefix = [path, "--pdeathsig", "KILL", "--"]
    try:
        tried = subprocess.run(
            [*prefix, "true"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return prefix if tried.returncode == 0 else []
