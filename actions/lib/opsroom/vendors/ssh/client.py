"""Commands on hosts, through the OpenSSH client.

Every command is framed: a line before it and one behind it with its status, so that its status 255
is not taken for one of ssh, nor what a login script prints for its output.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import tempfile
import threading
from contextlib import suppress
from types import TracebackType
from typing import List, Optional, Sequence, Tuple, Type

from ...errors import Code, Failure
from ...structs import dataclass
from ...subprocesses import Check, capture
from ...text.terminal import readable
from . import Access, destination
from .errors import failure_of, late

# A connection is kept for so many seconds after its last use, since a login takes a host half a
# second.
_KEPT_FOR = 60
# Seconds between two signs of life that are asked of a host, and how many may be missing.
_ALIVE_EVERY = 10
_ALIVE_MISSING = 3
_FRAME = 'm=$1; shift; printf "%s\\n" "$m"; "$@"; printf "\\n%s %s\\n" "$m" "$?"'


@dataclass(frozen=True)
class Answer:
    """How a command on a host ended: its own status, what it printed, and the last lines of its
    standard error."""

    status: int
    text: str
    errors: Tuple[str, ...] = ()


class Client:
    """The hosts of one configuration. A context manager: at its end the connections are closed."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._folder = ""
        self._sockets: List[str] = []
        # Several hosts are asked at once.
        self._lock = threading.Lock()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def run(
        self,
        host: str,
        arguments: Sequence[str],
        time_limit: float,
        check: Optional[Check] = None,
    ) -> Answer:
        """Run a command on a host to its end, without a terminal and without input.

        `time_limit` in seconds, beyond those for the connection; `check` as for `capture`. Raises
        Failure where the host gave no answer: facts `host`, `trouble` (a Trouble), and `sent`,
        whether the command may have begun.
        """
        mark = f"opsroom-{secrets.token_hex(8)}"
        framed = ["sh", "-c", _FRAME, "opsroom", mark, *arguments]
        limit = self._access.connect_timeout + time_limit
        try:
            ended = capture(
                [*self._ssh(host), " ".join(map(shlex.quote, framed))],
                limit,
                check=check,
                code=Code.UNREACHABLE,
                supervised=False,
            )
        except Failure as failure:
            if failure.code is not Code.TIMED_OUT:
                raise
            raise late(host, limit) from failure
        found = _unframed(ended.raw, mark)
        if found is None:
            lines = ended.lines or _lines(readable(ended.raw))
            raise failure_of(host, lines, ended.status)
        status, text = found
        return Answer(status, text, ended.lines)

    def close(self) -> None:
        """End the connections that are kept."""
        for path in self._sockets:
            if os.path.exists(path):
                with suppress(Failure):
                    end = ["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "host"]
                    capture(end, 5.0, supervised=False)
        self._sockets.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _ssh(self, host: str) -> List[str]:
        access = self._access
        options = {
            # Nobody is there to answer a question.
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": str(max(round(access.connect_timeout), 1)),
            "ConnectionAttempts": "1",
            "ServerAliveInterval": str(_ALIVE_EVERY),
            "ServerAliveCountMax": str(_ALIVE_MISSING),
            "ControlMaster": "auto",
            "ControlPersist": str(_KEPT_FOR),
            "ControlPath": self._socket(host),
            # Whatever a configuration says: errors are read, and no banner.
            "LogLevel": "ERROR",
            "RequestTTY": "no",
            "RemoteCommand": "none",
            "ClearAllForwardings": "yes",
        }
        if access.identity:
            options["IdentitiesOnly"] = "yes"
        if access.known_hosts:
            options["UserKnownHostsFile"] = _quoted(access.known_hosts)
            options["GlobalKnownHostsFile"] = "none"
        arguments = ["ssh", "-T"]
        arguments += ["-F", os.path.expanduser(access.config)] if access.config else []
        arguments += ["-i", os.path.expanduser(access.identity)] if access.identity else []
        for name, value in options.items():
            arguments += ["-o", f"{name}={value}"]
        return [*arguments, *destination(host, access.user)]

    def _socket(self, host: str) -> str:
        """A path in a folder of ours alone: who can open the socket is logged in."""
        with self._lock:
            if not self._folder:
                # The path of a socket has 100 characters or so, and ssh adds 17 to it.
                short = "/tmp" if len(tempfile.gettempdir()) > 50 else None  # noqa: S108
                self._folder = tempfile.mkdtemp(prefix="opsroom-", dir=short)
            name = "".join(one if one.isalnum() else "_" for one in host)[:20]
            path = os.path.join(self._folder, f"{name}-{_number(host)}")
            if path not in self._sockets:
                self._sockets.append(path)
        return path


def _number(host: str) -> str:
    import zlib  # two long names may begin alike

    return f"{zlib.crc32(host.encode()):08x}"


def _quoted(path: str) -> str:
    """A path as an option of ssh, which takes a blank for the end of it."""
    return f'"{path}"' if " " in path else path


def _unframed(raw: bytes, mark: str) -> Optional[Tuple[int, str]]:
    """The status and the output of a framed command; None where its end is missing."""
    begin, end = f"{mark}\n".encode(), f"\n{mark} ".encode()
    _, found, rest = raw.partition(begin)
    output, ended, status = rest.rpartition(end)
    if not found or not ended or not status.strip().isdigit():
        return None
    return int(status), readable(output)


def _lines(text: str) -> Tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
