"""create card: a card in the tracker that the project belongs to, in the name of whoever asks,
once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Optional

from ...errors import Code
from ...stackstorm.chat import may_be_cut
from ...text import when
from ...trackers import Draft, Made
from .. import Context, Outcome
from ..attribution import author_of
from ..exactly_once import run_once
from ..external_action import ActionResult, ExternalAction, Facts
from ..request import Request, resumed
from . import Found, limits_of, tracker_of_project
from .request import answer, brief, facts_of, request_about, take_apart


def create_card(context: Context, text: str, project: str = "") -> Outcome:
    """Make a card. The first line of `text` is its summary, the rest its description.

    `project` is a project, a tracker, an application or TRACKER:PROJECT; not needed with one
    tracker. The same text by the same person within a minute is answered with the card that is
    there (code card_there).
    """
    request = request_about(context, "create card")
    with resumed(request):
        summary, description = take_apart(text)
        found = tracker_of_project(context, project)
        kind = context.settings.trackers[found.name].kind
        draft = Draft(found.id, summary, description, "", author_of(context, found.name, kind))
        request.noted.update(
            tracker=found.name, project=found.id or None, summary=brief(context, summary)
        )
        once = run_once(request, _action(request, found, draft))
    facts = {**once.facts, "fresh": once.fresh, "recorded": once.recorded}
    if not once.fresh:
        return Outcome(True, Code.CARD_THERE, _there(once), facts)
    said = _said(request, once.facts)
    notes = list(once.facts["notes"])
    if not description and may_be_cut(context.settings.route, context.speaker.through_relay, text):
        notes.append("No description arrived.")
    return Outcome(True, Code.CARD_CREATED, answer(said, once.facts["url"], once, notes), facts)


def _action(request: Request, found: Found, draft: Draft) -> ExternalAction:
    from ...records.model import Event

    def told(made: Made) -> Facts:
        summary = brief(request.context, draft.summary)
        return facts_of(found, made, card=made.id, project=draft.project, summary=summary)

    def look(mark: str) -> Optional[Facts]:
        there = found.tracker.find_created(replace(draft, mark=mark))
        return told(there) if there else None

    return ExternalAction(
        key=(found.name, draft.project, draft.summary, draft.description),
        what=f"The card in {_place(found.name, draft.project)}",
        make=lambda mark: told(found.tracker.create(replace(draft, mark=mark))),
        look=look,
        settles_within=found.tracker.settles_within,
        limits=limits_of(request.context, found.name),
        done=Event.CARD_CREATED,
        code=Code.CARD_CREATED,
        there=Code.CARD_THERE,
        said=lambda facts: _said(request, facts),
    )


def _said(request: Request, facts: Facts) -> str:
    return f"{request.by.shown} created {facts['card']} in {facts['tracker']}: {facts['summary']}"


def _there(once: ActionResult) -> str:
    facts, now = once.facts, datetime.now(timezone.utc)
    said = f"{facts['card']} is there already, since {when(once.since, now)}: {facts['summary']}"
    return answer(
        said, facts["url"], notes=["For another card, say it in other words or in a minute."]
    )


def _place(tracker: str, project: str) -> str:
    return f"{project} ({tracker})" if project else tracker
