"""add NAME to page: call somebody more to it."""

from __future__ import annotations

from ..author import Author
from ..errors import Code
from ..paging import Incident, Pager
from ..text import one_line
from . import Desk
from .open_page import Deed, Found, carry_out, find_page
from .outcome import Outcome
from .who import responder_in


def add_responder(desk: Desk, who: str, page: str) -> Outcome:
    """Call a person, or whom the pager knows by that name, to a page.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, unknown_who, which_who, unknown_person,
    page_closed, not_possible) and Failure.
    """
    from ..ledger import Event

    where: Found = Found("", "")

    def find() -> Found:
        nonlocal where
        where = find_page(desk, page, f"add {who} to page")
        return where

    def call(pager: Pager, id: str, author: Author) -> Incident:
        return pager.add_responder(id, responder_in(desk, who, where.pager), author)

    deed = Deed(
        command="add to page",
        event=Event.RESPONDER_ADDED,
        code=Code.RESPONDER_ADDED,
        did=f"called {one_line(who, 60)} to",
        do=call,
        facts={"responder": one_line(who)},
    )
    return carry_out(desk, page, deed, find)
