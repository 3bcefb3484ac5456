"""reject change: someone who may approve says no, or whoever asked takes it back."""

from __future__ import annotations

from ..change import State
from ..changes import close, find, tidy
from ..errors import Code, Refusal
from ..guard.approvals import may_reject
from ..ledger import Event, append
from ..text import one_line
from . import Desk
from .changing import entry_by, facts_of, find_change, place_left, requester_of, tell_the_requester
from .outcome import Outcome
from .record import Request, resumed


def reject_change(desk: Desk, change_id: str, reason: str) -> Outcome:
    """Close a change without deploying it.

    Raises Refusal(reason_needed, unknown_change, change_closed, change_expired, not_allowed, wrong_room).
    """
    request = Request(desk, "reject", "", "", "")
    with resumed(request):
        change = find_change(desk, request, change_id)
        why = one_line(desk.mask(reason), 200)
        if not why:
            hint = f"For example: reject change {change.id}: the tests are red"
            raise Refusal(Code.REASON_NEEDED, f"{change.shown} will want to know why.", hint)
        environment = place_left(desk, change)
        requester = requester_of(desk.settings, change)
        store, speaker = desk.store, desk.speaker
        own = speaker.key in (change.owner, requester.key)
        with store.write_plain() as connection:
            tidy(store, connection)
            change = find(connection, change.id) or change
            now = store.now(connection)
            decision = may_reject(desk.settings, environment, change, speaker, requester, now)
            if decision.allowed:
                who, after = one_line(speaker.shown), State.WITHDRAWN if own else State.REJECTED
                close(store, connection, change.id, State.OPEN, after, who, why)
                verb = "withdrew" if own else "rejected"
                text = f"{who} {verb} change {change.id} ({change.what}, asked by {change.shown}): {why}"
                append(store, connection, entry_by(desk, change, Event.REJECTED, Code.REJECTED, text, reason=why))
        decision.enforce()
    tell_the_requester(desk, change, text)
    return Outcome(True, Code.REJECTED, text, {**facts_of(change), "state": after, "reason": why})
