"""Executing changes that were asked for together: in order, until one fails."""

from __future__ import annotations

from contextlib import suppress
from typing import List, Optional, Sequence, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import listed
from ...people import Speaker
from ...records.change import Change, State
from ...records.changes import begin, close, find, wait_until
from ...records.ledger import append
from ...records.model import Event
from .. import Context, Outcome
from . import entry_by, notify_requester
from .execute import execute_change
from .set_messages import how_it_ended, outcome_of_set


def execute_all(
    context: Context,
    changes: Sequence[Tuple[Change, Speaker]],
    say: str,
    approved_by: Optional[List[str]] = None,
) -> Outcome:
    """Execute changes with those who asked for them, the first of which this caller has begun, and
    tell each requester how it went.

    The others begin when it is their turn. After one that fails or is held up the rest is
    withdrawn; where that is the first one, and nothing was touched, all of them wait again. Raises
    what `execute_change` raises.
    """
    outcomes: List[Outcome] = []
    for index, (change, requester) in enumerate(changes):
        rest = [one for one, _ in changes[index + 1 :]]
        try:
            if index:
                change = _begun(context, change)
            outcomes.append(_execute(context, change, requester, say, approved_by, index == 0))
        except Exception as error:
            left = ""
            with suppress(Failure):  # the database is away: what went wrong before counts more
                left = _stop(context, change, rest, error, index == 0)
            if left and approved_by is not None:
                notify_requester(context, rest[0], left)
            if not isinstance(error, OpsroomError) or not (rest or outcomes):
                raise
            # pylint: disable=no-member
            last = [left] if left else []
            text = outcome_of_set(outcomes, [error], last, error.hint)
            raise type(error)(error.code, text, error.hint, error.facts) from error
    if len(outcomes) == 1:
        return outcomes[0]
    facts = {"parts": [dict(one.facts) for one in outcomes]}
    text = outcome_of_set(outcomes)
    return Outcome(all(one.ok for one in outcomes), outcomes[0].code, text, facts)


def _begun(context: Context, change: Change) -> Change:
    """The change when its turn has come. Raises Refusal(change_closed) where someone decided on it
    meanwhile."""
    store = context.store
    with store.write() as connection:
        if not begin(store, connection, change.id, context.speaker.shown):
            raise Refusal(
                Code.CHANGE_CLOSED, f"Change {change.id} ({change.what}) no longer waits."
            )
        return find(connection, change.id) or change


def _execute(
    context: Context,
    change: Change,
    requester: Speaker,
    say: str,
    approved_by: Optional[List[str]],
    again: bool,
) -> Outcome:
    """Carry it out, and tell the requester how it went, however it went."""
    tell = approved_by is not None
    try:
        outcome = execute_change(context, change, requester, say, approved_by, again)
    except OpsroomError as error:
        if tell:
            notify_requester(context, change, error.sentence())
        raise
    except Exception:
        if tell:
            text = f"Change {change.id} ({change.what}) hit an internal error of opsroom."
            notify_requester(context, change, text)
        raise
    if tell:
        notify_requester(context, change, outcome.message)
    return outcome


def _stop(
    context: Context, failed: Change, rest: Sequence[Change], error: Exception, first: bool
) -> str:
    """Withdraw what has not begun, unless all of it waits again. Returns what to say of that."""
    if not rest:
        return ""
    store = context.store
    why = f"{failed.app} {how_it_ended(error)}"
    with store.write() as connection:
        now = find(connection, failed.id)
        if first and now is not None and now.state is State.OPEN:
            for one in rest:
                wait_until(connection, one.id, now.expires_at)
            return f"The others wait too: {listed([one.id for one in rest])}."
        closed = [
            one
            for one in rest
            if close(store, connection, one.id, State.OPEN, State.WITHDRAWN, "opsroom", why)
        ]
        for change in closed:
            text = f"Change {change.id} ({change.what}) was withdrawn, since {why}."
            entry = entry_by(context, change, Event.REJECTED, Code.SET_STOPPED, text)
            append(store, connection, entry)
    shown = listed([f"{one.app} ({one.id})" for one in closed])
    return f"Not begun and withdrawn: {shown}." if closed else ""
