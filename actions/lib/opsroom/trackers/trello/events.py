"""What happened on a board of Trello since the last look; Trello keeps a list of all actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import quote

from ...http.content import Unexpected, an_object, objects, text
from ...http.vendor import Subject
from ...structs.patterns import lazy_pattern
from ...times.iso import moment_of
from .. import CardEvent, CardEvents, EventKind, cursor
from .client import Client

_MADE = ("createCard", "copyCard", "convertToCardFromCheckItem", "emailCard")
_FILTER = ",".join((*_MADE, "updateCard:idList", "commentCard"))
_LINK = lazy_pattern(r"^[A-Za-z0-9]{8}(?![\s\S])")
_PAGE = 1000
_MAX_PAGES = 5


class _Action(NamedTuple):
    id: str
    at: datetime
    event: Optional[CardEvent]


def events_since(client: Client, board: Subject, since: str) -> CardEvents:
    """See `Watchable`. One request, one more for each 1,000 actions."""
    before = cursor.recall(since)
    begun, last = cursor.moment_in(before, "begun"), cursor.moment_in(before, "at")
    path = f"/boards/{quote(board.name, safe='')}/actions"
    params = {"filter": _FILTER, "fields": "type,date,data", "memberCreator": "false"}
    if begun is None or last is None:
        newest = client.get(path, board, _actions, **params, limit="1")
        at = newest[0].at if newest else cursor.now()
        return CardEvents((), cursor.remember(begun=at, at=at))
    params.update(since=cursor.start(last).strftime("%Y-%m-%dT%H:%M:%S.000Z"), limit=str(_PAGE))
    actions: List[_Action] = []
    for _ in range(_MAX_PAGES):
        page = client.get(path, board, _actions, **params)
        actions += page
        if len(page) < _PAGE:
            break
        params["before"] = page[-1].id
    events = [one.event for one in actions if one.event and one.at > begun]
    latest = max([last, *(one.at for one in actions)])
    return CardEvents(
        tuple(sorted(events, key=lambda event: event.at)), cursor.remember(begun=begun, at=latest)
    )


def _actions(content: Any) -> Tuple[_Action, ...]:
    return tuple(_action(row) for row in objects(content, "actions"))


def _action(row: Dict[str, Any]) -> _Action:
    at, id = moment_of(text(row, "date")), text(row, "id", needed=True)
    if at is None:
        raise Unexpected("'date' is no moment")
    data = an_object(row.get("data") or {}, "data of an action")
    card = _name(data, "card", "shortLink")
    event: Optional[CardEvent] = None
    kind = text(row, "type")
    if not _LINK.match(card):
        pass
    elif kind in _MADE:
        after = _name(data, "list", "name")
        event = CardEvent(id, EventKind.CREATED, card, at, after=after)
    elif kind == "commentCard":
        event = CardEvent(id, EventKind.COMMENTED, card, at)
    elif _name(data, "listAfter", "name"):
        before, after = _name(data, "listBefore", "name"), _name(data, "listAfter", "name")
        event = CardEvent(id, EventKind.MOVED, card, at, before, after)
    return _Action(id, at, event)


def _name(data: Dict[str, Any], what: str, key: str) -> str:
    found = data.get(what)
    return text(found, key) if isinstance(found, dict) else ""
