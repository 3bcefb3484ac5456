"""resolve page: say that it is over."""

from __future__ import annotations

from ..errors import Code
from ..paging import State
from . import Desk
from .open_page import Deed, carry_out, find_page
from .outcome import Outcome


def resolve_page(desk: Desk, page: str) -> Outcome:
    """Resolve a page in its pager. Where the pager knows no such thing, opsroom notes it.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible) and Failure.
    """
    from ..ledger import Event

    deed = Deed(
        command="resolve page",
        event=Event.RESOLVED,
        code=Code.RESOLVED,
        did="resolved",
        do=lambda pager, id, author: pager.resolve(id, author),
        there=(State.RESOLVED,),
        here=True,
        state=State.RESOLVED,
    )
    return carry_out(desk, page, deed, lambda: find_page(desk, page, "resolve page"))
