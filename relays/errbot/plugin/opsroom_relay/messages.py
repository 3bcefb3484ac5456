"""What the relay knows of a message, and whether it may become a command."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Hashable, Optional, Tuple, TypeVar

from .settings import Settings

Value = TypeVar("Value")


class Reason(str, Enum):
    """Why a message is dropped, as the log has it."""

    EDIT = "an edited message"
    OLD = "from before the relay started"
    LATE = "older than max_age"
    REPEATED = "delivered before"
    NOT_TYPED = "not typed by anyone"
    OWN = "the relay's own"
    BOT = "of a bot or webhook"
    GUEST = "of a guest from another workspace"
    NOBODY = "of someone whose identity is not known"


@dataclass(frozen=True)
class Heard:
    """One message as the chat delivered it, beside its text.

    `identity` is who speaks (empty where the chat hides it, and then `hidden` is the sentence for
    the room), `name` what the room calls them, `message` what the chat calls the message, `key`
    what makes it the same message again (None where nothing does), `sent` when it was sent by the
    chat's clock (seconds since 1970, None where it is not known), `place` where an answer belongs
    (only the chat that made it looks into it). `old` says that the chat itself calls it history.
    """

    identity: str
    name: str
    message: str
    key: Optional[Hashable] = None
    sent: Optional[float] = None
    place: Tuple[str, ...] = ()
    hidden: str = ""
    edit: bool = False
    old: bool = False
    typed: bool = True
    own: bool = False
    bot: bool = False
    workspace: str = ""


class Recent(Generic[Value]):
    """A bounded memory: what was put in first is forgotten first. For several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: Hashable, value: Value) -> bool:
        """Keep it; False when the key is there already, which changes nothing."""
        with self._lock:
            if key in self._kept:
                return False
            self._kept[key] = value
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
            return True

    def get(self, key: Hashable) -> Optional[Value]:
        with self._lock:
            return self._kept.get(key)


def why_no_new_message(
    heard: Heard, settings: Settings, started: float, now: float
) -> Optional[Reason]:
    """Why this is no new message; None when it is one. Times are seconds since 1970."""
    if heard.own:
        return Reason.OWN
    if not heard.typed:
        return Reason.NOT_TYPED
    if heard.edit and not settings.edits:
        return Reason.EDIT
    if settings.old:
        return None
    if heard.old or (heard.sent is not None and heard.sent < started):
        return Reason.OLD
    if heard.sent is not None and now - heard.sent > settings.max_age:
        return Reason.LATE
    return None


def why_no_speaker(heard: Heard, settings: Settings, workspace: str) -> Optional[Reason]:
    """Why this speaker's commands are not passed on; None when they are. `workspace` is the relay's
    own, empty where the chat has none."""
    if heard.bot and not settings.bots:
        return Reason.BOT
    if not heard.identity:
        return Reason.NOBODY
    at_home = heard.workspace in (workspace, *settings.workspaces)
    if heard.workspace and not at_home and not settings.guests:
        return Reason.GUEST
    return None
