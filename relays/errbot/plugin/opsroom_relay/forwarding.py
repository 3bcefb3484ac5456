"""The way of a command through err-stackstorm, and of its answer back.

err-stackstorm's plugin object keeps its code, but for four methods, which are replaced on the
object: it passes on whole messages, in one request (`execute_actionalias`), hands over the sealed
speaker (`chatbackend.get_username`), keeps sessions by identity (`chatbackend.normalise_user_id`),
and posts as plain text (`chatbackend.post_message`).
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence

from errbot.backends.base import Person, Room

from .chats import Chat
from .messages import Heard, Reason, Recent, why_no_speaker
from .seal import Sealer, identity_in, message_text, time_text
from .settings import Misconfigured, Settings
from .stackstorm import StackStorm
from .text import addressed, clean

KNOWN_ERRBOT = "6.2.1"
KNOWN_STACKSTORM = "2.3.2"
HEARD = "opsroom_relay"
CLOSED = "Nothing is passed on to StackStorm: {}."
log = logging.getLogger("errbot.plugins.OpsroomRelay")

_SCHEMA = "\n\nFailed validating "
_REFUSALS = {
    Reason.GUEST: "Commands from other workspaces are not passed on.",
    Reason.NOBODY: "The chat does not say who you are, so nothing is passed on.",
}


def check_versions(errbot: str, stackstorm: str) -> None:
    """Raise Misconfigured for versions whose insides this relay does not know."""
    for name, known, found in (
        ("errbot", KNOWN_ERRBOT, errbot),
        ("err-stackstorm", KNOWN_STACKSTORM, stackstorm),
    ):
        if found != known:
            raise Misconfigured(f"the relay knows {name} {known}, and this is {found}")


def acknowledgement(taken: Dict[str, Any]) -> str:
    """What a room reads once StackStorm has taken a command; empty where its alias says nothing.
    `taken` is the answer of `aliasexecution/match_and_execute`."""
    result = (taken.get("results") or [{}])[0]
    ack = (result.get("actionalias") or {}).get("ack") or {}
    if not ack.get("enabled", True):
        return ""
    address = (result.get("execution") or {}).get("web_url", "") if ack.get("append_url") else ""
    return f"{result.get('message', '')} {address}".strip()


def _sentence(text: str) -> str:
    """What a fault of StackStorm's says, of the JSON that it comes in."""
    try:
        return str(json.loads(text)["faultstring"])
    except (ValueError, KeyError, TypeError):
        return text


@dataclass(frozen=True)
class _Whole:
    """A match of all of a message: err-stackstorm's own stops at the end of the first line."""

    text: str

    def group(self) -> str:
        return self.text


class _Named:
    """Someone, or a room, that err-stackstorm writes as this text."""

    def __init__(self, text: str, identity: str = "") -> None:
        self._text = text
        setattr(self, HEARD, identity)

    def __str__(self) -> str:
        return self._text

    # What errbot wants of a person.
    person = nick = aclattr = client = fullname = email = property(__str__)


class _Room(_Named, Room):
    pass


class _Person(_Named, Person):
    pass


@dataclass(frozen=True)
class _Forwarded:
    """What the relay remembers of a command until its answer has come: `room` is the source_channel
    that went with it, `group` whether that is a room with several people."""

    heard: Heard
    room: str
    group: bool


class Forwarding:
    """Hands the messages of one bot to err-stackstorm, and its answers to the chat.

    `plugin` is err-stackstorm's plugin object. `now` is the clock, in seconds since 1970.
    """

    def __init__(
        self,
        plugin: Any,
        chat: Chat,
        sealer: Sealer,
        settings: Settings,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._plugin, self._chat, self._sealer = plugin, chat, sealer
        self._settings, self._now = settings, now
        self._forwarded: Recent[_Forwarded] = Recent(settings.memory)
        self._stackstorm = StackStorm(plugin)
        self._stock = plugin.execute_actionalias

    def open(self) -> None:
        """Put the relay's methods in the place of err-stackstorm's."""
        self._plugin.execute_actionalias = self.execute
        backend = self._plugin.chatbackend
        backend.get_username = self.speaker
        backend.normalise_user_id = self.session
        backend.post_message = self.post

    def read_aliases(self, pauses: Sequence[float] = ()) -> None:
        """Read which commands StackStorm knows, again after so many seconds each while that fails.
        Raises nothing."""
        for pause in (*pauses, None):
            if self._stackstorm.read_aliases() or pause is None:
                return
            time.sleep(pause)

    # From the chat to StackStorm.

    def execute(self, message: Any, match: Any) -> None:
        """Pass a command on, and post at once what StackStorm answers at once."""
        heard: Optional[Heard] = message.extras.get(HEARD)
        reason = (
            Reason.NOBODY
            if heard is None
            else why_no_speaker(heard, self._settings, self._chat.workspace())
        )
        if heard is None or reason is not None:
            self._refuse(message, heard, reason)
            return
        said = message.clone()
        room = self._chat.room(message, heard)
        # err-stackstorm reads the room off the one or the other.
        if message.is_group:
            said.to = _Room(room)
        else:
            said.frm = _Person(room, heard.identity)
        answer = self._run(said, match.string)
        if answer:
            # Of a refusal one sentence; behind it comes the whole schema.
            sentence = str(answer).partition(_SCHEMA)[0]
            self._answer(heard, message.is_group, sentence)

    def _run(self, said: Any, text: str) -> Any:
        """Have StackStorm run a command; what it answers at once, empty where that is nothing."""
        token, _ = self._plugin.get_token(said.frm)
        if token is False:
            return self._stock(said, _Whole(text))
        said.body = text.removeprefix(self._plugin.cfg.plugin_prefix).strip()
        taken = self._stackstorm.run(said, self.speaker(said), token)
        if not isinstance(taken, dict):
            return _sentence(str(taken))
        return taken["faultstring"] if "faultstring" in taken else acknowledgement(taken)

    def speaker(self, message: Any) -> str:
        """The sealed speaker of a message that is on its way to StackStorm."""
        heard: Heard = message.extras[HEARD]
        # As err-stackstorm's API client chooses the source_channel.
        room = str(message.to) if message.is_direct is False else str(message.frm)
        sealed = self._sealer.seal(
            heard.identity, time_text(self._now()), message_text(heard.message), room
        )
        self._forwarded.add(sealed, _Forwarded(heard, room, message.is_group))
        return sealed

    def session(self, user: Any) -> str:
        """Whose StackStorm session it is. Raises ValueError for someone who is not known."""
        identity = getattr(user, HEARD, "")
        if not identity:
            raise ValueError("the chat does not say who this is")
        return str(identity)

    def _refuse(self, message: Any, heard: Optional[Heard], reason: Optional[Reason]) -> None:
        log_dropped(heard, reason)
        if heard is None or reason is Reason.BOT:
            return
        sentence = heard.hidden or _REFUSALS.get(reason or Reason.NOBODY, "")
        self._answer(heard, message.is_group, sentence)

    # From StackStorm to the chat.

    def post(self, whisper: Any, message: Any, user: Any, channel: Any, extra: Any) -> None:
        """Post what StackStorm has to say. Raises nothing: err-stackstorm would hear no answer for
        the next ten seconds."""
        try:
            self._post(bool(whisper), message, user, str(channel or ""))
        except Exception as error:
            log.error(
                "an answer was not posted in %s: %s (%s)", channel, error, type(error).__name__
            )

    def _post(self, whisper: bool, message: Any, user: Any, channel: str) -> None:
        known = self._forwarded.get(user) if isinstance(user, str) else None
        identity = known.heard.identity if known else identity_in(user) or ""
        name = known.heard.name if known else self._chat.name_of(identity) if identity else ""
        text = clean(message, name)
        if whisper and identity:
            self._chat.post(self._chat.private(identity), text)
        elif known and channel == known.room:
            # Where it was asked, in its thread.
            self._answer(known.heard, known.group, text)
        elif channel:
            place, group = self._chat.place(channel)
            self._chat.post(place, addressed(text, name) if group else text)
        elif identity:
            self._chat.post(self._chat.private(identity), text)
        else:
            log.error("an answer names neither a room nor a person, and was not posted")

    def _answer(self, heard: Heard, group: bool, answer: Any) -> None:
        text = clean(answer, heard.name)
        self._chat.post(heard.place, addressed(text, heard.name) if group else text)


def log_dropped(heard: Optional[Heard], reason: Optional[Reason]) -> None:
    """Say in the log which message was dropped, and why; never what it says."""
    # A chat reports much that nobody typed, and the relay's own words come back from each room.
    common = reason in (Reason.OWN, Reason.NOT_TYPED)
    log.log(
        logging.DEBUG if common else logging.INFO,
        "dropped message %s of %s: %s",
        heard.message if heard else "?",
        (heard.identity or heard.name) if heard else "?",
        reason.value if reason else "?",
    )
