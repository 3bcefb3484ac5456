"""close incident: its page is resolved, its card gets a comment and is moved, and the room is
notified, each of them once."""

from __future__ import annotations

from typing import Dict

from ...errors import Code, OpsroomError
from ...records.incidents import Incident, find
from ...records.incidents import close as close_row
from ...records.ledger import append
from ...records.model import Event
from ...text import message, neutralise, one_line, sentence, span
from .. import Context, Outcome
from ..cards import tracker_of_card
from ..pages.respond import resolve_page
from ..request import Request, recordable, resumed
from .steps import Step, comment, facts_about, find_incident, post_to_room, run_steps, saved

_DONE = "yes"


def close(context: Context, incident: Incident, closing: str = "") -> Incident:
    """Mark it as closed, by the speaker; of two who do, one does. The rest is done by the other
    steps."""
    if incident.state != "open":
        return incident
    request = Request(context, "close incident", "", "", "", noted={"incident": incident.id})
    store = context.store
    with store.write() as connection:
        if close_row(
            store, connection, incident.id, context.speaker.shown, str(context.mask(closing))
        ):
            text = (
                f"{context.speaker.shown} closed incident {incident.id}: "
                f"{one_line(closing, 200) or 'no closing text'}"
            )
            append(store, connection, request.entry(Event.CLOSED, Code.INCIDENT_CLOSED.value, text))
        return find(connection, incident.id) or incident


def resolve(context: Context, incident: Incident) -> Incident:
    """Its page is over too. Raises what `resolve page` raises, but not where it was over
    already."""
    if incident.page_over or not incident.page:
        return incident
    try:
        resolve_page(context, f"{incident.pager}:{incident.page}")
    except OpsroomError as error:
        if error.code is not Code.PAGE_CLOSED:
            raise
    return saved(context, incident, page_over=_DONE)


def close_card(context: Context, incident: Incident) -> Incident:
    """Its card says who closed it and what it was, and goes where the config wants it."""
    if incident.card_over or not incident.card:
        return incident
    text = f"{incident.closed_by} closed the incident" + (
        f": {incident.closing}" if incident.closing else "."
    )
    if not incident.card_told:
        comment(context, incident, text, "close", {"card_told": _DONE})
    if context.settings.incidents.closed:
        _move(context, incident)
    return saved(context, incident, card_over=_DONE)


def _move(context: Context, incident: Incident) -> None:
    to = context.settings.incidents.closed
    found = tracker_of_card(context, f"{incident.tracker}:{incident.card}")
    noted = {"incident": incident.id, "tracker": found.name, "card": found.id, "to": to}
    request = Request(context, "move card", "", "", "", noted=noted)
    try:
        moved = found.tracker.move(found.id, to)
    except OpsroomError as error:
        request.end(Event.FAILED, error.code.value, error.sentence(), **recordable(error.facts))
        raise
    if moved.before != moved.after:
        text = (
            f"{found.id} was moved from {one_line(moved.before, 60)} to {one_line(moved.after, 60)}"
        )
        request.end(
            Event.CARD_MOVED, Code.CARD_MOVED.value, text, before=moved.before, after=moved.after
        )


def announce(context: Context, incident: Incident) -> Incident:
    """The room hears that it is over, once."""
    post_to_room(context, f"incident:{incident.id}:closed", end_text(incident))
    return incident


def end_text(incident: Incident) -> str:
    """Who closed what, after how long, and the outcome of the page and the card."""
    after = ""
    if incident.since and incident.closed_at:
        after = f" after {span((incident.closed_at - incident.since).total_seconds())}"
    what = f": {one_line(incident.closing, 120)}" if incident.closing else ""
    parts = [
        sentence(
            f"{incident.closed_by} closed incident {incident.id} "
            f"({one_line(incident.text, 80)}){after}{what}"
        )
    ]
    if incident.page_over:
        parts.append(f"Page {incident.page} is resolved.")
    if incident.card:
        parts.append(
            f"Its card is {incident.card}{' ' + incident.card_url if incident.card_url else ''}."
        )
    return " ".join(parts)


CLOSING: Dict[str, Step] = {
    "resolve": resolve,
    "close_card": close_card,
    "announce": announce,
}


_STEPS = {
    "resolve": "The page is not resolved",
    "close_card": "The card is not closed",
    "announce": "The room was not notified",
}


def end_incident(context: Context, typed: str, closing: str = "") -> Outcome:
    """Close it. One that is closed already stays so; what of it could not be done before is done
    then.

    Not ok, with code incident_incomplete, when something could not be done. Raises
    Refusal(unknown_incident).
    """
    request = Request(
        context, "close incident", "", "", "", noted={"incident": one_line(typed, 40)}
    )
    with resumed(request):
        incident = find_incident(context, typed)
        fresh = incident.state == "open"
        incident = close(context, incident, neutralise(closing).strip())
        request.ended = True
    incident, problems = run_steps(context, incident, CLOSING, _STEPS)
    text = end_text(incident) if fresh else f"It was already closed. {end_text(incident)}"
    facts = {
        **facts_about(incident),
        "fresh": fresh,
        "closed_by": incident.closed_by,
        "troubles": problems,
    }
    if not problems:
        return Outcome(True, Code.INCIDENT_CLOSED, message(text), facts)
    text = (
        f"Incident {incident.id} is closed, but not everything that belongs to it. "
        f"{' '.join(problems)} Repeat the command: only what is missing is done."
    )
    return Outcome(False, Code.INCIDENT_INCOMPLETE, message(text), facts)
