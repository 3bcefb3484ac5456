"""What happened to cards, by each tracker's own way of telling what is new."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

from ..config.model import Kind
from ..db import Store
from ..db.sql import Transaction
from ..errors import OpsroomError
from ..text import one_line, stamp
from ..trackers import CardEvent, CardEvents, EventKind, Tracker, Watchable
from . import outbox
from .backoff import BackingOff
from .source import Verdict
from .state import Memory

SORT = "cards:"


class WatchedCards:
    """One tracker. The state: `since`, as the tracker wrote it."""

    def __init__(self, name: str, kind: Kind, make: Callable[[], Tracker], interval: float) -> None:
        self.key = f"{SORT}{name}"
        self.interval = interval
        self._name, self._kind, self._make = name, kind, make
        self._tracker: Optional[Tracker] = None
        self._back = BackingOff(interval)

    def same_as(self, other: Any) -> bool:
        mine = (self.key, self._kind, self.interval)
        return isinstance(other, WatchedCards) and mine == (other.key, other._kind, other.interval)

    def ask(self, known: Memory) -> Optional[CardEvents]:
        """None where the tracker cannot tell."""
        if self._tracker is None:
            self._tracker = self._make()
        if not isinstance(self._tracker, Watchable):
            return None
        return self._tracker.events_since(_since(known))

    def is_news(self, known: Memory, answer: Any) -> bool:
        return isinstance(answer, CardEvents) and bool(
            answer.events or answer.since != _since(known)
        )

    def judge(self, store: Store, connection: Transaction, known: Memory, answer: Any) -> Verdict:
        # Nothing has happened at the first look, whatever the kind says.
        events: Tuple[CardEvent, ...] = answer.events if _since(known) else ()
        return Verdict({"since": answer.since}, tuple(self._news(one) for one in events))

    def pause(self, answer: Any) -> Optional[float]:
        if answer is None:
            return BackingOff.MAX_PAUSE
        return self._back.after(answer if isinstance(answer, OpsroomError) else None)

    def _news(self, event: CardEvent) -> outbox.News:
        payload = {
            "tracker": self._name,
            "card": one_line(event.card, 128),
            "at": stamp(event.at),
        }
        if event.kind is EventKind.MOVED:
            payload.update({"from": one_line(event.before, 128), "to": one_line(event.after, 128)})
        elif event.kind is EventKind.CREATED:
            payload["to"] = one_line(event.after, 128)
        return outbox.make(self.key, event.id, f"card_{event.kind.value}", **payload)


def _since(known: Memory) -> str:
    return str(known.state["since"]) if known.state else ""
