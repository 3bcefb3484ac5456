"""What the relay needs of a chat: who said a message, and a way to post text as it is."""

from __future__ import annotations

import itertools
import logging
import re
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Tuple

from ..messages import Heard
from ..seal import time_text

Place = Tuple[str, ...]
# Two words at most: a longer name could say something.
_NAME = re.compile(r"[^\s:]{1,24}( [^\s:]{1,24})?")


class Chat:
    """One chat of a bot. Its methods may be called by several threads.

    errbot's messages lack what decides here: that a message is an edit, its id, its time. So each
    chat looks at the event as its backend gets it (`_hold` around the backend's own handler), and
    `heard` reads the event that the current thread holds.
    """

    def __init__(self, bot: Any) -> None:
        self.bot = bot
        self.log = logging.getLogger("errbot.plugins.OpsroomRelay")
        self._held = threading.local()
        self._numbers = itertools.count(1)

    # What a chat has to say.

    def attach(self) -> None:
        """Look at the backend's events from now on. Called once, before the bot connects."""
        raise NotImplementedError

    def connected(self) -> None:
        """The bot has connected, or connected again."""

    def read(self, message: Any, event: Any) -> Heard:
        """What there is to know about errbot's `message`, which `event` became."""
        raise NotImplementedError

    def text(self, message: Any, event: Any) -> str:
        """The text as it was typed."""
        return str(message.body)

    def room(self, message: Any, heard: Heard) -> str:
        """Where it was said, as StackStorm is told: the source_channel."""
        return str(message.to if message.is_group else message.frm)

    def workspace(self) -> str:
        """The relay's own workspace; empty where the chat has none."""
        return ""

    def name_of(self, identity: str) -> str:
        """What a room calls someone; empty where that is not known."""
        name = identity.partition(":")[2].lstrip("@")
        return re.split("[@:!]", name, maxsplit=1)[0]

    def shown(self, name: str, identity: str) -> str:
        """How an answer addresses someone: by the name that they chose, if it reads as one and not
        as a statement of the relay's."""
        return name if _NAME.fullmatch(name) else self.name_of(identity)

    def place(self, channel: str) -> Tuple[Place, bool]:
        """Where to post for a channel as StackStorm names it, and whether that is a room. Raises
        ValueError for what is none."""
        raise NotImplementedError

    def private(self, identity: str) -> Place:
        """Where to write to one person. Raises ValueError where there is no such place."""
        raise NotImplementedError

    def post(self, place: Place, text: str) -> None:
        """Post a text so that nothing in it formats or notifies anyone."""
        raise NotImplementedError

    # What all chats share.

    def heard(self, message: Any) -> Heard:
        """What there is to know about a message that errbot is about to handle. Raises LookupError
        where the current thread holds no event of the chat."""
        event = getattr(self._held, "event", None)
        if event is None:
            raise LookupError("this message came past the relay")
        message.body = self.text(message, event)
        return self.read(message, event)

    @contextmanager
    def holding(self, event: Any) -> Iterator[None]:
        """While the backend makes errbot's message of an event."""
        self._held.event = event
        try:
            yield
        finally:
            self._held.event = None

    def _hold(self, handler: Callable[..., Any], which: Callable[..., Any]) -> Callable[..., Any]:
        """The backend's handler, which holds the event (`which` of its arguments) meanwhile."""

        def held(*given: Any, **named: Any) -> Any:
            with self.holding(which(*given, **named)):
                return handler(*given, **named)

        return held

    def _number(self, now: Optional[float] = None) -> str:
        """A name for a message of a chat that gives it none."""
        return f"{time_text(time.time() if now is None else now)}-{next(self._numbers)}"
