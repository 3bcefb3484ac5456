"""Basecamp as far as opsroom uses it: a card table, a to-do list and three people in memory, and
its token server."""

from __future__ import annotations

import re
from typing import Any, Dict, List
from urllib.parse import parse_qs, urlsplit

from support.contracts.vendor import Vendor, answer, body_of
from support.servers.http import Reply, Request

ACCOUNT, PROJECT, TABLE, LIST = 195539477, 2085958504, 1069479399, 1069479500
TRIAGE, HOLD, DOING, DONE = 1069479400, 1069479401, 1069479402, 1069479403
ALICE, BOB, ZOE = 1049715913, 1049715914, 1049715915
CARD, TODO = "card/77", "todo/88"
CLIENT, SECRET, REFRESH = "client-1d", "cl13nt-s3cret", "r3fresh-t0ken"


class Basecamp(Vendor):
    """An account with a card table, a to-do list and three people; Zoe has no access to the
    project."""

    def __init__(self) -> None:
        super().__init__("basecamp", self.play, unchecked=("/authorization/token",))
        self.tokens: List[str] = []
        self.given = 0
        self.life = 1209600
        self.refresh_tokens = {REFRESH}
        self.page = 2
        # Of the project: active, archived, trashed. What is in it follows, and takes no changes.
        self.status = "active"
        self.columns = {
            TRIAGE: ("Triage", "Kanban::Triage"), HOLD: ("On hold", "Kanban::Column"),
            DOING: ("In progress", "Kanban::Column"), DONE: ("Done", "Kanban::DoneColumn"),
        }  # fmt: skip
        self.people = [
            {"id": ALICE, "name": "Alice Adams", "email_address": "alice@example.com"},
            {"id": BOB, "name": "Bob Brown", "email_address": "bob@example.com"},
            {"id": ZOE, "name": "Zoe Zimmer", "email_address": "zoe@example.com"},
        ]
        self.cards: List[Dict[str, Any]] = []
        self.todos: List[Dict[str, Any]] = []
        self.comments: List[Dict[str, Any]] = []
        self.add_card("Old one", "<div>Nothing &amp; <strong>more</strong></div>", TRIAGE, 77)
        self.add_todo("Old to-do", "<div>First<br>second</div>", 88)

    def add_card(
        self, title: str, content: str, column: int, number: int = 0, **more: Any
    ) -> Dict[str, Any]:
        number = number or 1000 + len(self.cards)
        card = {
            **self.recording(number, "Kanban::Card", title, f"card_tables/cards/{number}",
            len(self.cards)),
            "content": content, "description": content, "column": column, "due_on": None, **more,
        }  # fmt: skip
        self.cards.append(card)
        return card

    def add_todo(
        self, content: str, description: str, number: int = 0, **more: Any
    ) -> Dict[str, Any]:
        number = number or 2000 + len(self.todos)
        todo = {
            **self.recording(number, "Todo", content, f"todos/{number}", len(self.todos)),
            "content": content, "description": description, "due_on": None, "starts_on": None,
            "completion_subscribers": [], "parent": {"id": LIST, "title": "Tasks",
            "type": "Todolist"}, **more,
        }  # fmt: skip
        self.todos.append(todo)
        return todo

    def recording(
        self, number: int, kind: str, title: str, path: str, minute: int
    ) -> Dict[str, Any]:
        return {
            "id": number, "type": kind, "title": title, "status": "active", "completed": False,
            "assignees": [],
            "app_url": f"https://3.basecamp.com/{ACCOUNT}/buckets/{PROJECT}/{path}",
            "comments_count": 0,
            "updated_at": f"2026-11-23T10:{minute:02d}:00.000Z",
            "creator": {"id": 1, "name": "The Bot"},
            "bucket": {"id": PROJECT, "name": "The Leto Laptop", "type": "Project"},
        }  # fmt: skip

    def add_comment(self, recording: int, content: str) -> Dict[str, Any]:
        number = 3000 + len(self.comments)
        path = f"card_tables/cards/{recording}#__recording_{number}"
        comment = {
            **self.recording(number, "Comment", "Re: it", path, 0), "content": content,
            "recording": recording,
            "created_at": f"2026-11-23T11:{len(self.comments):02d}:00.000Z",
        }  # fmt: skip
        self.comments.append(comment)
        for one in (*self.cards, *self.todos):
            one["comments_count"] += one["id"] == recording
        return comment

    def shown(self, one: Dict[str, Any]) -> Dict[str, Any]:
        if "column" not in one:
            return one
        title, kind = self.columns[one["column"]]
        return {
            **one,
            "parent": {"id": one["column"], "title": title, "type": kind},
            "completed": one["column"] == DONE,
        }

    def play(self, request: Request) -> Reply:
        if request.path == "/authorization/token":
            return self.launchpad(request)
        assert re.search(r"\(.*(@|https?://).*\)", request.headers["user-agent"])
        assert request.headers["accept"] == "application/json"
        if request.headers.get("authorization", "")[7:] not in self.tokens:
            return Reply(401, '{"error": "OAuth token expired"}')
        if (
            request.body
            and request.headers.get("content-type") != "application/json; charset=utf-8"
        ):
            return Reply(415)
        path = urlsplit(request.path).path
        if not path.startswith(f"/{ACCOUNT}/"):
            return Reply(404, "")
        sent = body_of(request) if request.body else {}
        if self.status != "active" and request.method != "GET":
            return Reply(403, "")
        for pattern, act in (
            (r"/card_tables/lists/(\d+)/cards\.json", self.in_column),
            (r"/todolists/(\d+)/todos\.json", self.in_list),
            (r"/recordings/(\d+)/comments\.json", self.on_recording),
            (r"/card_tables/cards/(\d+)", self.one_card),
            (r"/card_tables/cards/(\d+)/moves\.json", self.moved),
            (r"/todos/(\d+)", self.one_todo),
            (r"/todos/(\d+)/completion\.json", self.completion),
            (r"/card_tables/columns/(\d+)", self.column),
            (r"/card_tables/(\d+)", self.table),
            (r"/projects/(\d+)", self.project),
            (r"/my/profile\.json()", lambda request, number, sent: answer(self.people[0])),
            (r"/people\.json()", lambda request, number, sent: self.paged(request, self.people)),
        ):
            found = re.match(rf"/\d+{pattern}\Z", path)
            if found:
                return act(request, int(found.group(1) or 0), sent) or Reply(
                    404, '{"error": "Not found"}'
                )
        return Reply(404, "")

    def launchpad(self, request: Request) -> Reply:
        assert request.query == {}
        assert "authorization" not in request.headers
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        assert form["grant_type"] == "refresh_token"
        if (form["client_id"], form["client_secret"]) != (CLIENT, SECRET):
            return Reply(401, '{"error": "invalid_client"}')
        if form["refresh_token"] not in self.refresh_tokens:
            body = {
                "error": "invalid_grant",
                "error_description": f"unknown {form['refresh_token']}",
            }
            return answer(body, 400)
        self.given += 1
        self.tokens.append(f"BAhbB0kiAccess{self.given}")
        return answer(
            {"access_token": self.tokens[-1], "expires_in": self.life, "refresh_token": REFRESH}
        )

    def paged(self, request: Request, rows: List[Dict[str, Any]]) -> Reply:
        page = int(request.query.get("page", ["1"])[0])
        begin = (page - 1) * self.page
        more = {name: values[0] for name, values in request.query.items() if name != "page"}
        query = "&".join(f"{name}={value}" for name, value in {**more, "page": page + 1}.items())
        next_page = f'<{self.url(urlsplit(request.path).path)}?{query}>; rel="next"'
        link = {"Link": next_page} if begin + self.page < len(rows) else {}
        return answer([self.shown(row) for row in rows[begin : begin + self.page]], **link)

    def in_column(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        if number not in self.columns:
            return None
        if request.method == "POST":
            return answer(
                self.shown(self.add_card(sent["title"], sent.get("content", ""), number)), 201
            )
        return self.paged(request, [one for one in self.cards if one["column"] == number])

    def in_list(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        if number != LIST:
            return None
        if request.method == "POST":
            return answer(self.add_todo(sent["content"], sent.get("description", "")), 201)
        done = request.query.get("completed") == ["true"]
        return self.paged(request, [one for one in self.todos if one["completed"] is done])

    def on_recording(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        if number not in [one["id"] for one in (*self.cards, *self.todos)]:
            return None
        if request.method == "POST":
            return answer(self.add_comment(number, sent["content"]), 201)
        return self.paged(request, [one for one in self.comments if one["recording"] == number])

    def one_card(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        card = next((one for one in self.cards if one["id"] == number), None)
        if card and request.method == "PUT":
            card.update({name: value for name, value in sent.items() if name != "assignee_ids"})
            self.assign(card, sent)
        return card and answer(self.shown(card))

    def one_todo(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        todo = next((one for one in self.todos if one["id"] == number), None)
        if todo and request.method == "PUT":
            todo.update(
                content=sent["content"],
                title=sent["content"],
                description=sent.get("description", ""),
            )
            todo.update(due_on=sent.get("due_on"), starts_on=sent.get("starts_on"))
            todo["completion_subscribers"] = self.of(sent.get("completion_subscriber_ids", []))
            self.assign(todo, {"assignee_ids": [], **sent})
        return todo and answer(todo)

    def assign(self, one: Dict[str, Any], sent: Dict[str, Any]) -> None:
        if "assignee_ids" in sent:
            one["assignees"] = self.of([number for number in sent["assignee_ids"] if number != ZOE])

    def of(self, numbers: List[int]) -> List[Dict[str, Any]]:
        return [one for one in self.people if one["id"] in numbers]

    def moved(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        card = next((one for one in self.cards if one["id"] == number), None)
        if card:
            card["column"] = sent["column_id"]
        return card and Reply(204)

    def completion(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        todo = next((one for one in self.todos if one["id"] == number), None)
        if todo:
            todo["completed"] = request.method == "POST"
        return todo and Reply(204)

    def column(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        parent = {"id": TABLE, "title": "Card Table", "type": "Kanban::Board"}
        if number == 99:  # what is on hold in a column
            parent = {"id": DOING, "title": "In progress", "type": "Kanban::Column"}
        return (number in self.columns or None) and answer(
            {"id": number, "title": "x", "parent": parent}
        )

    def project(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        shown = {"id": PROJECT, "status": self.status, "name": "The Leto Laptop"}
        return (number == PROJECT or None) and answer(shown)

    def table(self, request: Request, number: int, sent: Dict[str, Any]) -> Any:
        lists = [
            {
                "id": one,
                "title": title,
                "type": kind,
                "cards_count": sum(card["column"] == one for card in self.cards),
            }
            for one, (title, kind) in self.columns.items()
        ]
        return (number == TABLE or None) and answer(
            {"id": TABLE, "title": "Card Table", "lists": lists}
        )
