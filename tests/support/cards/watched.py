"""Trackers of every kind in which someone makes, moves and comments on a card between two looks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional

from opsroom.db.store import open_store
from opsroom.people import Author
from opsroom.trackers import REGISTRY, Draft, Remark
from support.contracts.vendor import Vendor, answer
from support.options import make
from support.servers.http import HttpServer, Reply, Request

AUTHOR = Author("alice", "#ops", "", "", "")
BOARD = "5abbe4b7ddc1b351ef961414"


def made(kind: str, store: Any = None, **raw: Any) -> Any:
    return make(REGISTRY, kind, raw, f"trackers.{kind}", name="desk", store=store, keep=None)


class Played:
    """A tracker of some kind that is played: `create`, `move` and `comment` are what someone does
    in it."""

    # What a card is called, its columns, and the requests of a look at which nothing is new.
    card, columns, quiet = "", ("To do", "Doing"), 1
    tells_where_from = True

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=30)
        self.number = 0
        self.server: Optional[HttpServer] = None

    def tick(self) -> datetime:
        self.now += timedelta(seconds=7)
        return self.now

    def next(self) -> int:
        self.number += 1
        return self.number

    def tracker(self) -> Any:
        raise NotImplementedError

    def create(self) -> None:
        raise NotImplementedError

    def move(self, before: str, after: str) -> None:
        raise NotImplementedError

    def comment(self) -> None:
        raise NotImplementedError


class OnJira(Played):
    card = "OPS-1"

    def __init__(self, flavour: str = "cloud") -> None:
        super().__init__()
        self.cloud = flavour == "cloud"
        self.issue: Dict[str, Any] = {}
        self.old = {"id": "9", "key": "OPS-9", "fields": self.fields("To do")}
        self.queries: List[str] = []
        self.server = Vendor("jira-cloud-3" if self.cloud else "jira-datacenter", self.play)

    def at(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def fields(self, status: str) -> Dict[str, Any]:
        at = self.at()
        return {
            "status": {"name": status}, "created": at, "updated": at,
            "comment": {"comments": [], "total": 0},
        }  # fmt: skip

    def play(self, request: Request) -> Reply:
        query = request.query["jql"][0]
        self.queries.append(query)
        issues = [one for one in (self.issue, self.old) if one]
        if "updated >=" not in query:
            issues = issues[:1]
        return answer({"issues": issues, "total": len(issues), "isLast": True})

    def tracker(self) -> Any:
        assert self.server
        more = (
            {"user": "bot@acme.com", "deployment": "cloud"}
            if self.cloud
            else {"deployment": "datacenter"}
        )
        return made(
            "jira", url=self.server.url("").rstrip("/"), token="s3cret-token", project="OPS", **more
        )

    def create(self) -> None:
        self.issue = {
            "id": "1", "key": "OPS-1", "fields": self.fields("To do"),
            "changelog": {"histories": []},
        }  # fmt: skip

    def move(self, before: str, after: str) -> None:
        item = {"field": "status", "fieldId": "status", "fromString": before, "toString": after}
        history = {"id": str(self.next()), "created": self.at(), "items": [{"field": "rank"}, item]}
        self.issue["changelog"]["histories"].insert(0, history)
        self.issue["fields"].update(updated=history["created"], status={"name": after})

    def comment(self) -> None:
        at, said = self.at(), self.issue["fields"]["comment"]
        said["comments"].append({"id": str(self.next()), "created": at})
        said["total"] += 1
        self.issue["fields"]["updated"] = at


class OnTrello(Played):
    card = "AbCd1234"

    def __init__(self) -> None:
        super().__init__()
        self.actions: List[Dict[str, Any]] = []
        self.server = Vendor("trello", self.play)
        self.act("createCard", list={"name": "To do"}, card={"shortLink": "OldCard1"})

    def act(self, kind: str, **data: Any) -> None:
        at = self.tick().strftime("%Y-%m-%dT%H:%M:%S.000Z")
        data.setdefault("card", {"shortLink": self.card, "name": "a secret name"})
        self.actions.insert(
            0,
            {"id": f"5abbe4b7ddc1b351ef{self.next():06d}", "type": kind, "date": at, "data": data},
        )

    def play(self, request: Request) -> Reply:
        query = {name: values[0] for name, values in request.query.items()}
        found = [one for one in self.actions if one["date"] >= query.get("since", "")]
        found = [one for one in found if one["id"] < query.get("before", "z")]
        return answer(found[: int(query["limit"])])

    def tracker(self) -> Any:
        assert self.server
        return made(
            "trello", key="k" * 20, token="t" * 20, board=BOARD, list="To do",
            url=self.server.url("/1"),
        )  # fmt: skip

    def create(self) -> None:
        self.act("createCard", list={"name": "To do"})

    def move(self, before: str, after: str) -> None:
        self.act("updateCard", listBefore={"name": before}, listAfter={"name": after})

    def comment(self) -> None:
        self.act("commentCard", text="not to be told")


class OnGithub(Played):
    card, columns = "acme/web#1", ("open", "closed")

    def __init__(self) -> None:
        super().__init__()
        self.issues: List[Dict[str, Any]] = []
        self.comments: List[Dict[str, Any]] = []
        self.events: List[Dict[str, Any]] = []
        self.server = Vendor("github", self.play)
        self.add(9)
        self.add(8, pull_request={})

    def at(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, number: int, **more: Any) -> None:
        at = self.at()
        self.issues.append(
            {"number": number, "state": "open", "created_at": at, "updated_at": at, **more}
        )

    def play(self, request: Request) -> Reply:
        what = request.path.replace("/repos/acme/web/issues", "")
        if what == "/events":
            return answer(self.events)
        return self.since(self.comments, request) if what == "/comments" else self.listed(request)

    def since(self, rows: List[Dict[str, Any]], request: Request) -> Reply:
        return answer([one for one in rows if one["updated_at"] >= request.query["since"][0]])

    def listed(self, request: Request) -> Reply:
        if request.query["direction"] == ["desc"]:
            return answer(sorted(self.issues, key=lambda one: one["updated_at"])[-1:])
        rows = [one for one in self.issues if one["updated_at"] >= request.query["since"][0]]
        rows.sort(key=lambda one: one["updated_at"])
        etag = f'"{abs(hash(json.dumps(rows)))}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, "", {"ETag": etag})
        return answer(rows, ETag=etag)

    def tracker(self) -> Any:
        assert self.server
        return made(
            "github", token="t" * 20, repository="acme/web", url=self.server.url("").rstrip("/")
        )

    def create(self) -> None:
        self.add(1)

    def move(self, before: str, after: str) -> None:
        at, issue = self.at(), self.issues[-1]
        issue.update(state=after, updated_at=at)
        event = "closed" if after == "closed" else "reopened"
        for kind in (event, "labeled"):
            self.events.insert(
                0, {"id": self.next(), "event": kind, "created_at": at, "issue": {"number": 1}}
            )

    def comment(self) -> None:
        at = self.at()
        self.issues[-1]["updated_at"] = at
        url = "https://api.github.com/repos/acme/web/issues/1"
        self.comments.append(
            {"id": self.next(), "created_at": at, "updated_at": at, "issue_url": url}
        )
        self.comments.append(
            {**self.comments[-1], "id": self.next(), "html_url": "https://github.com/a/b/pull/1#c"}
        )


class OnBasecamp(Played):
    card, quiet = "card/1", 2

    def __init__(self) -> None:
        super().__init__()
        self.cards: List[Dict[str, Any]] = []
        self.comments: List[Dict[str, Any]] = []
        self.server = Vendor("basecamp", self.play)
        self.add(9, "Triage")
        self.columns = ("To do", "Doing")

    def at(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def add(self, number: int, column: str) -> None:
        at, parent = self.at(), {"id": 5, "title": column, "type": "Kanban::Column"}
        self.cards.append(
            {
                "id": number, "type": "Kanban::Card", "created_at": at, "updated_at": at,
                "parent": parent,
            }
        )  # fmt: skip

    def play(self, request: Request) -> Reply:
        assert request.query["bucket"] == ["2085958504"]
        rows = {"Kanban::Card": self.cards, "Comment": self.comments}[request.query["type"][0]]
        return answer(sorted(rows, key=lambda one: one["updated_at"], reverse=True))

    def tracker(self) -> Any:
        assert self.server
        url = self.server.url("").rstrip("/")
        return made(
            "basecamp", account="195539477", project="2085958504", column="3", token="t" * 20,
            url=url,
        )  # fmt: skip

    def create(self) -> None:
        self.add(1, "To do")

    def move(self, before: str, after: str) -> None:
        self.cards[-1].update(
            updated_at=self.at(), parent={"id": 6, "title": after, "type": "Kanban::Column"}
        )

    def comment(self) -> None:
        at, parent = self.at(), {"id": 1, "title": "a secret name", "type": "Kanban::Card"}
        self.comments.append(
            {
                "id": self.next(), "type": "Comment", "created_at": at, "updated_at": at,
                "parent": parent,
            }
        )  # fmt: skip


class OnOurBoard(Played):
    card, quiet = "CARD-2", 0

    def __init__(self, folder: Any) -> None:
        super().__init__()
        self.store = open_store(f"sqlite:///{folder}/board.db")
        self.board = self.tracker()
        self.create()

    def tracker(self) -> Any:
        return made("local", store=lambda: self.store, columns=["To do", "Doing", "Done"])

    def create(self) -> None:
        self.board.create(Draft("", "a secret name", "", f"ops{self.next()}", AUTHOR))

    def move(self, before: str, after: str) -> None:
        self.board.move(self.card, after)

    def comment(self) -> None:
        self.board.comment(Remark(self.card, "not to be told", f"ops{self.next()}", AUTHOR))


KINDS: Dict[str, Callable[[Any], Played]] = {
    "jira cloud": lambda folder: OnJira(), "jira data center": lambda folder: OnJira("datacenter"),
    "trello": lambda folder: OnTrello(), "github": lambda folder: OnGithub(),
    "basecamp": lambda folder: OnBasecamp(), "local": OnOurBoard,
}  # fmt: skip
