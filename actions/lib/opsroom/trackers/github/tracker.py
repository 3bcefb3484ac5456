"""Issues of GitHub as cards.

A pull request has a number like an issue and takes comments and assignees like one. So it is shown,
commented on and assigned; it is never found, and not moved: to close it is not to have done it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, Refusal
from ...names import either, listed, nearest, shown, there_are
from .. import (
    Assigned,
    Assignee,
    Card,
    Comment,
    Draft,
    Made,
    Moved,
    Query,
    Remark,
    archived_notes,
)
from . import Options
from .client import Api, a_list, an_object, bad
from .events import changes
from .mapping import (
    PAGE,
    address_of,
    among,
    assignees_of,
    is_there,
    last_page,
    login_of,
    moment_of,
    number_of,
    repository_of,
    status_of,
    text_of,
)
from .text import BODY_CHARACTERS, TITLE_CHARACTERS, body, marked, plain, title

if TYPE_CHECKING:
    from ...http.client import Answer

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
_LOGIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?\Z")
# How many of the newest issues are looked through for a mark: what has just been made is among
# them.
_NEWEST = 50
_COMMENTS = 5
# Comments are looked for in the last hour, in seconds: four times as far back as needed, for clocks
# that differ.
_SINCE = 3600.0
_MOST_PAGES = 5
_FOUND = 50
_ARCHIVED = "in an archived repository"
# Of so many repositories it is asked whether they are archived.
_MOST_ASKED = 3
# GitHub searches for texts of 256 characters at most.
_SEARCHED = 200


class GithubIssues:
    """One user's view of the issues of some repositories."""

    changes = changes

    # The lists of issues and comments are up to date, unlike the search. But GitHub may work on a
    # request for ten seconds after its answer was lost, and most often is done in one.
    settles_within = 5.0

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._api = Api(options, name)
        self._name = name

    def create(self, draft: Draft) -> Made:
        """One request."""
        self._api.begin()
        repository = draft.project or self._options.repository
        heading, title_lost = title(draft.summary)
        text, lost = body(draft.author, draft.description, draft.mark)
        path = f"{_path(repository)}/issues"
        answer = self._api.ask("POST", path, repository, json={"title": heading, "body": text})
        notes = _cut("title", TITLE_CHARACTERS, title_lost) + _cut("text", BODY_CHARACTERS, lost)
        return self._made(answer, an_object(answer, "issue"), repository, notes)

    def find_created(self, draft: Draft) -> Optional[Made]:
        """One request: the list is up to date as soon as the issue is there, the search lags
        behind."""
        self._api.begin()
        repository = draft.project or self._options.repository
        params = {"state": "all", "sort": "created", "direction": "desc", "per_page": str(_NEWEST)}
        answer = self._api.ask("GET", f"{_path(repository)}/issues", repository, params=params)
        for issue in a_list(answer, "list of issues", searched=True):
            if marked(draft.mark) in text_of(issue, "body"):
                return self._made(answer, issue, repository, ())
        return None

    def comment(self, remark: Remark) -> Made:
        """Two requests, the second one for whether the issue is locked; also on a pull request."""
        self._api.begin()
        repository, number = _parts(remark.card)
        text, lost = body(remark.author, remark.text, remark.mark)
        path = f"{_path(repository)}/issues/{number}/comments"
        answer = self._api.ask("POST", path, repository, remark.card, json={"body": text})
        made = self._said(
            answer, an_object(answer, "comment"), remark.card, _cut("text", BODY_CHARACTERS, lost)
        )
        issue = self._api.quietly(f"{_path(repository)}/issues/{number}", repository)
        return replace(
            made, notes=made.notes + archived_notes("locked" if issue.get("locked") is True else "")
        )

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """One request, unless there were more than a hundred comments within the last hour."""
        self._api.begin()
        repository, number = _parts(remark.card)
        since = datetime.now(timezone.utc) - timedelta(seconds=_SINCE)
        params = {"since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "per_page": str(PAGE)}
        path = f"{_path(repository)}/issues/{number}/comments"
        for page in range(1, _MOST_PAGES + 1):
            answer = self._api.ask(
                "GET", path, repository, remark.card, params={**params, "page": str(page)}
            )
            comments = a_list(answer, "list of comments", searched=True)
            for one in comments:
                if marked(remark.mark) in text_of(one, "body"):
                    return self._said(answer, one, remark.card, ())
            if len(comments) < PAGE:
                break
        return None

    def show(self, card: str) -> Card:
        """Three requests, two when nobody has commented; one of them for whether the repository is
        archived."""
        self._api.begin()
        repository, number = _parts(card)
        answer = self._api.ask("GET", f"{_path(repository)}/issues/{number}", repository, card)
        issue = an_object(answer, "issue")
        count = issue.get("comments")
        comments: List[Mapping[str, Any]] = []
        if isinstance(count, int) and count > 0:
            size, page = last_page(count, _COMMENTS)
            params = {"per_page": str(size), "page": str(page)}
            path = f"{_path(repository)}/issues/{number}/comments"
            listing = self._api.ask("GET", path, repository, card, params=params)
            comments = a_list(listing, "list of comments")[-_COMMENTS:]
        shown_card = self._card(answer, issue, repository, comments)
        return replace(shown_card, archived=self._archived(repository) or shown_card.archived)

    def move(self, card: str, to: str) -> Moved:
        """Two requests, one when it is there already."""
        wanted = _STATES.get(" ".join(to.replace("_", " ").split()).casefold())
        if wanted is None:
            told = f"GitHub issues have no columns, and so no {shown(to)}: they are open or closed."
            raise Refusal(
                Code.UNKNOWN_COLUMN, told, f"Say {either(_COLUMNS)}.", {"columns": list(_COLUMNS)}
            )
        self._api.begin()
        repository, number = _parts(card)
        path = f"{_path(repository)}/issues/{number}"
        answer = self._api.ask("GET", path, repository, card)
        issue = an_object(answer, "issue")
        if issue.get("pull_request"):
            told = f"{card} is a pull request, which is merged or closed on GitHub itself."
            raise Refusal(Code.NOT_POSSIBLE, told, "A comment on it is possible from here.")
        before, url = status_of(answer, issue), self._url(issue, card)
        notes = archived_notes("locked" if issue.get("locked") is True else "")
        if is_there(issue, wanted):
            return Moved(before, before, url, notes)
        # The same twice has the effect of once, so that it may be sent again when an answer is
        # lost.
        change = {"state": wanted[0], "state_reason": wanted[1]}
        answer = self._api.ask("PATCH", path, repository, card, json=change, idempotent=True)
        issue = an_object(answer, "issue")
        after = status_of(answer, issue)
        if not is_there(issue, wanted):
            told = f"GitHub leaves {card} as it is: {after}."
            hint = (
                "Open it first: the reason is only taken together with the state."
                if before != "open"
                else ""
            )
            raise Refusal(Code.NOT_POSSIBLE, told, hint)
        return Moved(before, after, self._url(issue, card), notes)

    def assign(self, card: str, to: Assignee) -> Assigned:
        """One request; two when others have to be taken off it, or when GitHub did nothing and is
        asked why."""
        login = to.name.strip().lstrip("@")
        if login and not _LOGIN.match(login):
            raise self._unknown(to, ())
        self._api.begin()
        repository, number = _parts(card)
        path = f"{_path(repository)}/issues/{number}"
        if not login:
            answer = self._api.ask(
                "PATCH", path, repository, card, json={"assignees": []}, idempotent=True
            )
            issue = an_object(answer, "issue")
            number_of(answer, issue)
            if assignees_of(issue):
                raise self._no_right(card)
            return Assigned(to.shown or "nobody", self._url(issue, card))
        # Added first, others taken off then: where GitHub does not know the name it says nothing
        # and does nothing, and the card would have lost whoever has it.
        answer = self._api.ask(
            "POST",
            f"{path}/assignees",
            repository,
            card,
            json={"assignees": [login]},
            idempotent=True,
        )
        issue = an_object(answer, "issue")
        number_of(answer, issue)
        now = assignees_of(issue)
        if not among(login, now):
            raise self._not_assigned(to, login, card, repository)
        others = [one for one in now if not among(one, [login])]
        notes: Tuple[str, ...] = ()
        if others:
            answer = self._api.ask(
                "DELETE", f"{path}/assignees", repository, card, json={"assignees": others}
            )
            issue = an_object(answer, "issue")
            number_of(answer, issue)
            left = [one for one in assignees_of(issue) if not among(one, [login])]
            notes = (f"GitHub leaves it to {listed(left)} as well.",) if left else ()
        return Assigned(
            next(one for one in now if among(one, [login])), self._url(issue, card), notes
        )

    def find(self, query: Query) -> Tuple[Card, ...]:
        """One request; two when there is more than fits into one answer, so that none of the open
        ones is missed; and one for each repository found, which may be archived."""
        text = " ".join(re.sub(r'["\\]', " ", query.text).split())
        if len(text) > _SEARCHED:
            raise Refusal(
                Code.TEXT_TOO_LONG,
                f"GitHub searches for {_SEARCHED} characters at most.",
                "Say fewer words.",
            )
        login = query.assignee.strip().lstrip("@")
        if login and not _LOGIN.match(login):
            raise self._unknown(Assignee(login, login), ())
        self._api.begin()
        places = [query.project] if query.project else list(self._options.every)
        # In quotes nothing is a qualifier; without quotes and backslashes nothing ends them.
        words = [f'"{text}"'] if text else []
        where = " OR ".join(f"repo:{one}" for one in places)
        words += ["is:issue", f"({where})" if len(places) > 1 else where]
        words += [f"assignee:{login}"] if login else []
        cards, all_there = self._search(" ".join(words), places)
        if not all_there and sum(not card.closed for card in cards) < query.limit:
            still_open, _ = self._search(" ".join([*words, "is:open"]), places)
            cards = [*still_open, *(card for card in cards if card.closed)]
        cards.sort(key=lambda card: card.closed)  # keeps the order by time within each
        found = cards[: query.limit]
        projects = list(dict.fromkeys(card.project for card in found))[:_MOST_ASKED]
        archived = {one for one in projects if self._archived(one)}
        return tuple(
            replace(card, archived=_ARCHIVED) if card.project in archived else card
            for card in found
        )

    def _archived(self, repository: str) -> str:
        """Why a repository takes no changes, as in `Card`; empty where it does, or where GitHub
        does not say so."""
        return (
            _ARCHIVED
            if self._api.quietly(_path(repository), repository).get("archived") is True
            else ""
        )

    def _search(self, words: str, places: List[str]) -> Tuple[List[Card], bool]:
        params = {"q": words, "sort": "updated", "order": "desc", "per_page": str(_FOUND)}
        if len(places) > 1:
            params["advanced_search"] = (
                "true"  # the old syntax knows no OR, the new one no list of repositories
            )
        answer = self._api.ask("GET", "/search/issues", listed(places), params=params)
        content = an_object(answer, "result of a search")
        items = content.get("items")
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise bad(answer, "result of a search")
        total = content.get("total_count")
        cards = [self._card(answer, one, repository_of(one, places[0]), None) for one in items]
        return cards, isinstance(total, int) and total <= len(items)

    def _made(
        self, answer: Answer, issue: Mapping[str, Any], repository: str, notes: Tuple[str, ...]
    ) -> Made:
        card = f"{repository}#{number_of(answer, issue)}"
        return Made(card, self._url(issue, card), notes)

    def _said(
        self, answer: Answer, comment: Mapping[str, Any], card: str, notes: Tuple[str, ...]
    ) -> Made:
        number = comment.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise bad(answer, "comment")
        repository, issue = _parts(card)
        page = f"{self._options.site}/{repository}/issues/{issue}#issuecomment-{number}"
        return Made(str(number), address_of(comment) or page, notes)

    def _card(
        self,
        answer: Answer,
        issue: Mapping[str, Any],
        repository: str,
        comments: Optional[List[Mapping[str, Any]]],
    ) -> Card:
        """`comments` None: only what a list of cards needs."""
        card = f"{repository}#{number_of(answer, issue)}"
        status = status_of(answer, issue)
        return Card(
            id=card,
            summary=" ".join(text_of(issue, "title").split()),
            status=f"{status} (pull request)" if issue.get("pull_request") else status,
            assignee=", ".join(assignees_of(issue)),
            reporter=login_of(issue.get("user")),
            description="" if comments is None else plain(text_of(issue, "body")),
            project=repository,
            url=self._url(issue, card),
            closed=issue["state"] == "closed",
            archived="locked" if issue.get("locked") is True else "",
            changed_at=moment_of(issue.get("updated_at")),
            comments=tuple(
                Comment(
                    login_of(one.get("user")),
                    plain(text_of(one, "body")),
                    moment_of(one.get("created_at")),
                )
                for one in comments or ()
            ),
        )

    def _url(self, issue: Mapping[str, Any], card: str) -> str:
        repository, number = _parts(card)
        return address_of(issue) or f"{self._options.site}/{repository}/issues/{number}"

    def _not_assigned(self, to: Assignee, login: str, card: str, repository: str) -> Exception:
        """GitHub left someone out without a word: because it may not be they, or because we may not
        assign."""
        params = {"per_page": str(PAGE)}
        answer = self._api.ask("GET", f"{_path(repository)}/assignees", repository, params=params)
        known = [
            name for name in (login_of(one) for one in a_list(answer, "list of people")) if name
        ]
        return self._no_right(card) if among(login, known) else self._unknown(to, known, repository)

    def _no_right(self, card: str) -> Failure:
        told = f"GitHub left {card} as it was: the token's user may not assign."
        hint = (
            f"The token in trackers.{self._name}.token needs the right to write issues, its "
            "user that to triage."
        )
        return Failure(Code.UNAUTHORIZED, told, hint)

    def _unknown(self, to: Assignee, known: Any, repository: str = "") -> Refusal:
        login = to.name.strip().lstrip("@")
        near = nearest(login, known)
        place = f" in {repository}" if repository else ""
        told = f"GitHub knows nobody called {shown(login)} whom an issue{place} can be assigned to."
        if near:
            hint = f"Did you mean {either(near)}?"
        elif to.mapped:
            hint = (
                f"Check people.{to.shown}.{self._name} or people.{to.shown}.github in the config."
            )
        else:
            hint = there_are(known) if known else "Names are those of GitHub, such as octocat."
        return Refusal(Code.UNKNOWN_PERSON, told, hint, {"nearest": near})


def _path(repository: str) -> str:
    owner, _, name = repository.partition("/")
    return f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"


def _parts(card: str) -> Tuple[str, str]:
    repository, _, number = card.rpartition("#")
    return repository, number


def _cut(what: str, limit: int, lost: int) -> Tuple[str, ...]:
    return (
        (f"The {what} was cut: GitHub takes {limit} characters, {lost} had no room.",)
        if lost
        else ()
    )
