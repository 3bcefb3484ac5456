"""Cards, columns and people of Basecamp, from JSON with HTML in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ...errors import Code, Refusal
from ...http.content import Unexpected, an_object, objects, text
from ...names import comparable, listed, nearest, shown
from ...people import Author
from ...times.iso import moment_of
from .. import Card, Comment, Made, Query, pick_column
from ..formats.html import from_html
from ..formats.text import clean, html, unmarked

DONE = "done"
OPEN = "open"


class Place(NamedTuple):
    """What contains something: a column a card, a card table a column."""

    id: str
    title: str
    kind: str


class Column(NamedTuple):
    """A column of a card table. `empty` when it certainly holds no cards."""

    id: str
    title: str
    done: bool
    empty: bool


class Person(NamedTuple):
    """Someone in the account."""

    id: str
    name: str
    email: str


def number(found: Mapping[str, Any], key: str = "id") -> str:
    """An id, as text. Raises Unexpected."""
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unexpected(f"'{key}' is no number")
    return str(value)


def composed(author: Author, words: str, mark: str) -> str:
    """What is written into Basecamp, as HTML. The mark is in a visible line: Basecamp
    takes out comments and attributes of HTML."""
    parts = (
        html(" ".join(clean(author.line).split())),
        html(words),
        f"<div><em>(opsroom {mark})</em></div>",
    )
    return "<div><br></div>".join(part for part in parts if part)


def plain(source: str) -> str:
    """HTML of Basecamp as people want to read it, without a mark."""
    return unmarked(from_html(source))


def made_card(content: Any) -> Made:
    """A card or to-do that was made."""
    row = an_object(content, "card")
    return Made(card_id(row), text(row, "app_url", needed=True))


def made_comment(content: Any) -> Made:
    """A comment that was made."""
    row = an_object(content, "comment")
    return Made(number(row), text(row, "app_url", needed=True))


def carries(row: Mapping[str, Any], mark: str) -> bool:
    """Whether the mark is in a card, to-do or comment."""
    return any(mark in text(row, key) for key in ("content", "description"))


def card_id(row: Mapping[str, Any]) -> str:
    """The id as people type it."""
    return f"{'todo' if text(row, 'type') == 'Todo' else 'card'}/{number(row)}"


def parent_of(content: Any) -> Place:
    """The parent of a column."""
    return parent(an_object(content, "column"))


def parent(row: Mapping[str, Any]) -> Place:
    """The parent of a card or column."""
    found = an_object(row.get("parent"), "parent")
    return Place(number(found), text(found, "title"), text(found, "type"))


def is_done(row: Mapping[str, Any]) -> bool:
    """Whether it is closed: done, archived, or in the trash."""
    column = row.get("parent")
    done = isinstance(column, dict) and column.get("type") == "Kanban::DoneColumn"
    return done or row.get("completed") is True or row.get("status") in ("archived", "trashed")


def archived(row: Mapping[str, Any]) -> str:
    """As in `Card`, by the status of a card, to-do or project."""
    return {"archived": "archived", "trashed": "in the trash"}.get(str(row.get("status")), "")


def project_status(content: Any) -> Tuple[str, str]:
    """Why a project takes no changes, as in `Card`, and its name."""
    row = an_object(content, "project")
    return archived(row), text(row, "name")


def card(content: Any) -> Card:
    """A card or to-do without its text and comments."""
    row = an_object(content, "card")
    state = DONE if row.get("completed") is True else OPEN
    return Card(
        id=card_id(row),
        summary=text(row, "title") or text(row, "content"),
        status=state if text(row, "type") == "Todo" else parent(row).title,
        assignee=", ".join(one.name for one in people(row.get("assignees") or [])),
        reporter=text(an_object(row.get("creator") or {}, "creator"), "name"),
        project=text(an_object(row.get("bucket") or {}, "project"), "name"),
        url=text(row, "app_url"),
        closed=is_done(row),
        archived=archived(row),
        changed_at=moment_of(text(row, "updated_at")),
    )


def full_card(content: Any) -> Tuple[Card, bool]:
    """A card or to-do with its text, and whether there may be comments."""
    row = an_object(content, "card")
    return replace(card(row), description=plain(words(row))), row.get("comments_count") != 0


def words(row: Mapping[str, Any]) -> str:
    """The text of a card or to-do as HTML: a to-do has its title in `content`."""
    return text(row, "description") or ("" if text(row, "type") == "Todo" else text(row, "content"))


def comment(row: Mapping[str, Any]) -> Comment:
    """A comment."""
    who = text(an_object(row.get("creator") or {}, "creator"), "name")
    return Comment(who, plain(text(row, "content")), moment_of(text(row, "created_at")))


def columns(content: Any) -> Tuple[Column, ...]:
    """The columns of a card table."""
    return tuple(
        Column(
            number(one),
            text(one, "title"),
            text(one, "type") == "Kanban::DoneColumn",
            one.get("cards_count") == 0,
        )
        for one in objects(an_object(content, "card table").get("lists"), "columns")
    )


def person(row: Mapping[str, Any]) -> Person:
    """Someone in the account."""
    return Person(number(row), text(row, "name"), text(row, "email_address"))


def people(rows: Any) -> Tuple[Person, ...]:
    """The people on a card."""
    return tuple(person(one) for one in objects(rows, "people"))


def assigned(content: Any) -> Tuple[Tuple[Person, ...], str]:
    """Who is on a card or to-do now, and where to see it."""
    row = an_object(content, "card")
    return people(row.get("assignees")), text(row, "app_url")


def whole_todo(content: Any) -> Dict[str, Any]:
    """Everything of a to-do that can be written, as it is: what is not sent back with a change is
    cleared.

    Raises Unexpected rather than to let a part of it get lost.
    """
    row = an_object(content, "to-do")
    whole: Dict[str, Any] = {"content": text(row, "content", needed=True)}
    for key in ("description", "due_on", "starts_on"):
        if text(row, key):
            whole[key] = row[key]
    for key in ("assignees", "completion_subscribers"):
        whole[f"{key[:-1]}_ids"] = [int(one.id) for one in people(row.get(key) or [])]
    return whole


def matches(row: Mapping[str, Any], query: Query) -> bool:
    """Whether a query means it."""
    if query.assignee:
        wanted = comparable(query.assignee)
        on_it = people(row.get("assignees") or [])
        if not any(wanted in (one.id, comparable(one.name), one.email.casefold()) for one in on_it):
            return False
    return query.text.casefold() in f"{text(row, 'title')}\n{plain(words(row))}".casefold()


def column_named(known: Sequence[Column], name: str) -> Column:
    """The column of that name, case aside. Raises Refusal(unknown_column) with the names there
    are."""
    return known[pick_column([one.title for one in known], name, "card table", "column")]


def pick_person(known: Sequence[Person], name: str, mapped: bool) -> Person:
    """The person of that name, e-mail address or id, case aside. Raises Refusal(unknown_person)."""
    wanted = comparable(name)
    same = [one for one in known if wanted in (one.id, one.email.casefold())]
    same = same or [one for one in known if comparable(one.name) == wanted]
    if len(same) == 1:
        return same[0]
    if same:
        message = f"{len(same)} people in Basecamp are called {shown(name)}."
        raise Refusal(Code.UNKNOWN_PERSON, message, "Take an e-mail address.")
    if mapped:
        message = f"The config maps that person to {shown(name)}, whom Basecamp does not know."
        raise Refusal(
            Code.UNKNOWN_PERSON, message, "An administrator must correct it under people."
        )
    near: List[str] = nearest(name.strip(), [one.name for one in known])
    hint = (
        f"Did you mean {listed(near)}?"
        if near
        else "Take their full name or e-mail address as in Basecamp."
    )
    raise Refusal(
        Code.UNKNOWN_PERSON, f"Basecamp knows nobody called {shown(name)}.", hint, {"nearest": near}
    )
