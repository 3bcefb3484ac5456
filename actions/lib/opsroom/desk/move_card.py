"""move card: into another column or state, by its name."""

from __future__ import annotations

from ..errors import Code
from ..names import unquoted
from ..text import one_line
from . import Desk
from .carding import answer, change, end, request_about, text_of, unrecorded
from .outcome import Outcome
from .record import resumed
from .trackers import tracker_of_card


def move_card(desk: Desk, card: str, to: str) -> Outcome:
    """Move a card. One that is there already stays there, and the answer says so.

    Raises Refusal(unknown_column) with the names that would work, unknown_card, fields_missing, ...
    """
    from ..ledger import Event

    request = request_about(desk, "move card")
    with resumed(request):
        found, column = tracker_of_card(desk, card), text_of(to, f"move card {card} to Done")
        request.noted.update(tracker=found.name, card=found.id, to=one_line(column))
        request.write(Event.ASKED)
        moved, lost = change(request, found, "moved", lambda: found.tracker.move(found.id, unquoted(column)))
        same = moved.before == moved.after and not lost
        before, after = one_line(moved.before, 60), one_line(moved.after, 60)
        if same:
            said = f"{found.id} in {found.name} is in {after} already; nothing was done"
        else:
            came = f" from {before}" if before and not lost else ""
            said = f"{request.by.shown} moved {found.id} in {found.name}{came} to {after}"
        facts = {"url": moved.url, "before": moved.before, "after": moved.after, "notes": list(moved.notes)}
        trouble = end(request, Event.CARD_MOVED, Code.CARD_MOVED, said, **facts)
    message = answer(said, moved.url, notes=[unrecorded(trouble), *moved.notes])
    return Outcome(
        True,
        Code.CARD_MOVED,
        message,
        {"tracker": found.name, "card": found.id, "changed": not same, "recorded": trouble is None, **facts},
    )
