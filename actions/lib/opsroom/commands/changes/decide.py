"""Decisions that deploy: a change is approved by someone else, or confirmed by the requester in the
same room and in time. When enough have agreed, it is executed, provided everything still holds.

Changes that were asked for together are decided together.
"""

from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

from ...config.model import Environment
from ...db.sql import Transaction
from ...db.store import Store
from ...errors import Code
from ...names import listed
from ...people import Speaker
from ...policy import YES, Decision, no
from ...policy.approvals import (
    counted,
    may_approve,
    may_confirm,
    missing,
    needed,
    needs_code,
)
from ...records.change import Approval, Change
from ...records.changes import (
    add_approval,
    approvals_of,
    begin,
    find,
    tidy,
    wait_for_turn,
)
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
    whole_set,
)
from .sets import execute_all


class _Waiting(NamedTuple):
    """A change, where it goes by today's rules, and who asked for it."""

    change: Change
    environment: Environment
    requester: Speaker


def _waiting(context: Context, request: Request, change_id: str) -> List[_Waiting]:
    """The change of that id, and those that were asked for together with it."""
    change = find_change(context, request, change_id)
    return [
        _Waiting(one, place_of(context, one), requester_of(context.settings, one))
        for one in whole_set(context, change)
    ]


def approve_change(context: Context, change_id: str, code: str = "") -> Outcome:
    """Note the approval, and deploy when it was the last one that was missing. `code` is a one-time
    code, if given.

    Raises Refusal(unknown_change, change_closed, change_expired, own_change, not_allowed,
    wrong_room, approved_already, code_...), and whatever stands in the way of the deployment; the
    change then still waits, or is withdrawn where it could never go ahead (changed_meanwhile).
    """
    request = Request(context, "approve", "", "", "")
    with resumed(request):
        waiting = _waiting(context, request, change_id)
        decision, approved_by, begun = _approve(context, waiting, code)
        # Only now: what was written about the code must stay written.
        decision.enforce()
    change, environment, _ = waiting[0]
    if begun:
        pairs = [(one, two.requester) for one, two in zip(begun, waiting)]
        return execute_all(context, pairs, f"approve change {change.id}", approved_by)
    so_far = missing(change, environment, len(approved_by))
    text = f"{context.speaker.shown} approved {_named(waiting)}: {so_far}."
    text += f" The next one says: approve change {change.id}"
    notify_requester(context, change, text)
    return Outcome(True, Code.APPROVED, text, {**facts_of(change), "approved_by": approved_by})


def _named(waiting: Sequence[_Waiting]) -> str:
    """What is decided on, as a part of a sentence."""
    if len(waiting) == 1:
        return f"change {waiting[0].change.id} ({waiting[0].change.what})"
    return f"changes {listed([f'{one.change.id} ({one.change.what})' for one in waiting], 8)}"


def _approve(
    context: Context, waiting: Sequence[_Waiting], code: str
) -> Tuple[Decision, List[str], List[Change]]:
    """Decide and write down in one transaction: of any number at once, one begins the deployment.

    Returns also whose approvals count by now, of all of the changes, and the changes where this
    caller has begun the first one.
    """
    store, speaker, settings = context.store, context.speaker, context.settings
    with store.write() as connection:
        tidy(store, connection)
        now = store.now(connection)
        # Those of before the wait for the database may have been decided since.
        waiting = [
            one._replace(change=find(connection, one.change.id) or one.change) for one in waiting
        ]
        for change, environment, requester in waiting:
            given = approvals_of(connection, change.id)
            decision = may_approve(settings, environment, change, given, speaker, requester, now)
            if not decision.allowed:
                return decision, [], []
        with_code = bool(code.strip()) or any(
            needs_code(one.environment, speaker) for one in waiting
        )
        if with_code and speaker.person is not None:
            what = f"approve change {waiting[0].change.id}"
            decision = check_code(store, connection, speaker.person, code, what)
            if not decision.allowed:
                return decision, [], []
        valid = [_note_approval(context, connection, one, with_code) for one in waiting]
        names = [one.shown for one in min(valid, key=len)]
        enough = all(
            len(found) >= needed(one.change, one.environment) for found, one in zip(valid, waiting)
        )
        first = waiting[0].change
        if not (enough and begin(store, connection, first.id, ", ".join(names))):
            return YES, names, []
        return YES, names, _begun(store, connection, waiting)


def _note_approval(
    context: Context, connection: Transaction, waiting: _Waiting, with_code: bool
) -> List[Approval]:
    """Write the approval of one change down, with its record. Returns the approvals that count by
    now."""
    store, speaker, settings = context.store, context.speaker, context.settings
    change, environment, requester = waiting
    again = any(one.owner == speaker.key for one in approvals_of(connection, change.id))
    who = one_line(speaker.shown)
    add_approval(store, connection, change.id, speaker.key, who, context.execution_id, with_code)
    given = approvals_of(connection, change.id)
    valid = counted(settings, environment, change, given, requester)
    sentence = f"{who} approved change {change.id}: {missing(change, environment, len(valid))}."
    facts = {"second_factor": with_code, **({"again": True} if again else {})}
    entry = entry_by(context, change, Event.APPROVED, Code.APPROVED, sentence, **facts)
    append(store, connection, entry)
    return valid


def confirm_change(context: Context, change_id: str, code: str = "") -> Outcome:
    """Deploy what the requester was shown. `code` is a one-time code, where one is wanted.

    Raises Refusal(unknown_change, change_closed, change_expired, not_allowed, wrong_room,
    code_...), and whatever stands in the way of the deployment; the change then still waits, or is
    withdrawn where it could never go ahead (changed_meanwhile).
    """
    request = Request(context, "confirm", "", "", "")
    with resumed(request):
        waiting = _waiting(context, request, change_id)
        decision, begun = _confirm(context, waiting, code)
        decision.enforce()
    pairs = [(one, two.requester) for one, two in zip(begun, waiting)]
    return execute_all(context, pairs, f"confirm change {waiting[0].change.id}")


def _confirm(
    context: Context, waiting: Sequence[_Waiting], code: str
) -> Tuple[Decision, List[Change]]:
    store, speaker = context.store, context.speaker
    with store.write() as connection:
        tidy(store, connection)
        waiting = [
            one._replace(change=find(connection, one.change.id) or one.change) for one in waiting
        ]
        for change, environment, requester in waiting:
            now = store.now(connection)
            decision = may_confirm(environment, change, speaker, requester, now)
            if not decision.allowed:
                return decision, []
        with_code = bool(code.strip()) or any(
            needs_code(one.environment, speaker) for one in waiting
        )
        first = waiting[0].change
        if with_code:
            if speaker.person is None:
                sentence = (
                    f"{speaker.shown} has no one-time codes: opsroom does not know you by "
                    "this name."
                )
                return no(Code.NOT_ENROLLED, sentence), []
            what = f"confirm change {first.id}"
            decision = check_code(store, connection, speaker.person, code, what)
            if not decision.allowed:
                return decision, []
        who = one_line(speaker.shown)
        for change, _, _ in waiting:
            sentence = f"{who} confirmed change {change.id}."
            entry = entry_by(
                context, change, Event.CONFIRMED, Code.CONFIRM, sentence, second_factor=with_code
            )
            append(store, connection, entry)
        # It is open, and nobody else can change that before this transaction ends.
        begin(store, connection, first.id, who)
        return YES, _begun(store, connection, waiting)


def _begun(store: Store, connection: Transaction, waiting: Sequence[_Waiting]) -> List[Change]:
    """The changes of which the first was begun; the others do not expire before it is their
    turn."""
    wait_for_turn(store, connection, [one.change.id for one in waiting[1:]])
    return [find(connection, one.change.id) or one.change for one in waiting]
