"""What happened in Jira since somebody asked last: the issues that were changed, each with its
history.

The query language tells times to the minute, in the zone of Jira's user; a length of time back from
now has no zone.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, List, Optional, Tuple
from urllib.parse import quote

from .. import CardEvent, CardEvents, EventKind, cursor
from .client import Said
from .mapping import at, key_of, list_at, moment, text_at
from .search import issues_in, quoted

if TYPE_CHECKING:
    from .tracker import JiraTracker

_PAGE = 50
_MOST_PAGES = 10
_COMMENTS = "100"


def events_since(self: JiraTracker, since: str) -> CardEvents:
    """See `Watchable`. One request for each 50 issues that were changed, one more for an issue with
    many comments."""
    self._client.begin()
    before = cursor.recall(since)
    begun, last = cursor.moment_in(before, "begun"), cursor.moment_in(before, "asked")
    asked = cursor.now()
    where = f"project in ({', '.join(quoted(one) for one in self._options.every)})"
    if begun is None or last is None:
        return CardEvents((), cursor.remember(begun=_newest(self, where, asked), asked=asked))
    minutes = math.ceil((asked - cursor.start(last)).total_seconds() / 60) + 1
    issues, cut = _changed(self, f'{where} AND updated >= "-{minutes}m" ORDER BY updated ASC')
    made = [
        change for issue in issues for change in _of_issue(self, issue, begun) if change.at > begun
    ]
    made.sort(key=lambda change: change.at)
    reached = moment(at(issues[-1], "fields", "updated")) if cut else None
    return CardEvents(
        tuple(made), cursor.remember(begun=begun, asked=min(asked, reached) if reached else asked)
    )


def _newest(tracker: JiraTracker, where: str, asked: datetime) -> datetime:
    """When Jira last changed anything: from then on, by its own clock, something is new."""
    said = _search(
        tracker, f"{where} ORDER BY updated DESC", {"fields": "updated", "maxResults": "1"}
    )
    times = [moment(at(issue, "fields", "updated")) for issue in issues_in(tracker._client, said)]
    return next((one for one in times if one is not None), asked)


def _changed(tracker: JiraTracker, query: str) -> Tuple[List[Any], bool]:
    """The issues, and whether there are more of them than are looked at in one go."""
    issues: List[Any] = []
    more = {"startAt": "0"} if not tracker._options.cloud else {}
    for _ in range(_MOST_PAGES):
        fields = {
            "fields": "status,created,updated,comment",
            "expand": "changelog",
            "maxResults": str(_PAGE),
        }
        said = _search(tracker, query, {**fields, **more})
        page = issues_in(tracker._client, said)
        issues += page
        if tracker._options.cloud:
            token = text_at(said.content, "nextPageToken")
            more = {"nextPageToken": token}
            if not token:
                return issues, False
        else:
            total = at(said.content, "total")
            more = {"startAt": str(len(issues))}
            if not page or not isinstance(total, int) or len(issues) >= total:
                return issues, False
    return issues, True


def _search(tracker: JiraTracker, query: str, params: Any) -> Said:
    path = "/search/jql" if tracker._options.cloud else "/search"
    said = tracker._client.ask("GET", path, params={"jql": query, **params})
    if not said.ok:
        raise tracker._client.not_accepted(said, "the search for what is new")
    return said


def _of_issue(tracker: JiraTracker, issue: Any, begun: datetime) -> List[CardEvent]:
    key, id = key_of(issue), text_at(issue, "id") or key_of(issue)
    moves = [
        one
        for one in (_move(key, history) for history in list_at(issue, "changelog", "histories"))
        if one
    ]
    moves.sort(key=lambda change: change.at)
    found = list(moves)
    created = moment(at(issue, "fields", "created"))
    if created is not None:
        first = moves[0].before if moves else text_at(issue, "fields", "status", "name")
        found.append(CardEvent(f"{id} created", EventKind.CREATED, key, created, after=first))
    return found + _comments(tracker, issue, key)


def _move(key: str, history: Any) -> Optional[CardEvent]:
    when = moment(at(history, "created"))
    items = [one for one in list_at(history, "items") if text_at(one, "field") == "status"]
    if when is None or not items:
        return None
    id, before, after = (
        text_at(history, "id"),
        text_at(items[0], "fromString"),
        text_at(items[-1], "toString"),
    )
    return CardEvent(f"history {id}", EventKind.MOVED, key, when, before, after)


def _comments(tracker: JiraTracker, issue: Any, key: str) -> List[CardEvent]:
    found = list_at(issue, "fields", "comment", "comments")
    total = at(issue, "fields", "comment", "total")
    if isinstance(total, int) and total > len(found):
        params = {"orderBy": "-created", "maxResults": _COMMENTS}
        said = tracker._client.ask("GET", f"/issue/{quote(key, safe='')}/comment", params=params)
        found = list_at(said.content, "comments") if said.ok else found
    made = []
    for one in found:
        when = moment(at(one, "created"))
        # Those for a group or the staff of a service desk only are not for a room.
        if when is not None and not at(one, "visibility") and at(one, "jsdPublic") is not False:
            made.append(CardEvent(f"comment {text_at(one, 'id')}", EventKind.COMMENTED, key, when))
    return made
