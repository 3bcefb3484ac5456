"""When a running deployment speaks in the room: not at once, not often, never more than a handful of times."""

from __future__ import annotations

import threading
import time
from typing import Callable

from ..settings.model import Progress
from ..text import message, one_line, span


class Reporter:
    """Remembers what is being done and says it now and then.

    The pauses grow (each twice the one before), so that a handful of messages covers minutes and hours alike.
    `note` is called by the thread that deploys, `tick` by the heartbeat.
    """

    def __init__(
        self,
        what: str,
        limits: Progress,
        say: Callable[[str], object],
        live: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._limits = limits
        self._say = say
        self._live = live
        self._clock = clock
        self._began = clock()
        self._next = self._began + limits.after
        self._pause = limits.every
        self._said = 0
        self._line = ""
        self._lock = threading.Lock()

    def note(self, line: str) -> None:
        """What is being done now."""
        with self._lock:
            self._line = one_line(line, 160)
        self._live(self._line)

    def tick(self) -> None:
        """Speak when it is time to."""
        with self._lock:
            now = self._clock()
            if self._said >= self._limits.most or now < self._next:
                return
            self._said += 1
            self._next = now + self._pause
            self._pause *= 2
            text = f"{self._what}: {self._line or 'working'} ({span(now - self._began)} so far)"
        self._say(message(text))
