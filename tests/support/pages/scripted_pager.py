"""A pager kind that does what a test tells it to: it pages, loses answers, reaches nobody, cannot
look, or is down.

`install(monkeypatch)` makes it the kind `scripted` and hands back what is on the other side, by the
pager's name.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

import pytest

from opsroom import pagers
from opsroom.config.fields import Fields
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.pagers import Delivery, Incident, OnCall, Page, Paged, State, Target
from opsroom.people import Author

LOST = Failure(
    Code.UNREACHABLE,
    "https://p.example closed the connection before its response was complete.",
    facts={"sent": True},
)
SLOW = Failure(
    Code.TIMED_OUT, "https://p.example did not answer within 10 s.", facts={"sent": True}
)
DOWN = Failure(
    Code.UNREACHABLE,
    "https://p.example is unreachable (connection refused).",
    facts={"sent": False},
)
LIMITED = Failure(
    Code.RATE_LIMITED,
    "https://p.example is rate-limiting opsroom.",
    facts={"sent": False, "status": 429},
)
WRONG = Refusal(
    Code.NOT_ACCEPTED, "https://p.example takes the request for wrong: no such service."
)
UNTIL = datetime(2099, 11, 23, 18, 0, tzinfo=timezone.utc)


def cannot(what: str) -> Refusal:
    return Refusal(Code.NOT_POSSIBLE, f"This pager cannot {what}.")


@dataclass
class Side:
    """One pager: what it has, what is going to happen, and what was asked of it."""

    pages: List[Page] = field(default_factory=list)
    incidents: Dict[str, Incident] = field(default_factory=dict)
    # For each page: (taken?, error or None); without a script it is taken.
    script: List[Tuple[bool, Optional[BaseException]]] = field(default_factory=list)
    delivery: Delivery = Delivery.ACCEPTED
    on_call: Tuple[OnCall, ...] = (OnCall("bob", UNTIL),)
    notes: Tuple[str, ...] = ()
    # For each look: an error, or "blind"; without a script it sees what there is.
    looks: List[Any] = field(default_factory=list)
    can_look: bool = True
    can_act: bool = True
    knows: Tuple[Target, ...] = ()
    default: Optional[Target] = None
    trouble: Dict[str, OpsroomError] = field(default_factory=dict)
    calls: List[str] = field(default_factory=list)
    first: int = 1234
    settles_within: float = 0.0
    # Set to hold a page up until the test lets it go.
    gate: Optional[threading.Event] = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def called(self, what: str) -> None:
        with self.lock:
            self.calls.append(what)
        if what.split()[0] in self.trouble:
            raise self.trouble[what.split()[0]]


SIDES: Dict[str, Side] = {}


@dataclass(frozen=True)
class Options:
    people: bool


@dataclass
class ScriptedPager(pagers.Pager):
    options: Options
    name: str

    @property
    def side(self) -> Side:
        return SIDES.setdefault(self.name, Side())

    @property
    def settles_within(self) -> float:
        return self.side.settles_within

    def default_target(self) -> Optional[Target]:
        return self.side.default

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        if not self.options.people:
            return Target("address", email, shown) if email else None
        return Target("user", identity, shown) if identity else None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        self.side.called(f"look_up {name}")
        wanted = name.casefold()
        same = tuple(one for one in self.side.knows if one.name.casefold() == wanted)
        return same or tuple(one for one in self.side.knows if wanted in one.name.casefold())

    def on_call(self, target: Target) -> Tuple[OnCall, ...]:
        self.side.called(f"on_call {target.shown}")
        if not self.side.can_act:
            raise cannot("tell who is on call")
        return self.side.on_call

    def page(self, page: Page) -> Paged:
        side = self.side
        side.called(f"page {page.target.id}")
        if side.gate is not None:
            assert side.gate.wait(60)
        takes, error = side.script.pop(0) if side.script else (True, None)
        if takes:
            self._take(page)
        if error is not None:
            raise error
        return self._paged(page.mark)

    def _take(self, page: Page) -> None:
        side = self.side
        with side.lock:
            side.pages.append(page)
            # No key against doubles over there: the same mark twice is two incidents.
            number = str(side.first + len(side.incidents))
            people = tuple(one.name for one in side.on_call)
            side.incidents[number] = Incident(
                f"I{number}", number, page.text[:40], State.TRIGGERED,
                f"https://p.example/{number}",
                page.target.shown, people, datetime.now(timezone.utc),
            )  # fmt: skip

    def _paged(self, mark: str) -> Paged:
        side = self.side
        place = [one.mark for one in side.pages].index(mark)
        incident = list(side.incidents.values())[place]
        return Paged(incident, side.delivery, side.on_call, side.notes)

    def find(self, page: Page) -> Optional[Paged]:
        side = self.side
        side.called(f"find {page.target.id}")
        if not side.can_look:
            raise cannot("be asked whether it has a page")
        seen = side.looks.pop(0) if side.looks else None
        if isinstance(seen, OpsroomError):
            raise seen
        if seen == "blind" or page.mark not in [one.mark for one in side.pages]:
            return None
        return self._paged(page.mark)

    def incident(self, id: str) -> Incident:
        self.side.called(f"incident {id}")
        if not self.side.can_act:
            raise cannot("tell the outcome of a page")
        return self._there(id)

    def _there(self, id: str) -> Incident:
        for one in self.side.incidents.values():
            if id in (one.id, one.number):
                return one
        raise Refusal(
            Code.UNKNOWN_PAGE, f"{self.name} has no page {id}.", "To see them: show pages"
        )

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        self.side.called(f"incidents {target.shown if target else ''}".strip())
        if not self.side.can_act:
            raise cannot("list pages")
        found = [one for one in self.side.incidents.values() if one.state is not State.RESOLVED]
        return tuple(
            one for one in reversed(found) if target is None or one.target == target.shown
        )[:limit]

    def acknowledge(self, id: str, author: Author) -> Incident:
        return self._act("acknowledge", id, author, state=State.ACKNOWLEDGED)

    def resolve(self, id: str, author: Author) -> Incident:
        return self._act("resolve", id, author, state=State.RESOLVED)

    def escalate(self, id: str, author: Author) -> Incident:
        return self._act("escalate", id, author, people=("carol",))

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        there = self._there(id)
        return self._act("add_responder", id, author, people=(*there.people, target.shown))

    def _act(self, verb: str, id: str, author: Author, **changes: Any) -> Incident:
        side = self.side
        side.called(f"{verb} {id} {author.shown}")
        if not side.can_act:
            raise cannot(verb)
        there = self._there(id)
        if there.state is State.RESOLVED:
            raise Refusal(Code.PAGE_CLOSED, f"Page {there.number} is resolved.")
        takes, error = side.script.pop(0) if side.script else (True, None)
        if takes:
            side.incidents[there.number] = replace(there, **changes)
        if error is not None:
            raise error
        return side.incidents[there.number]


def read_options(fields: Fields) -> Options:
    return Options(fields.flag("people", True))


def read_target(fields: Fields, key: str) -> Target:
    return Target("service", fields.text(key, ""), fields.text(key, ""))


def make(options: Options, *, name: str, store: Any, keep: Any) -> ScriptedPager:
    return ScriptedPager(options, name)


def install(monkeypatch: pytest.MonkeyPatch) -> Dict[str, Side]:
    """Make it a kind for one test."""
    monkeypatch.setitem(pagers.REGISTRY._modules, "scripted", "support.pages.scripted_pager")
    sides: Dict[str, Side] = {}
    monkeypatch.setattr("support.pages.scripted_pager.SIDES", sides)
    return sides
