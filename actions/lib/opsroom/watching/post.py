"""Handing news on: each is taken, told, and marked as told. A crash in between tells it again, under the same id."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping

from ..store import Store
from . import news

# tell(trigger, payload, event): hands one event to StackStorm. What it raises means that it was not handed on.
Tell = Callable[[str, Mapping[str, Any], str], None]


class Post:
    """Hands on the news of one sort of sources. For one thread at a time."""

    def __init__(self, store: Callable[[], Store], sort: str, tell: Tell) -> None:
        self._store = store
        self._sort = sort
        self._tell = tell

    def deliver(self) -> int:
        """Hand on all that waits. Returns how many; raises what `tell` or the store raises, after giving back the rest.

        Each is marked by itself: after a crash, one event at most is told twice.
        """
        store, sent = self._store(), 0
        while True:
            with store.read() as connection:
                if not news.is_waiting(connection, self._sort):
                    return sent
            with store.write() as connection:
                taken = news.take(store, connection, self._sort)
            if not taken:
                return sent
            for place, one in enumerate(taken):
                try:
                    self._tell(one.trigger, one.payload, one.event)
                except BaseException:
                    self._give_back([other.event for other in taken[place:]])
                    raise
                with store.write() as connection:
                    news.mark_sent(store, connection, [one.event])
                sent += 1

    def tidy(self) -> None:
        """Drop what was told long ago."""
        store = self._store()
        with store.write() as connection:
            news.forget(store, connection)

    def _give_back(self, events: List[str]) -> None:
        with self._store().write() as connection:
            news.give_back(connection, events)
