"""What ack, resolve, escalate and add to a page share: which pager has the page, the action there,
and its record."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import field
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ...db.sql import queue_up
from ...deadline import GivenUp, in_time, within
from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.errors import in_doubt
from ...names import comparable, listed
from ...pagers import Incident, Pager, State
from ...people import Author, same_room
from ...records.idempotency import forget
from ...records.ledger import append
from ...records.model import Entry, Event
from ...records.outbox import Letter
from ...records.pages import Page, called, changed_columns, of_incident, update_page
from ...structs import dataclass
from ...text import message, one_line, span
from .. import Context, Outcome
from ..attribution import author_of
from ..request import Request, recordable, why
from . import build, limit_of, look_for, names, split, which_pager


@dataclass(frozen=True)
class Found:
    """A page that someone named: its pager, its id there, and the row of it where opsroom sent
    it."""

    pager: str
    id: str
    row: Optional[Page] = None

    @property
    def words(self) -> str:
        """As messages name it: "page 1234 (web-team)"."""
        typed = self.row.id if self.row else self.id
        return f"page {one_line(typed, 60)}" + (
            f" ({one_line(self.row.team, 60)})" if self.row else ""
        )

    @property
    def age(self) -> str:
        """ ", 3 min after it went out", where that is known."""
        at = self.row.paged_at if self.row else None
        return (
            f", {span((datetime.now(timezone.utc) - at).total_seconds())} after it went out"
            if at
            else ""
        )


@dataclass
class PageAction:
    """What is done to an open page.

    `do(pager, id, author)` does it there. `did` is the verb of the answer. `done_states`: the
    states in which it is done already, so that a lost answer can be compensated. `here`: where the
    pager cannot do it, it is noted in opsroom's own list instead. `state`: what the page is
    afterwards.
    """

    command: str
    event: Event
    code: Code
    did: str
    do: Callable[[Pager, str, Author], Incident]
    done_states: Tuple[State, ...] = ()
    here: bool = False
    state: Optional[State] = None
    facts: Dict[str, Any] = field(default_factory=dict)
    tail: Callable[[Incident], str] = lambda incident: ""


def find_page(context: Context, text: str, command: str) -> Found:
    """The page of that id: `PAGER:ID`, else the one that opsroom sent, else one of the only pager.
    Asks nobody.

    Raises Refusal(no_pager, unknown_pager, unknown_page, which_pager).
    """
    pager, id = split(context, text)
    if not id:
        raise Refusal(
            Code.UNKNOWN_PAGE, "There is no page without a number.", "To see them: show pages"
        )
    rows = [row for row in _rows(context, id, pager) if row.pager in context.settings.pagers]
    having = list(dict.fromkeys(row.pager for row in rows))
    if len(having) > 1:
        raise which_pager(context, id, tuple(having), command)
    if rows:
        return Found(rows[0].pager, rows[0].incident or rows[0].mark, rows[0])
    every = names(context)
    if not pager and len(every) > 1:
        raise which_pager(context, id, every, command)
    return Found(pager or every[0], id)


def run_page_action(
    context: Context, text: str, action: PageAction, find: Callable[[], Found]
) -> Outcome:
    """Do it, and answer who did what to which page. Works without the record, and says so.

    Raises what `find` and the pager raise.
    """
    request = Request(
        context, action.command, "", "", "", noted={"page": one_line(text, 80), **action.facts}
    )
    unasked = _try(lambda: request.write(Event.ASKED))
    request.unrecorded = unasked is not None
    with _recorded_on_failure(request):
        found = find()
        request.noted["pager"] = found.pager
        here, incident = _do(context, found, action)
    by = one_line(request.by.shown, 60)
    facts = _facts(found, incident, here)
    if here:
        summary = f"{by} {action.did} {found.words}{found.age}. That is noted here only: {here}"
    else:
        summary = f"{by} {action.did} {found.words} in {found.pager}{found.age}."
        summary = " ".join(one for one in (summary, action.tail(incident), incident.url) if one)
    unwritten = _try(lambda: _write(request, found, action, incident, summary, facts))
    failure = unwritten or unasked
    if failure is not None:
        done = [] if unwritten is None else [_entry(request, found, action, summary, facts)]
        late = _later(request, *done, page=_row_of(found, action, incident) if done else None)
        yet = (
            "It is not recorded yet (the next command does that)" if late else "It is not recorded"
        )
        summary += f" {yet}: {why(failure)}."
    recorded = failure is None
    _notify_its_room(context, found, summary)
    return Outcome(
        True,
        action.code,
        message(summary),
        {**facts, "requester": request.by.shown, "recorded": recorded},
    )


def people_of(incident: Incident) -> str:
    """Who is on it, as a sentence; empty when the pager does not say."""
    if not incident.people:
        return ""
    return f"On it: {listed((one_line(one, 40) for one in incident.people), 4)}."


def _do(context: Context, found: Found, action: PageAction) -> Tuple[str, Incident]:
    """Why it is noted here only (empty: the pager did it), and the incident afterwards."""

    def act() -> Incident:
        kind = context.settings.pagers[found.pager].kind
        author = author_of(context, found.pager, kind)
        return action.do(_pager_of(context, found), found.id, author)

    try:
        return "", within(limit_of(context, found.pager), found.pager, act)
    except Refusal as refusal:
        if refusal.code is Code.NOT_POSSIBLE and action.here and found.row is not None:
            state = action.state or State.UNKNOWN
            return refusal.message, Incident(
                found.id, found.row.number, state=state, url=found.row.url
            )
        if refusal.code is Code.PAGE_CLOSED and found.row is not None:
            _try(lambda: _closed(context, found))
        raise
    except Failure as failure:
        if not in_doubt(failure):
            raise
        if not action.done_states:
            # Nobody can be asked whether it was done; to say that it was not would be a guess.
            raise _not_known(context, found, action, failure) from failure
        # The answer was lost: perhaps it was done anyway.
        try:
            now = within(
                look_for(context, found.pager),
                found.pager,
                lambda: build(context, found.pager).incident(found.id),
            )
        except OpsroomError:
            raise _not_known(context, found, action, failure) from failure
        if now.state not in action.done_states:
            raise
        return "", now


def _not_known(context: Context, found: Found, action: PageAction, failure: Failure) -> Failure:
    text = (
        f"Whether {one_line(context.speaker.shown, 60)} {action.did} {found.words} is not known: "
        f"{failure.message}"
    )
    hint = "Look at the page before asking again: show pages"
    return Failure(failure.code, text, failure.hint or hint, failure.facts)


def _pager_of(context: Context, found: Found) -> Pager:
    """The pager of a page; by the way in which it was sent, where the team has one of its own."""
    pager = build(context, found.pager)
    name = comparable(found.row.team) if found.row else ""
    team = next(
        (one for one in context.settings.teams.values() if comparable(one.name) == name), None
    )
    target = team.targets.get(found.pager) if team else None
    return pager if target is None else pager.towards(target)


def _write(
    request: Request,
    found: Found,
    action: PageAction,
    incident: Incident,
    summary: str,
    facts: Dict[str, Any],
) -> None:
    store = request.context.store
    with store.write() as connection:
        append(store, connection, _entry(request, found, action, summary, facts))
        if found.row is None:
            return
        changes = _changes(found, action, incident)
        if action.state is State.RESOLVED:
            forget(connection, found.row.mark)
        if changes:
            update_page(connection, found.row.mark, **changes)


def _entry(
    request: Request, found: Found, action: PageAction, summary: str, facts: Dict[str, Any]
) -> Entry:
    kept = {**facts, "mark": found.row.mark if found.row else None}
    return request.entry(action.event, action.code.value, summary, **kept)


def _later(request: Request, *entries: Entry, page: Optional[Dict[str, Any]] = None) -> bool:
    """Keep for the next command what the record does not have of this request; whether that
    worked."""
    asked = [request.entry(Event.ASKED)] if request.unrecorded else []
    return request.context.later(Letter((*asked, *entries), page=page or {}))


def _changes(found: Found, action: PageAction, incident: Incident) -> Dict[str, Any]:
    """What a row is changed to when it was done."""
    assert found.row is not None
    changes = of_incident(incident, found.row)
    if action.state is not None:
        # The requester reads the answer: the watch of the page need not report it again.
        changes.update(state=action.state.value, told=action.state.value)
    if action.state is State.RESOLVED:
        changes["watch_until"] = None
    return changes


def _row_of(found: Found, action: PageAction, incident: Incident) -> Dict[str, Any]:
    """The same as columns, with the mark of the row; empty where there is no row or nothing to
    change."""
    changes = _changes(found, action, incident) if found.row is not None else {}
    return (
        {"mark": found.row.mark, **changed_columns(changes)}
        if found.row is not None and changes
        else {}
    )


def _closed(context: Context, found: Found) -> None:
    assert found.row is not None
    with context.store.write() as connection:
        queue_up(connection)
        update_page(connection, found.row.mark, state=State.RESOLVED.value, watch_until=None)
        forget(connection, found.row.mark)


def _facts(found: Found, incident: Incident, here: str) -> Dict[str, Any]:
    return {
        "pager": found.pager,
        "incident": incident.id or found.id,
        "number": incident.number,
        "url": incident.url,
        "state": incident.state.value,
        "people": list(incident.people),
        "team": found.row.team if found.row else incident.target,
        "noted_here_only": bool(here) or None,
    }


def _notify_its_room(context: Context, found: Found, summary: str) -> None:
    """Those who sent the page read the outcome in their room, unless it was said there."""
    room = found.row.room if found.row else ""
    if room and not same_room(room, context.speaker.room):
        context.rooms(room).say(message(summary))


def _rows(context: Context, id: str, pager: str) -> List[Page]:
    def read(given_up: GivenUp) -> List[Page]:
        with context.store.read() as connection:
            return called(connection, id, pager)

    try:
        return in_time(read)
    except Failure:
        # Without the record, the pager is asked anyway.
        return []


@contextmanager
def _recorded_on_failure(request: Request) -> Iterator[None]:
    """Write down that it was refused or failed; what went wrong counts more than that it could not
    be written."""
    try:
        yield
    except OpsroomError as error:
        event = Event.REFUSED
        if isinstance(error, Failure):
            event = Event.UNCONFIRMED if in_doubt(error) else Event.FAILED
        text, facts = error.sentence(), recordable(error.facts)
        if _try(partial(request.write, event, error.code.value, text, **facts)) is not None:
            _later(request, request.entry(event, error.code.value, text, **facts))
        raise


def _try(write: Callable[[], None]) -> Optional[Failure]:
    """Why the database did not take it in time; None when it did."""
    try:
        in_time(lambda given_up: write())
    except Failure as failure:
        return failure
    return None
