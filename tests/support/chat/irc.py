"""People on an IRC server: each a connection that types, and remembers what it read."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Callable, List, Optional, Tuple, Type

TIMEOUT = 60.0


@dataclass(frozen=True)
class Heard:
    """A line that someone said: who, to what room or nick, and when (`time.monotonic`)."""

    who: str
    to: str
    text: str
    at: float


class Typist:
    """Someone with a keyboard. `mask` is how the server shows them: `nick!user@host`."""

    def __init__(self, address: Tuple[str, int], nick: str, user: str = "") -> None:
        self.nick = nick
        self.mask = ""
        self.lines: List[str] = []
        self.heard: List[Heard] = []
        self._changed = threading.Condition()
        self._gone = False
        self._socket = socket.create_connection(address, timeout=TIMEOUT)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.raw(f"NICK {nick}\r\nUSER {user or nick} 0 * :{nick}\r\n".encode())
        self.wait(lambda: any(" 001 " in line for line in self.lines), f"a welcome for {nick}")

    def __enter__(self) -> Typist:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave, and wait until the server has noticed: the nick is free again."""
        if not self._gone:
            self.raw(b"QUIT :bye\r\n")
            self._reader.join(TIMEOUT)
        self._socket.close()

    def raw(self, sent: bytes) -> None:
        """Send bytes as they are. A connection that has ended is no error: the server may have
        closed it."""
        try:
            self._socket.sendall(sent)
        except OSError:
            self._gone = True

    def say(self, to: str, text: str) -> None:
        """Type one line to a room or a nick."""
        if "\n" in text or "\r" in text:
            raise ValueError("one line on IRC is one message")
        self.raw(f"PRIVMSG {to} :{text}\r\n".encode())

    def join(self, *rooms: str) -> None:
        """Enter rooms, and wait until one is in."""
        for room in rooms:
            self.raw(f"JOIN {room}\r\n".encode())
            self.wait(lambda room=room: self._reply("366", room), f"{self.nick} in {room}")

    def in_room(self, room: str) -> List[str]:
        """The nicks that are in a room now."""
        before = len(self.lines)
        self.raw(f"NAMES {room}\r\n".encode())
        self.wait(lambda: self._reply("366", room, before), f"the names in {room}")
        found = [
            line
            for line in self.lines[before:]
            if f" 353 {self.nick} " in line and f" {room} " in line
        ]
        return [nick.lstrip("@+%&~") for line in found for nick in line.partition(" :")[2].split()]

    def wait(self, condition: Callable[[], object], what: str, timeout: float = TIMEOUT) -> None:
        """Return as soon as what was read fulfils the condition; fail, telling the last lines, when
        it never does."""
        give_up = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = give_up - time.monotonic()
                assert left > 0, f"never came: {what}; {self.nick} read: {self.lines[-12:]}"
                self._changed.wait(min(left, 0.5))

    def from_(self, who: str, to: str = "") -> List[str]:
        """What someone said, oldest first; only to that room or nick, when one is named."""
        return [one.text for one in self.heard if one.who == who and (not to or one.to == to)]

    def _reply(self, number: str, room: str, since: int = 0) -> bool:
        return any(f" {number} {self.nick} {room} " in line for line in self.lines[since:])

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                got = self._socket.recv(65536)
            except OSError:
                got = b""
            if not got:
                break
            *lines, rest = (rest + got).split(b"\n")
            with self._changed:
                for line in lines:
                    self._take(line.rstrip(b"\r").decode("utf-8", "replace"))
                self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _take(self, line: str) -> None:
        if line.startswith("PING"):
            self.raw(line.replace("PING", "PONG", 1).encode() + b"\r\n")
            return
        self.lines.append(line)
        source, _, rest = line[1:].partition(" ") if line.startswith(":") else ("", "", line)
        command, _, rest = rest.partition(" ")
        who = source.partition("!")[0]
        if command == "JOIN" and who == self.nick:
            self.mask = source
        if command in ("PRIVMSG", "NOTICE") and "!" in source:
            to, _, text = rest.partition(" :")
            self.heard.append(Heard(who, to, text, time.monotonic()))
