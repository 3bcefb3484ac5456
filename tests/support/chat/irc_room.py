"""An IRC server with people and a relay as a room of `support.chat.story`. The server is ngircd, as
Debian has it; it knows no services, so that people are their masks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest

from console.pictures.transcript import Message
from support.chat.irc import Typist
from support.chat.relays import plain
from support.chat.room import MENTIONS, Heard, Room
from support.servers.http import free_port
from support.waiting import until

_CONFIG = """
[Global]
Name = irc.localhost
Info = a server for tests
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = "hello"
[Limits]
MaxPenaltyTime = 0
MaxConnectionsIP = 0
MaxConnections = 0
MaxNickLength = 30
MaxJoins = 0
PingTimeout = 300
[Options]
DNS = no
Ident = no
PAM = no
[Channel]
Name = #dev
[Channel]
Name = #ops
"""


class Ngircd:
    """`with Ngircd(folder) as server:`; skips the test where it is not installed."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("ngircd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            pytest.skip("ngircd is not installed")
        self.address: Tuple[str, int] = ("127.0.0.1", free_port())
        self._config = folder / "ngircd.conf"
        self._config.write_text(_CONFIG.format(port=self.address[1]))
        self._program = found
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Ngircd:
        self._process = subprocess.Popen(
            [self._program, "-n", "-f", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def listens() -> bool:
            try:
                Typist(self.address, "probe").close()
            except OSError:
                return False
            return True

        until(listens, "the IRC server")
        return self

    def __exit__(self, *_: Any) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)


class IrcRoom(Room):
    """People on a server with a relay of that nick. `restart` stops and starts the relay and waits
    until it knows its commands; `addressed` is what someone types for a command."""

    can = frozenset({MENTIONS})

    def __init__(
        self,
        server: Ngircd,
        nick: str,
        restart: Callable[[], None],
        addressed: Callable[[str], str],
    ) -> None:
        self._server, self._nick = server, nick
        self._restart, self._addressed = restart, addressed
        self._people: Dict[str, Typist] = {}
        self._number = 0

    def source(self, room: str) -> str:
        return f"#{room}"

    def identity(self, who: str) -> str:
        return f"irc:{self.person(who).mask}"

    def say(self, who: str, text: str, room: str = "dev", thread: str = "") -> str:
        self.person(who).say(f"#{room}", self._addressed(text))
        self._number += 1
        return str(self._number)

    def edit(self, message: str, text: str) -> None:
        raise NotImplementedError("nothing can be edited on IRC")

    def redeliver(self, message: str) -> None:
        raise NotImplementedError("nothing is delivered twice on IRC")

    def restart(self) -> None:
        self._restart()
        self.ready()

    def ready(self) -> None:
        """Wait until the relay is in both rooms."""
        for room in ("#dev", "#ops"):
            until(
                lambda room=room: self._nick in self.person("witness").in_room(room),
                f"{self._nick} in {room}",
                60,
            )

    def heard(self, room: str = "dev") -> List[Heard]:
        everyone = self.person("witness").from_(self._nick, f"#{room}")
        return [Heard(plain(line)) for line in everyone]

    def received(self, room: str) -> List[Message]:
        found = []
        for line in list(self.person("witness").lines):
            source, _, rest = line[1:].partition(" ")
            start, _, text = rest.partition(" :")
            if start in (f"PRIVMSG #{room}", f"NOTICE #{room}"):
                name = f"line-{len(found):04}"
                found.append(Message(name, source.partition("!")[0], text, wire=line))
        return found

    def shows(self, message: str, who: str) -> List[str]:
        return [plain(line) for line in message.split("\n")]

    def person(self, who: str) -> Typist:
        """Someone in both rooms; the same connection each time."""
        if who not in self._people:
            self._people[who] = Typist(self._server.address, who)
            self._people[who].join("#dev", "#ops")
        return self._people[who]

    def close(self) -> None:
        """Everyone leaves."""
        for one in self._people.values():
            one.close()
