"""Runs one program, keeps hold of everything that it starts, and ends all of it when asked to or
when its client is gone.

A process of its own, started by `supervision.py` with a socket and the program's arguments. It
imports nothing of opsroom and little of Python, and has one thread, so it may fork. It is a
*subreaper*: a process that loses its parent (`setsid`, a double fork) becomes its
child instead of init's and stays in sight. Where there is none (not Linux), it knows the program's
process group only. What another service starts for the program (systemd, docker, cron) is out of
reach.

One line a message. It takes `end SECONDS` (all of it; so much grace between TERM and KILL), `group
SECONDS` (the program's own process group) or `over` (let it continue). It answers `started PID` or
`unstartable ERRNO`, `ended STATUS` (negative for a signal), `left PID NAME` for each that still
runs at the end, `done`.
"""

# ruff: noqa: SIM105  `contextlib` would take a tenth of the start

from __future__ import annotations

import os
import select
import signal
import time

TYPE_CHECKING = False  # `typing` would take a fifth of the start
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

    Wanted = Callable[["Process"], bool]

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
# Those that this process, or Python in it, has changed.
_CHANGED = (*_ENDING, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)
# Seconds in which what was sent KILL has to be gone, and between two looks.
_KILL_LIMIT = 5.0
_NAP = 0.02
# Looks at /proc before it is believed that nothing is there.
_LOOKS = 5
# Rounds in which everything is stopped before it is killed, so that what forks all the time cannot
# get away.
_STOP_ROUNDS = 100


def main(arguments: Sequence[str]) -> None:
    """Run the program to its end and obey. The exit status says nothing; what happened went over
    the socket."""
    # A low number: `select` takes none from 1024.
    client, program = os.dup(int(arguments[0])), arguments[1:]
    os.close(int(arguments[0]))
    _prctl(_SET_CHILD_SUBREAPER)
    for number in _ENDING:
        signal.signal(
            number, signal.SIG_IGN
        )  # it ends when its client does, and not before what it started has
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pid, problem = _start(program)
    _let_go_of_the_output()
    if problem:
        _say(client, f"unstartable {problem}")
        return
    _say(client, f"started {pid}")
    Supervisor(client, wake, pid).serve()


class Supervisor:
    """Everything below this process belongs to the program."""

    def __init__(self, client: int, wake: int, pid: int) -> None:
        self._client = client
        self._wake = wake
        self._pid = pid

    def serve(self) -> None:
        """Watch the program, and obey the one order that comes."""
        while True:
            ready = select.select([self._client, self._wake], [], [])[0]
            if self._wake in ready:
                self._woken()
            if self._client in ready:
                try:
                    order = os.read(self._client, 100).split()
                except OSError:
                    order = []
                left = self._obey(order)
                for pid, name in left:
                    _say(self._client, f"left {pid} {name}")
                _say(self._client, "done")
                return

    def _obey(self, order: Sequence[bytes]) -> List[Tuple[int, str]]:
        verb, grace = (order[0] if order else b""), (float(order[1]) if len(order) > 1 else 0.0)
        if verb == b"group":
            self._end(grace, lambda one: one.group == self._pid)
        elif verb != b"over":  # also when nothing can be said any more, because the client is gone
            self._end(grace, lambda one: True)
        return [(one.pid, one.name) for one in self._living(lambda one: True) or []]

    def _end(self, grace: float, wanted: Wanted) -> None:
        limit = time.monotonic() + grace
        asked: Set[object] = set()
        while time.monotonic() < limit:
            living = self._living(wanted)
            if living is None:
                if not self._group(0 if asked else signal.SIGTERM):
                    return
                asked.add(self._pid)
            elif not living:
                return
            for one in living or ():
                if one not in asked:
                    asked.add(one)
                    one.send(signal.SIGTERM)
                    one.send(signal.SIGCONT)  # a stopped one could not clean up
            self._nap()
        self._stop(wanted)
        limit = time.monotonic() + _KILL_LIMIT
        while time.monotonic() < limit:
            living = self._living(wanted)
            if living is None:
                self._group(signal.SIGKILL)
                return
            # What may not be signalled (it runs as another user) is not waited for.
            if not [one for one in living if one.send(signal.SIGKILL)]:
                return
            self._nap()

    def _stop(self, wanted: Wanted) -> None:
        stopped: Set[Process] = set()
        for _ in range(_STOP_ROUNDS):
            fresh = [one for one in self._living(wanted) or () if one not in stopped]
            if not fresh:
                return
            for one in fresh:
                stopped.add(one)
                one.send(signal.SIGSTOP)

    def _living(self, wanted: Wanted) -> Optional[List[Process]]:
        """Those that have not ended; None where there is no /proc.

        While /proc is read, one may start another and end, and neither is seen. That none is left
        is believed when this process has no child any more, from which all descend, or when none is
        seen repeatedly.
        """
        for _ in range(_LOOKS):
            if self._reap():
                return []
            family = self._family()
            if family is None:
                return None
            found = [one for one in family if wanted(one)]
            if found:
                return found
        return []

    def _family(self) -> Optional[List[Process]]:
        """All that descend from this process and have not ended; None where there is no /proc."""
        below: Dict[int, List[Process]] = {}
        try:
            numbers = [name for name in os.listdir("/proc") if name.isdigit()]
        except OSError:
            return None
        if not numbers:
            return None
        for number in numbers:
            one = look_at(int(number))
            if one is not None:
                below.setdefault(one.parent, []).append(one)
        found, parents = [], [os.getpid()]
        while parents:
            children = below.pop(parents.pop(), ())
            found += [one for one in children if one.alive]
            parents += [one.pid for one in children]
        return found

    def _group(self, number: int) -> bool:
        """Send to the process group; False when nobody is left in it."""
        try:
            os.killpg(self._pid, number)
        except OSError:
            return False
        return True

    def _woken(self) -> None:
        try:
            os.read(self._wake, 4096)
        except OSError:
            pass
        self._reap()

    def _nap(self) -> None:
        select.select([self._wake], [], [], _NAP)
        self._woken()

    def _reap(self) -> bool:
        """Collect those that ended: what was orphaned came to us, and nobody else can. True when no
        child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self._pid:
                ended = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                _say(self._client, f"ended {ended}")


class Process:
    """One process, as /proc shows it: distinguished from a later one of the same number by when it
    began."""

    def __init__(
        self, pid: int, name: str, state: bytes, parent: int, group: int, began: bytes
    ) -> None:
        self.pid, self.name, self.parent, self.group, self.began = pid, name, parent, group, began
        self.alive = state not in (b"Z", b"X", b"x")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Process) and (self.pid, self.began) == (other.pid, other.began)

    def __hash__(self) -> int:
        return hash((self.pid, self.began))

    def send(self, number: int) -> bool:
        """Send a signal, but never to another process that has got the same number meanwhile. False
        when it is not permitted."""
        handle = None
        try:
            if hasattr(os, "pidfd_open"):  # Python 3.9 on Linux 5.3
                try:
                    handle = os.pidfd_open(self.pid)
                except OSError:  # gone, or an older kernel
                    pass
            if look_at(self.pid) != self:
                return True
            if handle is not None:
                signal.pidfd_send_signal(handle, number)
            else:
                os.kill(self.pid, number)
        except PermissionError:
            return False
        except OSError:  # gone
            pass
        finally:
            if handle is not None:
                os.close(handle)
        return True


def look_at(pid: int) -> Optional[Process]:
    """The process of that number; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            head, _, tail = file.read().rpartition(b")")
    except OSError:
        return None
    fields = tail.split()
    if len(fields) < 20:
        return None
    name = head.partition(b"(")[2].decode("utf-8", "replace")
    return Process(pid, name, fields[0], int(fields[1]), int(fields[2]), fields[19])


def _start(program: Sequence[str]) -> Tuple[int, int]:
    """The pid of the program in a session of its own, or 0 and the number of the error."""
    read, write = os.pipe()
    ours, pid = os.getpid(), os.fork()
    if pid == 0:
        try:
            os.setsid()
            _prctl(_SET_PDEATHSIG, signal.SIGKILL)
            for number in _CHANGED:
                signal.signal(number, signal.SIG_DFL)
            if os.getppid() == ours:
                os.execvp(program[0], list(program))  # noqa: S606
        except OSError as error:
            os.write(write, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(write)
    problem = int(os.read(read, 20) or 0)
    os.close(read)
    return (0, problem) if problem else (pid, 0)


def _let_go_of_the_output() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)


def _prctl(option: int, value: int = 1) -> None:
    try:
        import ctypes  # some builds of Python come without

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):  # or not Linux
        pass


def _say(client: int, line: str) -> None:
    try:
        os.write(client, line.replace("\n", " ").encode("utf-8", "replace") + b"\n")
    except OSError:  # the client is gone
        pass
