"""Where the person who asked reads along while a command runs.

Whom an answer is for, where the relay does not say it, and whether it may have handed over half a
message.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Optional, Protocol

from ..people import Speaker
from ..structs.patterns import lazy_pattern
from ..text import MESSAGE_CHARACTERS, in_lines, is_evaluated

# Seconds. The heartbeat of a deployment waits for it.
_TIME_LIMIT = 5.0


class Room(Protocol):
    """A chat channel, or something that stands for one."""

    def say(self, text: str) -> Optional[bool]:
        """Post a message. Must not raise: a deployment does not fail because the chat is down.

        False when it was certainly not posted; anything else says nothing.
        """

    def live(self, text: str) -> None:
        """Show what is being done now, where a passing line can be shown; elsewhere nothing."""


class NoRoom:
    """For executions that nobody made from a room."""

    def say(self, text: str) -> None:
        """Nobody listens."""

    def live(self, text: str) -> None:
        """Nobody looks."""


class StackStormRoom:
    """A chat channel behind StackStorm's relay: `chatops.post_message`, run with the token of this
    execution.

    The message must be neutralised: StackStorm renders expressions in it with the rights of the
    execution's user.
    """

    def __init__(self, channel: str, route: str, logger: Any) -> None:
        self._channel = channel
        self._route = route
        self._logger = logger

    def say(self, text: str) -> Optional[bool]:
        """Post a message; a failure is logged and forgotten."""
        # Most commands have ended before they need what loads st2client.
        from ..errors import Failure
        from ..http.errors import in_doubt
        from .client import here

        if is_evaluated(self._channel):
            # StackStorm renders the parameters of an execution, and on some chats a channel may
            # have any name.
            self._logger.warning(
                "no progress is posted to a channel whose name holds an expression"
            )
            return None
        try:
            here(time_limit=_TIME_LIMIT).post(self._channel, in_lines(text)[0], self._route)
        except Exception as error:
            self._logger.warning("could not post progress to %s: %s", self._channel, error)
            return False if isinstance(error, Failure) and not in_doubt(error) else None
        return True

    def live(self, text: str) -> None:
        """A chat channel has no passing lines."""


class MaskedRoom:
    """A room from which the secrets of the config are kept, whatever a program prints while it
    deploys."""

    def __init__(self, room: Room, mask: Callable[[str], str]) -> None:
        self._room = room
        self._mask = mask

    def say(self, text: str) -> Optional[bool]:
        """Post a message without secrets."""
        return self._room.say(self._mask(text))

    def live(self, text: str) -> None:
        """Show a passing line without secrets."""
        self._room.live(self._mask(text))


# A longer name costs more of an answer than it is worth.
_MAX_NAME = 30
# What a first line ends with that continues in the next one.
_UNFINISHED = lazy_pattern(r"[:,;(\u2013\u2014-]\s*(?![\s\S])|\b(?:and|or)\s*(?![\s\S])")


def is_errbot(route: object) -> bool:
    """Whether a route is one of errbot's, which names nobody in an answer and hands over the first
    line only; hubot begins each answer with the name of who asked."""
    return "errbot" in str(route)


def nick_of(requester: str) -> str:
    """The name by which a room knows who asked; empty where the relay reports a channel or a
    number."""
    name = requester.partition("!")[0] if "!" in requester[1:] else requester.rpartition("/")[2]
    name = name.strip().lstrip("@")
    return "" if not name or name[0] in "#<!" or len(name) > _MAX_NAME else name


def addressed(result: Dict[str, Any], nick: str, shown: str = "") -> Dict[str, Any]:
    """The result with the name before its message, unless that has it, or no room for it."""
    text, hint = str(result["message"]), str(result["hint"])
    named = [one for one in (nick, shown) if one]
    if not nick or any(
        re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text, re.IGNORECASE) for one in named
    ):
        return result
    if len(f"{nick}: {text} {hint}") > MESSAGE_CHARACTERS:
        return result
    return {**result, "message": f"{nick}: {text}"}


def may_be_cut(route: object, speaker: Speaker, text: str) -> bool:
    """Whether more than what arrived may have been typed: the one line that errbot hands over, or
    one that continues. A relay that vouches for who speaks hands over whole messages."""
    whole = text.strip()
    first_line_only = speaker.through_relay and speaker.voucher is None and is_errbot(route)
    return "\n" not in whole and (first_line_only or bool(_UNFINISHED.search(whole)))
