"""A tracker kind that does what a test tells it to: it makes cards, loses answers, is blind for a
while, or is down.

`install(monkeypatch)` makes it the kind `scripted` and hands back the world behind it, which all
trackers of that kind share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import pytest

from opsroom import trackers
from opsroom.config.fields import Fields
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.trackers import Assigned, Assignee, Card, Draft, Made, Moved, Query, Reading, Remark

LOST = Failure(
    Code.UNREACHABLE,
    "https://t.example closed the connection before its response was complete.",
    facts={"sent": True},
)
SLOW = Failure(
    Code.TIMED_OUT, "https://t.example did not answer within 10 s.", facts={"sent": True}
)
DOWN = Failure(Code.UNREACHABLE, "https://t.example is unreachable (connection refused).")


@dataclass
class Elsewhere:
    """What there is on the other side, what is going to happen, and what was asked."""

    made: Dict[str, Any] = field(default_factory=dict)
    comments: Dict[str, Remark] = field(default_factory=dict)
    there: Dict[str, Card] = field(default_factory=dict)
    # For each call that makes something: (made?, error or None); without a script it is made.
    script: List[Tuple[bool, Optional[OpsroomError]]] = field(default_factory=list)
    # For each look: an error, or "blind"; without a script it sees what there is.
    looks: List[Any] = field(default_factory=list)
    calls: List[str] = field(default_factory=list)
    trouble: Dict[str, OpsroomError] = field(default_factory=dict)
    settles_within: float = 0.0
    # Where a tracker may keep what it must remember.
    keep: Any = None

    def make(self, kept: Dict[str, Any], mark: str, what: Any) -> None:
        makes, error = self.script.pop(0) if self.script else (True, None)
        if makes:
            # No key against doubles over there: the same mark twice would be two cards.
            kept[mark if mark not in kept else f"{mark} again {len(kept)}"] = what
        if error is not None:
            raise error

    def look(self, kept: Dict[str, Any], mark: str) -> Any:
        seen = self.looks.pop(0) if self.looks else None
        if isinstance(seen, OpsroomError):
            raise seen
        return None if seen == "blind" else kept.get(mark)


WORLD = Elsewhere()


@dataclass(frozen=True)
class Options:
    project: str
    sure: bool
    time_limit: float = 10.0
    look_for: float = 15.0

    def reads_card(self, text: str) -> Reading:
        found = re.match(r"(?i)([a-z]+)-(\d+)$", text)
        if not found:
            return Reading()
        mine = found.group(1).upper() == self.project
        return Reading(text.upper(), sure=mine and self.sure)

    def reads_project(self, text: str) -> Reading:
        mine = text.upper() == self.project
        return Reading(
            text.upper() if re.match(r"(?i)[a-z]{2,5}$", text) else "", sure=mine and self.sure
        )


@dataclass
class ScriptedTracker:
    options: Options
    name: str

    @property
    def settles_within(self) -> float:
        return WORLD.settles_within

    def create(self, draft: Draft) -> Made:
        WORLD.calls.append(f"{self.name} create")
        WORLD.make(WORLD.made, draft.mark, draft)
        return self._made(draft)

    def find_created(self, draft: Draft) -> Optional[Made]:
        WORLD.calls.append(f"{self.name} find")
        return self._made(draft) if WORLD.look(WORLD.made, draft.mark) else None

    def _made(self, draft: Draft) -> Made:
        id = f"{draft.project or self.options.project}-{list(WORLD.made).index(draft.mark) + 1}"
        notes = (
            ()
            if draft.author.identity
            else (f"{draft.author.shown} has no {self.name} name in the config.",)
        )
        return Made(id, f"https://t.example/{id}", notes)

    def comment(self, remark: Remark) -> Made:
        WORLD.calls.append(f"{self.name} comment")
        WORLD.make(WORLD.comments, remark.mark, remark)
        return Made("c1", f"https://t.example/{remark.card}#c1")

    def find_comment(self, remark: Remark) -> Optional[Made]:
        WORLD.calls.append(f"{self.name} find")
        there = WORLD.look(WORLD.comments, remark.mark)
        return Made("c1", f"https://t.example/{remark.card}#c1") if there else None

    def show(self, card: str) -> Card:
        if card not in WORLD.there:
            raise Refusal(Code.UNKNOWN_CARD, f"{self.name} has no card {card}.")
        return WORLD.there[card]

    def move(self, card: str, to: str) -> Moved:
        WORLD.calls.append(f"{self.name} move {card} {to}")
        before = WORLD.there[card].status
        makes, error = WORLD.script.pop(0) if WORLD.script else (True, None)
        if makes:
            WORLD.there[card] = Card(card, "it is broken", to)
        if error is not None:
            raise error
        return Moved(before, to, f"https://t.example/{card}")

    def assign(self, card: str, to: Assignee) -> Assigned:
        WORLD.calls.append(
            f"{self.name} assign {card} {to.name or 'nobody'}{' mapped' if to.mapped else ''}"
        )
        return Assigned(to.shown, f"https://t.example/{card}")

    def find(self, query: Query) -> Tuple[Card, ...]:
        WORLD.calls.append(f"{self.name} search {query.text}|{query.assignee}|{query.project}")
        if self.name in WORLD.trouble:
            raise WORLD.trouble[self.name]
        words = query.text.casefold()
        found = [one for one in WORLD.there.values() if words in one.summary.casefold()]
        mine = [one for one in found if not query.assignee or one.assignee == query.assignee]
        return tuple(one for one in mine if one.project in ("", self.options.project))[
            : query.limit
        ]


def read_options(fields: Fields) -> Options:
    return Options(
        fields.text("project", "OPS"),
        fields.flag("sure", True),
        fields.seconds("time_limit", 10.0),
        fields.seconds("look_for", 15.0),
    )


def make(options: Options, *, name: str, store: Any, keep: Any) -> ScriptedTracker:
    WORLD.keep = keep
    return ScriptedTracker(options, name)


def install(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Make it a kind for one test."""
    monkeypatch.setitem(trackers.REGISTRY._modules, "scripted", "support.cards.scripted_tracker")
    monkeypatch.setattr("support.cards.scripted_tracker.WORLD", Elsewhere())
    return WORLD
