"""What happened on a board of Trello since somebody asked last: Trello keeps a list of all that is
done there."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple

from .. import Change, Changes, What, cursor, shapes
from . import mapping as read

if TYPE_CHECKING:
    from .tracker import Board

_MADE = ("createCard", "copyCard", "convertToCardFromCheckItem", "emailCard")
_FILTER = ",".join((*_MADE, "updateCard:idList", "commentCard"))
_LINK = re.compile(r"^[A-Za-z0-9]{8}(?![\s\S])")
_PAGE = 1000
_MOST_PAGES = 5


class _Action(NamedTuple):
    id: str
    at: datetime
    change: Optional[Change]


def changes(self: Board, since: str) -> Changes:
    """See `Watchable`. One request, one more for each 1,000 actions."""
    before = cursor.recall(since)
    begun, last = cursor.moment_in(before, "begun"), cursor.moment_in(before, "at")
    client, path = self._client(), f"/boards/{self._options.board}/actions"
    params = {"filter": _FILTER, "fields": "type,date,data", "memberCreator": "false"}
    if begun is None or last is None:
        newest = client.get(path, self._board, _actions, **params, limit="1")
        at = newest[0].at if newest else cursor.now()
        return Changes((), cursor.remember(begun=at, at=at))
    params.update(since=cursor.start(last).strftime("%Y-%m-%dT%H:%M:%S.000Z"), limit=str(_PAGE))
    found: List[_Action] = []
    for _ in range(_MOST_PAGES):
        page = client.get(path, self._board, _actions, **params)
        found += page
        if len(page) < _PAGE:
            break
        params["before"] = page[-1].id
    made = sorted(
        (one.change for one in found if one.change and one.at > begun), key=lambda change: change.at
    )
    return Changes(
        tuple(made), cursor.remember(begun=begun, at=max([last, *(one.at for one in found)]))
    )


def _actions(content: Any) -> Tuple[_Action, ...]:
    return tuple(one for one in (_action(row) for row in shapes.items(content, "actions")) if one)


def _action(row: Dict[str, Any]) -> Optional[_Action]:
    at, id = read.moment(shapes.text(row, "date")), shapes.text(row, "id", needed=True)
    if at is None:
        raise shapes.Unexpected("'date' is no moment")
    data = shapes.item(row.get("data") or {}, "data of an action")
    link = _name(data, "card", "shortLink")
    if not _LINK.match(link):
        return _Action(id, at, None)
    kind = shapes.text(row, "type")
    if kind in _MADE:
        return _Action(
            id, at, Change(id, What.CREATED, link, at, after=_name(data, "list", "name"))
        )
    if kind == "commentCard":
        return _Action(id, at, Change(id, What.COMMENTED, link, at))
    before, after = _name(data, "listBefore", "name"), _name(data, "listAfter", "name")
    return _Action(id, at, Change(id, What.MOVED, link, at, before, after) if after else None)


def _name(data: Dict[str, Any], what: str, key: str) -> str:
    found = data.get(what)
    return shapes.text(found, key) if isinstance(found, dict) else ""
