"""show card: a card as it is now, with its latest comments. Changes nothing, and leaves no record."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any, Dict, List

from ..cards import Card
from ..errors import Code
from ..text import one_line, when
from . import Desk
from .outcome import Outcome
from .trackers import tracker_of_card

# So many of the latest comments are told; all that the tracker sent are in the facts.
_COMMENTS = 2


def get_card(desk: Desk, card: str) -> Outcome:
    """The card, what it says and where it stands. Raises Refusal(unknown_card)."""
    found = tracker_of_card(desk, card)
    there = found.tracker.show(found.id)
    return Outcome(True, Code.CARD, "\n".join(_lines(found.name, there)), card_facts(found.name, there))


def card_facts(tracker: str, card: Card) -> Dict[str, Any]:
    """A card as data."""
    return {"tracker": tracker, "card": card.id, **{name: one for name, one in asdict(card).items() if name != "id"}}


def _lines(tracker: str, card: Card) -> List[str]:
    now = datetime.now(timezone.utc)
    state = [one_line(card.status, 40)] if card.status else []
    state.append(f"assigned to {one_line(card.assignee, 40)}" if card.assignee else "assigned to nobody")
    state += [f"reported by {one_line(card.reporter, 40)}"] if card.reporter else []
    state += [f"changed {when(card.changed_at, now)}"] if card.changed_at else []
    lines = [f"{card.id} in {tracker}: {one_line(card.summary, 100)}", ", ".join(state), card.url]
    lines += [one_line(card.description, 90)] if card.description.strip() else []
    for comment in card.comments[-_COMMENTS:]:
        at = f", {when(comment.at, now)}" if comment.at else ""
        lines.append(f"{one_line(comment.author, 30)}{at}: {one_line(comment.text, 60)}")
    return [line for line in lines if line]
