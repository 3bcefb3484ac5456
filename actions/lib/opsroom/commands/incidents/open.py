"""declare incident: a card, a page, the link between them and a post in the room, from one message;
show incidents: those that are open.

One action declares an incident, not a workflow: StackStorm's workflows evaluate the texts that they
pass on, and the room gets one answer with the outcome of everything. What failed is done when the
command is repeated, or by the workflow `declare_incident` with the incident's id.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import List, Tuple

from ...errors import Code, Failure, Refusal
from ...names import bare, comparable
from ...records.incidents import Incident, declare, open_incidents
from ...records.ledger import append
from ...records.model import Event
from ...text import message, neutralise, one_line, table, when
from .. import Context, Outcome
from ..pages.page import page
from ..pages.recipients import find_recipient
from ..request import Request, resumed
from .steps import OPENING, facts_about, open_text, run_steps

_STEPS = {
    "card": "No card",
    "page": "Nobody is known to be paged",
    "link": "Card and page are not linked",
    "tell": "The room was not notified",
}


def open_incident(context: Context, who: str, text: str) -> Outcome:
    """Declare it for a team, an application or a person. The same words within an hour mean the
    same incident.

    Not ok, with code incident_incomplete, when something that belongs to it could not be made.
    Without the database nothing can be kept: then the page alone is sent. Raises
    Refusal(text_needed, unknown_who, which_who, ...) before anything is made.
    """
    request = Request(context, "declare incident", "", "", "", noted={"who": one_line(who)})
    words = neutralise(text).strip()
    try:
        with resumed(request):
            incident, fresh = note(request, who, words)
    except Failure as failure:
        if not failure.code.is_of_database or not context.settings.pagers:
            raise
        return _without_record(context, who, words, failure)
    incident, problems = run_steps(context, incident, OPENING, _STEPS)
    return answer(context, incident, fresh, problems)


def note(request: Request, who: str, words: str, app: str = "") -> Tuple[Incident, bool]:
    """Write down the incident and that it was declared, in one transaction; whether it is new."""
    context = request.context
    if not words:
        raise Refusal(
            Code.TEXT_NEEDED,
            "An incident needs a text for the person who is paged.",
            "For example: declare incident for web-team: checkout is down",
        )
    name, app = _known(context, who, app)
    # What cannot be written down is not tried to be written down as failed: someone has to be
    # woken.
    request.ended = True
    store = context.store
    with store.write() as connection:
        masked = str(context.mask(words))
        incident, fresh = declare(
            store, connection, name, masked, request.by, app, context.execution_id
        )
        # Which application it is about: delivery figures hold it against what was deployed of it.
        request.noted.update(incident=incident.id, app=incident.app or None)
        recorded = (
            f"{request.by.shown} declared incident {incident.id} for {name}: "
            f"{one_line(masked, 200)}"
        )
        recorded = recorded if fresh else f"Declared again: {recorded}"
        append(store, connection, request.entry(Event.DECLARED, Code.DECLARED.value, recorded))
    return incident, fresh


def _known(context: Context, who: str, app: str) -> Tuple[str, str]:
    """Whom it is for and the application that it is about. Someone unknown is refused before
    anything is made."""
    typed = bare(who)
    same = [
        one.name
        for one in context.settings.apps.values()
        if comparable(one.name) == comparable(typed)
    ]
    if context.settings.pagers:
        # Where no pager could be asked for the name, the page says so, and the card can be made.
        with suppress(Failure):
            find_recipient(context, typed)
    return typed, app or (same[0] if same else "")


def answer(context: Context, incident: Incident, fresh: bool, problems: List[str]) -> Outcome:
    """What the room reads: what is there, and what is not."""
    facts = {**facts_about(incident), "fresh": fresh, "troubles": problems}
    text = open_text(incident)
    if not context.settings.trackers:
        text += " There is no card: no tracker is configured."
    if not context.settings.pagers:
        text += " Nobody was paged: no pager is configured."
    if not problems:
        return Outcome(True, Code.DECLARED, message(text), facts)
    short = f"Incident {incident.id} is declared, but incomplete. {' '.join(problems)}"
    what = [
        f"card {incident.card}" if incident.card else "",
        f"page {incident.page}" if incident.page else "",
    ]
    made = f" There is {' and '.join(one for one in what if one)}." if any(what) else ""
    text = f"{short}{made} Repeat the command: only what is missing is made."
    return Outcome(False, Code.INCIDENT_INCOMPLETE, message(text), facts)


def _without_record(context: Context, who: str, words: str, failure: Failure) -> Outcome:
    outcome = page(context, who, f"Incident: {words}", urgent=True)
    text = (
        "Only the page went out, the incident could not be kept: "
        f"{one_line(failure.message, 120)} {outcome.message}"
    )
    return Outcome(
        False, Code.INCIDENT_INCOMPLETE, message(text), {**outcome.facts, "recorded": False}
    )


def list_incidents(context: Context) -> Outcome:
    """All that nobody has closed, newest first."""
    with context.store.read() as connection:
        incidents = open_incidents(connection)
    facts = {"incidents": [facts_about(one) for one in incidents]}
    if not incidents:
        return Outcome(True, Code.INCIDENTS, "No incident is open.", facts)
    now = datetime.now(timezone.utc)
    rows = [
        (
            one.id,
            one_line(one.who, 40),
            one_line(one.text, 50),
            f"by {one_line(one.shown, 40)} {when(one.since, now) if one.since else ''}".strip(),
            one.card,
            f"page {one.page}" if one.page else "",
        )
        for one in incidents
    ]
    return Outcome(
        True,
        Code.INCIDENTS,
        table(rows, narrow="close those that are over", heading="Open incidents:"),
        facts,
    )
