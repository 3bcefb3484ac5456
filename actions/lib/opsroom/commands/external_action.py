"""One thing that is made elsewhere exactly once: a card, a comment, a page.

`ExternalAction` defines it and how it is made and found again, `Work` is one on its way, and
`exactly_once.run_once` carries it out. What the record cannot take at once goes to the outbox, and
the next command records it.
"""

from __future__ import annotations

import json
from dataclasses import field
from datetime import datetime, timezone
from typing import Any, Mapping, Optional, Tuple

from ..db.sql import Transaction
from ..db.store import Store
from ..deadline import TIME_LIMIT
from ..errors import Code, Failure
from ..http.options import LOOK_FOR
from ..records.model import Entry, Event
from ..records.outbox import Letter
from ..structs import dataclass
from .request import Request

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """Seconds: what a command may take elsewhere (`command`), and what looking for a lost answer
    may add (`look_for`).

    A second attempt must fit into both together.
    """

    command: float = TIME_LIMIT
    look_for: float = LOOK_FOR


class ExternalAction:
    """What is to be made once. A subclass sets the first group and implements `make`, `find` and
    `sentence`; all else has a default.

    - `key`: what makes two requests the same besides the requester and the command: where, the
      text.
    - `what`: the beginning of a sentence about it: "The card in OPS".
    - `done`: the record's event when it was made; `code`: the code recorded with it;
      `repeated_code`: the same when it was asked a moment ago and is there already.
    """

    key: Tuple[str, ...]
    what: str
    done: Event
    code: Code
    repeated_code: Code

    # Seconds after which `find` does not miss what is there.
    settles_within: float = 0.0
    limits: Limits = Limits()
    # The code of the Failure when it is unknown whether it was made, and what to do then.
    doubtful_code: Code = Code.OUTCOME_UNKNOWN
    in_doubt_hint: str = (
        "Repeat the command: it is looked for first, and made only if it is missing."
    )
    # What follows `what` in a sentence: while it is made, and when that is unknown.
    in_progress_text: str = "is being made"
    in_doubt_text: str = "may or may not have been made"
    # Whether the request has a record of its own; not where it is a part of another request.
    records_request: bool = True
    # Made even when the record cannot be written: people must be paged also then.
    without_record: bool = False
    # Whether what was made a moment ago may be gone: then `still_exists` is asked before a request
    # counts as a repetition.
    may_vanish: bool = False
    # Whether its answer is all that the last transaction keeps besides the record. Where `after`
    # writes more that `page_row` does not make up for, the next same request finds the thing by its
    # mark and writes it.
    answer_is_enough: bool = True

    def make(self, mark: str) -> Facts:
        """Make it, carrying the mark. Returns its facts as JSON can hold them: they are recorded,
        kept as the answer and returned.

        Raises Refusal or Failure; a Failure that is in doubt (`http.errors.in_doubt`) leads to
        `find`.
        """
        raise NotImplementedError

    def find(self, mark: str) -> Optional[Facts]:
        """The facts of what carries the mark; None when it is not there. Raises
        Refusal(not_possible) when that cannot be found out, and Failure."""
        raise NotImplementedError

    def sentence(self, facts: Facts) -> str:
        """What the record keeps as the answer."""
        raise NotImplementedError

    def is_uncertain(self, facts: Facts) -> bool:
        """Whether it was made and its outcome is unknown: recorded as UNCONFIRMED, with
        `doubtful_code`."""
        return False

    def still_exists(self, facts: Facts) -> bool:
        """Whether what was made a moment ago is still there; when not, the same words mean a new
        one. Asked only where `may_vanish`."""
        return True

    def before(self, store: Store, on: Transaction, mark: str) -> None:
        """Done in the first transaction, before anything is made or looked for. A Refusal that it
        raises is recorded, and nothing is made."""

    def after(self, store: Store, on: Transaction, mark: str, event: Event) -> None:
        """Done in the last transaction, together with the record of `event`."""

    def page_row(self, mark: str, event: Event) -> Mapping[str, Any]:
        """The row of a page as `before` and `after` leave it, for when the last transaction has to
        be made up for; empty for all but pages."""
        return {}


@dataclass(frozen=True)
class ActionResult:
    """The result of an external action.

    `fresh`: made by this request; otherwise it was there already, since `since`. `found`: an answer
    was lost, and what was made was found by its mark. `recorded`: the record knows of it; when not,
    `failure` says why, and `late` whether the next command records it.
    """

    facts: Facts
    fresh: bool
    since: datetime
    found: bool = False
    recorded: bool = True
    failure: Optional[Failure] = None
    late: bool = False


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
