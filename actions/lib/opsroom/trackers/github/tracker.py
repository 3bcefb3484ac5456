"""Issues of GitHub as cards.

A pull request has a number like an issue and takes comments and assignees like one. So it is shown,
commented on and assigned; it is never found, and not moved: to close it is not to have done it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, List, Mapping, Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...http.content import object_at, text_at
from ...http.vendor import Subject
from ...names import available_text, either, listed, nearest, shown
from ...structs.patterns import lazy_pattern
from ...vendors.github.client import PAGE
from ...vendors.github.options import path_of
from .. import (
    Assigned,
    Assignee,
    Card,
    CardEvents,
    Draft,
    Made,
    Moved,
    Query,
    Remark,
    archived_notes,
)
from .client import Client
from .events import events_since
from .mapping import (
    a_list,
    among,
    an_object,
    assignees_of,
    bad,
    card_of,
    comment_of,
    is_in,
    last_page,
    login_of,
    made_of,
    number_of,
    parts_of,
    repository_of,
    status_of,
    url_of,
)
from .options import Options
from .text import BODY_CHARACTERS, TITLE_CHARACTERS, body, marked, title

_COLUMNS = ("open", "closed", "not planned")
# What people say -> state and reason.
_STATES: Mapping[str, Tuple[str, str]] = {
    "open": ("open", "reopened"),
    "opened": ("open", "reopened"),
    "reopen": ("open", "reopened"),
    "reopened": ("open", "reopened"),
    "closed": ("closed", "completed"),
    "close": ("closed", "completed"),
    "done": ("closed", "completed"),
    "completed": ("closed", "completed"),
    "not planned": ("closed", "not_planned"),
    "closed as not planned": ("closed", "not_planned"),
}
_LOGIN = lazy_pattern(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?\Z")
# How many of the newest issues are looked through for a mark: what has just been made is among
# them.
_NEWEST = 50
_COMMENTS = 5
# Comments are looked for in the last hour, in seconds: four times as far back as needed, for clocks
# that differ.
_SINCE = 3600.0
_MAX_PAGES = 5
_FOUND = 50
_ARCHIVED = "in an archived repository"
# Of so many repositories it is asked whether they are archived.
_MAX_ASKED = 3
# GitHub searches for texts of 256 characters at most.
_SEARCHED = 200


class GithubIssues:
    """One user's view of the issues of some repositories."""

    # The lists of issues and comments are up to date, unlike the search. But GitHub may work on a
    # request for ten seconds after its response was lost, and most often is done in one.
    settles_within = 5.0

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._site = options.site
        self._client = Client(options.access, options.time_limit)
        self._name = name

    def create(self, draft: Draft) -> Made:
        """One request."""
        self._client.begin()
        repository = draft.project or self._options.repository
        heading, title_lost = title(draft.summary)
        text, lost = body(draft.author, draft.description, draft.mark)
        path = f"{path_of(repository)}/issues"
        response = self._client.send(
            "POST", path, _repository(repository), json={"title": heading, "body": text}
        )
        notes = _cut("title", TITLE_CHARACTERS, title_lost) + _cut("text", BODY_CHARACTERS, lost)
        return made_of(response, an_object(response, "issue"), repository, self._site, notes)

    def find_created(self, draft: Draft) -> Optional[Made]:
        """One request: the list is up to date as soon as the issue is there, the search lags
        behind."""
        self._client.begin()
        repository = draft.project or self._options.repository
        params = {"state": "all", "sort": "created", "direction": "desc", "per_page": str(_NEWEST)}
        response = self._client.get(
            f"{path_of(repository)}/issues", _repository(repository), params
        )
        for issue in a_list(response, "list of issues", searched=True):
            if marked(draft.mark) in text_at(issue, "body"):
                return made_of(response, issue, repository, self._site)
        return None

    def comment(self, remark: Remark) -> Made:
        """Two requests, the second one for whether the issue is locked; also on a pull request."""
        self._client.begin()
        repository, number = parts_of(remark.card)
        text, lost = body(remark.author, remark.text, remark.mark)
        path = f"{path_of(repository)}/issues/{number}/comments"
        response = self._client.send("POST", path, _card(remark.card), json={"body": text})
        notes = _cut("text", BODY_CHARACTERS, lost)
        comment = an_object(response, "comment")
        made = comment_of(response, comment, remark.card, self._site, notes)
        issue = object_at(self._client.quietly(f"{path_of(repository)}/issues/{number}"))
        locked = archived_notes("locked" if issue.get("locked") is True else "")
        return replace(made, notes=made.notes + locked)

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """One request, unless there were more than a hundred comments within the last hour."""
        self._client.begin()
        repository, number = parts_of(remark.card)
        since = datetime.now(timezone.utc) - timedelta(seconds=_SINCE)
        params = {"since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "per_page": str(PAGE)}
        path = f"{path_of(repository)}/issues/{number}/comments"
        for page in range(1, _MAX_PAGES + 1):
            response = self._client.get(path, _card(remark.card), {**params, "page": str(page)})
            comments = a_list(response, "list of comments", searched=True)
            for one in comments:
                if marked(remark.mark) in text_at(one, "body"):
                    return comment_of(response, one, remark.card, self._site)
            if len(comments) < PAGE:
                break
        return None

    def show(self, card: str) -> Card:
        """Three requests, two when nobody has commented; one of them for whether the repository is
        archived."""
        self._client.begin()
        repository, number = parts_of(card)
        response = self._client.get(f"{path_of(repository)}/issues/{number}", _card(card))
        issue = an_object(response, "issue")
        count = issue.get("comments")
        comments: List[Mapping[str, Any]] = []
        if isinstance(count, int) and count > 0:
            size, page = last_page(count, _COMMENTS)
            params = {"per_page": str(size), "page": str(page)}
            path = f"{path_of(repository)}/issues/{number}/comments"
            listing = self._client.get(path, _card(card), params)
            comments = a_list(listing, "list of comments")[-_COMMENTS:]
        shown_card = card_of(response, issue, repository, self._site, comments)
        return replace(shown_card, archived=self._archived(repository) or shown_card.archived)

    def move(self, card: str, to: str) -> Moved:
        """Two requests, one when it is there already."""
        wanted = _STATES.get(" ".join(to.replace("_", " ").split()).casefold())
        if wanted is None:
            message = (
                f"GitHub issues have no columns, and so no {shown(to)}: they are open or closed."
            )
            raise Refusal(
                Code.UNKNOWN_COLUMN,
                message,
                f"Use {either(_COLUMNS)}.",
                {"columns": list(_COLUMNS)},
            )
        self._client.begin()
        repository, number = parts_of(card)
        path = f"{path_of(repository)}/issues/{number}"
        response = self._client.get(path, _card(card))
        issue = an_object(response, "issue")
        if issue.get("pull_request"):
            message = f"{card} is a pull request, which is merged or closed on GitHub itself."
            raise Refusal(Code.NOT_POSSIBLE, message, "A comment on it is possible from here.")
        before, url = status_of(response, issue), url_of(issue, card, self._site)
        notes = archived_notes("locked" if issue.get("locked") is True else "")
        if is_in(issue, wanted):
            return Moved(before, before, url, notes)
        # The same twice has the effect of once, so that it may be sent again when a response is
        # lost.
        change = {"state": wanted[0], "state_reason": wanted[1]}
        response = self._client.send("PATCH", path, _card(card), json=change, idempotent=True)
        issue = an_object(response, "issue")
        after = status_of(response, issue)
        if not is_in(issue, wanted):
            message = f"GitHub leaves {card} as it is: {after}."
            hint = (
                "Open it first: the reason is only taken together with the state."
                if before != "open"
                else ""
            )
            raise Refusal(Code.NOT_POSSIBLE, message, hint)
        return Moved(before, after, url_of(issue, card, self._site), notes)

    def assign(self, card: str, to: Assignee) -> Assigned:
        """One request; two when others have to be taken off it, or when GitHub did nothing and is
        asked why."""
        login = to.name.strip().lstrip("@")
        if login and not _LOGIN.match(login):
            raise self._unknown(to, ())
        self._client.begin()
        repository, number = parts_of(card)
        path = f"{path_of(repository)}/issues/{number}"
        if not login:
            response = self._client.send(
                "PATCH", path, _card(card), json={"assignees": []}, idempotent=True
            )
            issue = an_object(response, "issue")
            number_of(response, issue)
            if assignees_of(issue):
                raise self._no_right(card)
            return Assigned(to.shown or "nobody", url_of(issue, card, self._site))
        # Added first, others taken off then: where GitHub does not know the name it says nothing
        # and does nothing, and the card would have lost its assignees.
        response = self._client.send(
            "POST",
            f"{path}/assignees",
            _card(card),
            json={"assignees": [login]},
            idempotent=True,
        )
        issue = an_object(response, "issue")
        number_of(response, issue)
        now = assignees_of(issue)
        if not among(login, now):
            raise self._not_assigned(to, login, card, repository)
        others = [one for one in now if not among(one, [login])]
        notes: Tuple[str, ...] = ()
        if others:
            response = self._client.send(
                "DELETE", f"{path}/assignees", _card(card), json={"assignees": others}
            )
            issue = an_object(response, "issue")
            number_of(response, issue)
            left = [one for one in assignees_of(issue) if not among(one, [login])]
            notes = (f"GitHub leaves it to {listed(left)} as well.",) if left else ()
        return Assigned(
            next(one for one in now if among(one, [login])), url_of(issue, card, self._site), notes
        )

    def find(self, query: Query) -> Tuple[Card, ...]:
        """One request; two when there is more than fits into one response, so that none of the open
        ones is missed; and one for each repository found, which may be archived."""
        text = " ".join(re.sub(r'["\\]', " ", query.text).split())
        if len(text) > _SEARCHED:
            raise Refusal(
                Code.TEXT_TOO_LONG,
                f"GitHub searches for {_SEARCHED} characters at most.",
                "Use fewer words.",
            )
        login = query.assignee.strip().lstrip("@")
        if login and not _LOGIN.match(login):
            raise self._unknown(Assignee(login, login), ())
        self._client.begin()
        places = [query.project] if query.project else list(self._options.every)
        # In quotes nothing is a qualifier; without quotes and backslashes nothing ends them.
        words = [f'"{text}"'] if text else []
        where = " OR ".join(f"repo:{one}" for one in places)
        words += ["is:issue", f"({where})" if len(places) > 1 else where]
        words += [f"assignee:{login}"] if login else []
        cards, complete = self._search(" ".join(words), places)
        if not complete and sum(not card.closed for card in cards) < query.limit:
            still_open, _ = self._search(" ".join([*words, "is:open"]), places)
            cards = [*still_open, *(card for card in cards if card.closed)]
        cards.sort(key=lambda card: card.closed)  # keeps the order by time within each
        found = cards[: query.limit]
        projects = list(dict.fromkeys(card.project for card in found))[:_MAX_ASKED]
        archived = {one for one in projects if self._archived(one)}
        return tuple(
            replace(card, archived=_ARCHIVED) if card.project in archived else card
            for card in found
        )

    def events_since(self, since: str) -> CardEvents:
        """See `Watchable`. Pull requests are no cards here."""
        self._client.begin()
        return events_since(self._client, self._options.every, since)

    def _archived(self, repository: str) -> str:
        """Why a repository takes no changes, as in `Card`; empty where it does, or where GitHub
        does not say so."""
        found = object_at(self._client.quietly(path_of(repository)))
        return _ARCHIVED if found.get("archived") is True else ""

    def _search(self, words: str, places: List[str]) -> Tuple[List[Card], bool]:
        params = {"q": words, "sort": "updated", "order": "desc", "per_page": str(_FOUND)}
        if len(places) > 1:
            params["advanced_search"] = (
                "true"  # the old syntax knows no OR, the new one no list of repositories
            )
        response = self._client.get("/search/issues", _repository(listed(places)), params)
        content = an_object(response, "result of a search")
        items = content.get("items")
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise bad(response, "result of a search")
        total = content.get("total_count")
        cards = [card_of(response, one, repository_of(one, places[0]), self._site) for one in items]
        return cards, isinstance(total, int) and total <= len(items)

    def _not_assigned(self, to: Assignee, login: str, card: str, repository: str) -> Exception:
        """GitHub left someone out without a word: because it may not be they, or because we may not
        assign."""
        params = {"per_page": str(PAGE)}
        response = self._client.get(
            f"{path_of(repository)}/assignees", _repository(repository), params
        )
        known = [
            name for name in (login_of(one) for one in a_list(response, "list of people")) if name
        ]
        return self._no_right(card) if among(login, known) else self._unknown(to, known, repository)

    def _no_right(self, card: str) -> Failure:
        message = f"GitHub left {card} as it was: the token's user may not assign."
        hint = (
            f"The token in trackers.{self._name}.token needs the right to write issues, its "
            "user that to triage."
        )
        return Failure(Code.UNAUTHORIZED, message, hint)

    def _unknown(self, to: Assignee, known: Any, repository: str = "") -> Refusal:
        login = to.name.strip().lstrip("@")
        near = nearest(login, known)
        place = f" in {repository}" if repository else ""
        message = (
            f"GitHub knows nobody called {shown(login)} whom an issue{place} can be assigned to."
        )
        if near:
            hint = f"Did you mean {either(near)}?"
        elif to.mapped:
            hint = (
                f"Check people.{to.shown}.{self._name} or people.{to.shown}.github in the config."
            )
        else:
            hint = available_text(known) if known else "Names are those of GitHub, such as octocat."
        return Refusal(Code.UNKNOWN_PERSON, message, hint, {"nearest": near})


def _card(card: str) -> Subject:
    return Subject("card", card)


def _repository(repository: str) -> Subject:
    return Subject("repository", repository)


def _cut(what: str, limit: int, lost: int) -> Tuple[str, ...]:
    return (
        (f"The {what} was cut: GitHub takes {limit} characters, {lost} had no room.",)
        if lost
        else ()
    )
