"""Incidents that are opened, acknowledged and resolved, also those that were made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional

from ..config.model import Kind
from ..db import Store
from ..db.sql import Transaction
from ..errors import Code, OpsroomError
from ..pagers import Incident, Pager, State
from ..text import one_line
from . import outbox
from .backoff import BackingOff
from .source import Verdict
from .state import Memory

SORT = "pages:"
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
    """One pager. The state: `open`, for each open incident its number and how it stands."""

    def __init__(self, name: str, kind: Kind, make: Callable[[], Pager], interval: float) -> None:
        self.key = f"{SORT}{name}"
        self.interval = interval
        self._name, self._kind, self._make = name, kind, make
        self._pager: Optional[Pager] = None
        self._back = BackingOff(interval)

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
            # It cannot tell: that is how it is, not a failure. A change of the config brings it
            # back.
            return max(BackingOff.MAX_PAUSE, self.interval)
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
        # The same incident may be acknowledged more than once, after it was triggered anew.
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
