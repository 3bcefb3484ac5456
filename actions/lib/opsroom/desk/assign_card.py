"""assign card: give it to a person of the config, to yourself, to a name that the tracker knows, or to nobody."""

from __future__ import annotations

from typing import Optional

from ..cards import Assignee
from ..errors import Code
from ..names import bare, same_as
from ..settings.model import Person
from ..text import one_line
from . import Desk
from .carding import answer, change, end, request_about, text_of, unrecorded
from .in_whose_name import myself, name_in
from .outcome import Outcome
from .record import resumed
from .trackers import tracker_of_card

_MYSELF = ("me", "myself")
_NOBODY = "nobody"


def assign_card(desk: Desk, card: str, to: str) -> Outcome:
    """Assign a card. `to` is a person of the config, `me`, `nobody`, or a name as the tracker has it.

    Raises Refusal(unknown_person) for somebody whom the config does not map to a name over there, or whom the tracker
    does not know.
    """
    from ..ledger import Event

    request = request_about(desk, "assign card")
    with resumed(request):
        found, wanted = tracker_of_card(desk, card), text_of(to, f"assign card {card} to me")
        request.noted.update(tracker=found.name, card=found.id, to=one_line(wanted))
        whom = assignee(desk, found.name, wanted)
        request.write(Event.ASKED)
        done = f"assigned to {whom.shown}"
        given, _ = change(request, found, done, lambda: found.tracker.assign(found.id, whom))
        name = one_line(given.to, 60) or _NOBODY
        said = f"{request.by.shown} assigned {found.id} in {found.name} to {name}"
        facts = {"url": given.url, "assignee": given.to, "notes": list(given.notes)}
        trouble = end(request, Event.CARD_ASSIGNED, Code.CARD_ASSIGNED, said, **facts)
    message = answer(said, given.url, notes=[unrecorded(trouble), *given.notes])
    return Outcome(
        True,
        Code.CARD_ASSIGNED,
        message,
        {"tracker": found.name, "card": found.id, "recorded": trouble is None, **facts},
    )


def assignee(desk: Desk, tracker: str, who: str) -> Assignee:
    """Whom that means to a tracker. Raises Refusal(unknown_person)."""
    wanted = bare(who)
    if wanted.casefold() == _NOBODY:
        return Assignee(_NOBODY)
    person = myself(desk) if wanted.casefold() in _MYSELF else _person(desk, wanted)
    if person is None:
        return Assignee(wanted, wanted)
    return Assignee(person.name, name_in(desk, person, tracker), mapped=True)


def _person(desk: Desk, name: str) -> Optional[Person]:
    same = same_as(name, desk.settings.people)
    return desk.settings.people[same[0]] if len(same) == 1 else None
