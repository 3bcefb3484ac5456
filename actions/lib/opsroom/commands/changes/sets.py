"""Changes that were asked for together: one word is for all of them, and they are executed in
order until one fails."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from ...errors import Code, OpsroomError, Refusal
from ...people import Speaker
from ...policy.approvals import ask_again
from ...records.change import Change, State
from ...records.changes import begin, close, find, open_changes
from ...records.ledger import append
from ...records.model import Event
from .. import Context, Outcome
from . import entry_by, notify_requester
from .execute import execute_change


def set_of(change: Change) -> str:
    """The id of the set that a change belongs to; empty for one that was asked for alone."""
    return str(change.facts.get("set") or "")


def whole_set(context: Context, change: Change) -> List[Change]:
    """All changes of the set of this one, in order; the change alone where it belongs to none, or
    waits no more.

    Raises Refusal(changed_meanwhile) where one of them waits no more: what is decided then is not
    what was shown.
    """
    group = set_of(change)
    if not group or change.state is not State.OPEN:
        return [change]
    with context.store.read() as connection:
        found = [one for one in open_changes(connection) if set_of(one) == group]
    members = [one for one in found if one.state is State.OPEN]
    count = int(change.facts.get("set_count") or 0)
    if len(members) != count:
        raise Refusal(
            Code.CHANGED_MEANWHILE,
            f"Change {change.id} ({change.what}) was asked for together with {count - 1} more, of "
            f"which {count - len(members)} no longer wait.",
            ask_again(change),
        )
    return sorted(members, key=lambda one: int(one.facts.get("set_index") or 0))


def execute_all(
    context: Context,
    changes: Sequence[Tuple[Change, Speaker]],
    say: str,
    approved_by: Optional[List[str]] = None,
) -> Outcome:
    """Execute changes with those who asked for them, the first of which this caller has begun, and
    tell each requester how it went.

    The others begin when it is their turn. After one that fails the rest is withdrawn; where the
    first one was held up before anything was touched, all of them wait again. Raises what
    `execute_change` raises.
    """
    outcomes: List[Outcome] = []
    for index, (change, requester) in enumerate(changes):
        rest = [one for one, _ in changes[index + 1 :]]
        try:
            if index:
                change = _begun(context, change)
            outcomes.append(_execute(context, change, requester, say, approved_by))
        except OpsroomError as error:
            if not rest and not outcomes:
                raise
            text = "\n".join([*(one.message for one in outcomes), error.message])
            left = _stop(context, change, rest, index)
            raise type(error)(
                error.code, f"{text}\n{left}" if left else text, error.hint, error.facts
            ) from error
    if len(outcomes) == 1:
        return outcomes[0]
    facts = {"parts": [dict(one.facts) for one in outcomes]}
    text = "\n".join(one.message for one in outcomes)
    return Outcome(all(one.ok for one in outcomes), outcomes[0].code, text, facts)


def _begun(context: Context, change: Change) -> Change:
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
) -> Outcome:
    """Carry it out, and tell the requester how it went, however it went."""
    tell = approved_by is not None
    try:
        outcome = execute_change(context, change, requester, say, approved_by)
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


def _stop(context: Context, failed: Change, rest: Sequence[Change], index: int) -> str:
    """Withdraw what has not begun, unless all of it waits again. Returns a sentence about that."""
    if not rest:
        return ""
    store = context.store
    why = f"{failed.app} failed"
    with store.write() as connection:
        now = find(connection, failed.id)
        if index == 0 and now is not None and now.state is State.OPEN:
            return f"The others wait too: {', '.join(one.id for one in rest)}."
        for change in rest:
            if close(store, connection, change.id, State.OPEN, State.WITHDRAWN, "opsroom", why):
                text = f"Change {change.id} ({change.what}) was withdrawn, since {why}."
                append(
                    store,
                    connection,
                    entry_by(context, change, Event.REJECTED, Code.SET_STOPPED, text),
                )
    shown = ", ".join(f"{one.app} ({one.id})" for one in rest)
    return f"Not begun and withdrawn: {shown}."
