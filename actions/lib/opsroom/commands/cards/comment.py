"""comment on card: add a comment to a card, in the requester's name, once."""

from __future__ import annotations

from datetime import datetime, timezone

from ...errors import Code
from ...stackstorm.chat import may_be_cut
from ...text import when
from ...trackers import Made, Remark
from .. import Context, Outcome
from ..attribution import author_of
from ..exactly_once import run_once
from ..external_action import Facts
from ..request import Request, resumed
from . import Found, limits_of, tracker_of_card
from .actions import CardComment
from .request import answer, brief, facts_of, request_about, text_of


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
    if may_be_cut(context.settings.route, context.speaker.through_relay, text):
        notes.append(f"It says: {brief(context, body)}")
    message = answer(_sentence(request, result.facts), result.facts["url"], result, notes)
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
        return _sentence(self.request, facts)


def _sentence(request: Request, facts: Facts) -> str:
    return f"{request.by.shown} commented on {facts['card']} in {facts['tracker']}"
