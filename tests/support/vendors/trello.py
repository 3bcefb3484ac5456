"""Trello as far as opsroom uses it: one board in memory, and what Trello says of mistakes, mostly
in plain text."""

from __future__ import annotations

from typing import Any, Dict, List
from urllib.parse import urlsplit

from support.contracts.vendor import Vendor, answer, body_of, query_of
from support.servers.http import Reply, Request

KEY, TOKEN = "k3yk3yk3yk3yk3yk3yk3y", "ATTAs3cretTokenOfTheBot"
BOARD, OTHER_BOARD = "5abbe4b7ddc1b351ef961414", "5abbe4b7ddc1b351ef96ffff"
TODO, DOING, DONE = (f"5abbe4b7ddc1b351ef96{number:04d}" for number in (1, 2, 3))
ALICE, BOB = "5abbe4b7ddc1b351ef96aaaa", "5abbe4b7ddc1b351ef96bbbb"
CARD = "AbCd1234"


class Trello(Vendor):
    """A board with three lists and two members; answers like Trello, in plain text where Trello
    does."""

    def __init__(self) -> None:
        super().__init__("trello", self.play)
        self.cards: List[Dict[str, Any]] = []
        self.actions: List[Dict[str, Any]] = []
        self.lists = [(TODO, "To do"), (DOING, "Doing"), (DONE, "Done")]
        self.members = [
            {"id": ALICE, "username": "alice42", "fullName": "Alice Adams"},
            {"id": BOB, "username": "bob", "fullName": "Bob Brown"},
        ]
        # Lists that are archived; whether the board is closed, and how its limit of open cards
        # stands.
        self.archived: List[str] = []
        self.closed = False
        self.limit = "ok"
        self.add("Old one", "Nothing to see.", TODO, CARD)

    def add(self, name: str, desc: str, column: str, link: str = "", **more: Any) -> Dict[str, Any]:
        number = len(self.cards)
        link = link or f"Card{number:04d}"
        card = {
            "id": f"5abbe4b7ddc1b351ef97{number:04d}", "name": name, "desc": desc, "idList": column,
            "idBoard": BOARD,
            "closed": False, "idMembers": [], "shortLink": link,
            "shortUrl": f"https://trello.com/c/{link}",
            "dateLastActivity": f"2026-11-23T10:{number:02d}:00.000Z", **more,
        }  # fmt: skip
        self.cards.append(card)
        return card

    def play(self, request: Request) -> Reply:
        if (
            request.headers.get("authorization")
            != f'OAuth oauth_consumer_key="{KEY}", oauth_token="{TOKEN}"'
        ):
            return Reply(401, "invalid token")
        assert not {"key", "token"} & set(request.query), "secrets in an address"
        parts = urlsplit(request.path).path[len("/1/") :].split("/")
        sent = body_of(request) if request.body else {}
        query = query_of(request)
        if parts[0] == "boards":
            return self.board(parts, query)
        if request.method != "GET" and self.closed:
            return Reply(401, "unauthorized card permission requested")
        if request.method == "POST" and parts == ["cards"] and self.limit != "ok":
            return answer(
                {"message": "Board has too many open cards", "error": "BOARD_TOO_MANY_CARDS"}, 403
            )
        if request.method == "POST" and parts == ["cards"]:
            if query["idList"] not in [one for one, _ in self.lists]:
                return Reply(400, "invalid value for idList")
            if len(sent["desc"].encode("utf-16-le")) // 2 > 16384:
                return Reply(400, "invalid value for desc")
            return answer(self.add(sent["name"], sent["desc"], query["idList"]))
        card = next((one for one in self.cards if parts[1] in (one["id"], one["shortLink"])), None)
        if card is None:
            return Reply(404, "The requested resource was not found.")
        if request.method == "GET":
            return answer(self.one(card, query))
        if request.method == "PUT":
            if "idMembers" in sent:
                card["idMembers"] = [one for one in sent["idMembers"].split(",") if one]
            card["idList"] = query.get("idList", card["idList"])
            return answer(card)
        if parts[2:] == ["idMembers"]:
            if sent["value"] in card["idMembers"]:
                return Reply(400, "member is already on the card")
            card["idMembers"].append(sent["value"])
            return answer(self.people(card["idMembers"]))
        if len(sent["text"].encode("utf-16-le")) // 2 > 16384:
            return Reply(400, "invalid value for text")
        return answer(self.say(card, sent["text"], "The Bot"))

    def board(self, parts: List[str], query: Dict[str, str]) -> Reply:
        if parts[1] not in (BOARD, "BoArD123"):
            return (
                Reply(404, "board not found")
                if parts[1] != "InVaLiD1"
                else Reply(400, "invalid id")
            )
        lists = [
            {"id": one, "name": name, "closed": one in self.archived} for one, name in self.lists
        ]
        if parts[2:] == ["lists"]:
            return answer(lists)
        if parts[2:] == ["members"]:
            return answer(self.members)
        if parts[2:] == ["cards"]:
            return answer(self.cards[-int(query["limit"]) :])
        cards = [one for one in self.cards if not one["closed"]]
        content = {"name": "Operations", "lists": lists, "cards": cards, "members": self.members}
        return answer(
            {
                **content,
                "closed": self.closed,
                "limits": {"cards": {"openPerBoard": {"status": self.limit}}},
            }
        )

    def one(self, card: Dict[str, Any], query: Dict[str, str]) -> Dict[str, Any]:
        shown = {name: card[name] for name in [*query["fields"].split(","), "id"]}
        if "list" in query:
            archived = card["idList"] in self.archived
            shown["list"] = {
                "id": card["idList"],
                "name": dict(self.lists)[card["idList"]],
                "closed": archived,
            }
        if "board" in query:
            shown["board"] = {"id": BOARD, "name": "Operations", "closed": self.closed}
        if "members" in query:
            shown["members"] = self.people(card["idMembers"])
        if "actions" in query:
            mine = [
                one for one in self.actions if one["data"]["card"]["shortLink"] == card["shortLink"]
            ]
            shown["actions"] = mine[::-1][: int(query["actions_limit"])]
        return shown

    def people(self, ids: List[str]) -> List[Dict[str, Any]]:
        return [one for one in self.members if one["id"] in ids]

    def say(self, card: Dict[str, Any], text: str, who: str) -> Dict[str, Any]:
        number = len(self.actions)
        self.actions.append(
            {
                "id": f"5abbe4b7ddc1b351ef98{number:04d}", "type": "commentCard",
                "date": f"2026-11-23T11:{number:02d}:00.000Z", "memberCreator": {"fullName": who},
                "data": {"text": text, "card": {"shortLink": card["shortLink"]}},
            }
        )  # fmt: skip
        return self.actions[-1]
