"""What happened in a project of Basecamp since the last look: its newest cards, to-dos and
comments.

Basecamp does not report where a card was before, so what was seen last is remembered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ...http.content import Unexpected, text
from ...http.vendor import Subject
from ...times.iso import moment_of
from .. import CardEvent, CardEvents, EventKind, cursor
from . import mapping
from .client import Client
from .options import Options

_PATH = "/projects/recordings.json"
_ON = {"Kanban::Card": "card", "Todo": "todo"}
# So many at most are remembered with their places; of others it is reported that they were moved,
# not from where.
_MAX_CARDS = 5000


class _Row(NamedTuple):
    id: str
    card: str
    place: str
    created: datetime
    updated: datetime


def events_since(client: Client, options: Options, place: Subject, since: str) -> CardEvents:
    """See `Watchable`. Two requests, one more for each further page of what changed; all pages at
    the first look."""
    before = cursor.recall(since)
    begun, last = cursor.moment_in(before, "begun"), cursor.moment_in(before, "at")
    where: Dict[str, str] = dict(before.get("cards") or {})
    first = begun is None or last is None
    start = None if last is None else cursor.start(last)
    kind = "Kanban::Card" if options.column else "Todo"
    rows = _recordings(client, options.project, place, kind, start)
    newest = max([row.updated for row in rows], default=last or cursor.now())
    newest = max(newest, last) if last else newest
    events: List[CardEvent] = []
    for row in sorted(rows, key=lambda row: row.updated):
        was = where.pop(row.card, None)
        where[row.card] = row.place
        if begun is None or first:
            continue
        if was is None and row.created > begun:
            events.append(
                CardEvent(
                    f"{row.card} created", EventKind.CREATED, row.card, row.created, after=row.place
                )
            )
        elif was is not None and was != row.place:
            moved = f"{row.card} moved {row.updated.isoformat()} {was} to {row.place}"
            events.append(CardEvent(moved, EventKind.MOVED, row.card, row.updated, was, row.place))
    if begun is not None and not first:
        for row in _recordings(client, options.project, place, "Comment", start):
            if row.created > begun and row.card:
                events.append(
                    CardEvent(f"comment {row.id}", EventKind.COMMENTED, row.card, row.created)
                )
            newest = max(newest, row.updated)
    events.sort(key=lambda event: event.at)
    kept = dict(list(where.items())[-_MAX_CARDS:])
    return CardEvents(
        tuple(events), cursor.remember(begun=newest if first else begun, at=newest, cards=kept)
    )


def _recordings(
    client: Client, project: str, place: Subject, kind: str, start: Optional[datetime]
) -> List[_Row]:
    """Those of a kind that were changed since then, the newest first; all of them without a
    start."""
    params = {
        "type": kind,
        "bucket": project,
        "sort": "updated_at",
        "direction": "desc",
    }
    found: List[_Row] = []
    for row in client.pages(_PATH, place, _row, params):
        if start is not None and row.updated < start:
            break
        found.append(row)
    return found


def _row(row: Mapping[str, Any]) -> _Row:
    created, updated = (
        moment_of(text(row, "created_at")),
        moment_of(text(row, "updated_at")),
    )
    if created is None or updated is None:
        raise Unexpected("'updated_at' is no moment")
    number = mapping.number(row)
    kind = text(row, "type")
    if kind == "Comment":
        on = mapping.parent(row)
        known = _ON.get(on.kind)
        return _Row(number, f"{known}/{on.id}" if known else "", "", created, updated)
    state = mapping.DONE if row.get("completed") is True else mapping.OPEN
    place = state if kind == "Todo" else mapping.parent(row).title
    return _Row(number, mapping.card_id(row), place, created, updated)
