"""lock: keep an environment, one application there or everything from being deployed to, for a
reason."""

from __future__ import annotations

from datetime import datetime
from typing import List, Optional, Tuple

from ...db.sql import Transaction
from ...errors import Code, Refusal
from ...names import listed
from ...policy.locks import in_the_way, is_kill_switch, lasting, lock_text, place
from ...records.claims import Claim
from ...records.claims import current as claims_now
from ...records.ledger import append
from ...records.locks import Lock, Taken, current, take
from ...records.model import Event
from ...text import one_line
from ...times.moments import read_end, split_end
from .. import Context, Outcome
from ..request import Request, resumed
from . import Scope, find_scope, rights

# A longer reason is not said again in what is proposed.
_MOST_PROPOSED = 60


def lock(context: Context, environment_name: str, text: str = "", app_name: str = "") -> Outcome:
    """Lock a place; `environment_name` may be "everything". `text` is the reason, which may end in
    "until 17:00" or "for 2h". A deployment that is going on there goes on, and the answer names it.

    Raises Refusal(locked) when someone else has this lock. A person who has it already gives it a
    new reason and end.
    """
    request = Request(context, "lock", app_name, environment_name, "")
    with resumed(request):
        typed = " ".join(text.split())
        reason = typed if 0 < len(typed) <= _MOST_PROPOSED else "REASON"
        scope = find_scope(
            context, app_name, environment_name, lambda place: f"lock {place}: {reason}"
        )
        request.app, request.environment = scope.app, scope.environment
        for decision in rights(context, scope):
            decision.enforce()
        return _take(request, scope, text)


def _take(request: Request, scope: Scope, text: str) -> Outcome:
    context, store = request.context, request.context.store
    zone = context.settings.timezone
    with store.write() as connection:
        wanted = _wanted(request, scope, text, connection)
        now = store.now(connection)
        taken = take(store, connection, wanted)
        if taken.ok:
            existing = current(store, connection, scope.app, scope.environment)
            others = [one for one in existing if _wider(one, taken.lock, scope)]
            running = [
                one
                for one in claims_now(store, connection, scope.app, scope.environment)
                if not one.expired
            ]
            message = _answer_text(taken, others, running, now, zone)
            facts = {
                **taken.lock.facts(),
                "renewed": taken.renewed is not None,
                "deploying": [one.deployment for one in running],
            }
            append(
                store,
                connection,
                request.entry(Event.LOCKED, Code.LOCKED_NOW.value, message, **facts),
            )
    if not taken.ok:
        raise _refusal(taken.lock, context, now)
    request.ended = True
    return Outcome(True, Code.LOCKED_NOW, message, facts)


def _wanted(request: Request, scope: Scope, text: str, connection: Transaction) -> Lock:
    context, speaker = request.context, request.by
    reason, until = _reason_and_end(context, scope, text, context.store.now(connection))
    return Lock(
        app=scope.app,
        environment=scope.environment,
        owner=speaker.key,
        shown=one_line(speaker.shown),
        reason=reason,
        person=speaker.person_name,
        room=one_line(speaker.room, 200),
        execution_id=context.execution_id,
        until=until,
    )


def _reason_and_end(
    context: Context, scope: Scope, text: str, now: datetime
) -> Tuple[str, Optional[datetime]]:
    """The two parts of the text. Raises Refusal(reason_needed) without a reason,
    Refusal(invalid_time)."""
    reason, end = split_end(text)
    reason = " ".join(reason.split())
    if not reason:
        raise Refusal(
            Code.REASON_NEEDED,
            "A lock needs a reason, for the people whom it stops.",
            f"For example: lock {scope.words}: load test until 17:00",
        )
    if not end:
        return reason, None
    try:
        return reason, read_end(end, now, context.settings.timezone)
    except Refusal as refusal:
        # It may be a part of the reason: "until the release is out".
        hint = (
            f"{refusal.hint.rstrip('.')}. Where no time is meant, write at the end of the "
            "reason: no end"
        )
        raise Refusal(refusal.code, refusal.message, hint, refusal.facts) from refusal


def _wider(one: Lock, mine: Lock, scope: Scope) -> bool:
    """Whether another lock covers the whole place too, and stops the owner of this one."""
    if one.app == mine.app and one.environment == mine.environment:
        return False
    covers = not one.environment or (bool(scope.environment) and not one.app)
    return covers and (one.owner != mine.owner or is_kill_switch(one))


def _answer_text(
    taken: Taken, others: List[Lock], running: List[Claim], now: datetime, zone: str
) -> str:
    lock = taken.lock
    if is_kill_switch(lock):
        effect = f"Nobody deploys anywhere now, {one_line(lock.shown, 60)} included."
    elif others:
        first = others[0]
        by = one_line(first.shown, 60)
        effect = (
            f"{place(first.app, first.environment)} is locked by {by} as well; see: show locks."
        )
    else:
        effect = f"Only {one_line(lock.shown, 60)} can deploy there now."
    sentences = [lock_text(lock, now, zone), effect]
    if taken.renewed:
        until = lasting(taken.renewed, now, zone) if taken.renewed.until else "without end"
        sentences.append(f"It was theirs already ({one_line(taken.renewed.reason, 40)}, {until}).")
    if running:
        going_on = [
            f"{one_line(one.holder, 40)} ({one.app} {one.version} on {one.environment})"
            for one in running
        ]
        be = "is" if len(running) == 1 else "are"
        sentences.append(f"{listed(going_on, 2)} {be} deploying right now; that goes on.")
    sentences.append(f"To end it: unlock {place(lock.app, lock.environment)}")
    return " ".join(sentences)


def _refusal(existing: Lock, context: Context, now: datetime) -> Refusal:
    """Someone else has the very lock that was asked for."""
    decision = in_the_way([existing], context.speaker, now, context.settings.timezone)[0]
    return Refusal(
        Code.LOCKED,
        f"{lock_text(existing, now, context.settings.timezone)} That lock stays.",
        decision.hint,
        existing.facts(),
    )
