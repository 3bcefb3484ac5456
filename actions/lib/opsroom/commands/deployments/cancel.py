"""cancel deploy of web on uat: end a running deployment, and what it started elsewhere.

A deployment whose runner lives is asked to stop, and cancels what it started itself. Where the
runner died, what it left running is cancelled here.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Callable, Optional

from ...db.sql import queue_up
from ...deploys import Cancelled, Canceller
from ...errors import Code, Refusal
from ...policy.access import may_cancel
from ...records.change import State
from ...records.changes import open_changes
from ...records.claims import Claim, current, keep_checkpoint, release, take
from ...records.ledger import Record, append, of_deployment
from ...records.model import Entry, Event
from ...text import one_line, sentence, span
from .. import Context, Outcome
from ..request import Request, resumed
from ..resolve import DeploymentTarget, find_target
from .gates import busy
from .interrupted import settle_interrupted
from .job import CANCEL, RunningJob

# How long the deployment may take to stop before the answer says that it has not, in seconds. What
# it started elsewhere may need half a minute.
WAIT = 60.0
_PAUSE = 0.5
_ENDS = (Event.SUCCEEDED, Event.FAILED, Event.INTERRUPTED, Event.CANCELLED, Event.REFUSED)

# Tests put their own here, in seconds.
clock: Callable[[], float] = time.monotonic
sleep: Callable[[float], None] = time.sleep


def cancel_deployment(context: Context, app_name: str, environment_name: str) -> Outcome:
    """End the running deployment of an application on an environment.

    Raises Refusal(unknown_app, ..., not_allowed, wrong_room, nothing_to_cancel, busy),
    Failure(outcome_unknown, ...) where what was left running cannot be cancelled.
    """
    request = Request(context, "cancel", app_name, environment_name, "")
    with resumed(request):
        target = find_target(context.settings, app_name, environment_name)
        request.app, request.environment = target.app.name, target.environment.name
        settle_interrupted(context, request.app, request.environment)
        claim = _claim(context, request)
        own = claim is not None and _is_own(context, claim)
        for decision in may_cancel(context.settings, request.by, target.environment, own):
            decision.enforce()
        if claim is not None and claim.command == request.command:
            with context.store.read() as connection:
                busy(claim, context.store.now(connection)).enforce()
        if claim is None or not _ask(request, claim):
            left = _cancel_left(request, target)
            if left is None:
                raise _nothing(context, target)
            return left
        end = _wait_for_end(context, claim)
        if end is not None and end.event is Event.INTERRUPTED:
            # Its runner did not live any more.
            left = _cancel_left(request, target)
            if left is not None:
                return left
    return _answer(context, claim, end)


def _claim(context: Context, request: Request) -> Optional[Claim]:
    with context.store.read() as connection:
        found = current(context.store, connection, request.app, request.environment)
    return found[0] if found else None


def _is_own(context: Context, claim: Claim) -> bool:
    """Whether the requester is who holds the claim; a name that nobody is mapped to is nobody's."""
    return bool(claim.person) and claim.person == context.speaker.person_name


def _nothing(context: Context, target: DeploymentTarget) -> Refusal:
    app, environment = target.app.name, target.environment.name
    with context.store.read() as connection:
        found = open_changes(connection, environment, app)
    waiting = next((one for one in found if one.state is State.OPEN), None)
    hint = f"To see what was: history of {app} on {environment}"
    if waiting is not None:
        hint = f"Change {waiting.id} waits. To stop it: reject change {waiting.id}: REASON"
    message = f"{app} is not being deployed to {environment} now."
    return Refusal(Code.NOTHING_TO_CANCEL, message, hint)


# A runner that lives.


def _ask(request: Request, claim: Claim) -> bool:
    """Note for the deployment that it must stop, with a record of who wanted it. False where it has
    ended."""
    store = request.context.store
    who = one_line(request.by.shown)
    order = json.dumps({"deployment": claim.deployment, "by": who})
    message = f"{who} asked to cancel it"
    entry = request.entry(Event.CANCEL_ASKED, Code.CANCEL_ASKED.value, message)
    with store.write() as connection:
        # Its end is recorded before this or after it, and never in between.
        queue_up(connection)
        held = current(store, connection, claim.app, claim.environment)
        if not any(one.deployment == claim.deployment for one in held):
            return False
        keep_checkpoint(store, connection, claim.app, claim.environment, CANCEL, order)
        append(store, connection, replace(entry, deployment=claim.deployment))
    return True


def _wait_for_end(context: Context, claim: Claim) -> Optional[Record]:
    """The record of the deployment's end when it has given its claim back, or its lease has run
    out; None when neither happens in time."""
    until = clock() + WAIT
    while True:
        with context.store.read() as connection:
            found = current(context.store, connection, claim.app, claim.environment)
            held = [one for one in found if one.deployment == claim.deployment]
            records = [] if held else of_deployment(connection, claim.deployment)
        if records:
            # Comments on cards may be recorded after it.
            ends = [one for one in records if one.event in _ENDS]
            return (ends or records)[-1]
        if held and held[0].expired:
            settle_interrupted(context, claim.app, claim.environment)
        if clock() >= until:
            return None
        sleep(_PAUSE)


def _answer(context: Context, claim: Claim, end: Optional[Record]) -> Outcome:
    facts = {"deployment": claim.deployment, "app": claim.app, "environment": claim.environment}
    what = f"{claim.command} of {claim.app} {claim.version} on {claim.environment}"
    if end is None:
        text = (
            f"{context.speaker.shown} asked to cancel the {what} by {claim.holder}. It has not "
            f"stopped after {span(WAIT)}."
        )
        hint = f"To see: history of {claim.app} on {claim.environment}"
        return Outcome(True, Code.CANCEL_ASKED, f"{text} {hint}", facts)
    if end.event is Event.CANCELLED:
        return Outcome(True, Code.CANCELLED, end.message, facts)
    ended = "had succeeded" if end.event is Event.SUCCEEDED else f"had ended ({end.event.value})"
    why = f": {end.message}" if end.event is Event.INTERRUPTED else ""
    text = sentence(f"The {what} by {claim.holder} {ended} before it could be cancelled{why}")
    return Outcome(False, Code.NOTHING_TO_CANCEL, text, facts)


# A runner that died.


def _cancel_left(request: Request, target: DeploymentTarget) -> Optional[Outcome]:
    """Cancel what a deployment left running at the place, which nobody else may use meanwhile; None
    where it left nothing."""
    deployer = target.deployer
    if not isinstance(deployer, Canceller):
        return None
    context = request.context
    _take(request)
    try:
        headline = f"{request.by.shown} is cancelling what was left running: {target}"
        with RunningJob(context, request, target, context.settings.lease, headline) as job:
            ended = deployer.cancel_left(job)
    except Exception:
        _release(request)
        raise
    if not ended.found:
        _release(request)
        return None
    return _left(request, target, ended)


def _take(request: Request) -> None:
    context, store, speaker = request.context, request.context.store, request.by
    with store.write() as connection:
        now = store.now(connection)
        wanted = Claim(
            app=request.app,
            environment=request.environment,
            deployment=request.deployment,
            command=request.command,
            holder=one_line(speaker.shown),
            person=speaker.person_name,
            room=one_line(speaker.room, 200),
            st2_user=speaker.st2_user,
            execution_id=context.execution_id,
            step="cancelling",
            started_at=now,
            lease_until=now,
        )
        held = take(store, connection, wanted, context.settings.lease)
        if held is None:
            # Where its own runner dies, the record says who had asked.
            append(store, connection, request.entry(Event.ASKED))
    if held is not None:
        busy(held, now).enforce()


def _release(request: Request, *entries: Entry) -> None:
    store = request.context.store
    with store.write() as connection:
        release(connection, request.deployment)
        for entry in entries:
            append(store, connection, entry)


def _left(request: Request, target: DeploymentTarget, ended: Cancelled) -> Outcome:
    text = f"{request.by.shown} cancelled what was left running: {target}. {ended.text}"
    link = ended.link or None
    entry = request.entry(Event.CANCEL_ASKED, Code.CANCELLED.value, text, link=link)
    _release(request, entry)
    facts = {"app": request.app, "environment": request.environment, "link": ended.link}
    return Outcome(not ended.left_running, Code.CANCELLED, text, facts)
