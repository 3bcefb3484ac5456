"""The cards of a deployment: those named with it, and those named in the commits that it brings."""

from __future__ import annotations

import re
from typing import Dict, Iterable, Iterator, List, Tuple

from ...config.model import Settings
from ...config.trackers import Place, typed
from ...config.trackers import cards as read_cards
from ...deploys.reverts import Net
from ...errors import Code, Refusal
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Context
from ..deployments.order import DeploymentOrder
from ..request import Request
from . import tracker_of_card

# A deployment that brings more is a release of everything; nobody reads a comment on each of them.
MAX_CARDS = 20
# What looks like a card in what people write: an address, owner/name#17, OPS-12. Only where words
# begin: a commit message may carry a word of a million letters.
_CANDIDATE = lazy_pattern(
    r"https?://[^\s<>()\[\]\"']+|(?<![\w.-])[\w.-]+/[\w.-]+#\d+|\b[A-Za-z][A-Za-z0-9_]*-\d+\b"
)
_BETWEEN = lazy_pattern(r"(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+)", re.IGNORECASE)


def named(context: Context, text: str) -> Tuple[str, ...]:
    """The cards that someone named: `OPS-12`, `OPS-12, OPS-13 and acme/web#17`. Asks no tracker.

    Each comes back as it can be typed again and means the same: `OPS-12`, or `jira:OPS-12` where
    that was typed or is needed to distinguish it from a card of another tracker. Raises
    Refusal(unknown_card, which_tracker, no_tracker) for one that is nobody's.
    """
    if not text.strip():
        return ()
    cards: List[str] = []
    for word in _BETWEEN.split(text.strip()):
        if word:
            name, _, card = tracker_of_card(context, word)
            explicit = word.casefold().startswith(f"{name}:".casefold())
            place = Place(name, card)
            cards.append(place.explicit if explicit else typed(context.settings.trackers, place))
    found = _once_each(context.settings, cards)
    if len(found) > MAX_CARDS:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"A deployment can be for {MAX_CARDS} cards at most; these are {len(found)}.",
            "Name fewer.",
        )
    return found


def note_cards(request: Request, order: DeploymentOrder, commits: Net) -> None:
    """Put the cards of the deployment into all its further records: those named, then those of the
    commits that it brings.

    A rollback takes commits away; their cards are not notified of it.
    """
    cards, settings = list(order.cards), request.context.settings
    taken_back: Tuple[str, ...] = ()
    if not order.is_rollback:
        found = brought(settings, commits)
        cards, taken_back = cards + list(found.delivered), found.taken_back
    if cards:
        request.noted["cards"] = list(_once_each(settings, cards))[:MAX_CARDS]
    # Naming a card says that it is for that one, whatever its commits say.
    if taken_back:
        every = _once_each(settings, [*cards, *taken_back])
        request.noted["cards_taken_back"] = [
            one for one in taken_back if one in every[len(_once_each(settings, cards)) :]
        ]


def _once_each(settings: Settings, cards: Iterable[str]) -> Tuple[str, ...]:
    """Without those that were named twice: `OPS-12` and `jira:OPS-12` may be one card."""
    found: Dict[object, str] = {}
    for one in cards:
        found.setdefault(read_cards(settings.trackers, one) or one, one)
    return tuple(found.values())


@dataclass(frozen=True)
class Brought:
    """The cards of the work that a version delivers, and of earlier work that its commits take
    back."""

    delivered: Tuple[str, ...] = ()
    taken_back: Tuple[str, ...] = ()


def brought(settings: Settings, found: Net) -> Brought:
    """The cards of the commits between what runs and what is deployed, reverts considered."""
    if not settings.trackers:
        return Brought()
    delivered = [
        card
        for work in found.delivered
        for card in _in(settings, [work.text])
        if card not in _in(settings, work.but_not)
    ]
    taken = [card for card in _in(settings, found.taken_back) if card not in delivered]
    return Brought(
        tuple(dict.fromkeys(delivered))[:MAX_CARDS], tuple(dict.fromkeys(taken))[:MAX_CARDS]
    )


def _in(settings: Settings, messages: Iterable[str]) -> Iterator[str]:
    """Only what is one tracker's for certain: a commit message speaks of UTF-8 and SHA-256 too."""
    for message in messages:
        for word in _CANDIDATE.findall(message):
            text = word.rstrip(".,;:!?")
            readings = [
                (name, kind.options.reads_card(text)) for name, kind in settings.trackers.items()
            ]
            sure = [Place(name, one.id) for name, one in readings if one.id and one.sure]
            if len(sure) == 1:
                # An address says whose it is; its id alone may be another tracker's.
                yield typed(settings.trackers, sure[0])
