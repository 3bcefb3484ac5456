"""Chat relays behind an IRC server: how each is addressed, and how people and answers look through
it.

`OPSROOM_IRC` is the address of the server, `OPSROOM_IRC_ERRBOT` and `OPSROOM_IRC_HUBOT` the nicks
of the relays on it; each relay is in the rooms #dev and #ops, errbot with the prefix `!` and an
empty `plugin_prefix`. `OPSROOM_IRC_RESTART` is a command that restarts the relay whose kind is its
last argument. With `OPSROOM_IRC_SOONER` set, the relays have the routes opsroom_errbot and
opsroom_hubot; `OPSROOM_IRC_PREFIX` is errbot's prefix where it is not `!`. `OPSROOM_IRC_OTHER` is a
command of another pack that the relays' users may run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import List, Set, Tuple

import pytest

from support.chat.irc import Typist
from support.stackstorm.client import ENDED, StackStorm, wait_for

KINDS = ("errbot", "hubot")
ROOMS = ("#dev", "#ops")
RESTART = os.environ.get("OPSROOM_IRC_RESTART", "")
PREFIX = os.environ.get("OPSROOM_IRC_PREFIX", "!")
SOONER = bool(os.environ.get("OPSROOM_IRC_SOONER"))


@dataclass(frozen=True)
class Relay:
    """One relay: its nick on the server at `address`, and its user in StackStorm."""

    kind: str
    nick: str
    address: Tuple[str, int]
    st2_user: str = ""

    @property
    def route(self) -> str:
        """The key `route` of opsroom's config."""
        return {"errbot": "opsroom_errbot" if SOONER else "errbot", "hubot": "chatops"}[self.kind]

    def addressed(self, text: str) -> str:
        """A command as it is typed in a room."""
        return f"{PREFIX}{text}" if self.kind == "errbot" else f"{self.nick}: {text}"

    def reports(self, person: Typist) -> str:
        """What the relay tells StackStorm of who speaks."""
        return person.mask if self.kind == "errbot" else person.nick

    def shows(self, message: str, person: Typist) -> List[str]:
        """The lines of an answer as a room reads them: hubot begins with the name, both leave blank
        lines out."""
        text = message if self.kind == "errbot" else f"{person.nick}: {message}"
        return [plain(line) for line in text.split("\n") if line.strip()]

    def restart(self) -> None:
        """Stop the relay and start it again."""
        subprocess.run([*shlex.split(RESTART), self.kind], check=True, timeout=60)


def plain(line: str) -> str:
    """A line without what errbot takes for markup, and with single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"[*_`\\\x00-\x1f]", "", line)).strip()


def relay_of(kind: str) -> Relay:
    """The relay that the environment names. Skips, saying so, where there is none."""
    server, nick = (
        os.environ.get("OPSROOM_IRC", ""),
        os.environ.get(f"OPSROOM_IRC_{kind.upper()}", ""),
    )
    if not server or not nick:
        pytest.skip(
            f"no {kind} to test with: OPSROOM_IRC and OPSROOM_IRC_{kind.upper()} are not set"
        )
    host, _, port = server.rpartition(":")
    return Relay(kind, nick, (host, int(port)))


class Channel:
    """People in rooms with a relay, and StackStorm behind it: every line of the relay is accounted
    for."""

    def __init__(self, relay: Relay, storm: StackStorm) -> None:
        self.relay = relay
        self.storm = storm
        self._people: List[Typist] = []
        self._seen: Set[str] = set()
        self._newest()

    def person(self, nick: str, user: str = "") -> Typist:
        """Someone in both rooms, together with the relay. The same connection each time."""
        for one in self._people:
            if one.nick == nick:
                return one
        one = Typist(self.relay.address, nick, user)
        self._people.append(one)
        one.join(*ROOMS)
        for room in ROOMS:
            wait_for(
                lambda room=room: self.relay.nick in one.in_room(room),
                f"{self.relay.nick} in {room}",
            )
        return one

    def replace(self, nick: str, user: str) -> Typist:
        """Someone else with the nick of a person who has left."""
        self._people = [one for one in self._people if one.nick != nick]
        return self.person(nick, user)

    def restart(self) -> None:
        """Restart the relay, and wait until it obeys and answers again."""
        witness = self.person("witness")
        before = len(witness.lines)
        self.relay.restart()
        joined = f":{self.relay.nick}!"

        def back() -> int:
            return len(
                [
                    one
                    for one in witness.lines[before:]
                    if one.startswith(joined) and " JOIN " in one
                ]
            )

        witness.wait(lambda: back() >= len(ROOMS), f"{self.relay.nick} back in its rooms")
        # It is in the room before it knows the commands and hears StackStorm; so ask until it
        # answers.
        answered = len(witness.heard)

        def asked() -> bool:
            self.type(witness, "versions on test")
            with suppress(AssertionError):
                witness.wait(lambda: len(witness.heard) > answered, "an answer", 10)
            return len(witness.heard) > answered

        wait_for(asked, f"{self.relay.nick} to answer")
        self._newest()

    def type(self, person: Typist, text: str, room: str = "#dev") -> None:
        """Type a command in a room, addressed to the relay."""
        person.say(room, self.relay.addressed(text))

    def execution_for(self, person: Typist) -> str:
        """Wait for the one new execution that the relay made for someone; its id."""
        found: List[str] = []

        def came() -> bool:
            found.extend(self._newest(self.relay.reports(person)))
            return bool(found)

        wait_for(came, f"an execution for {person.nick}")
        assert len(found) == 1, f"one message, several executions: {found}"
        return found[0]

    def ask(self, person: Typist, text: str, room: str = "#dev") -> Answer:
        """Type a command, and wait until the room has read all of its answer."""
        began = len(person.heard)
        self.type(person, text, room)
        return self.answer(person, self.execution_for(person), room, began)

    def answer(
        self, person: Typist, execution_id: str, room: str = "#dev", began: int = 0
    ) -> Answer:
        """Wait for the answer to an execution, in StackStorm and then in the room."""
        execution = self.storm.ended(execution_id)
        message = str(self.storm.answer_to(execution_id)["message"])
        wanted = self.relay.shows(message, person)

        def read() -> List[str]:
            heard = [
                one for one in person.heard[began:] if one.who == self.relay.nick and one.to == room
            ]
            return [plain(one.text) for one in heard]

        person.wait(lambda: _within(wanted, read()), f"the answer {wanted} in {room}")
        return Answer(execution, message, read())

    def close(self) -> None:
        for one in self._people:
            one.close()

    def _newest(self, reported: str = "") -> List[str]:
        """New executions that someone's words made, since the last look."""
        kept = "include_attributes=context,parent"
        made = self.storm.get(f"/executions?limit=100&sort_desc=True&{kept}")
        here = [
            one for one in made if "action_alias_ref" in one["context"] and not one.get("parent")
        ]
        if not reported:
            self._seen.update(one["id"] for one in here)
            return []
        new = [
            one["id"]
            for one in here
            if one["id"] not in self._seen and one["context"].get("api_user") == reported
        ]
        self._seen.update(new)
        return new


@dataclass(frozen=True)
class Answer:
    """What came of a command: the ended execution, its whole message, and the lines that the relay
    said since."""

    execution: dict
    message: str
    lines: List[str]

    @property
    def code(self) -> str:
        said = (self.execution.get("result") or {}).get("result")
        return str(said.get("code", "")) if isinstance(said, dict) else ""

    @property
    def status(self) -> str:
        assert self.execution["status"] in ENDED
        return str(self.execution["status"])


def _within(wanted: List[str], lines: List[str]) -> bool:
    """Whether these lines were said; a relay may cut a long one into several."""
    said = "".join(lines).replace(" ", "")
    return all(part.replace(" ", "") in said for part in wanted)
