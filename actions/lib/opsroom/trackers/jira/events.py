"""What happened in Jira since the last look: the issues that were changed, each with its history.

The query language knows times to the minute, in the zone of Jira's user; a length of time back from
now has no zone.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, List, Optional, Tuple
from urllib.parse import quote

from ...http.content import at, list_at, text_at
from ...times.iso import moment_of
from .. import CardEvent, CardEvents, EventKind, cursor
from .client import Client, Result
from .mapping import key_of
from .options import Options
from .search import issues_in, quoted

_PAGE = 50
_MAX_PAGES = 10
_COMMENTS = "100"


def events_since(client: Client, options: Options, since: str) -> CardEvents:
    """See `Watchable`. One request for each 50 issues that were changed, one more for an issue with
    many comments."""
    before = cursor.recall(since)
    begun, last = cursor.moment_in(before, "begun"), cursor.moment_in(before, "asked")
    asked = cursor.now()
    where = f"project in ({', '.join(quoted(one) for one in options.every)})"
    if begun is None or last is None:
        return CardEvents(
            (), cursor.remember(begun=_newest(client, options, where, asked), asked=asked)
        )
    minutes = math.ceil((asked - cursor.start(last)).total_seconds() / 60) + 1
    issues, cut = _changed(
        client, options, f'{where} AND updated >= "-{minutes}m" ORDER BY updated ASC'
    )
    events = [
        event for issue in issues for event in _of_issue(client, issue, begun) if event.at > begun
    ]
    events.sort(key=lambda event: event.at)
    reached = moment_of(at(issues[-1], "fields", "updated")) if cut else None
    return CardEvents(
        tuple(events), cursor.remember(begun=begun, asked=min(asked, reached) if reached else asked)
    )


def _newest(client: Client, options: Options, where: str, asked: datetime) -> datetime:
    """When Jira last changed anything: from then on, by its own clock, something is new."""
    result = _search(
        client, options, f"{where} ORDER BY updated DESC", {"fields": "updated", "maxResults": "1"}
    )
    times = [moment_of(at(issue, "fields", "updated")) for issue in issues_in(client, result)]
    return next((one for one in times if one is not None), asked)


def _changed(client: Client, options: Options, query: str) -> Tuple[List[Any], bool]:
    """The issues, and whether there are more than one look reads."""
    issues: List[Any] = []
    more = {"startAt": "0"} if not options.cloud else {}
    for _ in range(_MAX_PAGES):
        fields = {
            "fields": "status,created,updated,comment",
            "expand": "changelog",
            "maxResults": str(_PAGE),
        }
        result = _search(client, options, query, {**fields, **more})
        page = issues_in(client, result)
        issues += page
        if options.cloud:
            token = text_at(result.content, "nextPageToken")
            more = {"nextPageToken": token}
            if not token:
                return issues, False
        else:
            total = at(result.content, "total")
            more = {"startAt": str(len(issues))}
            if not page or not isinstance(total, int) or len(issues) >= total:
                return issues, False
    return issues, True


def _search(client: Client, options: Options, query: str, params: Any) -> Result:
    path = "/search/jql" if options.cloud else "/search"
    result = client.ask("GET", path, params={"jql": query, **params})
    if not result.ok:
        raise client.not_accepted(result, "the search for what is new")
    return result


def _of_issue(client: Client, issue: Any, begun: datetime) -> List[CardEvent]:
    key, id = key_of(issue), text_at(issue, "id") or key_of(issue)
    moves = [
        one
        for one in (_move(key, history) for history in list_at(issue, "changelog", "histories"))
        if one
    ]
    moves.sort(key=lambda event: event.at)
    found = list(moves)
    created = moment_of(at(issue, "fields", "created"))
    if created is not None:
        first = moves[0].before if moves else text_at(issue, "fields", "status", "name")
        found.append(CardEvent(f"{id} created", EventKind.CREATED, key, created, after=first))
    return found + _comments(client, issue, key)


def _move(key: str, history: Any) -> Optional[CardEvent]:
    when = moment_of(at(history, "created"))
    items = [one for one in list_at(history, "items") if text_at(one, "field") == "status"]
    if when is None or not items:
        return None
    id, before, after = (
        text_at(history, "id"),
        text_at(items[0], "fromString"),
        text_at(items[-1], "toString"),
    )
    return CardEvent(f"history {id}", EventKind.MOVED, key, when, before, after)


def _comments(client: Client, issue: Any, key: str) -> List[CardEvent]:
    found = list_at(issue, "fields", "comment", "comments")
    total = at(issue, "fields", "comment", "total")
    if isinstance(total, int) and total > len(found):
        params = {"orderBy": "-created", "maxResults": _COMMENTS}
        result = client.ask("GET", f"/issue/{quote(key, safe='')}/comment", params=params)
        found = list_at(result.content, "comments") if result.ok else found
    events = []
    for one in found:
        when = moment_of(at(one, "created"))
        # Those for a group or the staff of a service desk only are not for a room.
        if when is not None and not at(one, "visibility") and at(one, "jsdPublic") is not False:
            events.append(
                CardEvent(f"comment {text_at(one, 'id')}", EventKind.COMMENTED, key, when)
            )
    return events
