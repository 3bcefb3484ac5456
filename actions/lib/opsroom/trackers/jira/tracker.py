"""Jira as a tracker: every verb with as few requests as it needs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Iterator, List, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, OpsroomError, Refusal
from ...http.content import at, list_at, text_at
from ...names import comparable, either, listed, shown
from ...text import one_line
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
from ..formats import text as prose
from . import create as jira_create
from .client import Client, Result
from .events import events_since
from .fields import missing_for_move
from .mapping import COMMENTS, PLACE, WHOLE, archived, card, comments, key_of, person
from .options import Options
from .search import find, issues_in, of_mark, search

# The property of a comment that holds its mark.
_PROPERTY = "opsroom"
# Among so many of the newest comments one is looked for.
_NEWEST = "100"


class JiraTracker:
    """One Jira: see `Tracker` for what each method does."""

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._client = Client(options, name)
        # A search in Jira Cloud follows what happens after some seconds; Data Center's own index at
        # once, nearly.
        self.settles_within = 8.0 if options.cloud else 2.0

    def create(self, draft: Draft) -> Made:
        """One request; one more without a reporter or label that the project does not take."""
        self._client.begin()
        with self._explaining("", draft.project or self._options.project):
            return jira_create.create(self._client, self._options, draft)

    def find_created(self, draft: Draft) -> Optional[Made]:
        """One request."""
        client = self._client
        client.begin()
        result = search(client, self._options, of_mark(draft.mark), "summary", 2)
        if not result.ok:
            raise client.not_accepted(result, "the search for the card")
        keys = [key_of(issue) for issue in issues_in(client, result)]
        return (
            Made(keys[0], client.page(keys[0]), jira_create.notes_of(self._options, draft))
            if keys
            else None
        )

    def comment(self, remark: Remark) -> Made:
        """One request; another one, shorter, when Jira says that it is too long."""
        client = self._client
        client.begin()
        limit = jira_create.MAX_TEXT
        while True:
            body, notes = self._written(remark, limit)
            with self._explaining(remark.card):
                result = client.ask("POST", f"{_path(remark.card)}/comment", json=body)
                if result.ok:
                    return self._commented(result, remark, notes)
                other = jira_create.shorter(limit, prose.units(remark.text), result)
                if other is None or other < 1000:
                    raise self._refused(result, remark.card, "the comment")
            limit = other

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """One request: the newest comments."""
        client = self._client
        client.begin()
        params = {"orderBy": "-created", "maxResults": _NEWEST}
        if self._options.cloud:
            params["expand"] = "properties"
        result = client.ask("GET", f"{_path(remark.card)}/comment", params=params)
        if not result.ok:
            raise self._refused(result, remark.card, "the search for the comment")
        if not isinstance(at(result.content, "comments"), list):
            raise client.incomplete(result, "a list of comments")
        for one in list_at(result.content, "comments"):
            if self._carries(one, remark.mark):
                number, notes = text_at(one, "id"), self._written(remark, jira_create.MAX_TEXT)[1]
                return Made(number, self._comment_page(remark.card, number), notes)
        return None

    def show(self, card_id: str) -> Card:
        """One request; another one for a card with more comments than come along."""
        client = self._client
        client.begin()
        result = client.ask("GET", _path(card_id), params={"fields": WHOLE})
        issue = self._issue(result, card_id)
        shown_card = card(issue, client.page(key_of(issue)))
        found = list_at(issue, "fields", "comment", "comments")
        total = at(issue, "fields", "comment", "total")
        if isinstance(total, int) and total > len(found):
            params = {"orderBy": "-created", "maxResults": str(COMMENTS)}
            newest = client.ask("GET", f"{_path(card_id)}/comment", params=params)
            found = list_at(newest.content, "comments") if newest.ok else found
        return replace(shown_card, comments=comments(found))

    def move(self, card_id: str, to: str) -> Moved:
        """Two requests: where the card is and where it can go; then the move. One when it is there
        already."""
        self._client.begin()
        with self._explaining(card_id):
            return self._moved(card_id, to)

    def _moved(self, card_id: str, to: str) -> Moved:
        client = self._client
        result = client.ask(
            "GET", _path(card_id), params={"fields": PLACE, "expand": "transitions"}
        )
        issue = self._issue(result, card_id)
        before, page = text_at(issue, "fields", "status", "name"), client.page(key_of(issue))
        if before and comparable(before) == comparable(to):
            return Moved(before, before, page, archived_notes(archived(issue)))
        ways = at(issue, "transitions")
        if not isinstance(ways, list):
            other = client.ask("GET", f"{_path(card_id)}/transitions")
            if not other.ok:
                raise self._refused(other, card_id, "the question")
            ways = at(other.content, "transitions")
            if not isinstance(ways, list):
                raise client.incomplete(other, "a list of transitions")
        way = _way(ways, to)
        if way is None:
            raise _no_way(card_id, before, to, ways)
        after = text_at(way, "to", "name") or text_at(way, "name")
        number = text_at(way, "id")
        moved = client.ask(
            "POST", f"{_path(card_id)}/transitions", json={"transition": {"id": number}}
        )
        if moved.status in (400, 422):
            raise missing_for_move(client, card_id, number, one_line(after, 60), moved)
        if not moved.ok:
            raise self._refused(moved, card_id, "the move")
        client.check_done(moved)
        return Moved(before, after, page, archived_notes(archived(issue)))

    def assign(self, card_id: str, to: Assignee) -> Assigned:
        """One request for a mapped person or nobody, one more to find someone by the name that was
        typed."""
        client = self._client
        client.begin()
        name, shown_as = to.name, to.shown if to.name else ""
        if to.name and not to.mapped:
            name, shown_as = self._person(card_id, to.name)
        body = {"accountId" if self._options.cloud else "name": name or None}
        with self._explaining(card_id):
            result = client.ask("PUT", f"{_path(card_id)}/assignee", json=body)
            if not result.ok:
                raise self._not_assigned(result, card_id, to)
        client.check_done(result)
        return Assigned(shown_as, client.page(card_id))

    def find(self, query: Query) -> Tuple[Card, ...]:
        """One request, rarely two."""
        self._client.begin()
        return find(self._client, self._options, query)

    def events_since(self, since: str) -> CardEvents:
        """See `Watchable`. One request for each 50 issues that were changed, one more for an issue
        with many comments."""
        self._client.begin()
        return events_since(self._client, self._options, since)

    @contextmanager
    def _explaining(self, card_id: str, project: str = "") -> Iterator[None]:
        """Turn the error of a change into that of an archived card or project, where that is
        why."""
        try:
            yield
        except OpsroomError as error:
            other = self._client.shut(card_id, project or card_id.rpartition("-")[0], error)
            raise other from None

    def _written(self, remark: Remark, limit: int) -> Tuple[Any, Tuple[str, ...]]:
        """A comment as it is sent. Jira cannot say it in someone else's name, so its first line
        does."""
        cloud = self._options.cloud
        # Data Center has no property of a comment that its lists show: there the mark is in the
        # first line.
        line = remark.author.line if cloud else f"{remark.author.line} ({remark.mark})"
        written = jira_create.write(self._options, remark.text, limit, before=line)
        body = {"body": written.body}
        if cloud:
            body["properties"] = [{"key": _PROPERTY, "value": {"mark": remark.mark}}]
        return body, written.note("The comment", limit)

    def _commented(self, result: Result, remark: Remark, notes: Tuple[str, ...]) -> Made:
        number = text_at(result.content, "id")
        if not number.isdigit():
            raise self._client.incomplete(result, "the id of the new comment")
        return Made(number, self._comment_page(remark.card, number), notes)

    def _comment_page(self, card_id: str, number: str) -> str:
        return f"{self._client.page(card_id)}?focusedCommentId={quote(number, safe='')}"

    def _carries(self, found: Any, mark: str) -> bool:
        if not self._options.cloud:
            return f"({mark})" in text_at(found, "body").partition("\n")[0]
        properties = list_at(found, "properties")
        return any(
            text_at(one, "key") == _PROPERTY and at(one, "value", "mark") == mark
            for one in properties
        )

    def _issue(self, result: Result, card_id: str) -> Any:
        if not result.ok:
            raise self._refused(result, card_id, "the question")
        if not key_of(result.content) or not isinstance(at(result.content, "fields"), dict):
            raise self._client.incomplete(result, "an issue")
        return result.content

    def _refused(self, result: Result, card_id: str, what: str) -> OpsroomError:
        return (
            self._client.no_card(result, card_id)
            if result.status == 404
            else self._client.not_accepted(result, what)
        )

    def _person(self, card_id: str, typed: str) -> Tuple[str, str]:
        """The name by which Jira takes someone, and the one that people read. Raises
        Refusal(unknown_person)."""
        client, cloud = self._client, self._options.cloud
        params = {"issueKey": card_id, "query" if cloud else "username": typed, "maxResults": "20"}
        result = client.ask("GET", "/user/assignable/search", params=params)
        if not result.ok:
            raise self._refused(result, card_id, "the search for a person")
        key = "accountId" if cloud else "name"
        found = result.content
        if not isinstance(found, list) or not all(text_at(one, key) for one in found):
            raise client.incomplete(result, "a list of people")
        same = [one for one in found if comparable(typed) in _names(one)]
        if len(same) == 1:
            return text_at(same[0], key), person(same[0])
        names = [one_line(_called(one, cloud), 60) for one in same or found]
        hint = (
            f"Did you mean {either(names[:5])}?"
            if names
            else "Use their name or e-mail address as Jira has it."
        )
        problem = "is the name of more than one person who" if same else "is nobody who"
        message = f"In Jira, {shown(typed)} {problem} can be given {card_id}."
        raise Refusal(Code.UNKNOWN_PERSON, message, hint, {"nearest": names})

    def _not_assigned(self, result: Result, card_id: str, to: Assignee) -> OpsroomError:
        words = f" ({result.words()})" if result.words() else ""
        if result.status == 400 and not to.name:
            return Refusal(Code.NOT_POSSIBLE, f"Jira does not let {card_id} be nobody's{words}.")
        # Data Center says 404 for people too; it names the field then.
        if result.status == 400 or (
            result.status == 404 and {"assignee", "name", "username"} & set(result.errors)
        ):
            hint = "Its user must exist and have the right to be given cards of that project."
            if to.mapped:
                hint += (
                    f" An administrator can correct people.{to.shown}.{self._name} in the config."
                )
            return Refusal(
                Code.UNKNOWN_PERSON,
                f"Jira does not let {card_id} be given to {to.shown}{words}.",
                hint,
            )
        return self._refused(result, card_id, "the assignment")


def _path(card_id: str) -> str:
    return f"/issue/{quote(card_id, safe='')}"


def _names(user: Any) -> List[str]:
    return [
        comparable(text_at(user, key))
        for key in ("displayName", "name", "emailAddress", "accountId")
    ]


def _called(user: Any, cloud: bool) -> str:
    """What distinguishes a person from others of the same name."""
    more = text_at(user, "emailAddress") or ("" if cloud else text_at(user, "name"))
    return f"{person(user)} ({more})" if more and more != person(user) else person(user)


def _way(ways: List[Any], to: str) -> Any:
    """The transition that leads to a status of that name, else the one that is called so; None when
    there is none."""
    wanted = comparable(to)
    usable = [one for one in ways if text_at(one, "id") and at(one, "isAvailable") is not False]
    leading = [one for one in usable if comparable(text_at(one, "to", "name")) == wanted]
    called = [one for one in usable if comparable(text_at(one, "name")) == wanted]
    # Of several ways to one place, one without a screen asks for nothing more.
    plain = [one for one in leading if at(one, "hasScreen") is not True]
    return next(iter([*plain, *leading, *called]), None)


_LISTED = 8


def _no_way(card_id: str, before: str, to: str, ways: List[Any]) -> Refusal:
    names: List[str] = []
    for one in ways:
        name = one_line(text_at(one, "to", "name") or text_at(one, "name"), 40)
        if name and name not in names:
            names.append(name)
    is_in = f", where it is {one_line(before, 40)}" if before else ""
    every = either(names) if len(names) <= _LISTED else listed(names, _LISTED)
    hint = f"It can go to {every}." if names else "Jira lets its user move it nowhere."
    message = f"{card_id} cannot go to {shown(to)}{is_in}."
    return Refusal(Code.UNKNOWN_COLUMN, message, hint, {"columns": names, "nearest": listed(names)})
