"""What happened on the board of the tracker kind local since somebody asked last."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Dict, List

from sqlalchemy import select

from ...db.sql import from_moment, moment
from ...db.tables import card_comments, cards
from .. import CardEvent, CardEvents, EventKind

if TYPE_CHECKING:
    from .board import Board

# What one transaction wrote before another one may show after it, by so many seconds at most.
_OVERLAP = timedelta(seconds=60)


def events_since(self: Board, since: str) -> CardEvents:
    """See `Watchable`. Remembered are from when on (`begun`), up to when (`at`), and where each
    card is (`cards`)."""
    before: Dict[str, Any] = json.loads(since) if since else {}
    where: Dict[str, str] = dict(before.get("cards") or {})
    with self._store().read() as connection:
        now = self._store().now(connection)
        changed = select(cards).where(self._mine()).order_by(cards.c.changed_at)
        said = (
            select(card_comments)
            .where(card_comments.c.tracker == self._name)
            .order_by(card_comments.c.at)
        )
        if before:
            start = moment(from_moment(before["at"]) - _OVERLAP)
            changed, said = (
                changed.where(cards.c.changed_at >= start),
                said.where(card_comments.c.at >= start),
            )
        rows = connection.execute(changed).all()
        remarks = connection.execute(said).all() if before else []
    begun = before.get("begun") or moment(now)
    made: List[CardEvent] = []
    for row in rows:
        id, was = f"{row.project}-{row.number}", where.get(f"{row.project}-{row.number}")
        where[id] = row.status
        if was is None and row.created_at > begun:
            made.append(
                CardEvent(
                    f"{id} created",
                    EventKind.CREATED,
                    id,
                    from_moment(row.created_at),
                    after=row.status,
                )
            )
        elif was is not None and was != row.status:
            moved = f"{id} moved {row.changed_at} {was} to {row.status}"
            made.append(
                CardEvent(moved, EventKind.MOVED, id, from_moment(row.changed_at), was, row.status)
            )
    for one in remarks:
        if one.at > begun:
            id = f"{one.project}-{one.number}"
            made.append(
                CardEvent(f"comment {one.mark}", EventKind.COMMENTED, id, from_moment(one.at))
            )
    newest = max([before.get("at") or begun, *(row.changed_at for row in rows)])
    made.sort(key=lambda change: change.at)
    return CardEvents(
        tuple(made), json.dumps({"begun": begun, "at": newest, "cards": where}, sort_keys=True)
    )
