"""A conversation: a message comes in, the pack answers. Knows nothing of terminals."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from opsroom.names import nearest
from opsroom.people.identities import is_identity
from opsroom.people.seals import seal
from opsroom.text import one_line

from .aliases import Match, Pack
from .bell import rings
from .parameters import Rejected, prepare
from .rendering import Rendered, render_ack, render_result
from .runner import ConsoleRoom, Run, execute

Listener = Callable[[str], None]
_DEFAULT_RELAY = "chatops_bot"


@dataclass(frozen=True)
class Reply:
    """The answer to one message. `status` is succeeded, failed or rejected; nothing ran when it is
    rejected.

    `rings` are those whose pager rings here.
    """

    speaker: str
    room: str
    text: str
    status: str
    code: str
    message: str
    match: Optional[Match] = None
    result: Any = None
    seconds: float = 0.0
    ack: str = ""
    progress: List[str] = field(default_factory=list)
    rendered: Rendered = field(default_factory=Rendered)
    rings: Tuple[str, ...] = ()

    def mapping(self) -> Dict[str, Any]:
        """The reply as `--json` prints it."""
        matched = self.match and {
            "alias": self.match.alias.name,
            "format": self.match.format.format.representation,
        }
        answer: Dict[str, Any] = {
            "speaker": self.speaker,
            "room": self.room,
            "text": self.text,
            "matched": matched,
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "result": self.result,
            "seconds": round(self.seconds, 3),
            "ack": self.ack,
            "progress": self.progress,
            "extra": dict(self.rendered.extra),
        }
        if self.rings:
            answer["rings"] = list(self.rings)
        if self.rendered.unsafe:
            answer["unsafe"] = True
        if self.rendered.problem:
            answer["problem"] = self.rendered.problem
        return answer


def _nobody(text: str) -> None:
    """Nobody listens."""


@dataclass
class Session:
    """Who speaks, where, and with which pack and config.

    `database` is a URL, empty for the pack's own default. `heard_ack`, `heard_progress` and
    `heard_live` are called while a message is being worked on, with what the room would read
    meanwhile.
    """

    pack: Pack
    config: Mapping[str, Any]
    database: str = ""
    speaker: str = "you"
    room: str = "#general"
    heard_ack: Listener = _nobody
    heard_progress: Listener = _nobody
    heard_live: Listener = _nobody
    new_id: Callable[[], str] = lambda: secrets.token_hex(12)

    def say(self, text: str, speaker: str = "", room: str = "") -> Reply:
        """Answer a message. `speaker` and `room` stand in for the session's own, for this message
        only."""
        began = time.perf_counter()
        by, where = speaker or self.speaker, room or self.room
        match: Optional[Match] = None
        try:
            match = self._match(text)
            return self._run(match, text, by, where, began)
        except Rejected as rejected:
            seconds = time.perf_counter() - began
            message = one_line(rejected.message, 400)
            return Reply(
                by, where, text, "rejected", rejected.code, message, match, seconds=seconds
            )

    def _match(self, text: str) -> Match:
        matches = self.pack.matches(text)
        if len(matches) == 1:
            return matches[0]
        typed = one_line(text, 60)
        if matches:
            names = ", ".join(sorted(one.format.shown() for one in matches))
            raise Rejected("ambiguous", f"Command '{typed}' matched more than 1 pattern: {names}")
        near = nearest_commands(self.pack, text)
        hint = (
            f"Did you mean: {'; '.join(near)}"
            if near
            else f"There is: {', '.join(first_words(self.pack))}"
        )
        raise Rejected("no_match", f"Command '{typed}' matched no patterns. {hint}")

    def _run(self, match: Match, text: str, speaker: str, room: str, began: float) -> Reply:
        action = self.pack.actions[match.alias.action_ref]
        context = {
            "user": self._relay(),
            "api_user": self._handed_over(speaker, room),
            "source_channel": room,
            "pack": action.ref.split(".")[0],
        }
        extracted = match.format.format.extract(text) or {}
        prepared = prepare(
            action, extracted, match.alias.immutable_parameters, context, self.config
        )

        run = Run(self.new_id(), action, prepared.requested, context)
        ack = render_ack(match.alias, run.mapping())
        if ack.shown:
            self.heard_ack(ack.message or ack.problem)
        progress: List[str] = []
        execute(
            run, prepared.passed, self._config(), self.database, self._console_room(progress, room)
        )

        rendered = render_result(match.alias, run.mapping())
        result = run.result["result"]
        code = _code(run.status, result)
        return Reply(
            speaker=speaker,
            room=room,
            text=text,
            status="succeeded" if run.status == "succeeded" else "failed",
            code=code,
            message=rendered.message,
            match=match,
            result=result,
            seconds=time.perf_counter() - began,
            ack=ack.message,
            progress=progress,
            rendered=rendered,
            rings=rings(self.config, code, result),
        )

    def _console_room(self, progress: List[str], room: str) -> ConsoleRoom:
        def shown(line: str) -> None:
            progress.append(line)
            self.heard_progress(line)

        return ConsoleRoom(shown, self.heard_live, room)

    def _config(self) -> Dict[str, Any]:
        # A database that was named for the console counts more than the one in the config, which is
        # StackStorm's.
        return {**self.config, "database": self.database} if self.database else dict(self.config)

    def _handed_over(self, speaker: str, room: str) -> str:
        """The name, or an identity (`/as slack:T024BE7LD/U2147483697`) under the relay's seal,
        where the config has its key."""
        keys = self.config.get("relay_keys")
        key = keys.get(self._relay()) if isinstance(keys, Mapping) else None
        if not isinstance(key, str) or not is_identity(speaker) or " " in speaker:
            return speaker
        return seal(speaker, "console", room, key, self.new_id(), time.time())

    def _relay(self) -> str:
        relays = self.config.get("relays") or [_DEFAULT_RELAY]
        return str(relays if isinstance(relays, str) else relays[0])


def _code(status: str, result: Any) -> str:
    if isinstance(result, dict) and "code" in result:
        return str(result["code"])
    return {"failed": "crashed", "canceled": "interrupted"}.get(status, "")


def first_words(pack: Pack) -> List[str]:
    """The words that the pack's commands begin with."""
    return sorted({one.shown().split()[0] for alias in pack.aliases for one in alias.formats})


def nearest_commands(pack: Pack, text: str, most: int = 3) -> List[str]:
    """The commands that a message which matches none was most likely meant to be."""
    shown = list(dict.fromkeys(one.shown() for alias in pack.aliases for one in alias.formats))
    typed = re.findall(r"\S+", text[:200])
    if not typed:
        return []
    if typed[0].casefold() == "help":
        return [one for one in shown if one.startswith("opsroom help")]
    words = nearest(typed[0], first_words(pack), most=2)
    begun = [one for one in shown if one.split()[0] in words]
    # Among those that begin alike, the ones of about the same shape first.
    begun.sort(key=lambda one: (words.index(one.split()[0]), abs(len(one.split()) - len(typed))))
    return begun[:most] or nearest(" ".join(typed), shown, most)
