"""Cards of a deployment: those that were named with it, and those that the commits it brings speak of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, Tuple

from ..deploys import Historian, Resolved
from ..errors import Code, OpsroomError, Refusal
from ..settings.model import Settings
from ..settings.trackers import Place, typed
from ..settings.trackers import cards as read_cards
from . import Desk
from .places import deployer_for

if TYPE_CHECKING:
    from .carrying_out import Order
    from .record import Request

# A deployment that brings more is a release of everything; nobody reads a comment on each of them.
MOST = 20
# What looks like a card in what people write: an address, owner/name#17, OPS-12. Only where words begin:
# a commit message may carry a word of a million letters.
_CANDIDATE = re.compile(r"https?://[^\s<>()\[\]\"']+|(?<![\w.-])[\w.-]+/[\w.-]+#\d+|\b[A-Za-z][A-Za-z0-9_]*-\d+\b")
_BETWEEN = re.compile(r"(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+)", re.IGNORECASE)


def named(desk: Desk, text: str) -> Tuple[str, ...]:
    """The cards that somebody named: `OPS-12`, `OPS-12, OPS-13 and acme/web#17`. Asks no tracker.

    Each comes back as it can be typed again and means the same: `OPS-12`, or `jira:OPS-12` where that was typed or is
    needed to tell it from a card of another tracker.
    Raises Refusal(unknown_card, which_tracker, no_tracker) for one that is nobody's.
    """
    if not text.strip():
        return ()
    from .trackers import tracker_of_card

    cards: List[str] = []
    for word in _BETWEEN.split(text.strip()):
        if word:
            name, _, card = tracker_of_card(desk, word)
            explicit = word.casefold().startswith(f"{name}:".casefold())
            place = Place(name, card)
            cards.append(place.explicit if explicit else typed(desk.settings.trackers, place))
    found = _once_each(desk.settings, cards)
    if len(found) > MOST:
        raise Refusal(
            Code.NOT_POSSIBLE, f"A deployment can be for {MOST} cards at most; these are {len(found)}.", "Name fewer."
        )
    return found


def note_cards(request: Request, order: Order, resolved: Resolved) -> None:
    """Put the cards of the deployment into all its further records: those named, then those of the commits it brings.

    A rollback takes commits away; what they were about is not told of it.
    """
    cards = list(order.cards)
    if not order.is_rollback:
        cards += brought(request.desk, order, resolved, request.commit_before or request.version_before)
    if cards:
        request.noted["cards"] = list(_once_each(request.desk.settings, cards))[:MOST]


def _once_each(settings: Settings, cards: Iterable[str]) -> Tuple[str, ...]:
    """Without those that were named twice: `OPS-12` and `jira:OPS-12` may be one card."""
    found: Dict[object, str] = {}
    for one in cards:
        found.setdefault(read_cards(settings.trackers, one) or one, one)
    return tuple(found.values())


def brought(desk: Desk, order: Order, resolved: Resolved, before: str) -> Tuple[str, ...]:
    """The cards that the commits between what runs and what is deployed speak of; none where that cannot be told."""
    if not desk.settings.trackers:
        return ()
    deployer = deployer_for(order.app, order.environment)
    if not isinstance(deployer, Historian):
        return ()
    try:
        messages = deployer.messages(before, resolved)
    except OpsroomError:
        # That nobody knows the cards is no reason not to deploy.
        return ()
    return tuple(dict.fromkeys(_in(desk.settings, messages)))[:MOST]


def _in(settings: Settings, messages: Iterable[str]) -> Iterator[str]:
    """Only what is one tracker's for certain: a commit message speaks of UTF-8 and SHA-256 too."""
    for message in messages:
        for word in _CANDIDATE.findall(message):
            text = word.rstrip(".,;:!?")
            readings = [(name, kind.options.reads_card(text)) for name, kind in settings.trackers.items()]
            sure = [Place(name, one.id) for name, one in readings if one.id and one.sure]
            if len(sure) == 1:
                # An address says whose it is; its id alone may be another tracker's.
                yield typed(settings.trackers, sure[0])
