"""lock, unlock, show locks: keep others from deploying to an environment, to one application there
or anywhere, for a reason."""

from __future__ import annotations

from datetime import datetime
from typing import List, Optional, Tuple

from ...db.sql import Transaction
from ...errors import Code, Refusal
from ...names import listed
from ...people import Speaker, same_room
from ...policy import Decision
from ...policy.approvals import needs_code
from ...policy.locks import in_the_way, is_kill_switch, lasting, lock_text, place
from ...records.claims import Claim
from ...records.claims import current as claims_now
from ...records.ledger import append
from ...records.locks import Lock, Taken, current, find, release, sweep, take
from ...records.model import Event
from ...records.otp import use_code
from ...text import message, one_line, table
from ...times.moments import read_end, split_end
from .. import Context, Outcome
from ..request import Request, resumed
from ..resolve import find_environment
from . import Scope, find_scope, rights

# A longer reason is not said again in what is proposed.
_MAX_PROPOSED = 60


def lock(context: Context, environment_name: str, text: str = "", app_name: str = "") -> Outcome:
    """Lock a place; `environment_name` may be "everything". `text` is the reason, which may end in
    "until 17:00" or "for 2h". A running deployment continues, and the answer names it.

    Raises Refusal(locked) when someone else has this lock. A person who has it already gives it a
    new reason and end.
    """
    request = Request(context, "lock", app_name, environment_name, "")
    with resumed(request):
        typed = " ".join(text.split())
        reason = typed if 0 < len(typed) <= _MAX_PROPOSED else "REASON"
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
        effect = f"Nobody can deploy anywhere now, including {one_line(lock.shown, 60)}."
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
        sentences.append(f"{listed(going_on, 2)} {be} deploying right now; that continues.")
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


def unlock(context: Context, environment_name: str, app_name: str = "", code: str = "") -> Outcome:
    """Take a lock away; `environment_name` may be "everything". The owner always may, others with
    the right to lock; then the owner's room is notified. Raises Refusal(not_locked) where this very
    place is not locked.

    Where a second factor is wanted anywhere, the kill switch wants it too: it is thrown when names
    are in doubt.
    """
    request = Request(context, "unlock", app_name, environment_name, "")
    with resumed(request):
        scope = find_scope(context, app_name, environment_name, "unlock {}".format)
        request.app, request.environment = scope.app, scope.environment
        refused = rights(context, scope)
        if not scope.environment:
            _second_factor(context, refused, code)
        return _release(request, scope, refused)


def _second_factor(context: Context, refused: List[Decision], code: str) -> None:
    person = context.speaker.person
    wanted = any(needs_code(one, context.speaker) for one in context.settings.environments.values())
    if person is None or not (wanted or code.strip()):
        return
    with context.store.read() as connection:
        lock = find(connection, "", "")
    # A code is not used up by someone who may not unlock, nor where nothing is locked.
    if lock is not None and _may_unlock(lock, context.speaker, refused):
        use_code(context.store, person, code, "unlock everything CODE")


def _may_unlock(lock: Lock, speaker: Speaker, refused: List[Decision]) -> bool:
    """Its owner, where it is certain that it is them, and anyone who may lock."""
    certain = all(one.code is not Code.NOT_VOUCHED for one in refused)
    return (certain and lock.owner == speaker.key) or not refused


def _release(request: Request, scope: Scope, refused: List[Decision]) -> Outcome:
    context, store, speaker = request.context, request.context.store, request.by
    with store.write() as connection:
        sweep(store, connection)
        now = store.now(connection)
        lock = find(connection, scope.app, scope.environment)
        existing = current(store, connection, scope.app, scope.environment)
        may = lock is not None and _may_unlock(lock, speaker, refused)
        if lock is not None and may:
            release(connection, lock)
            text = _unlocked_text(request, lock, now)
            append(
                store,
                connection,
                request.entry(Event.UNLOCKED, Code.UNLOCKED.value, text, **lock.facts()),
            )
    if lock is None:
        raise _not_locked(scope, existing, now, context.settings.timezone)
    if not may:
        _refuse(lock, refused, now, context.settings.timezone)
    request.ended = True
    if lock.owner != speaker.key:
        _notify_owner(context, lock)
    return Outcome(True, Code.UNLOCKED, text, lock.facts())


def _unlocked_text(request: Request, lock: Lock, now: datetime) -> str:
    who, words = one_line(request.by.shown), place(lock.app, lock.environment)
    since = lasting(lock, now, request.context.settings.timezone, open_end="")
    if lock.owner == request.by.key:
        return f"{who} unlocked {words}; it was locked {since}: {one_line(lock.reason, 100)}"
    return (
        f"{who} unlocked {words}; {one_line(lock.shown, 60)} had locked it {since}: "
        f"{one_line(lock.reason, 100)}"
    )


def _not_locked(scope: Scope, existing: List[Lock], now: datetime, zone: str) -> Refusal:
    """What is locked is named: a person who unlocks uat may have meant web on uat, or
    everything."""
    locked = (
        f"{scope.words} is not locked" if scope.environment else "There is no lock on everything"
    )
    if not existing:
        return Refusal(Code.NOT_LOCKED, f"{locked}.", "All locks: show locks")
    commands = listed([f"unlock {place(one.app, one.environment)}" for one in existing], 3)
    if scope.environment:
        locked = f"{scope.words} itself is not locked"
    return Refusal(
        Code.NOT_LOCKED,
        f"{locked}. But {lock_text(existing[0], now, zone)}",
        f"Say: {commands}",
    )


def _refuse(lock: Lock, refused: List[Decision], now: datetime, zone: str) -> None:
    first = refused[0]
    code = first.code or Code.NOT_ALLOWED
    raise Refusal(code, f"{lock_text(lock, now, zone)} {first.message}", first.hint, lock.facts())


def _notify_owner(context: Context, lock: Lock) -> None:
    """The room where the lock was taken reads who took it away, unless the answer is read there
    anyway."""
    if lock.room and not same_room(lock.room, context.speaker.room):
        owner, who = one_line(lock.shown, 60), one_line(context.speaker.shown, 60)
        words, reason = place(lock.app, lock.environment), one_line(lock.reason, 100)
        context.rooms(lock.room).say(
            message(f"{owner}: {who} unlocked {words}, which you had locked: {reason}")
        )


def list_locks(context: Context, environment_name: str = "") -> Outcome:
    """All locks that hold now, or those that matter on one environment; the widest first."""
    environment = (
        find_environment(context.settings, environment_name).name
        if environment_name.strip()
        else ""
    )
    store = context.store
    with store.read() as connection:
        locks = current(store, connection, environment=environment)
        now = store.now(connection)
    facts = {"locks": [lock.facts() for lock in locks]}
    if not locks:
        where = f" on {environment}" if environment else ""
        return Outcome(True, Code.LOCKS, f"Nothing is locked{where}.", facts)
    zone = context.settings.timezone
    rows = [
        [
            place(lock.app, lock.environment),
            f"{one_line(lock.shown, 40)} {lasting(lock, now, zone)}",
            one_line(lock.reason, 60),
        ]
        for lock in locks
    ]
    narrow = "" if environment else "say: show locks on ENVIRONMENT"
    heading = f"Locked on {environment}:" if environment else "Locked:"
    return Outcome(True, Code.LOCKS, table(rows, narrow=narrow, heading=heading), facts)
