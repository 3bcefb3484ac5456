"""ack page, resolve page, escalate page, add NAME to page: what is done about a page that is open,
in its pager or, where the pager has no such thing, as a note in opsroom."""

from __future__ import annotations

from ...errors import Code
from ...pagers import Incident, Pager, State
from ...people import Author
from ...records.model import Event
from ...text import one_line
from .. import Context, Outcome
from .open_page import Found, PageAction, find_page, people_of, run_page_action
from .recipients import responder_in

_ACK = PageAction(
    command="ack page",
    event=Event.ACKNOWLEDGED,
    code=Code.ACKNOWLEDGED,
    did="acknowledged",
    do=lambda pager, id, author: pager.acknowledge(id, author),
    done_states=(State.ACKNOWLEDGED,),
    here=True,
    state=State.ACKNOWLEDGED,
)
_RESOLVE = PageAction(
    command="resolve page",
    event=Event.RESOLVED,
    code=Code.RESOLVED,
    did="resolved",
    do=lambda pager, id, author: pager.resolve(id, author),
    done_states=(State.RESOLVED,),
    here=True,
    state=State.RESOLVED,
)
_ESCALATE = PageAction(
    command="escalate page",
    event=Event.ESCALATED,
    code=Code.ESCALATED,
    did="escalated",
    do=lambda pager, id, author: pager.escalate(id, author),
    tail=people_of,
)


def ack_page(context: Context, page: str) -> Outcome:
    """Acknowledge a page so that nobody else is alerted. Where the pager cannot do that, opsroom
    notes it, and no longer reminds the room of the page.

    Raises Refusal (no_pager, unknown_pager, unknown_page, which_pager, page_closed, not_possible)
    and Failure.
    """
    return _run(context, page, _ACK)


def resolve_page(context: Context, page: str) -> Outcome:
    """Resolve a page in its pager. Where the pager cannot do that, opsroom notes it.

    Raises what `ack_page` raises.
    """
    return _run(context, page, _RESOLVE)


def escalate_page(context: Context, page: str) -> Outcome:
    """Escalate to the next responders in the pager's own order.

    Raises what `ack_page` raises.
    """
    return _run(context, page, _ESCALATE)


def _run(context: Context, page: str, action: PageAction) -> Outcome:
    return run_page_action(context, page, action, lambda: find_page(context, page, action.command))


def add_responder(context: Context, who: str, page: str) -> Outcome:
    """Call another person to a page: one of the config, or a name that the pager knows.

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
        did=f"added {one_line(who, 60)} to",
        do=call,
        facts={"responder": one_line(who)},
    )
    return run_page_action(context, page, action, find)
