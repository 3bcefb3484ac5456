"""ack page: say that someone is on it, so that nobody else is woken.

resolve page: say that it is over.

escalate page: wake the next ones.

add NAME to page: call someone more to it.
"""

from __future__ import annotations

from ...errors import Code
from ...pagers import Incident, Pager, State
from ...people import Author
from ...records.model import Event
from ...text import one_line
from .. import Context, Outcome
from .open_page import Found, PageAction, find_page, people_of, run_page_action
from .recipients import responder_in


def ack_page(context: Context, page: str) -> Outcome:
    """Acknowledge a page in its pager. Where the pager knows no such thing, opsroom notes it, and
    stops asking.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible)
    and Failure.
    """
    action = PageAction(
        command="ack page",
        event=Event.ACKNOWLEDGED,
        code=Code.ACKNOWLEDGED,
        did="acknowledged",
        do=lambda pager, id, author: pager.acknowledge(id, author),
        done_states=(State.ACKNOWLEDGED,),
        here=True,
        state=State.ACKNOWLEDGED,
    )
    return run_page_action(context, page, action, lambda: find_page(context, page, "ack page"))


def resolve_page(context: Context, page: str) -> Outcome:
    """Resolve a page in its pager. Where the pager knows no such thing, opsroom notes it.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible)
    and Failure.
    """
    action = PageAction(
        command="resolve page",
        event=Event.RESOLVED,
        code=Code.RESOLVED,
        did="resolved",
        do=lambda pager, id, author: pager.resolve(id, author),
        done_states=(State.RESOLVED,),
        here=True,
        state=State.RESOLVED,
    )
    return run_page_action(context, page, action, lambda: find_page(context, page, "resolve page"))


def escalate_page(context: Context, page: str) -> Outcome:
    """Call those who come next in the pager's own order.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible)
    and Failure.
    """
    action = PageAction(
        command="escalate page",
        event=Event.ESCALATED,
        code=Code.ESCALATED,
        did="escalated",
        do=lambda pager, id, author: pager.escalate(id, author),
        tail=people_of,
    )
    return run_page_action(context, page, action, lambda: find_page(context, page, "escalate page"))


def add_responder(context: Context, who: str, page: str) -> Outcome:
    """Call a person, or whom the pager knows by that name, to a page.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, unknown_who, which_who,
    unknown_person, page_closed, not_possible) and Failure.
    """
    where: Found = Found("", "")

    def find() -> Found:
        nonlocal where
        where = find_page(context, page, f"add {who} to page")
        return where

    def call(pager: Pager, id: str, author: Author) -> Incident:
        return pager.add_responder(id, responder_in(context, who, where.pager), author)

    action = PageAction(
        command="add to page",
        event=Event.RESPONDER_ADDED,
        code=Code.RESPONDER_ADDED,
        did=f"called {one_line(who, 60)} to",
        do=call,
        facts={"responder": one_line(who)},
    )
    return run_page_action(context, page, action, find)
