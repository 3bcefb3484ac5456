"""Running a program: an argument list, a time limit, and nothing left behind except the results of
a success."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import time
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import contextmanager, suppress
from subprocess import PIPE, STDOUT
from typing import IO, BinaryIO, Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Union

from ..errors import Code, Failure
from ..names import listed
from ..structs import dataclass
from ..text import length
from ..text.charset import decoded
from ..text.terminal import readable
from .group import Grouped
from .output import Lines, OnLine, hand_over
from .supervision import Left, Supervised

Check = Callable[[], None]
_Program = Union[Supervised, Grouped]
_Sinks = Dict[IO[bytes], Callable[[bytes], None]]

# Seconds between TERM and KILL.
GRACE = 3.0
# Seconds that output is still read after the program itself ended, when something it started holds
# the pipe open.
LINGER = 1.0
# Seconds between two calls of `check`.
PULSE = 0.5


@dataclass(frozen=True)
class Ended:
    """How a program ended: `status` as the shell reports it, negative for a signal; the last lines
    that it wrote."""

    program: str
    status: int
    lines: Tuple[str, ...]
    # What `capture` read from standard output; empty after `run`, whose output went to `on_line`.
    raw: bytes = b""
    # What it started and still runs, outside of its process group where it failed.
    left: Tuple[Left, ...] = ()

    @property
    def output(self) -> str:
        """What `capture` read, as it is."""
        return self.raw.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """What `capture` read, as a reader sees it: without the control sequences of terminals,
        also from UTF-16."""
        if b"\0" in self.raw[:4] or self.raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return readable(decoded(self.raw).encode("utf-8", "replace"))
        return readable(self.raw)

    def sentence(self) -> str:
        """`'deploy.sh' ended with status 3: no space left`."""
        last = f": {self.lines[-1]}" if self.lines else "."
        left = still_running(self.left)
        return (
            f"'{self.program}' "
            f"{_ending(self.status)}{last.rstrip('.') + '. ' + left if left else last}"
        )


def still_running(left: Sequence[Left]) -> str:
    """`What it started still runs: nginx (process 812).`; empty for nothing."""
    return f"What it started still runs: {listed(map(str, left), most=3)}." if left else ""


# Without a supervisor nobody knows what a program has started.
_LOST_SIGHT = "its supervisor was killed, so what it started may still run"


@dataclass(frozen=True)
class _Task:
    """`name` is used in sentences. `time_limit` in seconds is what is left of it, `stated` the
    whole."""

    name: str
    time_limit: float
    stated: float
    check: Optional[Check]


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

    `time_limit` in seconds. `environ` is added to this process's environment; None takes a variable
    away. `check` is called about twice a second and raises when the work must stop.

    When it is stopped (by the time limit, by `check`, by anything that is raised, by the end of
    this process), all that it started is ended too, also what left its session. Any status is
    returned, not raised. Of a program that failed, what is still in its process group is ended;
    services that it made independent continue, and so does all that a successful one started:
    `left` says what. Their output is read from then on, and thrown away.

    Raises Failure(code) when the program cannot be started, Failure(timed_out) when the time is up.
    """
    lines, task = Lines(on_line), _Task(f"'{_name(arguments)}'", time_limit, time_limit, check)
    with _started(Supervised, arguments, cwd, environ, code, PIPE, STDOUT) as program:
        assert program.stdout is not None
        status, left = _follow(program, {program.stdout: lines.feed}, task, lines)
    return Ended(_name(arguments), status, lines.close(), left=left)


def capture(
    arguments: Sequence[str],
    time_limit: float,
    cwd: str = "",
    environ: Optional[Mapping[str, Optional[str]]] = None,
    check: Optional[Check] = None,
    code: Code = Code.DEPLOY_FAILED,
    into: Optional[BinaryIO] = None,
    most_bytes: int = 4_000_000,
    task: str = "",
    stated_limit: Optional[float] = None,
    supervised: bool = True,
) -> Ended:
    """As `run`, but standard output is returned (its first `most_bytes`), or written to the file
    `into`; `lines` are those of standard error.

    `task` and `stated_limit` stand in the sentence about the time limit: what was being done, and
    the whole limit where `time_limit` is the rest of it. Without `supervised` it starts faster, and
    only its process group is ended.
    """
    lines, output = Lines(), bytearray()

    def keep(data: bytes) -> None:
        output.extend(data[: most_bytes - len(output)])

    stated = time_limit if stated_limit is None else stated_limit
    kind = Supervised if supervised else Grouped
    with _started(kind, arguments, cwd, environ, code, into or PIPE, PIPE) as program:
        assert program.stderr is not None
        sinks: _Sinks = {program.stderr: lines.feed}
        if program.stdout is not None:
            sinks[program.stdout] = keep
        status, left = _follow(
            program, sinks, _Task(task or f"'{_name(arguments)}'", time_limit, stated, check), lines
        )
    return Ended(_name(arguments), status, lines.close(), bytes(output), left)


@contextmanager
def _started(
    kind: Callable[..., _Program],
    arguments: Sequence[str],
    cwd: str,
    environ: Optional[Mapping[str, Optional[str]]],
    code: Code,
    stdout: Union[int, BinaryIO],
    stderr: int,
) -> Iterator[_Program]:
    """The running program. All of it is ended when the block is left by an exception."""
    surroundings = _environment(environ or {})
    _must_be_runnable(arguments[0], cwd, surroundings, code)
    try:
        program = kind(arguments, cwd, surroundings, stdout, stderr)
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) else ""
        ) or "it cannot be passed to a program"
        raise Failure(code, f"'{_name(arguments)}' could not be started: {reason}.") from error
    try:
        yield program
    except Failure as failure:
        left = program.end(GRACE)
        message = still_running(left) or (
            f"{_LOST_SIGHT.capitalize()}." if program.lost_sight else ""
        )
        if not message:
            raise
        facts = {**failure.facts, "left_running": [str(one) for one in left]}
        raise Failure(
            failure.code, f"{failure.message} {message}", failure.hint, facts
        ) from failure
    except BaseException:
        program.end(GRACE)
        raise
    finally:
        program.close()


def _follow(
    program: _Program, sinks: _Sinks, task: _Task, lines: Lines
) -> Tuple[int, Tuple[Left, ...]]:
    """Pass output on until the program has ended. Never waits for a pipe alone: a grandchild may
    hold it open. Returns its status and what it left running."""
    deadline = time.monotonic() + task.time_limit
    next_check, ended_at, nap = 0.0, 0.0, 0.001
    with selectors.DefaultSelector() as selector:
        for pipe, sink in sinks.items():
            selector.register(pipe, selectors.EVENT_READ, sink)
        if program.socket is not None:
            selector.register(program.socket, selectors.EVENT_READ, None)
        open_pipes = len(sinks)
        while True:
            now = time.monotonic()
            status = program.poll()
            if status is not None:
                ended_at = ended_at or now
                if not open_pipes or now - ended_at > LINGER:
                    break
            elif now >= deadline:
                last = f" Its last line was: {lines.last[-1]}" if lines.last else ""
                message = (
                    f"{task.name} did not end within {length(task.stated)} and was stopped.{last}"
                )
                raise Failure(Code.TIMED_OUT, message)
            if task.check is not None and now >= next_check:
                task.check()
                next_check = time.monotonic() + PULSE
            if open_pipes or program.socket is not None:
                wait = 0.1 if ended_at else min(PULSE, max(deadline - now, 0.001))
            else:
                # The pipes are closed, so the program is about to end: look often at first, seldom
                # later.
                wait = nap = min(nap * 2, 0.1)
            for key, _ in selector.select(wait):
                if key.data is None:
                    continue
                data = os.read(key.fd, 65536)
                if data:
                    key.data(data)
                else:
                    open_pipes -= 1
                    selector.unregister(key.fileobj)
        left = program.end_group(GRACE) if status else program.let_go()
        if program.lost_sight:
            lines.last.append(_LOST_SIGHT)
        for key in list(selector.get_map().values()):
            if key.data is not None and not _over(key.fd):
                hand_over(key.fileobj)  # type: ignore[arg-type]
    return status, left


def _over(pipe: int) -> bool:
    """Whether nobody can write to a pipe any more. What is in it is thrown away, as far as it comes
    at once."""
    os.set_blocking(pipe, False)
    try:
        for _ in range(64):
            if not os.read(pipe, 65536):
                return True
    except BlockingIOError:
        pass
    finally:
        os.set_blocking(pipe, True)
    return False


def _environment(changes: Mapping[str, Optional[str]]) -> Dict[str, str]:
    """This process's environment without what StackStorm put there for this process alone: the
    token of an action, and that of a sensor."""
    result = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("ST2_ACTION_") and key not in ("ST2_AUTH_TOKEN", "PYTHONPATH")
    }
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _must_be_runnable(program: str, cwd: str, environ: Mapping[str, str], code: Code) -> None:
    """Say what is wrong before the start: afterwards the system's word is about either path."""
    if cwd and not os.path.isdir(cwd):
        raise Failure(
            code,
            f"The folder '{cwd}' does not exist, so '{os.path.basename(program)}' cannot run "
            "in it.",
        )
    if "/" not in program:
        if shutil.which(program, path=environ.get("PATH", os.defpath)) is None:
            raise Failure(code, f"The program '{program}' is not installed, or not on the PATH.")
        return
    path = os.path.join(cwd or os.getcwd(), program)
    if not os.path.exists(path):
        raise Failure(code, f"The program '{program}' does not exist.")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise Failure(
            code, f"'{program}' is not a program that may be run.", "Give it the right: chmod +x."
        )


def _name(arguments: Sequence[str]) -> str:
    return os.path.basename(arguments[0]) or arguments[0]


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    with suppress(ValueError):
        return f"was ended by signal {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"
