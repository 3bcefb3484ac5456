"""The project of a tracker of kind basecamp: what each verb asks of Basecamp."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ...errors import Code, OpsroomError, Refusal
from ...names import comparable, shown
from .. import Assigned, Assignee, Card, Draft, Made, Moved, Query, Remark, archived_notes
from . import mapping as read
from .client import Client
from .events import events_since
from .tokens import Tokens

if TYPE_CHECKING:
    from . import Options

_COMMENTS = 5
_BOARD = "Kanban::Board"
_TO_DONE = ("done", "completed", "complete", "closed")
_TO_OPEN = ("open", "to do", "todo", "to-do", "reopened")


class Project:
    """See `Tracker`."""

    settles_within = 2.0
    events_since = events_since

    def __init__(self, options: Options, name: str, keep: Optional[Path]) -> None:
        self._options = options
        self._name = name
        self._keep = keep
        if options.column:
            self._new, self._place = (
                f"/card_tables/lists/{options.column}/cards.json",
                ("column", options.column),
            )
        else:
            self._new, self._place = (
                f"/todolists/{options.todolist}/todos.json",
                ("to-do list", options.todolist),
            )

    def create(self, draft: Draft) -> Made:
        """One request. Whoever it is for is assigned afterwards, Basecamp takes nobody while it
        makes a card."""
        words = read.composed(draft.author, draft.description, draft.mark)
        title = " ".join(draft.summary.split())
        card = (
            {"title": title, "content": words}
            if self._options.column
            else {"content": title, "description": words}
        )
        made = self._client().send("POST", self._new, self._place, read.made_card, card)
        assert made is not None
        return made

    def find_created(self, draft: Draft) -> Optional[Made]:
        """Among the cards of the place for new ones. A request for each page."""
        cards = self._client().pages(
            self._new,
            self._place,
            lambda row: read.made_card(row) if read.carries(row, draft.mark) else None,
        )
        return next((card for card in cards if card), None)

    def comment(self, remark: Remark) -> Made:
        """Two requests, the second one for whether the card is archived. Basecamp notifies all its
        subscribers."""
        kind, number = _split(remark.card)
        words = {"content": read.composed(remark.author, remark.text, remark.mark)}
        client = self._client()
        made = client.send("POST", _comments(number), (kind, number), read.made_comment, words)
        assert made is not None
        try:
            archived = client.get(_path(kind, number), (kind, number), read.card).archived
        except OpsroomError:
            archived = ""  # the comment is there
        return replace(made, notes=archived_notes(archived))

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """Among the comments of the card. A request for each page."""
        kind, number = _split(remark.card)
        comments = self._client().pages(
            _comments(number),
            (kind, number),
            lambda row: read.made_comment(row) if read.carries(row, remark.mark) else None,
        )
        return next((comment for comment in comments if comment), None)

    def show(self, card: str) -> Card:
        """One request, and one for each page of comments where there are some: the latest are on
        the last page."""
        kind, number = _split(card)
        client = self._client()
        found, commented = client.get(_path(kind, number), (kind, number), read.full_card)
        if not commented:
            return found
        comments = client.pages(_comments(number), (kind, number), read.comment)
        return replace(found, comments=tuple(deque(comments, maxlen=_COMMENTS)))

    def move(self, card: str, to: str) -> Moved:
        """A card: four requests, one where it is there already. A to-do: two; it is open or
        done."""
        kind, number = _split(card)
        if kind == "to-do":
            return self._turn(number, to)
        client = self._client()
        now, before = client.get(
            _path(kind, number), (kind, number), lambda row: (read.card(row), read.parent(row))
        )
        if comparable(before.title) == comparable(to):
            return Moved(before.title, before.title, now.url, archived_notes(now.archived))
        there = read.pick_column(self._columns(client, before.id), to)
        moves = f"/card_tables/cards/{number}/moves.json"
        client.send("POST", moves, (kind, number), None, {"column_id": int(there.id)})
        return Moved(before.title, there.title, now.url, archived_notes(now.archived))

    def assign(self, card: str, to: Assignee) -> Assigned:
        """One request for a card where the config maps to a number, or for nobody; one more for
        each page of people where a name is looked up, and one more for a to-do, which is read first
        so that nothing of it is lost."""
        kind, number = _split(card)
        client = self._client()
        wanted = self._person(client, to) if to.name else None
        whole: Dict[str, Any] = {}
        if kind == "to-do":
            whole = client.get(_path(kind, number), (kind, number), read.whole_todo)
        whole["assignee_ids"] = [int(wanted.id)] if wanted else []
        assigned = client.send("PUT", _path(kind, number), (kind, number), read.assigned, whole)
        assert assigned is not None
        on_it, url = assigned
        if not wanted:
            return Assigned("nobody", url)
        name = next((one.name for one in on_it if one.id == wanted.id), "")
        if not name:
            message = (
                f"Basecamp did not give it to {shown(wanted.name)}: that person has no "
                "access to the project."
            )
            raise Refusal(
                Code.UNKNOWN_PERSON, message, "Somebody adds them to the project in Basecamp."
            )
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
                    lambda row: read.card(row) if read.matches(row, query) else None,
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

    def _client(self) -> Client:
        return Client(self._options, self._name, Tokens(self._options, self._name, self._keep))

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

    def _columns(self, client: Client, column: str) -> Tuple[read.Column, ...]:
        """The columns of the card table that a column belongs to."""
        about = ("column", column)
        table = client.get(f"/card_tables/columns/{column}", about, read.parent_of)
        if table.kind != _BOARD:  # the part of a column for what is on hold
            table = client.get(f"/card_tables/columns/{table.id}", about, read.parent_of)
        return client.get(f"/card_tables/{table.id}", about, read.columns)

    def _turn(self, number: str, to: str) -> Moved:
        """Mark a to-do as done or open."""
        wanted = comparable(to)
        if wanted not in _TO_DONE + _TO_OPEN:
            message = (
                "A to-do of Basecamp has no columns, so it cannot be moved to "
                f"{shown(to)}: it is open or done."
            )
            raise Refusal(
                Code.NOT_POSSIBLE, message, f"This works: move card todo/{number} to done"
            )
        client, about = self._client(), ("to-do", number)
        now = client.get(_path(*about), about, read.card)
        after = read.DONE if wanted in _TO_DONE else read.OPEN
        if now.status != after:
            method = "POST" if after == read.DONE else "DELETE"
            client.send(method, f"/todos/{number}/completion.json", about)
        return Moved(now.status, after, now.url, archived_notes(now.archived))

    def _person(self, client: Client, to: Assignee) -> read.Person:
        if to.mapped and _is_number(to.name):
            return read.Person(to.name, to.shown, "")
        account = ("account", self._options.account)
        known = list(client.pages("/people.json", account, read.person))
        return read.pick_person(known, to.name, to.mapped)


def _split(card: str) -> Tuple[str, str]:
    """What it is ("card" or "to-do"), and its number. Raises Refusal(unknown_card)."""
    kind, _, number = card.partition("/")
    if kind not in ("card", "todo") or not _is_number(number):
        raise Refusal(
            Code.UNKNOWN_CARD,
            f"{shown(card)} is no id of Basecamp.",
            "Ids look like card/123 or todo/123.",
        )
    return ("card" if kind == "card" else "to-do"), number


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _path(kind: str, number: str) -> str:
    return f"/card_tables/cards/{number}" if kind == "card" else f"/todos/{number}"


def _comments(number: str) -> str:
    return f"/recordings/{number}/comments.json"
