"""comment on card: say something on a card, in the name of whoever asks, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Optional

from ...errors import Code
from ...stackstorm.chat import may_be_cut
from ...text import when
from ...trackers import Made, Remark
from .. import Context, Outcome
from ..attribution import author_of
from ..exactly_once import run_once
from ..external_action import ExternalAction, Facts
from ..request import Request, resumed
from . import Found, limits_of, tracker_of_card
from .request import answer, brief, facts_of, request_about, text_of


def comment_card(context: Context, card: str, text: str) -> Outcome:
    """Put a comment on a card. The same comment by the same person within a minute is there
    already."""
    request = request_about(context, "comment on card")
    with resumed(request):
        said = text_of(text, f"comment on card {card}: it is the cache")
        found = tracker_of_card(context, card)
        kind = context.settings.trackers[found.name].kind
        remark = Remark(found.id, said, "", author_of(context, found.name, kind))
        request.noted.update(tracker=found.name, card=found.id, begins=brief(context, said))
        once = run_once(request, _action(request, found, remark))
    facts = {**once.facts, "fresh": once.fresh, "recorded": once.recorded}
    if not once.fresh:
        since = when(once.since, datetime.now(timezone.utc))
        there = f"That comment is on {found.id} already, since {since}"
        return Outcome(True, Code.CARD_THERE, answer(there, once.facts["url"]), facts)
    notes = list(once.facts["notes"])
    if may_be_cut(context.settings.route, context.speaker.through_relay, text):
        notes.append(f"It says: {brief(context, said)}")
    message = answer(_said(request, once.facts), once.facts["url"], once, notes)
    return Outcome(True, Code.CARD_COMMENTED, message, facts)


def _action(request: Request, found: Found, remark: Remark) -> ExternalAction:
    from ...records.model import Event

    def told(made: Made) -> Facts:
        return facts_of(found, made, card=remark.card, comment=made.id)

    def look(mark: str) -> Optional[Facts]:
        there = found.tracker.find_comment(replace(remark, mark=mark))
        return told(there) if there else None

    return ExternalAction(
        key=(found.name, remark.card, remark.text),
        what=f"The comment on {remark.card}",
        make=lambda mark: told(found.tracker.comment(replace(remark, mark=mark))),
        look=look,
        settles_within=found.tracker.settles_within,
        limits=limits_of(request.context, found.name),
        done=Event.CARD_COMMENTED,
        code=Code.CARD_COMMENTED,
        there=Code.CARD_THERE,
        said=lambda facts: _said(request, facts),
    )


def _said(request: Request, facts: Facts) -> str:
    return f"{request.by.shown} commented on {facts['card']} in {facts['tracker']}"
