"""What happened to issues of GitHub since the last look.

One conditional request for each repository while nothing changes: GitHub responses 304, which does
not count against its limit. Where something did, the comments and the events (closed, reopened)
since then are asked for as well.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ...http.content import text_at
from ...http.response import Response
from ...http.vendor import Subject
from ...structs.patterns import lazy_pattern
from ...times.iso import moment_of
from ...vendors.github.client import PAGE
from ...vendors.github.options import path_of
from .. import CardEvent, CardEvents, EventKind, cursor
from .client import Client
from .mapping import a_list, number_of

_MAX_PAGES = 5
_NUMBER = lazy_pattern(r"/issues/(\d{1,10})\Z")
_STATES = {"closed": ("open", "closed"), "reopened": ("closed", "open")}
Rows = List[Mapping[str, Any]]


def events_since(client: Client, repositories: Sequence[str], since: str) -> CardEvents:
    """See `Watchable`. Pull requests are no cards here."""
    before = cursor.recall(since)
    begun, known = cursor.moment_in(before, "begun"), dict(before.get("repositories") or {})
    events: List[CardEvent] = []
    for repository in repositories:
        if repository not in known:
            known[repository] = _first(client, repository)
            continue
        found, known[repository] = _since(client, repository, known[repository])
        events += found
    events.sort(key=lambda event: event.at)
    return CardEvents(
        tuple(events), cursor.remember(begun=begun or cursor.now(), repositories=known)
    )


def _first(client: Client, repository: str) -> Dict[str, Any]:
    """From when on something is new, by GitHub's own clock: the last change there is."""
    params = {"state": "all", "sort": "updated", "direction": "desc", "per_page": "1"}
    about = Subject("repository", repository)
    response = client.get(f"{path_of(repository)}/issues", about, params)
    rows = a_list(response, "list of issues")
    newest = text_at(rows[0], "updated_at") if rows else cursor.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"begun": newest, "since": newest, "etag": "", "seen": _seen(response, rows, newest)}


def _since(
    client: Client, repository: str, known: Mapping[str, Any]
) -> Tuple[List[CardEvent], Dict[str, Any]]:
    begun, since = _moment(known, "begun"), str(known["since"])
    params = {
        "state": "all",
        "since": since,
        "sort": "updated",
        "direction": "asc",
        "per_page": str(PAGE),
    }
    path = f"{path_of(repository)}/issues"
    about = Subject("repository", repository)
    response = client.get(path, about, params, etag=str(known["etag"]))
    if response.status == 304:
        return [], dict(known)
    rows = a_list(response, "list of issues")
    for page in range(2, _MAX_PAGES + 1):
        if len(rows) < PAGE * (page - 1):
            break
        more = client.get(path, about, {**params, "page": str(page)})
        rows = [*rows, *a_list(more, "list of issues")]
    newest = max([since, *(text_at(row, "updated_at") for row in rows)])
    seen = _seen(response, rows, newest)
    after = {"begun": known["begun"], "since": newest, "seen": seen, "etag": ""}
    if newest == since:
        # The next request is the same as this one, so its response may be "not modified".
        after["etag"] = response.headers.get("etag", "")
    if not set(_seen(response, rows, "")) - set(known["seen"]):
        return [], after
    events = _created(response, rows, repository)
    events += _commented(client, repository, since)
    events += _moved(client, repository, _moment(known, "since"))
    return [one for one in events if one.at > begun], after


def _created(response: Response, rows: Rows, repository: str) -> List[CardEvent]:
    events = []
    for row in rows:
        at, card = moment_of(row.get("created_at")), f"{repository}#{number_of(response, row)}"
        if at is not None and not row.get("pull_request"):
            events.append(CardEvent(f"{card} created", EventKind.CREATED, card, at, after="open"))
    return events


def _commented(client: Client, repository: str, since: str) -> List[CardEvent]:
    params = {"since": since, "sort": "updated", "direction": "asc", "per_page": str(PAGE)}
    events: List[CardEvent] = []
    for page in range(1, _MAX_PAGES + 1):
        path = f"{path_of(repository)}/issues/comments"
        about = Subject("repository", repository)
        response = client.get(path, about, {**params, "page": str(page)})
        rows = a_list(response, "list of comments")
        for row in rows:
            at, issue = moment_of(row.get("created_at")), _NUMBER.search(text_at(row, "issue_url"))
            if at is not None and issue and "/pull/" not in text_at(row, "html_url"):
                events.append(
                    CardEvent(
                        f"comment {row.get('id')}",
                        EventKind.COMMENTED,
                        f"{repository}#{issue.group(1)}",
                        at,
                    )
                )
        if len(rows) < PAGE:
            break
    return events


def _moved(client: Client, repository: str, since: datetime) -> List[CardEvent]:
    """From the newest on: there is no other way to ask for events."""
    events: List[CardEvent] = []
    for page in range(1, _MAX_PAGES + 1):
        params = {"per_page": str(PAGE), "page": str(page)}
        about = Subject("repository", repository)
        response = client.get(f"{path_of(repository)}/issues/events", about, params)
        rows = a_list(response, "list of events")
        times = []
        for row in rows:
            at, issue, states = (
                moment_of(row.get("created_at")),
                row.get("issue"),
                _STATES.get(text_at(row, "event")),
            )
            if at is None:
                continue
            times.append(at)
            if states and isinstance(issue, dict) and not issue.get("pull_request"):
                card = f"{repository}#{number_of(response, issue)}"
                events.append(
                    CardEvent(
                        f"event {row.get('id')}", EventKind.MOVED, card, at, *_named(row, states)
                    )
                )
        if len(rows) < PAGE or (times and min(times) < since):
            break
    return [one for one in events if one.at >= since]


def _named(event: Mapping[str, Any], states: Tuple[str, str]) -> Tuple[str, str]:
    """As issues are shown: closed for another reason than that they are done."""
    before, after = states
    if after == "closed" and text_at(event, "state_reason") == "not_planned":
        after = "closed as not planned"
    return before, after


def _seen(response: Response, rows: Rows, at: str) -> List[str]:
    """The issues of one moment (empty: of all), each with its moment: what is shown again is known
    by it."""
    chosen = [row for row in rows if not at or text_at(row, "updated_at") == at]
    return [f"{number_of(response, row)} {text_at(row, 'updated_at')}" for row in chosen]


def _moment(known: Mapping[str, Any], key: str) -> datetime:
    at = moment_of(known.get(key))
    return at if at is not None else cursor.now()
