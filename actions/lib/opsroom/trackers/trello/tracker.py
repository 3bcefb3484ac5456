"""The board of a tracker of kind trello: what each verb asks of Trello."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional, Tuple
from urllib.parse import quote

from ...errors import Refusal
from ...names import comparable, listed
from .. import Assigned, Assignee, Card, Draft, Made, Moved, Query, Remark, archived_notes
from ..formats.text import cut
from . import mapping as read
from .client import Client
from .events import changes

if TYPE_CHECKING:
    from . import Options

_LONG = re.compile(r"^[0-9a-fA-F]{24}(?![\s\S])")
# As many of the newest are looked through for a mark: more are not made in the minutes that a mark
# is looked for.
_LOOKED_THROUGH = "100"
# What of a card's list and board comes with it.
_WITH_PLACE = {"list": "true", "board": "true", "board_fields": "closed"}


class Board:
    """See `Tracker`."""

    settles_within = 2.0
    changes = changes

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._board = ("board", options.board)

    def create(self, draft: Draft) -> Made:
        """One request; two where the config names the list by its name."""
        client = self._client()
        column = self._options.column
        if not _LONG.match(column):
            column = self._list_for_new(client)
        name, off_name = cut(" ".join(draft.summary.split()), read.MOST)
        desc, off_desc = read.composed(draft.author, draft.description, draft.mark)
        # Long texts do not fit into an address; Trello takes every parameter in the body as well.
        sent = {"name": " ".join(name.split()), "desc": desc}
        made = client.send("POST", "/cards", ("list", column), read.made, {"idList": column}, sent)
        notes = (*read.cut_note("summary", off_name), *read.cut_note("description", off_desc))
        return Made(made.id, made.url, notes)

    def find_created(self, draft: Draft) -> Optional[Made]:
        """Among the newest cards of the board, archived ones too."""
        cards = self._client().get(
            f"/boards/{self._options.board}/cards",
            self._board,
            read.made_with_text,
            filter="all",
            fields="desc,shortLink,shortUrl",
            limit=_LOOKED_THROUGH,
        )
        return next((card for desc, card in cards if read.mark_line(draft.mark) in desc), None)

    def comment(self, remark: Remark) -> Made:
        """Two requests: the second one for whether the card is archived, which Trello says of no
        comment."""
        words, off = read.composed(remark.author, remark.text, remark.mark)
        path = _path(remark.card, "/actions/comments")
        client = self._client()
        made = client.send(
            "POST", path, ("card", remark.card), read.comment_id, json={"text": words}
        )
        notes = (*read.cut_note("comment", off), *archived_notes(client.archived(remark.card)))
        return Made(made, _comment_url(remark.card, made), notes)

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """Among the newest comments of the card."""
        comments = self._client().get(
            _path(remark.card),
            ("card", remark.card),
            read.comments_with_ids,
            fields="shortLink",
            actions="commentCard",
            actions_limit=_LOOKED_THROUGH,
        )
        found = next((one for words, one in comments if read.mark_line(remark.mark) in words), None)
        return Made(found, _comment_url(remark.card, found)) if found else None

    def show(self, card: str) -> Card:
        """One request."""
        return self._client().get(
            _path(card),
            ("card", card),
            read.full_card,
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
        client, about = self._client(), ("card", card)
        now = client.get(
            _path(card), about, read.place, fields="idBoard,shortUrl,closed", **_WITH_PLACE
        )
        if comparable(now.column) == comparable(to):
            return Moved(now.column, now.column, now.url, archived_notes(now.archived))
        lists = client.get(
            f"/boards/{quote(now.board, safe='')}/lists",
            ("board", now.board),
            read.columns,
            filter="open",
            fields="name",
        )
        there = read.pick_column(lists, to)
        client.send("PUT", _path(card), about, read.anything, {"idList": there.id})
        # Out of an archived list it is in sight again.
        after = now.archived if now.alone or "list" not in now.archived else ""
        return Moved(now.column, there.name, now.url, archived_notes(after))

    def assign(self, card: str, to: Assignee) -> Assigned:
        """Two requests; one for nobody, or where the config maps to an id. Others who are on the
        card stay on it."""
        client, about = self._client(), ("card", card)
        url = f"https://trello.com/c/{card}"
        if not to.name:
            client.send("PUT", _path(card), about, read.anything, json={"idMembers": ""})
            return Assigned("nobody", url, ("All members were taken off the card.",))
        if to.mapped and _LONG.match(to.name):
            member = read.Member(to.name, "", to.shown)
        else:
            known = client.get(f"/boards/{self._options.board}/members", self._board, read.members)
            member = read.pick_member(known, to.name, to.mapped)
        try:
            on_card = client.send(
                "POST", _path(card, "/idMembers"), about, read.members, json={"value": member.id}
            )
        except Refusal as refusal:
            if "already on the card" not in refusal.facts.get("reason", ""):
                raise
            return Assigned(member.name, url, (f"{member.name} was on the card already.",))
        if member.id not in [one.id for one in on_card]:
            raise client.odd(
                f"Trello answered with members of the card, and {member.name} is not among them."
            )
        others = [one.name for one in on_card if one.id != member.id]
        notes = (
            (f"Also on the card: {listed(others)}; a card of Trello can have several members.",)
            if others
            else ()
        )
        return Assigned(member.name, url, notes)

    def find(self, query: Query) -> Tuple[Card, ...]:
        """One request: Trello hands over the open cards of the board, they are looked through
        here."""
        found = self._client().get(
            f"/boards/{self._options.board}",
            self._board,
            lambda content: read.found_cards(content, query),
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

    def _client(self) -> Client:
        return Client(self._options, self._name)

    def _list_for_new(self, client: Client) -> str:
        """The id of the list that the config names by its name."""
        lists = client.get(
            f"/boards/{self._options.board}/lists",
            self._board,
            read.columns,
            filter="open",
            fields="name",
        )
        try:
            return read.pick_column(lists, self._options.column).id
        except Refusal as refusal:
            hint = (
                f"{refusal.hint} An administrator mends trackers.{self._name}.list in the config."
            )
            raise Refusal(refusal.code, refusal.message, hint, refusal.facts) from None


def _comment_url(card: str, comment: str) -> str:
    return f"https://trello.com/c/{card}#comment-{comment}"


def _path(card: str, rest: str = "") -> str:
    return f"/cards/{quote(card, safe='')}{rest}"
