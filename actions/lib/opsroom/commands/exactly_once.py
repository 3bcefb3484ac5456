"""External actions that happen once: record what is about to be made, make it, look for it when the
answer is lost.

There are two transactions, one before and one after. In between, an answer may be lost or the
runner may die; then what was made is found by the mark that it carries, before anything is made
again.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Callable, Optional, TypeVar

from ..db.sql import Transaction, queue_up
from ..db.store import Store
from ..deadline import LIMIT, GivenUp, in_time, within
from ..errors import Code, Failure, OpsroomError, Refusal
from ..http.errors import in_doubt
from ..records.idempotency import Begun, Step, begin, done, forget, key_of, new_mark, undone, unsure
from ..records.ledger import append, of_deployment
from ..records.model import Entry, Event
from ..records.outbox import carries
from ..text import when
from .external_action import ActionResult, ExternalAction, Facts, Work, entry_of, keep_for_later
from .request import Request, recordable

Also = Callable[[Store, Transaction], None]

Answer = TypeVar("Answer")

# Tests put their own clock here; both are in seconds.
clock: Callable[[], float] = time.monotonic
wait: Callable[[float], None] = time.sleep

# Whatever the limits of the config say, it ends so many seconds after it began: StackStorm stops
# the action after 80.
MAX_SECONDS = 65.0
# A second attempt is made only where so much of the time is left, in seconds.
_SECOND_CHANCE = 1.0
# What of the time to look is kept for the last look, in seconds.
_ONE_LOOK = 3.0
# A server that is still working when we stop listening needs a moment to finish; what is not there
# then never comes.
_STILL_AT_IT = 3.0
_STILL_AT_IT_WHEN_SLOW = 10.0
_FIRST_PAUSE = 0.5
_MAX_PAUSE = 4.0
# How long the record is tried to be written once the thing is there, in seconds.
_RECORD_TIMEOUT = 10.0


def run_once(request: Request, action: ExternalAction) -> ActionResult:
    """Make it, unless the same request was made a moment ago; then the answer is the result of that
    one.

    Raises what `make` raised when nothing was made, Refusal(busy) while another run is making it,
    Failure of the action's `doubtful_code` when the outcome is unknown, and Failure(store_...) when
    nothing was tried because the record cannot be written. All of it is on the record by then, and
    the request has ended."""
    work = Work(
        request, action, key_of(request.by.key, request.command, *action.key), began=clock()
    )
    try:
        begun = _begun(work)
    except Failure as failure:
        if work.asked_whether:
            # It was made a moment ago; a record that went away since then must not make it again.
            request.ended = True
            return ActionResult(work.answer, False, work.since, recorded=False, failure=failure)
        if not action.without_record:
            # What could not be written before is not written now either; nothing was tried.
            request.ended = True
            raise
        # The mark of a row that may have been written anyway, where it hung in the middle.
        work.unrecorded, work.mark = failure, work.mark or new_mark()
        return _made(work, _make(work, first_look=False))
    except Refusal as refusal:
        # What was written before it is gone with its transaction.
        code, text, facts = refusal.code.value, refusal.sentence(), recordable(refusal.facts)
        _bounded(work, lambda _: request.end(Event.REFUSED, code, text, **facts), 2 * LIMIT)
        raise
    if begun.step is Step.DONE:
        return ActionResult(begun.answer, False, begun.since)
    if begun.step is Step.BUSY:
        raise _busy(work)
    return _made(work, _make(work, first_look=begun.step is Step.LOOK))


def _begun(work: Work) -> Begun:
    """The decision, once it is known, where it matters, whether what was made before still
    stands."""
    begun = _bounded(work, lambda given_up: _begin(work, given_up))
    if begun is not None:
        return begun
    action = work.action
    gone = not action.still_exists(work.answer)

    def again(given_up: GivenUp) -> Optional[Begun]:
        if gone:
            with work.request.context.store.write() as connection:
                forget(connection, work.mark)
                given_up.check()
        return _begin(work, given_up)

    begun = _bounded(work, again)
    assert begun is not None
    return begun


def _bounded(work: Work, use: Callable[[GivenUp], Answer], limit: Optional[float] = None) -> Answer:
    """Use the database; for what is done also without it, within a time that holds even when it
    hangs."""
    return in_time(use, limit) if work.action.without_record else use(GivenUp())


def _begin(work: Work, given_up: GivenUp) -> Optional[Begun]:
    """The decision and the record of it, in one transaction; where nothing is to be done, that is
    on the record too.

    None, and nothing is written: it has to be asked first whether what was made before still
    stands.
    """
    request, action, store = work.request, work.action, work.request.context.store
    with store.write() as connection:
        begun = begin(store, connection, work.key, request.deployment)
        work.since = begun.since
        if begun.step is Step.DONE and action.may_vanish and not work.asked_whether:
            given_up.check()
            work.asked_whether, work.mark, work.answer = True, begun.mark, begun.answer
            return None
        if action.records_request:
            append(store, connection, request.entry(Event.ASKED))
        if action.records_request and begun.step is Step.DONE:
            again = f"Asked again, and there already: {action.sentence(begun.answer)}"
            append(
                store,
                connection,
                request.entry(Event.REFUSED, action.repeated_code.value, again, mark=begun.mark),
            )
        if action.records_request and begun.step is Step.BUSY:
            busy = _busy(work)
            append(
                store, connection, request.entry(Event.REFUSED, busy.code.value, busy.sentence())
            )
        if begun.step in (Step.GO, Step.LOOK):
            action.before(store, connection, begun.mark)
        given_up.check()
        work.mark = begun.mark
    request.ended = begun.step in (Step.DONE, Step.BUSY)
    return begun


def _make(work: Work, first_look: bool) -> Facts:
    """Make it, looking first where it may be there. Whatever ends early is on the record before it
    is raised."""
    try:
        return _attempts(work, first_look)
    except _InDoubt as doubt:
        raise _end(work, Event.UNCONFIRMED, doubt.outcome) from doubt.cause
    except Refusal as refusal:
        raise _end(work, Event.REFUSED, refusal) from None
    except Failure as failure:
        raise _end(work, Event.FAILED, failure) from None
    except Exception as error:
        # Where in the middle the defect struck is not known, so neither what was made.
        crash = Failure(Code.CRASHED, f"internal error in opsroom: {type(error).__name__}")
        _end(work, Event.UNCONFIRMED, crash)
        raise


class _InDoubt(Exception):
    """It may or may not have been made. `outcome` is what the requester reads, `cause` what
    went wrong."""

    def __init__(self, outcome: Failure, cause: OpsroomError) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome
        self.cause = cause


def _attempts(work: Work, first_look: bool) -> Facts:
    action, limits = work.action, work.action.limits
    if first_look:
        # The run that was making it has been gone for long enough: one look that works is certain.
        existing = _look(work, settled=clock(), end=clock() + limits.look_for, why=None)
        if existing is not None:
            return existing
    end = clock() + limits.command + limits.look_for
    try:
        return action.make(work.mark)
    except Failure as failure:
        if not in_doubt(failure):
            raise
        existing = _look_after(work, failure, clock() + limits.look_for)
        if existing is not None:
            return existing
        if end - clock() < _SECOND_CHANCE:
            # It is certainly not there, and there is no time left to make it.
            raise
    try:
        # A kind keeps its own limit, which is longer than what is left.
        return within(end - clock(), action.what, lambda: action.make(work.mark))
    except Failure as failure:
        if not in_doubt(failure):
            raise
        existing = _look_after(work, failure, end)
        if existing is not None:
            return existing
        raise _in_doubt(work, failure) from failure


def _look_after(work: Work, failure: Failure, end: float) -> Optional[Facts]:
    """The facts of what was made although the answer was lost; None when it was certainly not
    made."""
    still = _STILL_AT_IT_WHEN_SLOW if failure.code is Code.TIMED_OUT else _STILL_AT_IT
    return _look(work, clock() + max(work.action.settles_within, still), end, failure)


def _look(work: Work, settled: float, end: float, why: Optional[OpsroomError]) -> Optional[Facts]:
    """Look until it is there, or until a look that began after `settled` (a moment of the clock)
    does not find it.

    Raises _InDoubt when there was no such look until `end`, a moment of the clock too.
    """
    end = min(end, work.began + MAX_SECONDS)
    # The last look needs time for its answer too.
    until, pause = end - min(_ONE_LOOK, (end - clock()) / 3), _FIRST_PAUSE
    while True:
        began = clock()
        if began >= end:
            raise _in_doubt(work, why) from why
        try:
            existing = within(end - began, work.action.what, lambda: work.action.find(work.mark))
        except Refusal as refusal:
            # It cannot be found out, today or ever.
            raise _in_doubt(work, why or refusal, refusal) from refusal
        except Failure as failure:
            why = why or failure
        else:
            if existing is not None:
                work.found = True
                return existing
            if began >= settled:
                return None
        now = clock()
        if now >= until:
            raise _in_doubt(work, why) from why
        # The last pauses end where a look begins to count, and where time is up.
        ends = [end for end in (settled, until) if end > now]
        wait(min([pause, *(end - now for end in ends)]))
        pause = min(pause * 2, _MAX_PAUSE)


def _in_doubt(
    work: Work, why: Optional[OpsroomError], also: Optional[OpsroomError] = None
) -> _InDoubt:
    action = work.action
    why = why or Failure(action.doubtful_code, "It was not to be found in time.")
    reasons = " ".join(dict.fromkeys(one.message for one in (why, also) if one is not None))
    facts = {**recordable(why.facts), "mark": work.mark}
    outcome = Failure(
        action.doubtful_code,
        f"{action.what} {action.in_doubt_text}: {reasons}",
        action.in_doubt_hint,
        facts,
    )
    return _InDoubt(outcome, why)


def _busy(work: Work) -> Refusal:
    since = when(work.since, datetime.now(timezone.utc))
    return Refusal(
        Code.BUSY,
        f"{work.action.what} {work.action.in_progress_text} right now, since {since}.",
        "Repeat it in a minute to get its result.",
    )


def _made(work: Work, facts: Facts) -> ActionResult:
    """Record what was made. It exists either way, so a record that fails is reported and not
    raised."""
    request = work.request
    action, failure, late = work.action, work.unrecorded, False
    event, code = (
        (Event.UNCONFIRMED, action.doubtful_code)
        if action.is_uncertain(facts)
        else (action.done, action.code)
    )
    found = {**facts, "found_after_lost_answer": work.found or None}
    entry = entry_of(work, event, code.value, action.sentence(facts), found)
    if failure is None:
        try:
            _record(work, entry, lambda store, connection: done(store, connection, work.key, facts))
        except Failure as error:
            failure = error
    if failure is not None:
        late = keep_for_later(work, entry, facts)
    request.ended = True
    request.unrecorded = failure is not None
    return ActionResult(
        facts,
        True,
        work.since,
        found=work.found,
        recorded=failure is None,
        failure=failure,
        late=late,
    )


def _end(work: Work, event: Event, error: OpsroomError) -> OpsroomError:
    """Record that it was not made, or that this is unknown; returns the error, to be
    raised."""
    work.request.ended = True
    entry = entry_of(work, event, error.code.value, error.sentence(), recordable(error.facts))
    forget = unsure if event is Event.UNCONFIRMED else undone
    if work.unrecorded is not None:
        keep_for_later(work, entry)
        return error
    try:
        _record(work, entry, lambda store, connection: forget(connection, work.key))
    except Failure:
        # What went wrong is worth more than that it could not be written down; the row runs out by
        # itself.
        error.facts["recorded"] = False
        keep_for_later(work, entry)
    return error


def _record(work: Work, entry: Entry, also: Also) -> None:
    """Commit the last record of the action, and `also` with it; patient with a database that goes
    away meanwhile."""
    request, event = work.request, entry.event
    until, again = clock() + _RECORD_TIMEOUT, False

    def write(given_up: GivenUp) -> None:
        store = request.context.store
        with store.write() as connection:
            # It may have been committed although the answer to that was lost, or be committed right
            # now.
            queue_up(connection)
            recorded = of_deployment(connection, request.deployment) if again else []
            if not any(
                one.event is event and one.facts.get("mark") == work.mark for one in recorded
            ):
                # What was found may have been recorded meanwhile, from what its own runner left in
                # the outbox.
                if not (
                    work.found
                    and event is work.action.done
                    and carries(connection, event, work.mark)
                ):
                    append(store, connection, entry)
                also(store, connection)
                work.action.after(store, connection, work.mark, event)
            given_up.check()

    while True:
        try:
            _bounded(work, write, min(LIMIT, max(until - clock(), 0.0) + 2.0))
            return
        except Failure:
            if clock() >= until:
                raise
            request.context.close()
            wait(_FIRST_PAUSE)
            again = True
