"""Watches the pages that wait for an answer: the room is notified once when someone answers, or
when nobody does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Dict, List, Optional, Tuple, Union
from zlib import crc32

from ...db.sql import queue_up
from ...deadline import together
from ...errors import Code, OpsroomError
from ...names import listed
from ...pagers import Incident, State
from ...records.idempotency import forget
from ...records.ledger import append
from ...records.model import Event
from ...records.pages import DOUBTFUL, SENDING, Page, update_page, watched
from ...structs import dataclass
from ...text import message, one_line, sentence, span
from .. import Context, Outcome
from ..request import Request
from . import build, watch_until

# All pagers together, in seconds: the rule comes again after 60.
_LIMIT = 40.0
# So many pages are asked for at a time: those whose time is up first, the others in turn.
_MAX_PAGES = 20
# A page is watched this long, in seconds.
_WATCHED_FOR = 86400.0
# What is acknowledged, or was reported as unanswered, is asked for every so many minutes.
_SELDOM = 5
_NOBODY = "nobody"


@dataclass(frozen=True)
class News:
    """What the room is notified of. `noted` is how that is remembered, `event` what the record
    says of it, if any; `state` is what the page is then, where that is something new."""

    noted: str
    sentence: str
    event: Optional[Event] = None
    state: str = ""


def watch_pages(context: Context) -> Outcome:
    """Ask for the state of each page that is watched, and post in the room that it came from what
    is new.

    Says nothing where there is nothing new. Raises Failure(store_...).
    """
    if not context.settings.pagers:
        return Outcome(
            True, Code.WATCHED, "No pager is configured; there is nothing to watch.", {"watched": 0}
        )
    store = context.store
    with store.read() as connection:
        rows = watched(store, connection, _WATCHED_FOR)
        now = store.now(connection)
    due = _due_first(
        [row for row in rows if row.pager in context.settings.pagers and _is_due(row, now)], now
    )
    answers = (
        together({row.mark: partial(_ask, context, row) for row in due}, _LIMIT) if due else {}
    )
    sentences: List[str] = []
    for row in due:
        answer = answers[row.mark]
        news = news_of(row, answer, now)
        if news is not None and _note(context, row, answer, news, now):
            sentences.append(news.sentence)
            room = row.room or context.settings.announce
            if room:
                context.rooms(room).say(message(news.sentence))
    text = (
        " ".join(sentences)
        if sentences
        else f"{len(rows)} pages are watched; there is nothing new."
    )
    return Outcome(
        True, Code.WATCHED, text, {"watched": len(rows), "asked": len(due), "told": sentences}
    )


def news_of(row: Page, answer: Union[Incident, OpsroomError], now: datetime) -> Optional[News]:
    """What is new about a page, according to its pager's answer; None when there is nothing to
    report."""
    age = span((now - row.paged_at).total_seconds()) if row.paged_at else "some time"
    what = f"page {one_line(row.id, 60)} ({one_line(row.team, 60)})"
    if row.state == SENDING:
        return _left_behind(row, answer, age)
    state = State.UNKNOWN if isinstance(answer, OpsroomError) else answer.state
    if state is State.UNKNOWN and row.state in (State.ACKNOWLEDGED.value, State.RESOLVED.value):
        # Said in opsroom, of a page whose pager knows no such thing.
        return None
    if state is State.RESOLVED:
        sentence = (
            f"{what[0].upper()}{what[1:]} is resolved in {row.pager}, {age} after it went out."
        )
        return News(State.RESOLVED.value, sentence, Event.RESOLVED, State.RESOLVED.value)
    if state is State.ACKNOWLEDGED:
        if row.told == State.ACKNOWLEDGED.value:
            return None
        people = () if isinstance(answer, OpsroomError) else answer.people
        on_it = f" On it: {listed((one_line(one, 40) for one in people), 4)}." if people else ""
        sentence = (
            f"{what[0].upper()}{what[1:]} was acknowledged in {row.pager} after {age}.{on_it}"
        )
        return News(
            State.ACKNOWLEDGED.value, sentence, Event.ACKNOWLEDGED, State.ACKNOWLEDGED.value
        )
    if row.told or row.watch_until is None or now < row.watch_until:
        return None
    return News(_NOBODY, _nobody(row, answer, what, age))


def _left_behind(row: Page, answer: Union[Incident, OpsroomError], age: str) -> News:
    """A page whose runner died before it could report the outcome: the requester has had no
    answer."""
    by, team = one_line(row.shown, 60), one_line(row.team, 60)
    began = f"The command by which {by} paged {team} was stopped {age} ago"
    if isinstance(answer, Incident):
        id = one_line(answer.number or row.id, 60)
        sentence = f"{began}; the page is in {row.pager}, incident {id}."
        state = State.TRIGGERED if answer.state is State.UNKNOWN else answer.state
        # An acknowledgement or the end of it is reported as such the next time.
        return News(
            "",
            sentence,
            Event.PAGED,
            State.TRIGGERED.value if state is not State.RESOLVED else state.value,
        )
    sentence = (
        f"{began}, and it is unknown whether the page went out through {row.pager}. "
        "Phone them if it matters. If the command is repeated, it is looked for first."
    )
    return News(_NOBODY, sentence, Event.UNCONFIRMED, DOUBTFUL)


def _nobody(row: Page, answer: Union[Incident, OpsroomError], what: str, age: str) -> str:
    id = one_line(row.id, 60)
    is_unsupported = isinstance(answer, OpsroomError) and answer.code is Code.NOT_POSSIBLE
    if row.state == DOUBTFUL and is_unsupported:
        # What was not sent, perhaps, is not to be called a page that someone got.
        return (
            f"It is still unknown whether {what} went out, and nobody has said here that they are "
            f"on it after {age}. "
            f"Phone them if it matters. If you are on it: ack page {id}"
        )
    if not isinstance(answer, OpsroomError) and answer.state is State.TRIGGERED:
        return (
            f"Nobody has acknowledged {what} after {age}. To alert the next responders: "
            f"escalate page {id}"
        )
    if isinstance(answer, OpsroomError) and not is_unsupported:
        why = sentence(one_line(answer.message, 100))
        return (
            f"It is unknown after {age} whether someone has acknowledged {what}: {why} Phone, "
            "if it matters."
        )
    return (
        f"Nobody has acknowledged {what} here after {age}, and {row.pager} cannot report it. "
        f"If you are on it: ack page {id}"
    )


def _is_due(row: Page, now: datetime) -> bool:
    """Each minute while nobody has answered; more seldom afterwards."""
    if not row.told:
        return True
    return (int(now.timestamp() // 60) + crc32(row.mark.encode())) % _SELDOM == 0


def _due_first(rows: List[Page], now: datetime) -> List[Page]:
    """As many as are asked for at a time: those whose time is up, the longest first, then the
    others in turn, so that many old ones keep no new one from being seen."""
    turn = int(now.timestamp() // 60)

    def rank(row: Page) -> Tuple[bool, bool, float]:
        up = not row.told and row.watch_until is not None and row.watch_until <= now
        at = (
            row.watch_until.timestamp()
            if up and row.watch_until
            else crc32(f"{turn} {row.mark}".encode())
        )
        return not up, bool(row.told), at

    return sorted(rows, key=rank)[:_MAX_PAGES]


def _ask(context: Context, row: Page) -> Incident:
    # What went out without an answer goes by its mark.
    return build(context, row.pager).incident(row.incident or row.mark)


def _note(
    context: Context, row: Page, answer: Union[Incident, OpsroomError], news: News, now: datetime
) -> bool:
    """Record it, unless another run just did: of two runners one notifies the room."""
    changes: Dict[str, Any] = {"told": news.noted}
    if news.state:
        changes["state"] = news.state
    if row.watch_until is None and news.noted != State.RESOLVED.value:
        # What was left behind is watched from now on.
        changes["watch_until"] = watch_until(context, context.settings.teams.get(row.team), now)
    if isinstance(answer, Incident) and not row.incident:
        changes.update(incident=answer.id, number=answer.number, url=answer.url)
    if isinstance(answer, Incident) and answer.people:
        changes["people"] = answer.people
    if news.noted == State.RESOLVED.value:
        changes["watch_until"] = None
    store = context.store
    with store.write() as connection:
        queue_up(connection)
        if not update_page(connection, row.mark, was=row, **changes):
            return False
        if news.noted == State.RESOLVED.value:
            forget(connection, row.mark)
        if news.event is not None:
            updated = replace(
                row, **{key: changes[key] for key in ("incident", "url") if key in changes}
            )
            noted = {
                "pager": row.pager,
                "incident": updated.incident,
                "url": updated.url,
                "team": row.team,
                "found": True,
            }
            request = Request(
                context, "watch pages", "", "", "", noted=noted, deployment=row.deployment
            )
            people = list(changes.get("people", ()))
            append(
                store,
                connection,
                request.entry(news.event, _code(news), news.sentence, people=people, mark=row.mark),
            )
    return True


def _code(news: News) -> str:
    codes = {Event.PAGED: Code.PAGED.value, Event.UNCONFIRMED: Code.PAGE_UNCONFIRMED.value}
    return codes.get(news.event, news.noted) if news.event is not None else ""
