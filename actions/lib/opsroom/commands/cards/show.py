"""show card, cards about, my cards: cards as they are now. Changes nothing, and leaves no
record."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, Dict, List, Optional, Tuple

from ...config.trackers import Place, typed
from ...deadline import together
from ...errors import Code, OpsroomError, Refusal
from ...names import listed
from ...people import read_line
from ...text import MESSAGE_CHARACTERS, one_line, table, when
from ...trackers import Card, Comment, Query
from .. import Context, Outcome
from ..attribution import myself, name_in
from . import Found, tracker_named, tracker_of_card, tracker_of_project

# So many of the latest comments are shown; all that the tracker sent are in the facts.
_COMMENTS = 2
# In characters: of a summary, of a description or comment, and what is too little of either to say
# anything.
_SUMMARY = 100
_TEXT = 120
_MIN_TEXT = 20
# A cut address leads nowhere.
_MAX_URL = 200


def get_card(context: Context, card: str) -> Outcome:
    """The card, what it says and where it stands. Raises Refusal(unknown_card).

    What opsroom wrote in someone's name is shown as theirs, for every kind of tracker.
    """
    found = tracker_of_card(context, card)
    card_shown = in_their_names(found.tracker.show(found.id))
    return Outcome(
        True,
        Code.CARD,
        "\n".join(_lines(found.name, card_shown)),
        card_facts(found.name, card_shown),
    )


def card_facts(tracker: str, card: Card) -> Dict[str, Any]:
    """A card as data."""
    return {
        "tracker": tracker,
        "card": card.id,
        **{name: one for name, one in asdict(card).items() if name != "id"},
    }


def in_their_names(card: Card) -> Card:
    """The card, with the first lines that name who asked taken off its texts and those people as
    reporter and authors.

    The tracker's own word on who wrote it goes into `via`: anyone in the tracker can write such a
    line.
    """
    comments = tuple(_in_their_name(one) for one in card.comments)
    name, text = read_line(card.description)
    if not name:
        return replace(card, comments=comments)
    via = "" if card.reporter == name else card.reporter
    return replace(card, comments=comments, reporter=name, via=via, description=text)


def _in_their_name(comment: Comment) -> Comment:
    name, text = read_line(comment.text)
    if not name:
        return comment
    return replace(
        comment, author=name, text=text, via="" if comment.author == name else comment.author
    )


def _lines(tracker: str, card: Card) -> List[str]:
    now = datetime.now(timezone.utc)
    state = [one_line(card.archived, 40)] if card.archived else []
    state += [one_line(card.status, 30)] if card.status else []
    state.append(
        f"assigned to {one_line(card.assignee, 30)}" if card.assignee else "assigned to nobody"
    )
    state += [f"reported by {_who(card.reporter, card.via)}"] if card.reporter else []
    state += [f"changed {when(card.changed_at, now)}"] if card.changed_at else []
    url = [card.url] if card.url and len(card.url) <= _MAX_URL else []
    head = f"{card.id} in {tracker}: "
    below = [", ".join(state), *url]
    room = MESSAGE_CHARACTERS - len("\n".join([head, *below]))
    lines = [head + one_line(card.summary, min(max(room, _MIN_TEXT), _SUMMARY)), *below]
    texts = [("", card.description)] if card.description.strip() else []
    for comment in card.comments[-_COMMENTS:]:
        at = f", {when(comment.at, now)}" if comment.at else ""
        texts.append((f"{_who(comment.author, comment.via)}{at}: ", comment.text))
    return lines + _fitting(texts, MESSAGE_CHARACTERS - len("\n".join(lines)))


def _who(name: str, via: str) -> str:
    return f"{one_line(name, 30)} via {one_line(via, 20)}" if via else one_line(name, 30)


def _fitting(texts: List[Tuple[str, str]], room: int) -> List[str]:
    """Each text behind what says whose it is, in so many characters together; the first ones go
    where it is too narrow.

    What a short one leaves is for those after it.
    """
    while texts and room < sum(len(whose) + 1 + _MIN_TEXT for whose, _ in texts):
        texts = texts[1:]
    room -= sum(len(whose) + 1 for whose, _ in texts)
    lines: List[str] = []
    for number, (whose, text) in enumerate(texts):
        line = one_line(text, min(room // (len(texts) - number), _TEXT))
        lines.append(whose + line)
        room -= len(line)
    return lines


# For all trackers together, in seconds; they are asked at once, and each has its own time limit
# too.
_TOGETHER = 20.0
_MAX_CARDS = 10

_Row = Tuple[str, Card]


def find_cards(context: Context, text: str = "", project: str = "", mine: bool = False) -> Outcome:
    """Cards with that text, in one project or in all trackers; with `mine` those assigned to the
    requester.

    Open ones first, the most recently changed first. A tracker that does not answer is named,
    beside the cards of the others.
    """
    words, heading = " ".join(text.split()), ""
    if project.strip():
        try:
            places = [tracker_of_project(context, project)]
        except Refusal as refusal:
            if refusal.code is not Code.UNKNOWN_PROJECT or not words:
                raise
            # "cards about login in safari": what looks like a project may be a part of the text.
            words, heading = (
                f"{words} in {' '.join(project.split())}",
                f"{one_line(refusal.message, 60)} ",
            )
            places = _every(context)
    else:
        places = _every(context)
    if not words and not mine:
        raise Refusal(Code.TEXT_NEEDED, "Cards about what?", "For example: cards about checkout")
    rows, troubles = _ask(context, places, words, mine)
    return _outcome(context, rows, troubles, heading, words, mine)


def _every(context: Context) -> List[Found]:
    if len(context.settings.trackers) < 2:
        return [tracker_of_project(context)]
    return [Found(name, tracker_named(context, name), "") for name in context.settings.trackers]


def _ask(
    context: Context, places: List[Found], words: str, mine: bool
) -> Tuple[List[_Row], Dict[str, OpsroomError]]:
    """What each tracker has, and the errors of those that did not answer."""
    person = myself(context) if mine else None

    def cards_of(found: Found) -> Tuple[Card, ...]:
        assignee = name_in(context, person, found.name) if person else ""
        return found.tracker.find(
            Query(text=words, assignee=assignee, project=found.id, limit=_MAX_CARDS)
        )

    rows: List[_Row] = []
    troubles: Dict[str, OpsroomError] = {}
    if len(places) == 1:
        # It keeps its own time limit.
        return [(places[0].name, card) for card in cards_of(places[0])], troubles
    answers = together({found.name: partial(cards_of, found) for found in places}, _TOGETHER)
    for name, answer in answers.items():
        if isinstance(answer, OpsroomError):
            troubles[name] = answer
        else:
            rows += [(name, card) for card in answer]
    if troubles and len(troubles) == len(places):
        first = next(iter(troubles.values()))
        if len(troubles) == 1:
            raise first
        every = " ".join(
            f"{name}: {one_line(error.message, 100)}" for name, error in troubles.items()
        )
        raise type(first)(first.code, f"No tracker answered. {every}", first.hint)
    return sorted(rows, key=_order)[: _MAX_CARDS * 2], troubles


def _order(row: _Row) -> Tuple[bool, float]:
    changed: Optional[datetime] = row[1].changed_at
    return row[1].closed, -(
        changed or datetime.min.replace(tzinfo=timezone.utc, year=1971)
    ).timestamp()


def _outcome(
    context: Context,
    rows: List[_Row],
    troubles: Dict[str, OpsroomError],
    heading: str,
    words: str,
    mine: bool,
) -> Outcome:
    about = f" about '{one_line(words, 60)}'" if words else ""
    kind = f"Your cards{about}" if mine else f"Cards{about}"
    left_out = [
        f"{name} is left out: {one_line(error.message, 90)}" for name, error in troubles.items()
    ]
    if len(left_out) > 2:
        # The cards of the others need room too.
        first, error = next(iter(troubles.items()))
        left_out = [f"{listed(troubles, 4)} are left out; {first}: {one_line(error.message, 90)}"]
    facts: Dict[str, Any] = {
        "cards": [card_facts(name, card) for name, card in rows],
        "left_out": {
            name: {"code": error.code, "message": error.message} for name, error in troubles.items()
        },
    }
    rest = f" {' '.join(left_out)}" if left_out else ""
    if not rows:
        none = f"No cards{about} are assigned to you." if mine else f"There are no cards{about}."
        return Outcome(True, Code.CARDS, f"{heading}{none}{rest}", facts)
    lines = [
        [
            _named(context, rows, name, card),
            one_line(f"{card.status} ({card.archived})" if card.archived else card.status, 50),
            one_line(card.assignee, 30),
            one_line(card.summary, 60),
        ]
        for name, card in rows
    ]
    narrow = "" if mine else "say: cards about TEXT in PROJECT"
    return Outcome(
        True, Code.CARDS, table(lines, narrow=narrow, heading=f"{heading}{kind}:{rest}"), facts
    )


def _named(context: Context, rows: List[_Row], tracker: str, card: Card) -> str:
    """The card as it can be typed; with its tracker where the id alone could mean another one's."""
    same = {name for name, one in rows if one.id.casefold() == card.id.casefold()}
    place = Place(tracker, card.id)
    return place.explicit if len(same) > 1 else typed(context.settings.trackers, place)
