"""create card, comment on card: what is made exactly once at a tracker, in the requester's name.

`CardCreation` and `CardComment` are also the base of the cards and comments that deployments and
incidents make.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Optional

from ...errors import Code
from ...records.model import Event
from ...stackstorm.chat import may_be_cut
from ...text import when
from ...trackers import Draft, Made, Remark
from .. import Context, Outcome
from ..attribution import author_of
from ..exactly_once import run_once
from ..external_action import ActionResult, ExternalAction, Facts
from ..request import Request, resumed
from . import Found, limits_of, tracker_of_card, tracker_of_project
from .request import answer, brief, facts_of, request_about, take_apart, text_of


class CardCreation(ExternalAction):
    """A card from a draft. A subclass sets `key`, `what` and `limits`, and implements `facts` and
    `sentence`."""

    done = Event.CARD_CREATED
    code = Code.CARD_CREATED
    repeated_code = Code.CARD_THERE

    def __init__(self, found: Found, draft: Draft) -> None:
        self.found = found
        self.draft = draft
        self.settles_within = found.tracker.settles_within

    def make(self, mark: str) -> Facts:
        """Create it."""
        return self.facts(self.found.tracker.create(replace(self.draft, mark=mark)))

    def find(self, mark: str) -> Optional[Facts]:
        """The card that carries the mark."""
        made = self.found.tracker.find_created(replace(self.draft, mark=mark))
        return self.facts(made) if made else None

    def facts(self, made: Made) -> Facts:
        """The card as it is recorded and answered."""
        raise NotImplementedError


class CardComment(ExternalAction):
    """A comment on a card. A subclass sets `key` and `limits`, and implements `facts` and
    `sentence`."""

    done = Event.CARD_COMMENTED
    code = Code.CARD_COMMENTED
    repeated_code = Code.CARD_THERE

    def __init__(self, found: Found, remark: Remark) -> None:
        self.found = found
        self.remark = remark
        self.what = f"The comment on {remark.card}"
        self.settles_within = found.tracker.settles_within

    def make(self, mark: str) -> Facts:
        """Write it."""
        return self.facts(self.found.tracker.comment(replace(self.remark, mark=mark)))

    def find(self, mark: str) -> Optional[Facts]:
        """The comment that carries the mark."""
        made = self.found.tracker.find_comment(replace(self.remark, mark=mark))
        return self.facts(made) if made else None

    def facts(self, made: Made) -> Facts:
        """The comment as it is recorded and answered."""
        raise NotImplementedError


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
    if not description and may_be_cut(context.settings.route, context.speaker, text):
        notes.append("No description arrived.")
    message = answer(_created_text(request, result.facts), result.facts["url"], result, notes)
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
        return _created_text(self.request, facts)


def _created_text(request: Request, facts: Facts) -> str:
    return f"{request.by.shown} created {facts['card']} in {facts['tracker']}: {facts['summary']}"


def _existing_text(result: ActionResult) -> str:
    facts, now = result.facts, datetime.now(timezone.utc)
    text = f"{facts['card']} already exists, since {when(result.since, now)}: {facts['summary']}"
    return answer(
        text, facts["url"], notes=["To create another one, word it differently or wait a minute."]
    )


def comment_card(context: Context, card: str, text: str) -> Outcome:
    """Put a comment on a card. The same comment by the same person within a minute is not made
    again (code card_there).

    Raises Refusal(text_needed, unknown_card, which_tracker, no_tracker, busy) and Failure.
    """
    request = request_about(context, "comment on card")
    with resumed(request):
        body = text_of(text, f"comment on card {card}: it is the cache")
        found = tracker_of_card(context, card)
        kind = context.settings.trackers[found.name].kind
        remark = Remark(found.id, body, "", author_of(context, found.name, kind))
        request.noted.update(tracker=found.name, card=found.id, begins=brief(context, body))
        result = run_once(request, _NewComment(request, found, remark))
    facts = {**result.facts, "fresh": result.fresh, "recorded": result.recorded}
    if not result.fresh:
        since = when(result.since, datetime.now(timezone.utc))
        existing = f"That comment is on {found.id} already, since {since}"
        return Outcome(True, Code.CARD_THERE, answer(existing, result.facts["url"]), facts)
    notes = list(result.facts["notes"])
    if may_be_cut(context.settings.route, context.speaker, text):
        notes.append(f"It says: {brief(context, body)}")
    message = answer(_commented_text(request, result.facts), result.facts["url"], result, notes)
    return Outcome(True, Code.CARD_COMMENTED, message, facts)


class _NewComment(CardComment):
    """The comment that was asked for."""

    def __init__(self, request: Request, found: Found, remark: Remark) -> None:
        super().__init__(found, remark)
        self.request = request
        self.key = (found.name, remark.card, remark.text)
        self.limits = limits_of(request.context, found.name)

    def facts(self, made: Made) -> Facts:
        """The comment as it is recorded and answered."""
        return facts_of(self.found, made, card=self.remark.card, comment=made.id)

    def sentence(self, facts: Facts) -> str:
        """Who commented on what."""
        return _commented_text(self.request, facts)


def _commented_text(request: Request, facts: Facts) -> str:
    return f"{request.by.shown} commented on {facts['card']} in {facts['tracker']}"
