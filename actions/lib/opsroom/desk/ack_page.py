"""ack page: say that somebody is on it, so that nobody else is woken."""

from __future__ import annotations

from ..errors import Code
from ..paging import State
from . import Desk
from .open_page import Deed, carry_out, find_page
from .outcome import Outcome


def ack_page(desk: Desk, page: str) -> Outcome:
    """Acknowledge a page in its pager. Where the pager knows no such thing, opsroom notes it, and stops asking.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible) and Failure.
    """
    from ..ledger import Event

    deed = Deed(
        command="ack page",
        event=Event.ACKNOWLEDGED,
        code=Code.ACKNOWLEDGED,
        did="acknowledged",
        do=lambda pager, id, author: pager.acknowledge(id, author),
        there=(State.ACKNOWLEDGED,),
        here=True,
        state=State.ACKNOWLEDGED,
    )
    return carry_out(desk, page, deed, lambda: find_page(desk, page, "ack page"))
