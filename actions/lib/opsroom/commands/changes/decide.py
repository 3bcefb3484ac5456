"""approve change, confirm change: the decisions that deploy. Someone else approves, or the
requester confirms in the same room and in time; with enough of them the change is executed, if
everything still holds."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ...config.model import Environment
from ...errors import Code, OpsroomError
from ...people import Speaker
from ...policy import Decision
from ...policy.approvals import (
    counted,
    may_approve,
    may_confirm,
    missing,
    needed,
    needs_code,
)
from ...records.change import Change
from ...records.changes import add_approval, approvals_of, begin, find, tidy
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
    place_of,
    requester_of,
)
from .execute import execute_change


def approve_change(context: Context, change_id: str, code: str = "") -> Outcome:
    """Note the approval, and deploy when it was the last one that was missing. `code` is a one-time
    code, if given.

    Raises Refusal(unknown_change, change_closed, change_expired, own_change, not_allowed,
    wrong_room, approved_already, code_...), and whatever is in the way of the deployment; the
    change then still waits, or is withdrawn where it could never go ahead (changed_meanwhile).
    """
    request = Request(context, "approve", "", "", "")
    with resumed(request):
        change = find_change(context, request, change_id)
        environment = place_of(context, change)
        requester = requester_of(context.settings, change)
        decision, approved_by, begun = _approve(context, change, environment, requester, code)
        # Only now: what was written about the code must stay written.
        decision.enforce()
    if begun is not None:
        return _deploy(context, begun, requester, approved_by)
    count = len(approved_by)
    so_far = missing(change, environment, count)
    text = f"{context.speaker.shown} approved change {change.id} ({change.what}): {so_far}."
    text += f" The next approver says: approve change {change.id}"
    notify_requester(context, change, text)
    return Outcome(True, Code.APPROVED, text, {**facts_of(change), "approved_by": approved_by})


def _deploy(
    context: Context, change: Change, requester: Speaker, approved_by: List[str]
) -> Outcome:
    """Execute the change, and notify the requester of the outcome, whatever it is."""
    try:
        outcome = execute_change(
            context, change, requester, f"approve change {change.id}", approved_by
        )
    except OpsroomError as error:
        notify_requester(context, change, error.sentence())
        raise
    except Exception:
        notify_requester(
            context, change, f"Change {change.id} ({change.what}) hit an internal error of opsroom."
        )
        raise
    notify_requester(context, change, outcome.message)
    return outcome


def _approve(
    context: Context, change: Change, environment: Environment, requester: Speaker, code: str
) -> Tuple[Decision, List[str], Optional[Change]]:
    """Decide and write down in one transaction: of any number at once, one begins the deployment.

    Returns also whose approvals count now, and the change as this caller has begun it, if it
    did.
    """
    store, speaker, settings = context.store, context.speaker, context.settings
    with store.write() as connection:
        tidy(store, connection)
        change = find(connection, change.id) or change
        given = approvals_of(connection, change.id)
        now = store.now(connection)
        decision = may_approve(settings, environment, change, given, speaker, requester, now)
        with_code = bool(code.strip()) or needs_code(environment, speaker)
        if decision.allowed and with_code and speaker.person is not None:
            decision = check_code(
                store, connection, speaker.person, code, f"approve change {change.id}"
            )
        if not decision.allowed:
            return decision, [], None
        again = any(one.owner == speaker.key for one in given)
        who = one_line(speaker.shown)
        add_approval(
            store, connection, change.id, speaker.key, who, context.execution_id, with_code
        )
        valid = counted(
            settings, environment, change, approvals_of(connection, change.id), requester
        )
        sentence = f"{who} approved change {change.id}: {missing(change, environment, len(valid))}."
        facts = {"second_factor": with_code, **({"again": True} if again else {})}
        append(
            store,
            connection,
            entry_by(context, change, Event.APPROVED, Code.APPROVED, sentence, **facts),
        )
        names = [one.shown for one in valid]
        enough = len(valid) >= needed(change, environment)
        begun = enough and begin(store, connection, change.id, ", ".join(names))
        return decision, names, find(connection, change.id) if begun else None


def confirm_change(context: Context, change_id: str, code: str = "") -> Outcome:
    """Deploy what the requester was shown. `code` is a one-time code, where one is wanted.

    Raises Refusal(unknown_change, change_closed, change_expired, not_allowed, wrong_room,
    code_...), and whatever is in the way of the deployment; the change then still waits, or is
    withdrawn where it could never go ahead (changed_meanwhile).
    """
    request = Request(context, "confirm", "", "", "")
    with resumed(request):
        change = find_change(context, request, change_id)
        environment = place_of(context, change)
        requester = requester_of(context.settings, change)
        decision, begun = _confirm(context, change, environment, requester, code)
        decision.enforce()
    return execute_change(context, begun, requester, f"confirm change {change.id}")


def _confirm(
    context: Context, change: Change, environment: Environment, requester: Speaker, code: str
) -> Tuple[Decision, Change]:
    store, speaker = context.store, context.speaker
    with store.write() as connection:
        tidy(store, connection)
        change = find(connection, change.id) or change
        decision = may_confirm(environment, change, speaker, requester, store.now(connection))
        with_code = bool(code.strip()) or needs_code(environment, speaker)
        if decision.allowed and with_code:
            if speaker.person is None:
                sentence = (
                    f"{speaker.shown} has no one-time codes: opsroom does not know you by "
                    "this name."
                )
                return Decision(False, Code.NOT_ENROLLED, sentence), change
            decision = check_code(
                store, connection, speaker.person, code, f"confirm change {change.id}"
            )
        if not decision.allowed:
            return decision, change
        who = one_line(speaker.shown)
        sentence = f"{who} confirmed change {change.id}."
        entry = entry_by(
            context, change, Event.CONFIRMED, Code.CONFIRM, sentence, second_factor=with_code
        )
        append(store, connection, entry)
        # It is open, and nobody else can change that before this transaction ends.
        begin(store, connection, change.id, who)
        return decision, find(connection, change.id) or change
