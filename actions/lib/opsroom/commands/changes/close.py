"""reject change, review change: the decisions that deploy nothing. A change is rejected or taken
back; an emergency is reviewed by someone else, who records what they found."""

from __future__ import annotations

from typing import Dict, List, Tuple

from ...errors import Code, Refusal
from ...policy import YES, Decision
from ...policy.approvals import (
    may_reject,
    may_review,
    needs_code,
)
from ...records.change import Change, State
from ...records.changes import close, find, tidy
from ...records.ledger import append
from ...records.model import Event
from ...records.otp import check_code
from ...text import one_line
from .. import Context, Outcome
from ..request import Request, resumed
from . import (
    entry_by,
    facts_of,
    find_change,
    notify_requester,
    place_left,
    requester_of,
    what_waits_of_set,
)


def reject_change(context: Context, change_id: str, reason: str) -> Outcome:
    """Close a change without deploying it.

    Raises Refusal(reason_needed, unknown_change, change_closed, change_expired, not_allowed,
    wrong_room).
    """
    request = Request(context, "reject", "", "", "")
    with resumed(request):
        change = find_change(context, request, change_id)
        why = one_line(context.mask(reason), 200)
        if not why:
            hint = f"For example: reject change {change.id}: the tests are red"
            raise Refusal(Code.REASON_NEEDED, f"{change.shown} will want to know why.", hint)
        members = what_waits_of_set(context, change)
        decision, texts, after = _reject(context, members, why)
        decision.enforce()
    for one in members:
        notify_requester(context, one, texts[one.id])
    text = "\n".join(texts.values())
    return Outcome(True, Code.REJECTED, text, {**facts_of(change), "state": after, "reason": why})


def _reject(
    context: Context, members: List[Change], why: str
) -> Tuple[Decision, Dict[str, str], State]:
    """Close the changes, all or none. Returns what to say of each."""
    store, speaker = context.store, context.speaker
    texts: Dict[str, str] = {}
    after = State.REJECTED
    places = [
        (one, place_left(context, one), requester_of(context.settings, one)) for one in members
    ]
    with store.write() as connection:
        tidy(store, connection)
        now = store.now(connection)
        for known, environment, requester in places:
            change = find(connection, known.id) or known
            decision = may_reject(context.settings, environment, change, speaker, requester, now)
            if not decision.allowed:
                return decision, texts, after
        for known, _, requester in places:
            change = find(connection, known.id) or known
            own = speaker.key in (change.owner, requester.key)
            who, after = one_line(speaker.shown), State.WITHDRAWN if own else State.REJECTED
            close(store, connection, change.id, State.OPEN, after, who, why)
            verb = "withdrew" if own else "rejected"
            text = (
                f"{who} {verb} change {change.id} ({change.what}, asked by {change.shown}): {why}"
            )
            entry = entry_by(context, change, Event.REJECTED, Code.REJECTED, text, reason=why)
            append(store, connection, entry)
            texts[change.id] = text
    return YES, texts, after


def review_change(context: Context, change_id: str, text: str, code: str = "") -> Outcome:
    """Take the flag off an emergency. `code` is a one-time code, where one is wanted.

    Raises Refusal(reason_needed, unknown_change, change_closed, own_change, not_allowed,
    wrong_room, code_...).
    """
    request = Request(context, "review", "", "", "")
    with resumed(request):
        change = find_change(context, request, change_id)
        found = one_line(context.mask(text), 400)
        if not found:
            hint = f"For example: review change {change.id}: looked at it, it was right"
            raise Refusal(Code.REASON_NEEDED, "A review says what was found.", hint)
        environment = place_left(context, change)
        requester = requester_of(context.settings, change)
        store, speaker = context.store, context.speaker
        with store.write() as connection:
            tidy(store, connection)
            change = find(connection, change.id) or change
            now = store.now(connection)
            decision = may_review(context.settings, environment, change, speaker, requester, now)
            with_code = bool(code.strip()) or needs_code(environment, speaker)
            if decision.allowed and with_code and speaker.person is not None:
                decision = check_code(
                    store,
                    connection,
                    speaker.person,
                    code,
                    f"review change {change.id} CODE: {one_line(found, 60)}",
                )
            if decision.allowed:
                who = one_line(speaker.shown)
                close(store, connection, change.id, State.REVIEW, State.REVIEWED, who, found)
                entry = entry_by(
                    context, change, Event.REVIEWED, Code.REVIEWED, found, second_factor=with_code
                )
                append(store, connection, entry)
        decision.enforce()
    summary = (
        f"{who} reviewed change {change.id}, the emergency of {change.shown} ({change.what}): "
        f"{one_line(found, 150)}"
    )
    notify_requester(context, change, summary)
    return Outcome(
        True, Code.REVIEWED, summary, {**facts_of(change), "state": State.REVIEWED, "review": found}
    )
