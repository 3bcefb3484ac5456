"""What is watched at trackers and pagers: cards that are created, moved and commented on, and
incidents that are opened, acknowledged and resolved, wherever that was done."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Tuple

from ..config.model import Kind
from ..db.sql import Transaction
from ..db.store import Store
from ..errors import Code, OpsroomError
from ..pagers import Incident, Pager, State
from ..structs import dataclass
from ..text import one_line, stamp
from ..trackers import CardEvent, CardEvents, EventKind, Tracker, Watchable
from . import outbox
from .source import Memory, Verdict, retry_after


class Backoff:
    """How long a source that does not answer is left alone: as long as it asked for, else twice as
    long after each failure, up to a quarter of an hour (or the interval, where that is longer)."""

    MAX_PAUSE: ClassVar[float] = 900.0

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._failures = 0

    def after(self, error: Optional[OpsroomError]) -> Optional[float]:
        """Seconds until the next look; None for the interval, after a success."""
        if error is None:
            self._failures = 0
            return None
        self._failures += 1
        asked = retry_after(error)
        grown = min(
            self._interval * 2.0 ** min(self._failures, 20), max(self.MAX_PAUSE, self._interval)
        )
        return max(asked, self._interval) if asked is not None else grown


PAGES = "pages:"
# So many open incidents of a pager are looked at.
MAX_INCIDENTS = 100
# So many that are not in the list any more are asked for by themselves in one look; the others in
# the next ones.
_MAX_ASKED = 20
_KNOWN = (State.TRIGGERED, State.ACKNOWLEDGED, State.RESOLVED)


@dataclass(frozen=True)
class Seen:
    """The open incidents by id, and the outcome of those that were open before (None: the pager has
    none such)."""

    open: Mapping[str, Incident]
    gone: Mapping[str, Optional[Incident]] = field(default_factory=dict)


class WatchedPages:
    """One pager. The state: `open`, for each open incident its number and state."""

    def __init__(self, name: str, kind: Kind, make: Callable[[], Pager], interval: float) -> None:
        self.key = f"{PAGES}{name}"
        self.interval = interval
        self._name, self._kind, self._make = name, kind, make
        self._pager: Optional[Pager] = None
        self._back = Backoff(interval)

    def same_as(self, other: Any) -> bool:
        mine = (self.key, self._kind, self.interval)
        return isinstance(other, WatchedPages) and mine == (other.key, other._kind, other.interval)

    def ask(self, known: Memory) -> Seen:
        """The open ones, in one request; one more for each that is not open any more."""
        if self._pager is None:
            self._pager = self._make()
        pager = self._pager
        listed = {
            one.id: one
            for one in pager.incidents(None, MAX_INCIDENTS)
            if one.state is not State.RESOLVED
        }
        missing = [one for one in _open(known) if one not in listed]
        gone: Dict[str, Optional[Incident]] = {}
        for id in missing[:_MAX_ASKED]:
            try:
                gone[id] = pager.incident(id)
            except OpsroomError as error:
                if error.code not in (Code.UNKNOWN_PAGE, Code.GONE):
                    raise
                gone[id] = None
        return Seen(listed, gone)

    def is_news(self, known: Memory, answer: Any) -> bool:
        return isinstance(answer, Seen) and (
            known.state is None or _after(known, answer) != _open(known)
        )

    def judge(self, store: Store, connection: Transaction, known: Memory, answer: Any) -> Verdict:
        before, after = _open(known), _after(known, answer)
        if known.state is None:
            return Verdict({"open": after})
        found = []
        for id, now in after.items():
            was = before.get(id)
            one = answer.open.get(id) or answer.gone.get(id)
            if was is None:
                found.append(self._news(known, "page_opened", id, now["number"], None))
            if now["state"] == State.ACKNOWLEDGED.value and (
                was is None or was["state"] != now["state"]
            ):
                found.append(self._news(known, "page_acknowledged", id, now["number"], one))
        found += [
            self._news(known, "page_resolved", id, was["number"], answer.gone.get(id))
            for id, was in before.items()
            if id not in after
        ]
        return Verdict({"open": after}, tuple(found))

    def pause(self, answer: Any) -> Optional[float]:
        if isinstance(answer, OpsroomError) and answer.code is Code.NOT_POSSIBLE:
            # It cannot report this, which is not a failure. A change of the config brings it
            # back.
            return max(Backoff.MAX_PAUSE, self.interval)
        return self._back.after(answer if isinstance(answer, OpsroomError) else None)

    def _news(
        self, known: Memory, trigger: str, id: str, number: str, by: Optional[Incident]
    ) -> outbox.News:
        payload = {
            "pager": self._name,
            "incident": one_line(id, 128),
            "number": one_line(number, 64),
        }
        if trigger != "page_opened":
            payload["by"] = one_line(", ".join(by.people), 120) if by else ""
        # The same incident may be acknowledged more than once, after it was triggered again.
        return outbox.make(self.key, f"{known.revision + 1} {id}", trigger, **payload)


def _open(known: Memory) -> Dict[str, Dict[str, str]]:
    return dict(known.state["open"]) if known.state else {}


def _after(known: Memory, seen: Seen) -> Dict[str, Dict[str, str]]:
    """The open ones as they are to be remembered. One that is not in the list stays until it is
    known to be closed."""
    before = _open(known)
    found = {id: _entry(one, before.get(id)) for id, one in seen.open.items()}
    for id, was in before.items():
        if id in found:
            continue
        if id not in seen.gone:
            found[id] = was
            continue
        one = seen.gone[id]
        if one is not None and one.state is not State.RESOLVED:
            found[id] = _entry(one, was)
    return found


def _entry(incident: Incident, was: Optional[Mapping[str, str]]) -> Dict[str, str]:
    state = (
        incident.state.value
        if incident.state in _KNOWN
        else (was or {}).get("state", State.TRIGGERED.value)
    )
    return {"number": incident.number or incident.id, "state": state}


CARDS = "cards:"


class WatchedCards:
    """One tracker. The state: `since`, as the tracker wrote it."""

    def __init__(self, name: str, kind: Kind, make: Callable[[], Tracker], interval: float) -> None:
        self.key = f"{CARDS}{name}"
        self.interval = interval
        self._name, self._kind, self._make = name, kind, make
        self._tracker: Optional[Tracker] = None
        self._back = Backoff(interval)

    def same_as(self, other: Any) -> bool:
        mine = (self.key, self._kind, self.interval)
        return isinstance(other, WatchedCards) and mine == (other.key, other._kind, other.interval)

    def ask(self, known: Memory) -> Optional[CardEvents]:
        """None where the tracker does not report what is new."""
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
            return Backoff.MAX_PAUSE
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
