"""assign card, move card: an existing card is given to a person or to nobody, or moved into another
column or state."""

from __future__ import annotations

from typing import Optional

from ...errors import Code
from ...names import bare, same_as, unquoted
from ...people import Person
from ...records.model import Event
from ...text import one_line
from ...trackers import Assignee
from .. import Context, Outcome
from ..attribution import myself, name_in
from ..request import resumed
from . import tracker_of_card
from .request import answer, change, end, request_about, text_of, unrecorded

_MYSELF = ("me", "myself")
_NOBODY = "nobody"


def assign_card(context: Context, card: str, to: str) -> Outcome:
    """Assign a card. `to` is a person of the config, `me`, `nobody`, or a name as the tracker has
    it.

    Raises Refusal(unknown_person) for someone whom the config does not map to a name in the
    tracker, or whom the tracker does not know."""
    request = request_about(context, "assign card")
    with resumed(request):
        found, wanted = tracker_of_card(context, card), text_of(to, f"assign card {card} to me")
        request.noted.update(tracker=found.name, card=found.id, to=one_line(wanted))
        whom = assignee(context, found.name, wanted)
        request.write(Event.ASKED)
        done = f"assigned to {whom.shown}"
        given, _ = change(request, found, done, lambda: found.tracker.assign(found.id, whom))
        name = one_line(given.to, 60) or _NOBODY
        text = f"{request.by.shown} assigned {found.id} in {found.name} to {name}"
        facts = {"url": given.url, "assignee": given.to, "notes": list(given.notes)}
        failure = end(request, Event.CARD_ASSIGNED, Code.CARD_ASSIGNED, text, **facts)
    message = answer(text, given.url, notes=[unrecorded(failure), *given.notes])
    return Outcome(
        True,
        Code.CARD_ASSIGNED,
        message,
        {"tracker": found.name, "card": found.id, "recorded": failure is None, **facts},
    )


def assignee(context: Context, tracker: str, who: str) -> Assignee:
    """Whom that means to a tracker. Raises Refusal(unknown_person)."""
    wanted = bare(who)
    if wanted.casefold() == _NOBODY:
        return Assignee(_NOBODY)
    person = myself(context) if wanted.casefold() in _MYSELF else _person(context, wanted)
    if person is None:
        return Assignee(wanted, wanted)
    return Assignee(person.name, name_in(context, person, tracker), mapped=True)


def _person(context: Context, name: str) -> Optional[Person]:
    same = same_as(name, context.settings.people)
    return context.settings.people[same[0]] if len(same) == 1 else None


def move_card(context: Context, card: str, to: str) -> Outcome:
    """Move a card. One that is there already stays there, and the answer says so.

    Raises Refusal(unknown_column) with the names that would work, unknown_card, fields_missing, ...
    """
    request = request_about(context, "move card")
    with resumed(request):
        found, column = tracker_of_card(context, card), text_of(to, f"move card {card} to Done")
        request.noted.update(tracker=found.name, card=found.id, to=one_line(column))
        request.write(Event.ASKED)
        moved, lost = change(
            request, found, "moved", lambda: found.tracker.move(found.id, unquoted(column))
        )
        same = moved.before == moved.after and not lost
        before, after = one_line(moved.before, 60), one_line(moved.after, 60)
        if same:
            text = f"{found.id} in {found.name} is in {after} already; nothing was done"
        else:
            result = f" from {before}" if before and not lost else ""
            text = f"{request.by.shown} moved {found.id} in {found.name}{result} to {after}"
        facts = {
            "url": moved.url,
            "before": moved.before,
            "after": moved.after,
            "notes": list(moved.notes),
        }
        failure = end(request, Event.CARD_MOVED, Code.CARD_MOVED, text, **facts)
    message = answer(text, moved.url, notes=[unrecorded(failure), *moved.notes])
    return Outcome(
        True,
        Code.CARD_MOVED,
        message,
        {
            "tracker": found.name,
            "card": found.id,
            "changed": not same,
            "recorded": failure is None,
            **facts,
        },
    )
