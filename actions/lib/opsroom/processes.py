"""Running a program: an argument list, its own process group, a time limit, and nothing of it left behind."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Callable, Deque, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from .charset import decoded
from .errors import Code, Failure
from .text import length

Check = Callable[[], None]
OnLine = Callable[[str], None]

# Seconds between TERM and KILL.
GRACE = 3.0
# Seconds that output is still read after the program itself ended, when something it started holds the pipe open.
LINGER = 1.0
# Seconds between two calls of `check`.
PULSE = 0.5
LONGEST_LINE = 2000
KEPT_LINES = 20

_LINE_ENDS = re.compile(rb"[\r\n]+")
# Ends the process group when this process is gone without having said "over": setpriv reaches the program itself,
# and not what the program started.
_GUARD = 'read -r word; [ "$word" = over ] || kill -s KILL -- "-$1"'


@dataclass(frozen=True)
class Ended:
    """How a program ended: `status` as the shell tells it, negative for a signal; the last lines it wrote."""

    program: str
    status: int
    lines: Tuple[str, ...]
    # What `capture` read from standard output; empty after `run`, whose output went to `on_line`.
    output: str = ""

    def sentence(self) -> str:
        """`'deploy.sh' ended with status 3: no space left`."""
        last = f": {self.lines[-1]}" if self.lines else "."
        return f"'{self.program}' {_ending(self.status)}{last}"


def run(
    arguments: Sequence[str],
    time_limit: float,
    cwd: str = "",
    environ: Optional[Mapping[str, Optional[str]]] = None,
    on_line: Optional[OnLine] = None,
    check: Optional[Check] = None,
    code: Code = Code.DEPLOY_FAILED,
) -> Ended:
    """Run a program to its end and hand each line of its output (both streams) to `on_line`.

    `time_limit` in seconds. `environ` is added to this process's environment; None takes a variable away. `check` is
    called about twice a second and raises when the work must stop. Whatever is raised, the whole process group is
    ended first. Any status is returned, not raised; what a failed program left running is ended, what a
    successful one left running (a service that it started) is not.

    Raises Failure(code) when the program cannot be started, Failure(timed_out) when the time is up.
    """
    lines = _Lines(on_line)
    with _started(arguments, cwd, environ, code, subprocess.PIPE, subprocess.STDOUT) as process, _guarded(process):
        assert process.stdout is not None
        _follow(process, {process.stdout: lines.feed}, time_limit, check, _name(arguments), lines)
    return Ended(_name(arguments), process.returncode, lines.close())


def capture(
    arguments: Sequence[str],
    time_limit: float,
    cwd: str = "",
    environ: Optional[Mapping[str, Optional[str]]] = None,
    check: Optional[Check] = None,
    code: Code = Code.DEPLOY_FAILED,
    into: Optional[BinaryIO] = None,
    most_bytes: int = 4_000_000,
) -> Ended:
    """As `run`, but standard output is returned as text (its first `most_bytes`), or written to the file `into`;
    `lines` are those of standard error."""
    lines, output = _Lines(None), bytearray()

    def keep(data: bytes) -> None:
        output.extend(data[: most_bytes - len(output)])

    with _started(arguments, cwd, environ, code, into or subprocess.PIPE, subprocess.PIPE) as process:
        assert process.stderr is not None
        sinks: Dict[object, Callable[[bytes], None]] = {process.stderr: lines.feed}
        if process.stdout is not None:
            sinks[process.stdout] = keep
        _follow(process, sinks, time_limit, check, _name(arguments), lines)
    return Ended(_name(arguments), process.returncode, lines.close(), decoded(bytes(output)))


class _Lines:
    """Bytes in, lines out: blank ones dropped, long ones cut. A progress bar's carriage return ends a line as well."""

    def __init__(self, on_line: Optional[OnLine]) -> None:
        self.last: Deque[str] = deque(maxlen=KEPT_LINES)
        self._on_line = on_line
        self._part = b""

    def feed(self, data: bytes) -> None:
        pieces = _LINE_ENDS.split(self._part + data)
        self._part = pieces.pop()[:LONGEST_LINE]
        for piece in pieces:
            self._line(piece)

    def close(self) -> Tuple[str, ...]:
        self._line(self._part)
        self._part = b""
        return tuple(self.last)

    def _line(self, piece: bytes) -> None:
        line = piece[:LONGEST_LINE].decode("utf-8", "replace").rstrip()
        if line:
            self.last.append(line)
            if self._on_line is not None:
                self._on_line(line)


@contextmanager
def _started(
    arguments: Sequence[str],
    cwd: str,
    environ: Optional[Mapping[str, Optional[str]]],
    code: Code,
    stdout: Union[int, BinaryIO],
    stderr: int,
) -> Iterator[subprocess.Popen[bytes]]:
    """The running program. Its process group is ended when the block is left by an exception or it failed."""
    surroundings = _environment(environ or {})
    _must_be_runnable(arguments[0], cwd, surroundings, code)
    try:
        process = subprocess.Popen(
            [*_dying_with_us(), *arguments],
            cwd=cwd or None,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "it cannot be passed to a program"
        raise Failure(code, f"'{_name(arguments)}' could not be started: {reason}.") from error
    try:
        yield process
        if process.returncode != 0:
            _end(process)
    except BaseException:
        _end(process)
        raise
    finally:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@contextmanager
def _guarded(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Have the whole process group end also when this process is killed and can end nothing any more."""
    guard: Optional[subprocess.Popen[bytes]] = None
    with suppress(OSError):  # without /bin/sh, setpriv is what is left
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield
    finally:
        if guard is not None:
            with suppress(OSError, ValueError):
                guard.communicate(b"over\n")


def _follow(
    process: subprocess.Popen[bytes],
    sinks: Mapping[object, Callable[[bytes], None]],
    time_limit: float,
    check: Optional[Check],
    name: str,
    lines: _Lines,
) -> None:
    """Pass output on until the program has ended. Never waits for a pipe alone: a grandchild may hold it open."""
    deadline = time.monotonic() + time_limit
    next_check, ended_at, nap = 0.0, 0.0, 0.001
    with selectors.DefaultSelector() as selector:
        for pipe, sink in sinks.items():
            selector.register(pipe, selectors.EVENT_READ, sink)  # type: ignore[arg-type]
        while True:
            now = time.monotonic()
            if process.poll() is not None:
                ended_at = ended_at or now
                if not selector.get_map() or now - ended_at > LINGER:
                    return
            elif now >= deadline:
                last = f" Its last line was: {lines.last[-1]}" if lines.last else ""
                raise Failure(
                    Code.TIMED_OUT, f"'{name}' did not end within {length(time_limit)} and was stopped.{last}"
                )
            if check is not None and now >= next_check:
                check()
                next_check = time.monotonic() + PULSE
            if selector.get_map():
                wait = 0.1 if ended_at else min(PULSE, max(deadline - now, 0.001))
            else:
                # The pipes are closed, so the program is about to end: look often at first, seldom later.
                wait = nap = min(nap * 2, 0.1)
            for key, _ in selector.select(wait):
                data = os.read(key.fd, 65536)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group: TERM, a short grace, KILL."""
    try:
        if _signal(process, signal.SIGTERM):
            give_up = time.monotonic() + GRACE
            while time.monotonic() < give_up and (process.poll() is None or _has_living(process)):
                time.sleep(0.02)
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Whether the process group still had somebody to receive it. Its id is the program's: it leads a session."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _has_living(process: subprocess.Popen[bytes]) -> bool:
    """Whether anybody is left in the process group. Dead ones that nobody collects do not count: in a container without
    an init they stay, and each failed command would wait for them."""
    if not _signal(process, 0):
        return False
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:  # not Linux
        return True
    for number in numbers:
        with suppress(OSError, IndexError):
            with open(f"/proc/{number}/stat", "rb") as file:
                state, _, group = file.read().rpartition(b")")[2].split()[:3]
            if int(group) == process.pid and state not in (b"Z", b"X"):
                return True
    return False


def _environment(changes: Mapping[str, Optional[str]]) -> Dict[str, str]:
    """This process's environment without what StackStorm put there for the action alone (its token)."""
    result = {
        key: value for key, value in os.environ.items() if not key.startswith("ST2_ACTION_") and key != "PYTHONPATH"
    }
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _must_be_runnable(program: str, cwd: str, environ: Mapping[str, str], code: Code) -> None:
    """Say what is wrong before the start: afterwards the system's word is about setpriv, or about either path."""
    if cwd and not os.path.isdir(cwd):
        raise Failure(code, f"The folder '{cwd}' does not exist, so '{os.path.basename(program)}' cannot run in it.")
    if "/" not in program:
        if shutil.which(program, path=environ.get("PATH", os.defpath)) is None:
            raise Failure(code, f"The program '{program}' is not installed, or not on the PATH.")
        return
    path = os.path.join(cwd or os.getcwd(), program)
    if not os.path.exists(path):
        raise Failure(code, f"The program '{program}' does not exist.")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise Failure(code, f"'{program}' is not a program that may be run.", "Give it the right: chmod +x.")


@lru_cache(maxsize=1)
def _dying_with_us() -> List[str]:
    """What to put in front so that a program does not outlive this process, not even when this is killed.

    `setpriv` asks the kernel for it after the fork; doing so by `preexec_fn` is unsafe in a process with threads. The
    signal comes when the THREAD that started the program ends: here that thread waits for it. Tried once, because
    the setpriv of busybox cannot do it.
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


def _name(arguments: Sequence[str]) -> str:
    return os.path.basename(arguments[0]) or arguments[0]


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by signal {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
