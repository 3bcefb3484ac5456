"""What happened on the board of the tracker kind local since the last look."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Dict, List

from ...db import Store
from ...db.sql import from_moment, moment, rows
from .. import CardEvent, CardEvents, EventKind

# What one transaction wrote before another one may show after it, by so many seconds at most.
_OVERLAP = timedelta(seconds=60)


def events_since(store: Store, tracker: str, since: str) -> CardEvents:
    """See `Watchable`. Remembered are from when on (`begun`), up to when (`at`), and where each
    card is (`cards`)."""
    before: Dict[str, Any] = json.loads(since) if since else {}
    where: Dict[str, str] = dict(before.get("cards") or {})
    start = moment(from_moment(before["at"]) - _OVERLAP) if before else ""
    bound = {"tracker": tracker, "start": start}
    with store.read() as connection:
        now = store.now(connection)
        changed = rows(
            connection,
            "SELECT project, number, status, created_at, changed_at FROM cards"
            " WHERE tracker = :tracker AND changed_at >= :start ORDER BY changed_at",
            **bound,
        )
        remarks = (
            rows(
                connection,
                "SELECT mark, project, number, at FROM card_comments"
                " WHERE tracker = :tracker AND at >= :start ORDER BY at",
                **bound,
            )
            if before
            else []
        )
    begun = before.get("begun") or moment(now)
    made: List[CardEvent] = []
    for row in changed:
        id, at = f"{row['project']}-{row['number']}", from_moment(row["changed_at"])
        was, where[id] = where.get(id), row["status"]
        if was is None and row["created_at"] > begun:
            created = from_moment(row["created_at"])
            made.append(
                CardEvent(f"{id} created", EventKind.CREATED, id, created, after=row["status"])
            )
        elif was is not None and was != row["status"]:
            moved = f"{id} moved {row['changed_at']} {was} to {row['status']}"
            made.append(CardEvent(moved, EventKind.MOVED, id, at, was, row["status"]))
    for one in remarks:
        if one["at"] > begun:
            id = f"{one['project']}-{one['number']}"
            at = from_moment(one["at"])
            made.append(CardEvent(f"comment {one['mark']}", EventKind.COMMENTED, id, at))
    newest = max([before.get("at") or begun, *(row["changed_at"] for row in changed)])
    made.sort(key=lambda change: change.at)
    return CardEvents(
        tuple(made), json.dumps({"begun": begun, "at": newest, "cards": where}, sort_keys=True)
    )
