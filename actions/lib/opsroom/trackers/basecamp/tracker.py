"""The project of a tracker of kind basecamp: what each verb asks of Basecamp."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ...errors import Code, OpsroomError, Refusal
from ...http.vendor import Subject
from ...names import comparable, shown
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
from . import mapping
from .client import Client
from .events import events_since
from .options import Options

_COMMENTS = 5
_BOARD = "Kanban::Board"
_TO_DONE = ("done", "completed", "complete", "closed")
_TO_OPEN = ("open", "to do", "todo", "to-do", "reopened")


class Project:
    """See `Tracker`."""

    settles_within = 2.0

    def __init__(self, options: Options, name: str, keep: Optional[Path]) -> None:
        self._options = options
        self._name = name
        self._keep = keep
        if options.column:
            self._new = f"/card_tables/lists/{options.column}/cards.json"
            self._place = Subject("column", options.column)
        else:
            self._new = f"/todolists/{options.todolist}/todos.json"
            self._place = Subject("to-do list", options.todolist)

    def create(self, draft: Draft) -> Made:
        """One request. The assignee is set afterwards, Basecamp takes nobody while it
        makes a card."""
        words = mapping.composed(draft.author, draft.description, draft.mark)
        title = " ".join(draft.summary.split())
        card = (
            {"title": title, "content": words}
            if self._options.column
            else {"content": title, "description": words}
        )
        return self._client().change("POST", self._new, self._place, mapping.made_card, card)

    def find_created(self, draft: Draft) -> Optional[Made]:
        """Among the cards of the place for new ones. A request for each page."""
        cards = self._client().pages(
            self._new,
            self._place,
            lambda row: mapping.made_card(row) if mapping.carries(row, draft.mark) else None,
        )
        return next((card for card in cards if card), None)

    def comment(self, remark: Remark) -> Made:
        """Two requests, the second one for whether the card is archived. Basecamp notifies all its
        subscribers."""
        about = _subject(remark.card)
        words = {"content": mapping.composed(remark.author, remark.text, remark.mark)}
        client = self._client()
        made = client.change("POST", _comments(about), about, mapping.made_comment, words)
        try:
            archived = client.get(_path(about), about, mapping.card).archived
        except OpsroomError:
            archived = ""  # the comment is there
        return replace(made, notes=archived_notes(archived))

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """Among the comments of the card. A request for each page."""
        about = _subject(remark.card)
        comments = self._client().pages(
            _comments(about),
            about,
            lambda row: mapping.made_comment(row) if mapping.carries(row, remark.mark) else None,
        )
        return next((comment for comment in comments if comment), None)

    def show(self, card: str) -> Card:
        """One request, and one for each page of comments where there are some: the latest are on
        the last page."""
        about = _subject(card)
        client = self._client()
        found, commented = client.get(_path(about), about, mapping.full_card)
        if not commented:
            return found
        comments = client.pages(_comments(about), about, mapping.comment)
        return replace(found, comments=tuple(deque(comments, maxlen=_COMMENTS)))

    def move(self, card: str, to: str) -> Moved:
        """A card: four requests, one where it is there already. A to-do: two; it is open or
        done."""
        about = _subject(card)
        if about.kind == "to-do":
            return self._turn(about, to)
        client = self._client()
        now, before = client.get(
            _path(about), about, lambda row: (mapping.card(row), mapping.parent(row))
        )
        if comparable(before.title) == comparable(to):
            return Moved(before.title, before.title, now.url, archived_notes(now.archived))
        column = mapping.column_named(self._columns(client, before.id), to)
        moves = f"{_path(about)}/moves.json"
        client.carry_out("POST", moves, about, {"column_id": int(column.id)})
        return Moved(before.title, column.title, now.url, archived_notes(now.archived))

    def assign(self, card: str, to: Assignee) -> Assigned:
        """One request for a card where the config maps to a number, or for nobody; one more for
        each page of people where a name is looked up, and one more for a to-do, which is read first
        so that nothing of it is lost."""
        about = _subject(card)
        client = self._client()
        wanted = self._person(client, to) if to.name else None
        whole: Dict[str, Any] = {}
        if about.kind == "to-do":
            whole = client.get(_path(about), about, mapping.whole_todo)
        whole["assignee_ids"] = [int(wanted.id)] if wanted else []
        on_it, url = client.change("PUT", _path(about), about, mapping.assigned, whole)
        if not wanted:
            return Assigned("nobody", url)
        name = next((one.name for one in on_it if one.id == wanted.id), "")
        if not name:
            message = (
                f"Basecamp did not give it to {shown(wanted.name)}: that person has no "
                "access to the project."
            )
            raise Refusal(Code.UNKNOWN_PERSON, message, "Add them to the project in Basecamp.")
        return Assigned(name, url)

    def find(self, query: Query) -> Tuple[Card, ...]:
        """To-dos: a request for each page of the list. Cards: two for the columns, and one for each
        page of each column that is not empty. What is done is looked at only where there is less
        that is open."""
        client = self._client()
        found: List[Card] = []
        for group in self._places(client):
            if len(found) >= query.limit:
                break
            cards = [
                card
                for path, params in group
                for card in client.pages(
                    path,
                    self._place,
                    lambda row: mapping.card(row) if mapping.matches(row, query) else None,
                    params,
                )
                if card
            ]
            cards.sort(
                key=lambda card: card.changed_at.timestamp() if card.changed_at else 0.0,
                reverse=True,
            )
            found += cards
        return tuple(found[: query.limit])

    def events_since(self, since: str) -> CardEvents:
        """See `Watchable`. Two requests, one more for each further page of what changed; all pages
        at the first look."""
        return events_since(self._client(), self._options, self._place, since)

    def _client(self) -> Client:
        return Client(self._options, self._name, self._keep)

    def _places(self, client: Client) -> Iterator[List[Tuple[str, Optional[Mapping[str, str]]]]]:
        """Where cards are listed: first what is open, then what is done."""
        if self._options.todolist:
            yield [(self._new, None)]
            yield [(self._new, {"completed": "true"})]
            return
        columns = self._columns(client, self._options.column)
        for done in (False, True):
            yield [
                (f"/card_tables/lists/{one.id}/cards.json", None)
                for one in columns
                if one.done is done and not one.empty
            ]

    def _columns(self, client: Client, column: str) -> Tuple[mapping.Column, ...]:
        """The columns of the card table that a column belongs to."""
        about = Subject("column", column)
        table = client.get(f"/card_tables/columns/{column}", about, mapping.parent_of)
        if table.kind != _BOARD:  # the part of a column for what is on hold
            table = client.get(f"/card_tables/columns/{table.id}", about, mapping.parent_of)
        return client.get(f"/card_tables/{table.id}", about, mapping.columns)

    def _turn(self, about: Subject, to: str) -> Moved:
        """Mark a to-do as done or open."""
        wanted = comparable(to)
        if wanted not in _TO_DONE + _TO_OPEN:
            message = (
                "A to-do of Basecamp has no columns, so it cannot be moved to "
                f"{shown(to)}: it is open or done."
            )
            raise Refusal(
                Code.NOT_POSSIBLE, message, f"This works: move card todo/{about.name} to done"
            )
        client = self._client()
        now = client.get(_path(about), about, mapping.card)
        after = mapping.DONE if wanted in _TO_DONE else mapping.OPEN
        if now.status != after:
            method = "POST" if after == mapping.DONE else "DELETE"
            client.carry_out(method, f"{_path(about)}/completion.json", about)
        return Moved(now.status, after, now.url, archived_notes(now.archived))

    def _person(self, client: Client, to: Assignee) -> mapping.Person:
        if to.mapped and _is_number(to.name):
            return mapping.Person(to.name, to.shown, "")
        account = Subject("account", self._options.account)
        known = list(client.pages("/people.json", account, mapping.person))
        return mapping.pick_person(known, to.name, to.mapped)


def _subject(card: str) -> Subject:
    """A card or a to-do, by its id. Raises Refusal(unknown_card)."""
    kind, _, number = card.partition("/")
    if kind not in ("card", "todo") or not _is_number(number):
        message = f"{shown(card)} is no id of Basecamp."
        raise Refusal(Code.UNKNOWN_CARD, message, "Ids look like card/123 or todo/123.")
    return Subject("card" if kind == "card" else "to-do", number)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _path(about: Subject) -> str:
    return f"/card_tables/cards/{about.name}" if about.kind == "card" else f"/todos/{about.name}"


def _comments(about: Subject) -> str:
    return f"/recordings/{about.name}/comments.json"
