"""confirm change: the requester repeats what they want, in the same room and in time, and it is deployed."""

from __future__ import annotations

from typing import Tuple

from ..change import Change
from ..changes import begin, find, tidy
from ..codes import check_code
from ..errors import Code
from ..guard import Decision
from ..guard.approvals import may_confirm, needs_code
from ..ledger import Event, append
from ..people import Speaker
from ..settings.model import Environment
from ..text import one_line
from . import Desk
from .changing import entry_by, find_change, place_of, requester_of
from .going_ahead import go_ahead
from .outcome import Outcome
from .record import Request, resumed


def confirm_change(desk: Desk, change_id: str, code: str = "") -> Outcome:
    """Deploy what the requester was shown. `code` is a one-time code, where one is wanted.

    Raises Refusal(unknown_change, change_closed, change_expired, not_allowed, wrong_room, code_...), and whatever
    stands in the way of the deployment; the change then still waits, or is withdrawn where it could never go ahead
    (changed_meanwhile).
    """
    request = Request(desk, "confirm", "", "", "")
    with resumed(request):
        change = find_change(desk, request, change_id)
        environment = place_of(desk, change)
        requester = requester_of(desk.settings, change)
        decision, begun = _confirm(desk, change, environment, requester, code)
        decision.enforce()
    return go_ahead(desk, begun, requester, f"confirm change {change.id}")


def _confirm(
    desk: Desk, change: Change, environment: Environment, requester: Speaker, code: str
) -> Tuple[Decision, Change]:
    store, speaker = desk.store, desk.speaker
    with store.write_plain() as connection:
        tidy(store, connection)
        change = find(connection, change.id) or change
        decision = may_confirm(environment, change, speaker, requester, store.now(connection))
        with_code = bool(code.strip()) or needs_code(environment, speaker)
        if decision.allowed and with_code:
            if speaker.person is None:
                told = f"{speaker.shown} has no one-time codes: opsroom does not know you by this name."
                return Decision(False, Code.NOT_ENROLLED, told), change
            decision = check_code(store, connection, speaker.person, code, f"confirm change {change.id}")
        if not decision.allowed:
            return decision, change
        who = one_line(speaker.shown)
        told = f"{who} confirmed change {change.id}."
        entry = entry_by(desk, change, Event.CONFIRMED, Code.CONFIRM, told, second_factor=with_code)
        append(store, connection, entry)
        # It is open, and nobody else can change that before this transaction ends.
        begin(store, connection, change.id, who)
        return decision, find(connection, change.id) or change
