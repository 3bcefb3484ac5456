"""What happened to issues of GitHub since somebody asked last.

One conditional request for each repository while nothing changes: GitHub answers 304, which does
not count against its limit. Where something did, the comments and the events (closed, reopened)
since then are asked for as well.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple
from urllib.parse import quote

from ...http.client import Answer
from .. import Change, Changes, What, cursor
from .client import a_list
from .mapping import PAGE, moment_of, number_of, text_of

if TYPE_CHECKING:
    from .tracker import GithubIssues

_MOST_PAGES = 5
_NUMBER = re.compile(r"/issues/(\d{1,10})\Z")
_STATES = {"closed": ("open", "closed"), "reopened": ("closed", "open")}
Rows = List[Mapping[str, Any]]


def changes(self: GithubIssues, since: str) -> Changes:
    """See `Watchable`. Pull requests are no cards here."""
    self._api.begin()
    before = cursor.recall(since)
    begun, known = cursor.moment_in(before, "begun"), dict(before.get("repositories") or {})
    made: List[Change] = []
    for repository in self._options.every:
        if repository not in known:
            known[repository] = _first(self, repository)
            continue
        found, known[repository] = _since(self, repository, known[repository])
        made += found
    made.sort(key=lambda change: change.at)
    return Changes(tuple(made), cursor.remember(begun=begun or cursor.now(), repositories=known))


def _first(tracker: GithubIssues, repository: str) -> Dict[str, Any]:
    """From when on something is new, by GitHub's own clock: the last change there is."""
    params = {"state": "all", "sort": "updated", "direction": "desc", "per_page": "1"}
    answer = tracker._api.ask("GET", f"{_path(repository)}/issues", repository, params=params)
    rows = a_list(answer, "list of issues")
    newest = text_of(rows[0], "updated_at") if rows else cursor.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"begun": newest, "since": newest, "etag": "", "seen": _seen(answer, rows, newest)}


def _since(
    tracker: GithubIssues, repository: str, known: Mapping[str, Any]
) -> Tuple[List[Change], Dict[str, Any]]:
    begun, since = _moment(known, "begun"), str(known["since"])
    params = {
        "state": "all",
        "since": since,
        "sort": "updated",
        "direction": "asc",
        "per_page": str(PAGE),
    }
    path = f"{_path(repository)}/issues"
    answer = tracker._api.ask("GET", path, repository, params=params, etag=str(known["etag"]))
    if answer.status == 304:
        return [], dict(known)
    rows = a_list(answer, "list of issues")
    for page in range(2, _MOST_PAGES + 1):
        if len(rows) < PAGE * (page - 1):
            break
        more = tracker._api.ask("GET", path, repository, params={**params, "page": str(page)})
        rows = [*rows, *a_list(more, "list of issues")]
    newest = max([since, *(text_of(row, "updated_at") for row in rows)])
    seen = _seen(answer, rows, newest)
    after = {"begun": known["begun"], "since": newest, "seen": seen, "etag": ""}
    if newest == since:
        # The next request is the same as this one, so its answer may be "not modified".
        after["etag"] = answer.headers.get("etag", "")
    if not set(_seen(answer, rows, "")) - set(known["seen"]):
        return [], after
    made = _created(answer, rows, repository)
    made += _commented(tracker, repository, since)
    made += _moved(tracker, repository, _moment(known, "since"))
    return [one for one in made if one.at > begun], after


def _created(answer: Answer, rows: Rows, repository: str) -> List[Change]:
    made = []
    for row in rows:
        at, card = moment_of(row.get("created_at")), f"{repository}#{number_of(answer, row)}"
        if at is not None and not row.get("pull_request"):
            made.append(Change(f"{card} created", What.CREATED, card, at, after="open"))
    return made


def _commented(tracker: GithubIssues, repository: str, since: str) -> List[Change]:
    params = {"since": since, "sort": "updated", "direction": "asc", "per_page": str(PAGE)}
    made: List[Change] = []
    for page in range(1, _MOST_PAGES + 1):
        answer = tracker._api.ask(
            "GET",
            f"{_path(repository)}/issues/comments",
            repository,
            params={**params, "page": str(page)},
        )
        rows = a_list(answer, "list of comments")
        for row in rows:
            at, issue = moment_of(row.get("created_at")), _NUMBER.search(text_of(row, "issue_url"))
            if at is not None and issue and "/pull/" not in text_of(row, "html_url"):
                made.append(
                    Change(
                        f"comment {row.get('id')}",
                        What.COMMENTED,
                        f"{repository}#{issue.group(1)}",
                        at,
                    )
                )
        if len(rows) < PAGE:
            break
    return made


def _moved(tracker: GithubIssues, repository: str, since: datetime) -> List[Change]:
    """From the newest on: there is no other way to ask for events."""
    made: List[Change] = []
    for page in range(1, _MOST_PAGES + 1):
        params = {"per_page": str(PAGE), "page": str(page)}
        answer = tracker._api.ask(
            "GET", f"{_path(repository)}/issues/events", repository, params=params
        )
        rows = a_list(answer, "list of events")
        times = []
        for row in rows:
            at, issue, states = (
                moment_of(row.get("created_at")),
                row.get("issue"),
                _STATES.get(text_of(row, "event")),
            )
            if at is None:
                continue
            times.append(at)
            if states and isinstance(issue, dict) and not issue.get("pull_request"):
                card = f"{repository}#{number_of(answer, issue)}"
                made.append(
                    Change(f"event {row.get('id')}", What.MOVED, card, at, *_named(row, states))
                )
        if len(rows) < PAGE or (times and min(times) < since):
            break
    return [one for one in made if one.at >= since]


def _named(event: Mapping[str, Any], states: Tuple[str, str]) -> Tuple[str, str]:
    """As issues are shown: closed for another reason than that they are done."""
    before, after = states
    if after == "closed" and text_of(event, "state_reason") == "not_planned":
        after = "closed as not planned"
    return before, after


def _seen(answer: Answer, rows: Rows, at: str) -> List[str]:
    """The issues of one moment (empty: of all), each with its moment: what is shown again is known
    by it."""
    chosen = [row for row in rows if not at or text_of(row, "updated_at") == at]
    return [f"{number_of(answer, row)} {text_of(row, 'updated_at')}" for row in chosen]


def _moment(known: Mapping[str, Any], key: str) -> datetime:
    at = moment_of(known.get(key))
    return at if at is not None else cursor.now()


def _path(repository: str) -> str:
    owner, _, name = repository.partition("/")
    return f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"
