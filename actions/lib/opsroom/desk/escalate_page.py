"""escalate page: wake the next ones."""

from __future__ import annotations

from ..errors import Code
from . import Desk
from .open_page import Deed, carry_out, find_page, people_of
from .outcome import Outcome


def escalate_page(desk: Desk, page: str) -> Outcome:
    """Call those who come next in the pager's own order.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible) and Failure.
    """
    from ..ledger import Event

    deed = Deed(
        command="escalate page",
        event=Event.ESCALATED,
        code=Code.ESCALATED,
        did="escalated",
        do=lambda pager, id, author: pager.escalate(id, author),
        tail=people_of,
    )
    return carry_out(desk, page, deed, lambda: find_page(desk, page, "escalate page"))
