"""An XMPP server with people and a relay as a room of `support.chat.story`: prosody, as Debian has
it, and a client that knows as much of the protocol as people in rooms need."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import threading
import uuid
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set, Tuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest

from console.pictures.transcript import Message
from support.chat.room import EDITS, LINES, LONG, Heard, Room
from support.servers.http import free_port
from support.waiting import until

HOST, OTHER_HOST, ROOMS = "localhost", "elsewhere.localhost", "conference.localhost"
PASSWORD = "secret"
ElementTree.register_namespace("", "jabber:client")
_STREAM = "{http://etherx.jabber.org/streams}"
_CLIENT = "{jabber:client}"
_CONFIG = """
pidfile = "{folder}/pid"
run_as_root = true
daemonize = false
data_path = "{folder}/data"
plugin_paths = {{}}
modules_enabled = {{ "roster", "saslauth", "disco", "presence", "message", "iq" }}
modules_disabled = {{ "s2s", "tls" }}
authentication = "internal_plain"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
interfaces = {{ "127.0.0.1" }}
log = {{ info = "{folder}/log" }}
VirtualHost "localhost"
VirtualHost "elsewhere.localhost"
Component "conference.localhost" "muc"
  name = "rooms"
  restrict_room_creation = false
  muc_room_locking = false
"""


class Prosody:
    """`with Prosody(folder) as server:`; skips the test where it is not installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "prosody"
        self._folder.mkdir()
        self.address: Tuple[str, int] = ("127.0.0.1", free_port())
        self._file = self._folder / "prosody.cfg.lua"
        self._file.write_text(_CONFIG.format(folder=self._folder, port=self.address[1]))
        for program in ("prosody", "prosodyctl"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Prosody:
        root = ["--root"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            ["prosody", *root, "--config", str(self._file), "-F"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(self.address) == 0

        until(listens, "the XMPP server")
        return self

    def __exit__(self, *_: Any) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def restart(self) -> None:
        """Everyone loses the connection; nobody is in a room."""
        self.__exit__()
        self.__enter__()

    def register(self, name: str, host: str = HOST) -> None:
        root = ["--root"] if os.geteuid() == 0 else []
        command = ["prosodyctl", *root, "--config", str(self._file), "register"]
        subprocess.run([*command, name, host, PASSWORD], check=True, capture_output=True)


class XmppPerson:
    """Someone who is logged in. `messages` are the stanzas that they got."""

    def __init__(self, server: Prosody, name: str, host: str = HOST) -> None:
        self.name, self.jid = name, f"{name}@{host}"
        self.messages: List[ElementTree.Element] = []
        self.present: Dict[str, str] = {}
        self._socket = socket.create_connection(server.address, timeout=60)
        self._features = 0
        self._done: List[str] = []
        self._parser = _parser()
        threading.Thread(target=self._read, daemon=True).start()
        self._open(host)
        token = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
        self.send(
            f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>"
        )
        until(lambda: "success" in self._done, f"a log-in of {self.jid}", 60)
        self._open(host)
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>pc</resource></bind>"
        self.send(f"<iq type='set' id='bind'>{bind}</iq>")
        until(lambda: "bind" in self._done, f"a resource of {self.jid}", 60)
        self.send("<presence/>")

    def send(self, stanza: str) -> None:
        self._socket.sendall(stanza.encode())

    def join(self, room: str, nick: str = "") -> None:
        """Enter a room, or change one's nick there; wait until one is in."""
        nick = nick or self.name
        to = quoteattr(f"{room}/{nick}")
        self.send(f"<presence to={to}><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        until(lambda: nick in self.nicks(room), f"{nick} in {room}", 60)

    def leave(self, room: str) -> None:
        self.send(f"<presence to={quoteattr(f'{room}/{self.name}')} type='unavailable'/>")
        until(lambda: self.name not in self.nicks(room), f"{self.name} out of {room}", 60)

    def nicks(self, room: str) -> List[str]:
        """Who is in a room."""
        return [
            who.partition("/")[2]
            for who, kind in list(self.present.items())
            if who.startswith(f"{room}/") and kind != "unavailable"
        ]

    def say(self, to: str, text: str, kind: str = "groupchat", replaces: str = "") -> str:
        """Send a message; its id."""
        name = str(uuid.uuid4())
        correction = f"<replace xmlns='urn:xmpp:message-correct:0' id={quoteattr(replaces)}/>"
        self.send(
            f"<message to={quoteattr(to)} type='{kind}' id='{name}'>"
            f"<body>{escape(text)}</body>{correction if replaces else ''}</message>"
        )
        return name

    def heard(self, sender: str) -> List[str]:
        """The texts that came from someone, oldest first; history left out."""
        return [
            str(one.findtext(f"{_CLIENT}body"))
            for one in self.spoken()
            if one.get("from") == sender
        ]

    def spoken(self) -> List[ElementTree.Element]:
        """The stanzas with a text, oldest first; history left out."""
        return [
            one
            for one in list(self.messages)
            if one.find(f"{_CLIENT}body") is not None and one.find("{urn:xmpp:delay}delay") is None
        ]

    def private(self, jid: str) -> List[str]:
        """What came in private from someone's devices."""
        froms = {str(one.get("from")) for one in list(self.messages)}
        return [text for one in froms if one.partition("/")[0] == jid for text in self.heard(one)]

    def close(self) -> None:
        self.send("</stream:stream>")
        self._socket.close()

    def _open(self, host: str) -> None:
        before = self._features
        self._parser = _parser()
        self.send(
            f"<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        until(lambda: self._features > before, f"the features of {host}", 60)

    def _read(self) -> None:
        while True:
            try:
                got = self._socket.recv(65536)
            except OSError:
                return
            if not got:
                return
            parser = self._parser
            parser.feed(got)
            for _, element in parser.read_events():
                self._take(element)

    def _take(self, element: ElementTree.Element) -> None:
        kind = element.tag.rpartition("}")[2]
        if element.tag == f"{_STREAM}features":
            self._features += 1
        elif element.tag == f"{_CLIENT}message":
            self.messages.append(element)
        elif element.tag == f"{_CLIENT}presence":
            self.present[str(element.get("from"))] = element.get("type", "")
        elif element.tag == f"{_CLIENT}iq":
            self._done.append(str(element.get("id")))
        elif kind == "success":
            self._done.append(kind)


class XmppRoom(Room):
    """Two rooms with a relay that is called `nick` there. `restart` stops and starts the relay,
    `addressed` is what someone types for a command."""

    can = frozenset({LINES, LONG, EDITS})

    def __init__(
        self,
        server: Prosody,
        nick: str,
        restart: Callable[[], None],
        addressed: Callable[[str], str],
    ) -> None:
        self.server, self.nick = server, nick
        self._restart, self._addressed = restart, addressed
        self._people: Dict[str, XmppPerson] = {}
        self._said: Dict[str, Tuple[str, str]] = {}
        self._registered: Set[str] = set()

    def source(self, room: str) -> str:
        return f"{room}@{ROOMS}"

    def identity(self, who: str) -> str:
        return f"xmpp:{who}@{HOST}"

    def say(self, who: str, text: str, room: str = "dev", thread: str = "") -> str:
        name = self.person(who).say(self.source(room), self._addressed(text))
        self._said[name] = (who, room)
        return name

    def edit(self, message: str, text: str) -> None:
        who, room = self._said[message]
        self.person(who).say(self.source(room), self._addressed(text), replaces=message)

    def redeliver(self, message: str) -> None:
        raise NotImplementedError("no message is delivered twice on XMPP")

    def restart(self) -> None:
        self._restart()
        self.ready()

    def ready(self) -> None:
        """Wait until the relay is in both rooms."""
        for room in ("dev", "ops"):
            name = self.source(room)
            until(
                lambda name=name: self.nick in self.person("witness").nicks(name),
                f"{self.nick} in {name}",
                60,
            )

    def heard(self, room: str = "dev") -> List[Heard]:
        everyone = self.person("witness").heard(f"{self.source(room)}/{self.nick}")
        return [Heard(text) for text in everyone]

    def received(self, room: str) -> List[Message]:
        return [
            Message(
                str(one.get("id")),
                str(one.get("from")).partition("/")[2],
                str(one.findtext(f"{_CLIENT}body")),
                # The server puts attributes in any order.
                wire=ElementTree.canonicalize(ElementTree.tostring(one, "unicode")),
            )
            for one in self.person("witness").spoken()
            if str(one.get("from")).startswith(f"{self.source(room)}/")
        ]

    def shows(self, message: str, who: str) -> List[str]:
        return message.split("\n")

    def person(self, who: str) -> XmppPerson:
        """Someone in both rooms; the same connection each time."""
        if who not in self._people:
            if who not in self._registered:
                self.server.register(who)
                self._registered.add(who)
            made = XmppPerson(self.server, who)
            for room in ("dev", "ops"):
                made.join(self.source(room))
            self._people[who] = made
        return self._people[who]

    def forget(self) -> None:
        """The connections of everyone are lost."""
        self._people.clear()

    def close(self) -> None:
        for one in self._people.values():
            one.close()


def _parser() -> Any:
    """A parser that hands over each stanza when it is whole."""
    return _Stanzas()


class _Stanzas:
    def __init__(self) -> None:
        self._pull = ElementTree.XMLPullParser(["start", "end"])
        self._depth = 0

    def feed(self, data: bytes) -> None:
        self._pull.feed(data)

    def read_events(self) -> List[Tuple[str, ElementTree.Element]]:
        found = []
        for event, element in self._pull.read_events():
            self._depth += 1 if event == "start" else -1
            if event == "end" and self._depth == 1:
                found.append((event, element))
        return found
