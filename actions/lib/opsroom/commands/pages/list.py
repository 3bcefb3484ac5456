"""show pages: what is open, read from the pagers, including pages that were not sent through
opsroom. Changes nothing."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from ...deadline import together
from ...errors import Code, Failure, OpsroomError
from ...pagers import Incident, State
from ...records.pages import Page, open_pages
from ...structs import dataclass
from ...text import one_line, stamp, table, when
from .. import Context, Outcome
from . import TOGETHER, Recipient, Route, build, names
from .recipients import ask_about, find_recipient

# Of each pager so many are asked for; a page that is missing in a shorter answer is not open any
# more.
_MAX_PAGES = 25
# Some pagers list a page only some time after they took it, in seconds.
_TOO_YOUNG = 60.0
_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Line:
    """One open page, as it is shown. `state` is empty where it is unknown."""

    id: str
    state: str
    team: str
    text: str
    pager: str
    url: str = ""
    since: Optional[datetime] = None


def list_pages(context: Context, who: str = "") -> Outcome:
    """What is open: of everyone, or of a team, a person, or what a pager calls so.

    Raises Refusal(no_pager, unknown_who, which_who), and Failure when neither a pager nor the
    record could be asked.
    """
    every = names(context)
    recipient = find_recipient(context, who, after="") if who.strip() else None
    routes = recipient.routes if recipient else tuple(Route(pager, "") for pager in every)
    answers = together(
        {route.pager: partial(_ask, context, route, recipient) for route in routes}, TOGETHER
    )
    rows, failure = _sent_from_here(context, recipient)
    lines = [one for one in (_own(row, answers.get(row.pager)) for row in rows) if one is not None]
    known = {(row.pager, row.incident) for row in rows} | {(row.pager, row.number) for row in rows}
    for pager, answer in answers.items():
        if not isinstance(answer, OpsroomError):
            lines += [
                _elsewhere(pager, one)
                for one in answer
                if not {(pager, one.id), (pager, one.number)} & known
            ]
    failed = {
        pager: answer
        for pager, answer in answers.items()
        if isinstance(answer, OpsroomError) and answer.code is not Code.NOT_POSSIBLE
    }
    if failed and len(failed) == len(answers) and failure is not None:
        raise next(iter(failed.values()))
    lines.sort(key=lambda one: one.since or _LONG_AGO, reverse=True)
    text = _list_text(context, recipient, lines, failed, failure)
    return Outcome(True, Code.PAGES, text, {"pages": [_facts(one) for one in lines]})


def _ask(context: Context, route: Route, recipient: Optional[Recipient]) -> Tuple[Incident, ...]:
    if recipient is None:
        return build(context, route.pager).incidents(None, _MAX_PAGES)
    return ask_about(
        context, route, lambda pager, target: pager.incidents(target, _MAX_PAGES), after=""
    )


def _sent_from_here(
    context: Context, recipient: Optional[Recipient]
) -> Tuple[List[Page], Optional[Failure]]:
    try:
        store = context.store
        with store.read() as connection:
            return open_pages(store, connection, recipient.name if recipient else ""), None
    except Failure as failure:
        return [], failure


def _own(row: Page, answer: Union[Tuple[Incident, ...], OpsroomError, None]) -> Optional[Line]:
    """A page that opsroom sent, in the state in which its pager has it; None when it is not open
    any more."""
    state = "" if row.state in (State.UNKNOWN.value, "doubtful") else row.state
    if answer is not None and not isinstance(answer, OpsroomError) and row.incident:
        matching = [
            one
            for one in answer
            if row.incident == one.id or (row.number and row.number == one.number)
        ]
        old = (
            row.paged_at is not None
            and (datetime.now(timezone.utc) - row.paged_at).total_seconds() > _TOO_YOUNG
        )
        if not matching and old and len(answer) < _MAX_PAGES:
            return None
        state = _state(matching[0]) or state if matching else state
    return Line(row.id, state, row.team, row.text, row.pager, row.url, row.paged_at)


def _elsewhere(pager: str, incident: Incident) -> Line:
    return Line(
        incident.shown,
        _state(incident),
        incident.target,
        incident.title,
        pager,
        incident.url,
        incident.since,
    )


def _state(incident: Incident) -> str:
    return "" if incident.state is State.UNKNOWN else incident.state.value


def _list_text(
    context: Context,
    recipient: Optional[Recipient],
    lines: Sequence[Line],
    failed: Dict[str, OpsroomError],
    failure: Optional[Failure],
) -> str:
    now = datetime.now(timezone.utc)
    several = len(context.settings.pagers) > 1
    rows: List[Sequence[str]] = [
        (
            one.id,
            one.state or "state unknown",
            one.team,
            one_line(one.text, 50),
            when(one.since, now) if one.since else "",
            one.pager if several else "",
        )
        for one in lines
    ]
    rows += [
        (f"{pager} could not be asked", one_line(error.message, 80))
        for pager, error in failed.items()
    ]
    if failure is not None:
        rows.append(("What was sent from here could not be read", one_line(failure.message, 80)))
    for_whom = f" for {one_line(recipient.name, 60)}" if recipient else ""
    if not rows:
        return f"No page{for_whom} is open."
    narrow = "" if recipient else "say: show pages for TEAM"
    return table(rows, narrow=narrow, heading=f"Open pages{for_whom}:")


def _facts(line: Line) -> Dict[str, Any]:
    since = stamp(line.since) if line.since else ""
    return {**vars(line), "since": since}
