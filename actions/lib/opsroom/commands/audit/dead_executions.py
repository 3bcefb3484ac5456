"""Closes executions that StackStorm takes for running although their runner died: with their
answer, where the record has one. Cancels those that no runner has begun for a long time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional, Sequence

from ...db.sql import soon
from ...errors import Code, Failure
from ...people import same_room
from ...records.announcements import Announcement, begin, mark_posted
from ...records.claims import current
from ...records.ledger import Record
from ...records.model import Event
from ...records.queries import of_execution
from ...stackstorm.client import StackStorm, here
from ...stackstorm.executions import Running, running, unbegun
from ...structs import dataclass
from ...text import MESSAGE_CHARACTERS, message, neutralise_data, one_line
from .. import Context, Outcome
from ..deployments.interrupted import settle_interrupted

# An action that has recorded its end answers within moments, and a runner that is alive passes that
# on.
_MOMENTS = timedelta(seconds=60)
# What its runner would already have stopped; StackStorm itself takes a while for it.
_BEYOND = timedelta(seconds=60)
# So long a command may wait for a runner. One that comes later would surprise the requester, and a
# command that a dead runner had taken waits for good.
_WAIT = timedelta(minutes=10)
# Tests put their own clock here, in seconds since 1970.
clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class Closing:
    """How a dead execution is closed: StackStorm's status, and what the room reads."""

    status: str
    result: Dict[str, Any]


def close_dead_executions(context: Context) -> Outcome:
    """Find the executions of opsroom whose runner died, and close each; cancel those that no runner
    has begun in ten minutes. The room that asked gets the answer.

    Raises Refusal(not_configured) outside of StackStorm and Failure(unauthorized, unreachable,
    store_...).
    """
    client = here()
    closed: List[str] = []
    try:
        found = [one for one in running(client) if one.id != context.execution_id]
        if found:
            settle_interrupted(context)
        closed += [one.id for one in found if _close(context, client, one)]
        cancelled = cancel_unbegun(client)
    except Failure as failure:
        if failure.code != Code.UNAUTHORIZED:
            raise
        raise Failure(
            failure.code,
            "StackStorm does not let this user list opsroom's executions and end them.",
            "An administrator grants execution_list, and action_execute on opsroom's actions.",
            failure.facts,
        ) from failure
    facts = {"closed": closed, "cancelled": cancelled, "running": len(found) - len(closed)}
    if not closed and not cancelled:
        return Outcome(
            True, Code.NOTHING_NEW, "No execution of opsroom is without its runner.", facts
        )
    done = [f"Closed {_count(closed)} whose runner had died."] if closed else []
    done += [f"Cancelled {_count(cancelled)} that no runner had begun."] if cancelled else []
    return Outcome(True, Code.EXECUTIONS_CLOSED, " ".join(done), facts)


def is_lost(execution: Running, now: datetime) -> bool:
    """Whether an execution that waits for a runner has waited too long."""
    return now - execution.began >= _WAIT


def closing_of(
    execution: Running,
    now: datetime,
    claimed: bool,
    records: Sequence[Record],
    recorded_now: datetime,
) -> Optional[Closing]:
    """How to close an execution that StackStorm takes for running; None where it may be alive.

    `claimed`: it holds a claim that it renews. `now` is compared with StackStorm's times,
    `recorded_now` with those of its `records`, oldest first.
    """
    if claimed:
        return None
    ends = ends_of(records)
    end = ends[-1] if ends else None
    # One that is dated after now was written by a wrong clock.
    if end is not None and (recorded_now - end.clock >= _MOMENTS or end.clock > soon(recorded_now)):
        return _answered(_weightiest(ends), [one.message for one in ends])
    if now - execution.began < timedelta(seconds=execution.limit) + _BEYOND:
        return None
    words = execution.action.replace("_", " ")
    text = f"The runner of this {words} died, and it left no answer."
    hint = "Check what it was to change, then repeat it."
    return Closing("abandoned", _result("failed", Code.INTERRUPTED.value, text, hint))


def cancel_unbegun(client: StackStorm) -> List[str]:
    """Cancel what has waited for a runner too long; their ids.

    StackStorm never runs what was cancelled before a runner began it, so that it may be repeated.
    Raises Failure as `close_dead_executions`.
    """
    now = datetime.fromtimestamp(clock(), timezone.utc)
    lost = [one.id for one in unbegun(client) if is_lost(one, now)]
    for one in lost:
        client.cancel(one)
    return lost


def _count(executions: Sequence[str]) -> str:
    return f"{len(executions)} execution{'s' if len(executions) > 1 else ''}"


def _close(context: Context, client: Any, execution: Running) -> bool:
    store = context.store
    with store.read() as connection:
        claimed = any(
            one.execution_id == execution.id and not one.expired
            for one in current(store, connection)
        )
        records = of_execution(connection, execution.id)
        recorded_now = store.now(connection)
    now = datetime.fromtimestamp(clock(), timezone.utc)
    closing = closing_of(execution, now, claimed, records, recorded_now)
    if closing is None:
        return False
    if closing.status == "abandoned" and records:
        last = _weightiest(ends_of(records) or records)
        closing = _unless_announced(context, execution, closing, last)
    result = neutralise_data(context.mask(closing.result))
    return bool(client.end(execution.id, closing.status, {"result": result}))


def _unless_announced(
    context: Context, execution: Running, closing: Closing, end: Record
) -> Closing:
    """What was posted in the announce room already is not posted again as an answer; nor the other
    way round."""
    if not execution.room or not same_room(execution.room, context.settings.announce):
        return closing
    key = f"deployment:{end.deployment}:{end.seq}"
    with context.store.write() as connection:
        announcement = Announcement(key, execution.room, str(closing.result["message"]))
        if begin(context.store, connection, announcement, context.execution_id, always=True):
            mark_posted(context.store, connection, key)
            return closing
    return Closing(
        closing.status,
        {**closing.result, "message": f"{_what(end)} was interrupted, as reported above."},
    )


_UNDER_WAY = (
    *(Event.ASKED, Event.STARTED, Event.OVERRIDDEN, Event.APPROVED, Event.CONFIRMED),
    Event.CANCEL_ASKED,
)


def ends_of(records: Sequence[Record]) -> List[Record]:
    """The ends of an execution's requests, oldest first; none while one of them has no end: of
    several applications that are deployed in order the next may be about to begin."""
    newest = {one.deployment: one for one in records}
    found = sorted(newest.values(), key=lambda one: one.seq)
    return [] if any(one.event in _UNDER_WAY for one in found) else found


def _weightiest(ends: Sequence[Record]) -> Record:
    """The one that failed, else the last one."""
    bad = (Event.INTERRUPTED, Event.FAILED, Event.CANCELLED)
    return next((one for one in ends if one.event in bad), ends[-1])


def _answered(end: Record, messages: Sequence[str]) -> Closing:
    if end.event is Event.INTERRUPTED:
        text, hint = (
            f"{_what(end)} was interrupted: {end.message.rstrip('.')}.",
            "Repeat it where it is still wanted.",
        )
        return Closing("abandoned", _result("failed", end.code, text, hint))
    ok = (
        end.event not in (Event.FAILED, Event.REFUSED, Event.UNCONFIRMED, Event.CANCELLED)
        or end.code == Code.ALREADY_THERE.value
    )
    outcome = "succeeded" if ok else "refused" if end.event is Event.REFUSED else "failed"
    return Closing(
        "succeeded" if ok else "failed",
        _result(outcome, end.code or end.event.value, "\n".join(messages), ""),
    )


def _what(end: Record) -> str:
    where = f" of {end.app} {end.version} on {end.environment}" if end.app else ""
    return f"The {end.command}{where} by {one_line(end.requester, 60)}"


def _result(outcome: str, code: str, text: str, hint: str) -> Dict[str, Any]:
    # Together they must fit into one message.
    return {
        "outcome": outcome,
        "code": code,
        "message": message(text, MESSAGE_CHARACTERS - 60),
        "hint": hint,
    }
