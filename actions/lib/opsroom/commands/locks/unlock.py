"""unlock: let others deploy again."""

from __future__ import annotations

from datetime import datetime
from typing import List

from ...errors import Code, Refusal
from ...names import listed
from ...people import same_room
from ...policy import Decision
from ...policy.approvals import needs_code
from ...policy.locks import lasting, lock_text, place
from ...records.ledger import append
from ...records.locks import Lock, current, find, release, sweep
from ...records.model import Event
from ...records.otp import use_code
from ...text import message, one_line
from .. import Context, Outcome
from ..request import Request, resumed
from . import Scope, find_scope, rights


def unlock(context: Context, environment_name: str, app_name: str = "", code: str = "") -> Outcome:
    """Take a lock away; `environment_name` may be "everything". The owner always may, others with
    the right to lock; then the owner's room is told. Raises Refusal(not_locked) where this very
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
    if lock is not None and (lock.owner == context.speaker.key or not refused):
        use_code(context.store, person, code, "unlock everything CODE")


def _release(request: Request, scope: Scope, refused: List[Decision]) -> Outcome:
    context, store, speaker = request.context, request.context.store, request.by
    with store.write() as connection:
        sweep(store, connection)
        now = store.now(connection)
        lock = find(connection, scope.app, scope.environment)
        existing = current(store, connection, scope.app, scope.environment)
        may = lock is not None and (lock.owner == speaker.key or not refused)
        if lock is not None and may:
            release(connection, lock)
            text = _answer_text(request, lock, now)
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
        _tell_owner(context, lock)
    return Outcome(True, Code.UNLOCKED, text, lock.facts())


def _answer_text(request: Request, lock: Lock, now: datetime) -> str:
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
    what = scope.words[0].upper() + scope.words[1:] if not scope.environment else scope.words
    if not existing:
        return Refusal(Code.NOT_LOCKED, f"{what} is not locked.", "All locks: show locks")
    commands = listed([f"unlock {place(one.app, one.environment)}" for one in existing], 3)
    itself = "itself " if scope.environment else "as a whole "
    return Refusal(
        Code.NOT_LOCKED,
        f"{what} {itself}is not locked. But {lock_text(existing[0], now, zone)}",
        f"Say: {commands}",
    )


def _refuse(lock: Lock, refused: List[Decision], now: datetime, zone: str) -> None:
    first = refused[0]
    code = first.code or Code.NOT_ALLOWED
    raise Refusal(code, f"{lock_text(lock, now, zone)} {first.message}", first.hint, lock.facts())


def _tell_owner(context: Context, lock: Lock) -> None:
    """The room where the lock was taken reads who took it away, unless the answer is read there
    anyway."""
    if lock.room and not same_room(lock.room, context.speaker.room):
        owner, who = one_line(lock.shown, 60), one_line(context.speaker.shown, 60)
        words, reason = place(lock.app, lock.environment), one_line(lock.reason, 100)
        context.rooms(lock.room).say(
            message(f"{owner}: {who} unlocked {words}, which you had locked: {reason}")
        )
