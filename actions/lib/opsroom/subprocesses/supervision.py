"""A program under supervision: whatever it starts is known, and either ended with it or
reported."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import IO, BinaryIO, List, Mapping, Optional, Sequence, Tuple, Union

from ..structs import dataclass

# Imported rather than run, so that Python keeps it compiled: that halves the start.
_CODE = "import sys; sys.path.append(sys.argv[1]); import supervisor; supervisor.main(sys.argv[2:])"
_FOLDER = os.path.dirname(os.path.abspath(__file__))
# Seconds that the supervisor may take to start, on the busiest of machines.
_START = 60.0
# Seconds that it may take beyond the grace it was given: to kill, look again and say what is left.
_ANSWER = 10.0


@dataclass(frozen=True)
class Left:
    """A process that a program started and that still runs."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


class Supervised:
    """A running program below a supervisor. `stdout` and `stderr` are its pipes; `socket` is ready
    to be read when there is news of it.

    Raises OSError and ValueError as `subprocess.Popen` does when the program cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: str,
        environ: Mapping[str, str],
        stdout: Union[int, BinaryIO],
        stderr: int,
    ) -> None:
        self.status: Optional[int] = None
        self.pid = 0
        self._left: List[Left] = []
        self._done = False
        # Whether its supervisor was lost, and with it what the program had started in other
        # sessions.
        self.lost_sight = False
        self._part = b""
        self.socket, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _CODE,
                    _FOLDER,
                    str(theirs.fileno()),
                    *arguments,
                ],
                cwd=cwd or None,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            self.socket.close()
            raise
        finally:
            theirs.close()
        self.stdout: Optional[IO[bytes]] = self._process.stdout
        self.stderr: Optional[IO[bytes]] = self._process.stderr
        self.socket.setblocking(False)
        self._wait_for(lambda: bool(self.pid), _START)
        if not self.pid:
            self.close()
            raise OSError(0, "its supervisor did not start")

    def poll(self) -> Optional[int]:
        """The status of the program, negative for a signal; None while it runs."""
        self._read()
        return self.status

    def end(self, grace: float) -> Tuple[Left, ...]:
        """End everything; returns what could not be ended."""
        return self._order(f"end {grace}", grace)

    def end_group(self, grace: float) -> Tuple[Left, ...]:
        """End the process group of the program; returns all else that it started and that goes
        on."""
        return self._order(f"group {grace}", grace)

    def let_go(self) -> Tuple[Left, ...]:
        """Let what it started continue; returns what that is."""
        return self._order("over", 0.0)

    def close(self) -> None:
        """Give everything back. What still runs then, and was not let go, is killed."""
        self.socket.close()
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_ANSWER)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _order(self, order: str, grace: float) -> Tuple[Left, ...]:
        if not self._done:
            with suppress(OSError):
                self.socket.send(order.encode())
            self._wait_for(lambda: self._done, grace + _ANSWER)
            if not self._done:
                self._process.kill()
                self._vanished()
        return tuple(self._left)

    def _wait_for(self, condition: object, limit: float) -> None:
        assert callable(condition)
        until = time.monotonic() + limit
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            while not condition() and not self._done and time.monotonic() < until:
                selector.select(max(until - time.monotonic(), 0.0))
                self._read()

    def _read(self) -> None:
        while not self._done:
            try:
                data = self.socket.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._vanished()
                return
            *lines, self._part = (self._part + data).split(b"\n")
            for line in lines:
                self._heard(*line.decode("utf-8", "replace").split(" ", 2))

    def _heard(self, word: str, number: str = "", name: str = "") -> None:
        if word == "started":
            self.pid = int(number)
        elif word == "unstartable":
            self._done = True
            self.close()
            raise OSError(int(number), os.strerror(int(number)))
        elif word == "ended":
            self.status = int(number)
        elif word == "left":
            self._left.append(Left(int(number), name))
        elif word == "done":
            self._done = True

    def _vanished(self) -> None:
        """The supervisor itself was killed. The kernel has killed the program with it; its group is
        ended here."""
        self._done = self.lost_sight = True
        if self.pid:
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
            if self.status is None:
                self.status = -signal.SIGKILL
