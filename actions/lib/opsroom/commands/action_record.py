"""An external action on its way, and what the record says of it: at once, or from the outbox by the
next command."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Optional

from ..errors import Failure
from ..records.model import Entry, Event
from ..records.outbox import Letter
from .external_action import ExternalAction, Facts
from .request import Request


@dataclass
class Work:
    """One external action on its way."""

    request: Request
    action: ExternalAction
    key: str
    mark: str = ""
    since: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    began: float = 0.0
    # Why the record could not be written before it began; only for actions that are done without.
    unrecorded: Optional[Failure] = None
    found: bool = False
    # Whether it was asked if what was made before still stands.
    asked_whether: bool = False
    answer: Facts = field(default_factory=dict)


def entry_of(work: Work, event: Event, code: str, message: str, facts: Facts) -> Entry:
    """The last line of the ledger about this action."""
    taken = ("event", "code", "message", "mark")
    kept = {key: value for key, value in facts.items() if key not in taken}
    return work.request.entry(event, code, message, mark=work.mark, **kept)


def keep_for_later(work: Work, entry: Entry, answer: Optional[Facts] = None) -> bool:
    """Keep for the next command what the record does not have of this request; whether that
    worked."""
    request, action = work.request, work.action
    asked = (
        [request.entry(Event.ASKED)]
        if work.unrecorded is not None and action.records_request
        else []
    )
    repeat: Facts = {}
    # Where more than the guard was to be written, the next request for it has to find it by its
    # mark, and write it then.
    if answer is not None and action.answer_is_enough:
        repeat = {
            "key": work.key,
            "mark": work.mark,
            "answer": json.dumps(dict(answer), default=str),
        }
    row = action.page_row(work.mark, entry.event)
    return request.context.later(Letter((*asked, entry), repeat, row))
