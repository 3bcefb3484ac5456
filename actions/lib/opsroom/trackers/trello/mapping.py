"""Trello's JSON as cards, lists and people, and the first and last lines of what opsroom writes."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ...errors import Code, Refusal
from ...http.content import Unexpected, an_object, objects, text
from ...names import available_text, bare, comparable, listed, nearest, shown
from ...people import Author
from ...times.iso import moment_of
from .. import Card, Comment, Made, Query, pick_column
from ..formats.text import clean, cut, unmarked

# What a description, a comment and a name hold at most.
MAX_TEXT = 16_384


_CLOSED = "on a closed board"


class Column(NamedTuple):
    """A list of a board."""

    id: str
    name: str


class Member(NamedTuple):
    """Someone on a board: `username` without the @, `name` as people read it."""

    id: str
    username: str
    name: str


class Place(NamedTuple):
    """Where a card is: the name of its list, its board's id. `archived` as in `Card`; `alone`: the
    card itself is."""

    column: str
    board: str
    url: str
    archived: str
    alone: bool


def composed(author: Author, words: str, mark: str) -> Tuple[str, int]:
    """What is written into Trello, and how many characters of the words did not fit."""
    first = " ".join(clean(author.line).split())

    def whole(part: str) -> str:
        return "\n\n".join(one for one in (first, part.strip("\n"), mark_line(mark)) if one)

    kept, missing = cut(words, MAX_TEXT, whole)
    return whole(kept), missing


def mark_line(mark: str) -> str:
    """The last line of what opsroom has written. Trello has no field that is not seen."""
    return f"(opsroom {mark})"


def cut_note(what: str, missing: int) -> Tuple[str, ...]:
    """The sentence about what did not fit."""
    if not missing:
        return ()
    return (f"Trello holds {MAX_TEXT} characters: the last {missing} of the {what} were cut.",)


def made(content: Any) -> Made:
    """A card as it comes back when it was made."""
    card = an_object(content, "card")
    return Made(text(card, "shortLink", needed=True), text(card, "shortUrl", needed=True))


def made_with_text(content: Any) -> List[Tuple[str, Made]]:
    """Cards with their descriptions."""
    return [(text(card, "desc"), made(card)) for card in objects(content, "cards")]


def comment_id(content: Any) -> str:
    """The id of a comment that was made."""
    return text(an_object(content, "comment"), "id", needed=True)


def comments_with_ids(content: Any) -> List[Tuple[str, str]]:
    """Texts and ids of the comments that came with a card."""
    return [(_words(one), text(one, "id", needed=True)) for one in _actions(content)]


def anything(content: Any) -> None:
    """An answer of which only its being one of Trello's counts."""
    text(an_object(content, "card"), "id", needed=True)


def columns(content: Any) -> Tuple[Column, ...]:
    """The lists of a board."""
    return tuple(
        Column(text(one, "id", True), text(one, "name")) for one in objects(content, "lists")
    )


def members(content: Any) -> Tuple[Member, ...]:
    """The people of a board or on a card."""
    return tuple(
        Member(
            text(one, "id", True),
            text(one, "username"),
            text(one, "fullName") or text(one, "username"),
        )
        for one in objects(content, "members")
    )


def place(content: Any) -> Place:
    """Where a card is."""
    card = an_object(content, "card")
    column = text(an_object(card.get("list"), "list"), "name")
    return Place(
        column,
        text(card, "idBoard", True),
        text(card, "shortUrl"),
        archived(card),
        card.get("closed") is True,
    )


def archived(content: Any) -> str:
    """Why the board does not show a card that came with its list and board; empty where it does."""
    card = an_object(content, "card")
    for where, why in (
        (card, "archived"),
        (card.get("list"), "in an archived list"),
        (card.get("board"), _CLOSED),
    ):
        if isinstance(where, dict) and where.get("closed") is True:
            return why
    return ""


def why_shut(content: Any) -> str:
    """Why a board takes no cards: "closed" or "full"; empty where it does."""
    board = an_object(content, "board")
    if board.get("closed") is True:
        return "closed"
    limits: Any = board.get("limits")
    for key in ("cards", "openPerBoard", "status"):
        limits = limits.get(key) if isinstance(limits, dict) else None
    return "full" if limits in ("disabled", "maxExceeded") else ""


def full_card(content: Any) -> Card:
    """A card with its comments, oldest first."""
    card = an_object(content, "card")
    comments = [
        Comment(
            text(an_object(one.get("memberCreator") or {}, "author"), "fullName"),
            unmarked(_words(one)),
            moment_of(text(one, "date")),
        )
        for one in _actions(card)
    ]
    return Card(
        id=text(card, "shortLink", needed=True),
        summary=text(card, "name"),
        status=text(an_object(card.get("list") or {}, "list"), "name"),
        assignee=", ".join(one.name for one in members(card.get("members") or [])),
        description=unmarked(text(card, "desc")),
        project=text(an_object(card.get("board") or {}, "board"), "name"),
        url=text(card, "shortUrl"),
        closed=bool(archived(card)),
        archived=archived(card),
        changed_at=moment_of(text(card, "dateLastActivity")),
        comments=tuple(sorted(comments, key=lambda one: one.at.timestamp() if one.at else 0.0)),
    )


def found_cards(content: Any, query: Query) -> List[Card]:
    """The cards of a whole board that a query means. Raises Refusal(unknown_person)."""
    board = an_object(content, "board")
    people = {one.id: one for one in members(board.get("members"))}
    names = {one.id: one.name for one in columns(board.get("lists"))}
    wanted = (
        pick_member(tuple(people.values()), query.assignee, mapped=False).id
        if query.assignee
        else ""
    )
    found = []
    for card in objects(board.get("cards"), "cards"):
        on_card = card.get("idMembers") or []
        if not isinstance(on_card, list) or not all(isinstance(one, str) for one in on_card):
            raise Unexpected("'idMembers' is no list of ids")
        name, desc = text(card, "name"), text(card, "desc")
        if (
            wanted and wanted not in on_card
        ) or query.text.casefold() not in f"{name}\n{desc}".casefold():
            continue
        found.append(
            Card(
                id=text(card, "shortLink", needed=True),
                summary=name,
                status=names.get(text(card, "idList"), ""),
                assignee=", ".join(people[one].name for one in on_card if one in people),
                project=text(board, "name"),
                url=text(card, "shortUrl"),
                closed=board.get("closed") is True,
                archived=_CLOSED if board.get("closed") is True else "",
                changed_at=moment_of(text(card, "dateLastActivity")),
            )
        )
    return found


def column_named(known: Sequence[Column], name: str) -> Column:
    """The list of that name, case aside. Raises Refusal(unknown_column) with the names there
    are."""
    return known[pick_column([one.name for one in known], name, "board", "list")]


def pick_member(known: Sequence[Member], name: str, mapped: bool) -> Member:
    """The member of that username, id or full name, case aside. Raises Refusal(unknown_person)."""
    wanted = comparable(bare(name))
    same = [one for one in known if wanted in (one.id.casefold(), one.username.casefold())]
    same = same or [one for one in known if comparable(one.name) == wanted]
    if len(same) == 1:
        return same[0]
    if same:
        hint = f"Take a username: {listed(one.username for one in same)}."
        message = f"{len(same)} members of the board are called {shown(name)}."
        raise Refusal(Code.UNKNOWN_PERSON, message, hint)
    if mapped:
        message = (
            f"The config maps that person to {shown(name)}, whom the board does not have "
            "as a member."
        )
        raise Refusal(
            Code.UNKNOWN_PERSON,
            message,
            "An administrator must correct it under people, or add them to the board.",
        )
    names = [one.username for one in known]
    near = nearest(wanted, [*names, *(one.name for one in known)])
    hint = f"Did you mean {listed(near)}?" if near else available_text(names) if names else ""
    raise Refusal(
        Code.UNKNOWN_PERSON, f"The board has no member {shown(name)}.", hint, {"nearest": near}
    )


def _actions(content: Any) -> Tuple[Dict[str, Any], ...]:
    """The comments that came with a card, the newest first."""
    return objects(an_object(content, "card").get("actions"), "comments")


def _words(action: Mapping[str, Any]) -> str:
    return text(an_object(action.get("data"), "text of a comment"), "text")
