"""Executes a change that was approved or confirmed. One that is stopped before anything was touched
waits again."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

from ...db.sql import Transaction
from ...db.store import Store
from ...errors import Code, Failure, OpsroomError, Refusal
from ...people import Speaker
from ...policy.approvals import ask_again
from ...records.change import Change, State
from ...records.changes import close, end, expire, find, is_begun, put_back, released_at
from ...records.claims import current, release
from ...records.ledger import append
from ...records.model import Event
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...text import when
from .. import Context, Outcome
from ..deployments.order import DeploymentKind, DeploymentOrder
from ..deployments.pipeline import run_deployment
from ..request import Request, recordable, resumed
from ..resolve import DeploymentTarget, find_target


class ChangeReleased(Exception):
    """The change is no longer this runner's: it took so long that it was taken for dead."""


@dataclass
class ApprovedRequest(Request):
    """The request of a change that goes ahead. It starts only while the change is still this
    runner's."""

    change: Optional[Change] = None

    def write(self, event: Event, code: str = "", message: str = "", **facts: Any) -> None:
        """Commit one record; the start of the deployment together with a last look at the
        change."""
        store = self.context.store
        with store.write() as connection:
            if (
                event is Event.STARTED
                and self.change is not None
                and not is_begun(connection, self.change)
            ):
                raise Refusal(
                    Code.CHANGE_CLOSED, "It took too long to begin, and was released meanwhile."
                )
            append(store, connection, self.entry(event, code, message, **facts))


def execute_change(
    context: Context,
    change: Change,
    requester: Speaker,
    say: str,
    approved_by: Optional[List[str]] = None,
    again: bool = True,
) -> Outcome:
    """Carry out a change that this caller, and no other, has begun; then close it. `change` is as
    it was then.

    What was refused or failed before anything was touched leaves it open, in the same transaction
    as the record of it; `say` is the command that then tries again. One that could never go ahead,
    since what was shown is not so any more, is withdrawn; and so is any without `again`.
    """
    noted: Dict[str, Any] = {
        "change": change.id,
        **({"set": change.facts["set_title"]} if change.facts.get("set_title") else {}),
        **({"approved_by": approved_by} if approved_by else {}),
    }
    request = ApprovedRequest(
        context,
        change.command,
        change.app,
        change.environment,
        change.version,
        version_before=change.version_before,
        speaker=requester,
        noted=noted,
        deployment=change.deployment,
        change=change,
    )
    try:
        with resumed(request):
            outcome = _deploy(request, change, say, again)
    except Exception:
        if request.started:
            _close(request, change, False)
        raise
    _close(request, change, outcome.ok)
    return outcome


def _deploy(request: ApprovedRequest, change: Change, say: str, again: bool) -> Outcome:
    try:
        target = find_target(request.context.settings, change.app, change.environment)
        return run_deployment(request, order_of(change, target))
    except OpsroomError as error:
        if request.started or request.ended:
            raise
        text, hint = _record_held_up(request, change, error, say, again)
        raise type(error)(error.code, text, hint, {**error.facts, "change": change.id}) from error
    except Exception as error:
        if not (request.started or request.ended):
            _record_held_up(
                request,
                change,
                Failure(Code.CRASHED, f"internal error in opsroom: {type(error).__name__}"),
                say,
                again,
            )
        raise


def order_of(change: Change, target: DeploymentTarget) -> DeploymentOrder:
    """What was shown and approved, and nothing else: this version from that one, of that commit."""
    facts = change.facts
    return DeploymentOrder(
        target,
        change.version,
        DeploymentKind(change.command),
        source=_source_of(change),
        expected_before=change.version_before if facts["looked"] else None,
        commit_before=str(facts.get("commit_before") or ""),
        commit=change.commit_id,
        change=change,
        cards=tuple(facts.get("cards") or ()),
    )


# What opsroom 0.3.0 stored of a promotion in place of `source`: a sentence.
_PROMOTED = lazy_pattern(r"promoted \S+ \{version\} from (?P<source>\S+) to \S+")


def _source_of(change: Change) -> str:
    """The environment that a promotion takes its version from."""
    if "source" in change.facts:
        return str(change.facts["source"])
    stored = _PROMOTED.fullmatch(str(change.facts.get("did", "")))
    return stored["source"] if stored else ""


def _record_held_up(
    request: ApprovedRequest, change: Change, error: OpsroomError, say: str, again: bool
) -> Tuple[str, str]:
    """Record why it did not go ahead, and put it back or withdraw it. Returns the message for the
    room, and the hint."""
    outdated = isinstance(error, Refusal) and error.code is Code.CHANGED_MEANWHILE
    withdraw = outdated or not again
    event = Event.REJECTED if withdraw else Event.REFUSED
    why = f"Change {change.id} was withdrawn: {error.message}" if withdraw else error.sentence()
    after = State.OPEN

    def settle(store: Store, connection: Transaction) -> None:
        nonlocal after
        if not is_begun(connection, change) or not put_back(store, connection, change.id):
            raise ChangeReleased
        if withdraw:
            close(
                store,
                connection,
                change.id,
                State.OPEN,
                State.WITHDRAWN,
                "opsroom",
                request.context.mask(error.message),
            )
        else:
            expire(store, connection)
        found = find(connection, change.id)
        after = found.state if found else after

    then = f"{_sentence(error.hint)} Then: {say}".strip()
    try:
        request.end(event, error.code.value, why, also=settle, **recordable(error.facts))
    except ChangeReleased:
        _record_only(request, change, error)
        return (
            f"Change {change.id} was released meanwhile: it took too long to begin. "
            f"{error.message}",
            then,
        )
    except Failure:
        # `end` was patient already. The claim runs out, and `settle` puts the change back.
        request.ended = True
        request.context.close()
        at = _released_at(request.context, change)
        text = (
            f"Change {change.id} could not go ahead, which could not be recorded; it is "
            f"released automatically at {at}."
        )
        return f"{text} {error.message}", then
    if after is State.WITHDRAWN:
        return (
            f"Change {change.id} could not go ahead. {error.message} It is withdrawn.",
            ask_again(change),
        )
    if after is State.EXPIRED:
        return (
            f"Change {change.id} could not go ahead, and its time is over. {error.message}",
            ask_again(change),
        )
    return f"Change {change.id} could not go ahead and still waits. {error.message}", then


def _record_only(request: ApprovedRequest, change: Change, error: OpsroomError) -> None:
    """Write down why, and leave alone what belongs to another run now: the change, and a claim of
    the same deployment."""
    store = request.context.store
    with store.write() as connection:
        append(store, connection, request.entry(Event.REFUSED, error.code.value, error.sentence()))
        held = current(store, connection, change.app, change.environment)
        if any(
            (one.deployment, one.execution_id) == (change.deployment, request.context.execution_id)
            for one in held
        ):
            release(connection, change.deployment)
    request.ended = True


def _released_at(context: Context, change: Change) -> str:
    now = datetime.now(timezone.utc)
    return when(released_at(change, now, context.settings.lease), now)


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _close(request: ApprovedRequest, change: Change, done: bool) -> None:
    # The deployment itself is over and recorded. Where this fails, the next look at changes closes
    # it by the record; so it does where the end of the deployment could not be recorded: then
    # nobody knows the outcome yet.
    if request.unrecorded or not request.ended:
        return
    context = request.context
    try:
        with context.store.write() as connection:
            if is_begun(connection, change):
                end(context.store, connection, change.id, done)
    except Failure:
        context.close()
