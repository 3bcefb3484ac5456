"""review change: someone else looks at what was done in an emergency, and writes down what they found."""

from __future__ import annotations

from ..change import State
from ..changes import close, find, tidy
from ..codes import check_code
from ..errors import Code, Refusal
from ..guard.approvals import may_review, needs_code
from ..ledger import Event, append
from ..text import one_line
from . import Desk
from .changing import entry_by, facts_of, find_change, place_left, requester_of, tell_the_requester
from .outcome import Outcome
from .record import Request, resumed


def review_change(desk: Desk, change_id: str, text: str, code: str = "") -> Outcome:
    """Take the flag off an emergency. `code` is a one-time code, where one is wanted.

    Raises Refusal(reason_needed, unknown_change, change_closed, own_change, not_allowed, wrong_room,
    code_...).
    """
    request = Request(desk, "review", "", "", "")
    with resumed(request):
        change = find_change(desk, request, change_id)
        found = one_line(desk.mask(text), 400)
        if not found:
            hint = f"For example: review change {change.id}: looked at it, it was right"
            raise Refusal(Code.REASON_NEEDED, "A review says what was found.", hint)
        environment = place_left(desk, change)
        requester = requester_of(desk.settings, change)
        store, speaker = desk.store, desk.speaker
        with store.write_plain() as connection:
            tidy(store, connection)
            change = find(connection, change.id) or change
            now = store.now(connection)
            decision = may_review(desk.settings, environment, change, speaker, requester, now)
            with_code = bool(code.strip()) or needs_code(environment, speaker)
            if decision.allowed and with_code and speaker.person is not None:
                decision = check_code(
                    store, connection, speaker.person, code, f"review change {change.id} CODE: {one_line(found, 60)}"
                )
            if decision.allowed:
                who = one_line(speaker.shown)
                close(store, connection, change.id, State.REVIEW, State.REVIEWED, who, found)
                entry = entry_by(desk, change, Event.REVIEWED, Code.REVIEWED, found, second_factor=with_code)
                append(store, connection, entry)
        decision.enforce()
    said = f"{who} reviewed change {change.id}, the emergency of {change.shown} ({change.what}): {one_line(found, 150)}"
    tell_the_requester(desk, change, said)
    return Outcome(True, Code.REVIEWED, said, {**facts_of(change), "state": State.REVIEWED, "review": found})
