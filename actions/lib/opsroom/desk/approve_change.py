"""approve change: someone else agrees; when enough have, it is deployed, provided everything still holds."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ..change import Change
from ..changes import add_approval, approvals_of, begin, find, tidy
from ..codes import check_code
from ..errors import Code, OpsroomError
from ..guard import Decision
from ..guard.approvals import counted, may_approve, missing, needed, needs_code
from ..ledger import Event, append
from ..people import Speaker
from ..settings.model import Environment
from ..text import one_line
from . import Desk
from .changing import entry_by, facts_of, find_change, place_of, requester_of, tell_the_requester
from .going_ahead import go_ahead
from .outcome import Outcome
from .record import Request, resumed


def approve_change(desk: Desk, change_id: str, code: str = "") -> Outcome:
    """Note the approval, and deploy when it was the last one that was missing. `code` is a one-time code, if given.

    Raises Refusal(unknown_change, change_closed, change_expired, own_change, not_allowed, wrong_room,
    approved_already, code_...), and whatever stands in the way of the deployment; the change then still waits, or is
    withdrawn where it could never go ahead (changed_meanwhile).
    """
    request = Request(desk, "approve", "", "", "")
    with resumed(request):
        change = find_change(desk, request, change_id)
        environment = place_of(desk, change)
        requester = requester_of(desk.settings, change)
        decision, approved_by, begun = _approve(desk, change, environment, requester, code)
        # Only now: what was written about the code must stay written.
        decision.enforce()
    if begun is not None:
        return _deploy(desk, begun, requester, approved_by)
    count = len(approved_by)
    so_far = missing(change, environment, count)
    text = f"{desk.speaker.shown} approved change {change.id} ({change.what}): {so_far}."
    text += f" The next one says: approve change {change.id}"
    tell_the_requester(desk, change, text)
    return Outcome(True, Code.APPROVED, text, {**facts_of(change), "approved_by": approved_by})


def _deploy(desk: Desk, change: Change, requester: Speaker, approved_by: List[str]) -> Outcome:
    """Carry it out, and tell whoever asked how it went, however it went."""
    try:
        outcome = go_ahead(desk, change, requester, f"approve change {change.id}", approved_by)
    except OpsroomError as error:
        tell_the_requester(desk, change, error.sentence())
        raise
    except Exception:
        tell_the_requester(desk, change, f"Change {change.id} ({change.what}) met a defect of opsroom.")
        raise
    tell_the_requester(desk, change, outcome.message)
    return outcome


def _approve(
    desk: Desk, change: Change, environment: Environment, requester: Speaker, code: str
) -> Tuple[Decision, List[str], Optional[Change]]:
    """Decide and write down in one transaction: of any number at once, one begins the deployment.

    Returns also whose approvals count by now, and the change as this caller has begun it, if it did.
    """
    store, speaker, settings = desk.store, desk.speaker, desk.settings
    with store.write_plain() as connection:
        tidy(store, connection)
        change = find(connection, change.id) or change
        given = approvals_of(connection, change.id)
        now = store.now(connection)
        decision = may_approve(settings, environment, change, given, speaker, requester, now)
        with_code = bool(code.strip()) or needs_code(environment, speaker)
        if decision.allowed and with_code and speaker.person is not None:
            decision = check_code(store, connection, speaker.person, code, f"approve change {change.id}")
        if not decision.allowed:
            return decision, [], None
        again = any(one.owner == speaker.key for one in given)
        who = one_line(speaker.shown)
        add_approval(store, connection, change.id, speaker.key, who, desk.execution_id, with_code)
        valid = counted(settings, environment, change, approvals_of(connection, change.id), requester)
        told = f"{who} approved change {change.id}: {missing(change, environment, len(valid))}."
        facts = {"second_factor": with_code, **({"again": True} if again else {})}
        append(store, connection, entry_by(desk, change, Event.APPROVED, Code.APPROVED, told, **facts))
        names = [one.shown for one in valid]
        enough = len(valid) >= needed(change, environment)
        begun = enough and begin(store, connection, change.id, ", ".join(names))
        return decision, names, find(connection, change.id) if begun else None
