"""What opsroom and the Exchange's pack need of Jira Cloud to make a card, on 127.0.0.1; every
answer takes a while."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Mapping, Tuple


class Jira:
    """`pause` seconds come before every answer. `asked` has the requests, `cards` the fields of the
    cards made."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.asked: List[str] = []
        self.cards: List[Dict[str, Any]] = []
        jira = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                jira.asked.append(f"{self.command} {self.path}")
                time.sleep(jira.pause)  # what is measured is what others do meanwhile
                status, content = jira.answer(
                    self.command, self.path, json.loads(sent) if sent else {}
                )
                body = json.dumps(content).encode()
                head = (
                    f"HTTP/1.1 {status} OK\r\nContent-Type: "
                    f"application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                self.wfile.write(head.encode() + body)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Jira:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> Tuple[int, Any]:
        """Status and content of an answer."""
        if path.endswith("/serverInfo"):
            return 200, {
                "baseUrl": self.url,
                "version": "1001.0.0",
                "versionNumbers": [1001, 0, 0],
                "deploymentType": "Cloud",
                "buildNumber": 100300,
                "serverTitle": "Jira",
            }
        if method == "POST" and path.endswith("/issue"):
            self.cards.append(dict(body["fields"]))
            return 201, self._issue(len(self.cards))
        number = path.rpartition("/OPS-")[2]
        if method == "GET" and number.isdigit() and int(number) <= len(self.cards):
            return 200, {
                **self._issue(int(number)),
                "fields": self._fields(self.cards[int(number) - 1]),
            }
        return 404, {"errorMessages": ["There is no such page."], "errors": {}}

    def _issue(self, number: int) -> Dict[str, Any]:
        id = str(10000 + number)
        return {"id": id, "key": f"OPS-{number}", "self": f"{self.url}/rest/api/2/issue/{id}"}

    def _fields(self, sent: Mapping[str, Any]) -> Dict[str, Any]:
        moment, bot = (
            "2026-11-23T10:00:00.000+0000",
            {"accountId": "5b10", "displayName": "Bot", "active": True},
        )
        return {
            "summary": sent["summary"], "description": sent.get("description"),
            "status": {"name": "To Do", "id": "1"},
            "priority": {"name": "Medium", "id": "3"}, "issuetype": {"name": "Task", "id": "3"},
            "labels": [],
            "project": {"key": "OPS", "id": "10000", "name": "Operations"}, "resolution": None,
            "assignee": None,
            "reporter": bot, "creator": bot, "created": moment, "updated": moment,
            "resolutiondate": None,
        }  # fmt: skip
