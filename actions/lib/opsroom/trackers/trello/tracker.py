"""The board of a tracker of kind trello: what each verb asks of Trello."""

from __future__ import annotations

from typing import Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, Refusal
from ...http.vendor import Subject
from ...names import comparable, listed
from ...structs.patterns import lazy_pattern
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
from ..formats.text import cut
from . import mapping
from .client import Client
from .events import events_since
from .options import Options

_LONG = lazy_pattern(r"^[0-9a-fA-F]{24}(?![\s\S])")
# A mark is looked for among so many of the newest: more are not made while it is looked for.
_NEWEST = "100"
# What of a card's list and board comes with it.
_WITH_PLACE = {"list": "true", "board": "true", "board_fields": "closed"}


class Board:
    """See `Tracker`."""

    settles_within = 2.0

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._board = Subject("board", options.board)

    def create(self, draft: Draft) -> Made:
        """One request; two where the config names the list by its name."""
        client = self._client()
        column = self._options.column
        if not _LONG.match(column):
            column = self._list_for_new(client)
        name, off_name = cut(" ".join(draft.summary.split()), mapping.MAX_TEXT)
        desc, off_desc = mapping.composed(draft.author, draft.description, draft.mark)
        # Long texts do not fit into an address; Trello takes every parameter in the body as well.
        sent = {"name": " ".join(name.split()), "desc": desc}
        made = client.change(
            "POST", "/cards", Subject("list", column), mapping.made, {"idList": column}, sent
        )
        notes = (*mapping.cut_note("summary", off_name), *mapping.cut_note("description", off_desc))
        return Made(made.id, made.url, notes)

    def find_created(self, draft: Draft) -> Optional[Made]:
        """Among the newest cards of the board, archived ones too."""
        cards = self._client().get(
            f"/boards/{self._options.board}/cards",
            self._board,
            mapping.made_with_text,
            filter="all",
            fields="desc,shortLink,shortUrl",
            limit=_NEWEST,
        )
        return next((card for desc, card in cards if mapping.mark_line(draft.mark) in desc), None)

    def comment(self, remark: Remark) -> Made:
        """Two requests: the second one for whether the card is archived, which Trello says of no
        comment."""
        words, off = mapping.composed(remark.author, remark.text, remark.mark)
        path = _path(remark.card, "/actions/comments")
        client = self._client()
        made = client.change(
            "POST", path, Subject("card", remark.card), mapping.comment_id, json={"text": words}
        )
        notes = (*mapping.cut_note("comment", off), *archived_notes(client.archived(remark.card)))
        return Made(made, _comment_url(remark.card, made), notes)

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """Among the newest comments of the card."""
        comments = self._client().get(
            _path(remark.card),
            Subject("card", remark.card),
            mapping.comments_with_ids,
            fields="shortLink",
            actions="commentCard",
            actions_limit=_NEWEST,
        )
        found = next(
            (one for words, one in comments if mapping.mark_line(remark.mark) in words), None
        )
        return Made(found, _comment_url(remark.card, found)) if found else None

    def show(self, card: str) -> Card:
        """One request."""
        return self._client().get(
            _path(card),
            Subject("card", card),
            mapping.full_card,
            fields="name,desc,closed,shortLink,shortUrl,dateLastActivity",
            list="true",
            board="true",
            board_fields="name,closed",
            members="true",
            member_fields="fullName,username",
            actions="commentCard",
            actions_limit="5",
        )

    def move(self, card: str, to: str) -> Moved:
        """Three requests; one where the card is there already. The lists are those of the board
        that the card is on."""
        client, about = self._client(), Subject("card", card)
        now = client.get(
            _path(card), about, mapping.place, fields="idBoard,shortUrl,closed", **_WITH_PLACE
        )
        if comparable(now.column) == comparable(to):
            return Moved(now.column, now.column, now.url, archived_notes(now.archived))
        lists = client.get(
            f"/boards/{quote(now.board, safe='')}/lists",
            Subject("board", now.board),
            mapping.columns,
            filter="open",
            fields="name",
        )
        column = mapping.column_named(lists, to)
        client.change("PUT", _path(card), about, mapping.anything, {"idList": column.id})
        # Out of an archived list it is in sight again.
        after = now.archived if now.alone or "list" not in now.archived else ""
        return Moved(now.column, column.name, now.url, archived_notes(after))

    def assign(self, card: str, to: Assignee) -> Assigned:
        """Two requests; one for nobody, or where the config maps to an id. Others who are on the
        card stay on it."""
        client, about = self._client(), Subject("card", card)
        url = f"https://trello.com/c/{card}"
        if not to.name:
            client.change("PUT", _path(card), about, mapping.anything, json={"idMembers": ""})
            return Assigned("nobody", url, ("All members were taken off the card.",))
        if to.mapped and _LONG.match(to.name):
            member = mapping.Member(to.name, "", to.shown)
        else:
            known = client.get(
                f"/boards/{self._options.board}/members", self._board, mapping.members
            )
            member = mapping.pick_member(known, to.name, to.mapped)
        try:
            on_card = client.change(
                "POST", _path(card, "/idMembers"), about, mapping.members, json={"value": member.id}
            )
        except Refusal as refusal:
            if "already on the card" not in refusal.facts.get("reason", ""):
                raise
            return Assigned(member.name, url, (f"{member.name} was on the card already.",))
        if member.id not in [one.id for one in on_card]:
            message = f"Trello answered with members of the card, without {member.name}."
            raise Failure(Code.BAD_ANSWER, message, facts={"sent": True})
        others = [one.name for one in on_card if one.id != member.id]
        notes = (
            (f"Also on the card: {listed(others)}; a card of Trello can have several members.",)
            if others
            else ()
        )
        return Assigned(member.name, url, notes)

    def find(self, query: Query) -> Tuple[Card, ...]:
        """One request: Trello returns the open cards of the board, which are searched here."""
        found = self._client().get(
            f"/boards/{self._options.board}",
            self._board,
            lambda content: mapping.found_cards(content, query),
            fields="name,closed",
            lists="open",
            cards="visible",
            card_fields="name,desc,shortLink,shortUrl,idList,idMembers,dateLastActivity",
            members="all",
            member_fields="fullName,username",
        )
        found.sort(
            key=lambda card: card.changed_at.timestamp() if card.changed_at else 0.0, reverse=True
        )
        return tuple(found[: query.limit])

    def events_since(self, since: str) -> CardEvents:
        """See `Watchable`. One request, one more for each 1,000 actions."""
        return events_since(self._client(), self._board, since)

    def _client(self) -> Client:
        return Client(self._options, self._name)

    def _list_for_new(self, client: Client) -> str:
        """The id of the list that the config names by its name."""
        lists = client.get(
            f"/boards/{self._options.board}/lists",
            self._board,
            mapping.columns,
            filter="open",
            fields="name",
        )
        try:
            return mapping.column_named(lists, self._options.column).id
        except Refusal as refusal:
            hint = f"An administrator must correct trackers.{self._name}.list in the config."
            raise Refusal(
                refusal.code, refusal.message, f"{refusal.hint} {hint}", refusal.facts
            ) from None


def _comment_url(card: str, comment: str) -> str:
    return f"https://trello.com/c/{card}#comment-{comment}"


def _path(card: str, rest: str = "") -> str:
    return f"/cards/{quote(card, safe='')}{rest}"
