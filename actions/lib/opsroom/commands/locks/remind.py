"""Reminders: of forgotten locks and of changes about to expire; requesters are notified of changes
that did expire."""

from __future__ import annotations

from datetime import timedelta
from typing import List, Tuple

from ...errors import Code
from ...people import same_room
from ...policy.approvals import ask_again
from ...policy.locks import place
from ...records.change import Change, Kind, State
from ...records.changes import expire, find, open_changes
from ...records.locks import current
from ...records.model import Event
from ...records.queries import newest
from ...text import one_line, sentence, span, when
from .. import Context, Outcome
from ..announce import post_once, post_together

_FORGOTTEN = timedelta(days=1)
_SOON = timedelta(minutes=10)
# What expired longer ago is no news any more.
_NEWS = timedelta(hours=1)


def remind(context: Context) -> Outcome:
    """Mark the changes whose time is over, and post what is due. Each is posted once; a lock once a
    day.

    Raises Failure(store_...).
    """
    reminders = {
        "locks": _locks(context),
        "changes": _changes(context),
        "expired": _expired(context),
    }
    count = sum(reminders.values())
    code = Code.REMINDED if count else Code.NOTHING_NEW
    text = f"{count} reminders were posted." if count else "There is nothing to remind of."
    return Outcome(True, code, text, reminders)


def _locks(context: Context) -> int:
    """Those without an end that are older than a day. A person who gave one an end has not
    forgotten it."""
    store = context.store
    with store.read() as connection:
        now = store.now(connection)
        old = [
            one
            for one in current(store, connection)
            if one.until is None and now - one.since >= _FORGOTTEN
        ]
    due: List[Tuple[str, str]] = []
    for lock in old:
        age = now - lock.since
        what = place(lock.app, lock.environment)
        text = (
            f"{what} is still locked by {one_line(lock.shown, 60)}, for "
            f"{span(age.total_seconds())} now: "
        )
        text += f"{sentence(one_line(lock.reason, 80))} To end it: unlock {what}"
        due.append(
            (f"lock:{lock.app}:{lock.environment}:{lock.since.isoformat()}:{age.days}", text)
        )
    return post_together(context, due)


def _changes(context: Context) -> int:
    """Those that wait and will expire soon; those whose whole time is that short are not worth a
    reminder."""
    store = context.store
    with store.read() as connection:
        now = store.now(connection)
        waiting = [
            one for one in open_changes(connection) if one.state is State.OPEN and one.expires_at
        ]
    count = 0
    for change in waiting:
        end = change.expires_at
        assert end is not None
        if not now < end <= now + _SOON or end - change.asked_at <= _SOON:
            continue
        text = (
            f"Change {change.id} ({change.what}, asked by {one_line(change.shown, 60)}) "
            f"expires at {when(end, now)}."
        )
        text += f" {_to_do(change)}"
        count += _post(context, f"change:{change.deployment}:{change.id}", text, change.room)
    return count


def _to_do(change: Change) -> str:
    if change.kind is Kind.CONFIRMATION:
        return f"To confirm: confirm change {change.id}"
    return f"To approve: approve change {change.id}"


def _expired(context: Context) -> int:
    """Those that nobody took care of in time, no matter who marked them."""
    store = context.store
    with store.write() as connection:
        expire(store, connection)
        records = newest(connection, Event.EXPIRED, store.now(connection) - _NEWS)
        over = [(one, find(connection, str(one.facts.get("change", "")))) for one in records]
    count = 0
    for record, change in over:
        if change is not None:
            text = f"{record.message} {ask_again(change)}"
            count += _post(context, f"expired:{change.deployment}:{change.id}", text, change.room)
    return count


def _post(context: Context, key: str, text: str, room: str) -> int:
    """In the announce room and where it was asked for, each once; 1 when anything was posted."""
    reminders = post_once(context, key, text)
    if room and not same_room(room, context.settings.announce):
        reminders = post_once(context, f"{key}:there", text, room=room) or reminders
    return int(reminders)
