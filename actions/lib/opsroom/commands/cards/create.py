"""create card: a card in the tracker that the project belongs to, in the requester's name, once."""

from __future__ import annotations

from datetime import datetime, timezone

from ...errors import Code
from ...stackstorm.chat import may_be_cut
from ...text import when
from ...trackers import Draft, Made
from .. import Context, Outcome
from ..attribution import author_of
from ..exactly_once import run_once
from ..external_action import ActionResult, Facts
from ..request import Request, resumed
from . import Found, limits_of, tracker_of_project
from .actions import CardCreation
from .request import answer, brief, facts_of, request_about, take_apart


def create_card(context: Context, text: str, project: str = "") -> Outcome:
    """Make a card. The first line of `text` is its summary, the rest its description.

    `project` is a project, a tracker, an application or TRACKER:PROJECT; not needed with one
    tracker. The same text by the same person within a minute is answered with the existing card
    (code card_there). Raises Refusal(text_needed, unknown_project, which_tracker, no_tracker, busy)
    and Failure.
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
        result = run_once(request, _NewCard(request, found, draft))
    facts = {**result.facts, "fresh": result.fresh, "recorded": result.recorded}
    if not result.fresh:
        return Outcome(True, Code.CARD_THERE, _existing_text(result), facts)
    notes = list(result.facts["notes"])
    if not description and may_be_cut(context.settings.route, context.speaker.through_relay, text):
        notes.append("No description arrived.")
    message = answer(_sentence(request, result.facts), result.facts["url"], result, notes)
    return Outcome(True, Code.CARD_CREATED, message, facts)


class _NewCard(CardCreation):
    """The card that was asked for."""

    def __init__(self, request: Request, found: Found, draft: Draft) -> None:
        super().__init__(found, draft)
        self.request = request
        self.key = (found.name, draft.project, draft.summary, draft.description)
        place = f"{draft.project} ({found.name})" if draft.project else found.name
        self.what = f"The card in {place}"
        self.limits = limits_of(request.context, found.name)

    def facts(self, made: Made) -> Facts:
        """The card as it is recorded and answered."""
        summary = brief(self.request.context, self.draft.summary)
        project = self.draft.project
        return facts_of(self.found, made, card=made.id, project=project, summary=summary)

    def sentence(self, facts: Facts) -> str:
        """Who created what where."""
        return _sentence(self.request, facts)


def _sentence(request: Request, facts: Facts) -> str:
    return f"{request.by.shown} created {facts['card']} in {facts['tracker']}: {facts['summary']}"


def _existing_text(result: ActionResult) -> str:
    facts, now = result.facts, datetime.now(timezone.utc)
    text = f"{facts['card']} is there already, since {when(result.since, now)}: {facts['summary']}"
    return answer(
        text, facts["url"], notes=["For another card, say it in other words or in a minute."]
    )
