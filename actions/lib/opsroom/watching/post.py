"""Handing news on: each is taken, told, and marked once it has arrived. What got lost on the way is told again."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional

from ..store import Store
from . import news

# tell(trigger, payload, event): hands one event to StackStorm. What it raises means that it was not handed on.
Tell = Callable[[str, Mapping[str, Any], str], None]
# arrived(trigger, event): whether StackStorm has it and went through its rules. Raises where that cannot be known.
Arrived = Callable[[str, str], bool]


class Post:
    """Hands on the news of one sort of sources. For one thread at a time.

    Without `arrived`, what was handed on counts as arrived.
    """

    def __init__(self, store: Callable[[], Store], sort: str, tell: Tell, arrived: Optional[Arrived] = None) -> None:
        self._store = store
        self._sort = sort
        self._tell = tell
        self._arrived = arrived

    def deliver(self) -> int:
        """Hand on all that waits. Returns how many; raises what `tell`, `arrived` or the store raises, after giving
        back the rest.

        Each is marked by itself: after a crash, one event at most is told twice; none is where `arrived` knows it.
        """
        store, sent = self._store(), 0
        with store.read() as connection:
            if not news.is_waiting(connection, self._sort):
                return sent
        self._confirm(store)
        while True:
            with store.write() as connection:
                taken = news.take(store, connection, self._sort)
            if not taken:
                return sent
            for place, one in enumerate(taken):
                try:
                    sent += self._hand_on(store, one)
                except BaseException:
                    self._give_back([other.event for other in taken[place:]])
                    raise

    def tidy(self) -> None:
        """Drop what was told long ago."""
        store = self._store()
        with store.write() as connection:
            news.forget(store, connection)

    def _hand_on(self, store: Store, one: news.News) -> int:
        """How often it was told: not at all where whoever told it before died before it was marked."""
        there = self._arrived is not None and self._arrived(one.trigger, one.event)
        if not there:
            self._tell(one.trigger, one.payload, one.event)
        with store.write() as connection:
            if self._arrived is None or there:
                news.mark_sent(store, connection, [one.event])
            else:
                news.hold(store, connection, one.event)
        return 0 if there else 1

    def _confirm(self, store: Store) -> None:
        """Mark what has arrived of all that was handed on, by whomever."""
        if self._arrived is None:
            return
        with store.read() as connection:
            sent = news.under_way(store, connection, self._sort)
        there = [one.event for one in sent if self._arrived(one.trigger, one.event)]
        if there:
            with store.write() as connection:
                news.mark_sent(store, connection, there)

    def _give_back(self, events: List[str]) -> None:
        with self._store().write() as connection:
            news.give_back(connection, events)
