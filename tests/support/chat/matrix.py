"""A Matrix homeserver with people and a relay as a room of `support.chat.story`: synapse, in a
virtualenv of its own, and people who speak to it over HTTP as their clients do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import quote

import requests
import yaml

from console.pictures.transcript import Message
from support.chat.room import EDITS, LINES, LONG, THREADS, Heard, Room
from support.servers.http import free_port
from support.virtualenvs import python, virtualenv
from support.waiting import until
from support.worlds.world import ROOT

SERVER = "localhost"
PASSWORD = "secret"
_GENEROUS = {"per_second": 1000, "burst_count": 1000}
_RATES = ("rc_message", "rc_registration", "rc_joins_per_room")

Json = Dict[str, Any]


class Synapse:
    """`with Synapse(folder) as server:`; skips the test where it cannot be installed, or is not
    and `install` is false: it takes minutes."""

    def __init__(self, folder: Path, install: bool = True) -> None:
        requirements = ROOT / "tests/relays/requirements-synapse.txt"
        self._venv = virtualenv("synapse", requirements, install)
        self._folder = folder / "synapse"
        self._folder.mkdir()
        self._file = self._folder / "homeserver.yaml"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._run("-m", "synapse.app.homeserver", "--server-name", SERVER, "--generate-config",
                  "--report-stats=no", "--config-path", str(self._file))  # fmt: skip
        settings = yaml.safe_load(self._file.read_text())
        listener = {**settings["listeners"][0], "port": port, "bind_addresses": ["127.0.0.1"]}
        settings.update(
            dict.fromkeys(_RATES, _GENEROUS),
            listeners=[{**listener, "tls": False}],
            trusted_key_servers=[],
            rc_login=dict.fromkeys(("address", "account", "failed_attempts"), _GENEROUS),
            rc_joins={"local": _GENEROUS, "remote": _GENEROUS},
            rc_invites=dict.fromkeys(("per_room", "per_user", "per_issuer"), _GENEROUS),
        )
        self._file.write_text(yaml.safe_dump(settings))
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Synapse:
        with (self._folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [python(self._venv), "-m", "synapse.app.homeserver", "-c", str(self._file)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

        def answers() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "output").read_text()[-2000:]
            try:
                return requests.get(f"{self.url}/health", timeout=5).ok
            except requests.RequestException:
                return False

        until(answers, "the Matrix homeserver", 120)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def register(self, name: str) -> None:
        program = "synapse._scripts.register_new_matrix_user"
        self._run("-m", program, "-c", str(self._file), "-u", name, "-p", PASSWORD, "--no-admin",
                  self.url)  # fmt: skip

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [python(self._venv), *arguments], cwd=self._folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


class MatrixPerson:
    """Someone who is logged in."""

    def __init__(self, server: Synapse, name: str) -> None:
        self.id = f"@{name}:{SERVER}"
        self._url = server.url
        self._number = 0
        identifier = {"type": "m.id.user", "user": name}
        made = self._call(
            "POST",
            "/login",
            {"type": "m.login.password", "identifier": identifier, "password": PASSWORD},
        )
        self._token = str(made["access_token"])

    def call_me(self, display: str) -> None:
        self._call("PUT", f"/profile/{quote(self.id)}/displayname", {"displayname": display})

    def make_room(self, *invited: str, alias: str = "", **more: Any) -> str:
        """A new room; its id."""
        body = {"invite": list(invited), **({"room_alias_name": alias} if alias else {}), **more}
        return str(self._call("POST", "/createRoom", body)["room_id"])

    def invite(self, room: str, who: str) -> None:
        self._call("POST", f"/rooms/{quote(room)}/invite", {"user_id": who})

    def join(self, room: str) -> None:
        self._call("POST", f"/rooms/{quote(room)}/join", {})

    def members(self, room: str) -> List[str]:
        return list(self._call("GET", f"/rooms/{quote(room)}/joined_members")["joined"])

    def say(self, room: str, text: str, **content: Any) -> str:
        """Send a message; the id of its event."""
        self._number += 1
        path = f"/rooms/{quote(room)}/send/m.room.message/{os.getpid()}-{self._number}"
        body = {"msgtype": "m.text", "body": text, **content}
        return str(self._call("PUT", path, body)["event_id"])

    def messages(self, room: str) -> List[Json]:
        """The messages in a room, oldest first."""
        found: List[Json] = []
        path, start = f"/rooms/{quote(room)}/messages?dir=b&limit=500", ""
        while True:
            part = self._call("GET", path + (f"&from={start}" if start else ""))
            found += [one for one in part["chunk"] if one["type"] == "m.room.message"]
            start = part.get("end", "")
            if not start or not part["chunk"]:
                return found[::-1]

    def _call(self, method: str, path: str, body: Optional[Json] = None) -> Json:
        headers = {"Authorization": f"Bearer {self._token}"} if hasattr(self, "_token") else {}
        answer = requests.request(
            method, f"{self._url}/_matrix/client/v3{path}", json=body, headers=headers, timeout=60
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return dict(answer.json())


class MatrixRoom(Room):
    """Two rooms with a relay whose name is `bot`. `restart` stops and starts the relay, `addressed`
    is what someone types for a command."""

    can = frozenset({LINES, LONG, THREADS, EDITS})

    def __init__(
        self,
        server: Synapse,
        bot: str,
        restart: Callable[[], None],
        addressed: Callable[[str], str],
    ) -> None:
        self.server = server
        self.bot = f"@{bot}:{SERVER}"
        self._restart, self._addressed = restart, addressed
        self._people: Dict[str, MatrixPerson] = {}
        self._said: Dict[str, Tuple[str, str]] = {}
        self._rooms: Dict[str, str] = {}
        server.register("witness")
        self.witness = MatrixPerson(server, "witness")
        for name in ("dev", "ops"):
            self._rooms[name] = self.witness.make_room(alias=name, preset="public_chat")

    def source(self, room: str) -> str:
        return self._rooms[room]

    def identity(self, who: str) -> str:
        return f"matrix:@{who}:{SERVER}"

    def say(self, who: str, text: str, room: str = "dev", thread: str = "") -> str:
        more = {"m.relates_to": {"rel_type": "m.thread", "event_id": thread}} if thread else {}
        name = self.person(who).say(self.source(room), self._addressed(text), **more)
        self._said[name] = (who, room)
        return name

    def edit(self, message: str, text: str) -> None:
        who, room = self._said[message]
        new = {"msgtype": "m.text", "body": self._addressed(text)}
        relates = {"rel_type": "m.replace", "event_id": message}
        # What is shown by clients that know no edits; some leave the star out.
        more = {"m.new_content": new, "m.relates_to": relates}
        self.person(who).say(self.source(room), self._addressed(text), **more)

    def redeliver(self, message: str) -> None:
        raise NotImplementedError("nothing is delivered twice on Matrix but at a restart")

    def restart(self) -> None:
        self._restart()

    def enter(self) -> None:
        """Invite the relay, and wait until it is in both rooms."""
        for name in ("dev", "ops"):
            self.witness.invite(self.source(name), self.bot)
        until(
            lambda: all(self.bot in self.witness.members(one) for one in self._rooms.values()),
            f"{self.bot} in its rooms",
            60,
        )

    def heard(self, room: str = "dev") -> List[Heard]:
        said = self.witness.messages(self.source(room))
        return [_read(one["content"]) for one in said if one["sender"] == self.bot]

    def received(self, room: str) -> List[Message]:
        kept = ("type", "sender", "content")
        return [
            Message(
                one["event_id"],
                one["sender"][1:].partition(":")[0],
                one["content"]["body"],
                _read(one["content"]).thread,
                {key: one[key] for key in kept},
            )
            for one in self.witness.messages(self.source(room))
        ]

    def shows(self, message: str, who: str) -> List[str]:
        return message.split("\n")

    def person(self, who: str) -> MatrixPerson:
        """Someone in both rooms; the same log-in each time."""
        if who not in self._people:
            self.server.register(who)
            made = MatrixPerson(self.server, who)
            for room in self._rooms.values():
                made.join(room)
            self._people[who] = made
        return self._people[who]


def _read(content: Json) -> Heard:
    relation = content.get("m.relates_to") or {}
    mentions = content.get("m.mentions") or {}
    pings = [one[1:].partition(":")[0] for one in mentions.get("user_ids", [])]
    html = str(content.get("formatted_body") or "")
    return Heard(
        str(content["body"]),
        frozenset([*pings, *(["room"] if mentions.get("room") else [])]),
        str(relation.get("event_id") or "") if relation.get("rel_type") == "m.thread" else "",
        frozenset([html] if html else []),
    )
