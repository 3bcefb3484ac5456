"""The part of StackStorm that a chat relay talks to, on 127.0.0.1: aliases, alias executions, and
the stream of answers. A test decides what is answered."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Optional
from urllib.parse import parse_qs, urlsplit

KEY = "an-api-key-of-the-relay"
# The most that it gives at once to someone who is no administrator.
MAX_PAGE = 100
TIMEOUT = 60.0
Json = Dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A command that the relay handed over."""

    command: str
    user: str
    source_channel: str
    source_context: Json
    notification_route: str


class ChatOps:
    """`with ChatOps(aliases) as storm:`; `aliases` as the API lists them.

    `asked` are the commands, `refuse` is what the next one is refused with, `post` sends a message
    to everyone who listens on `route`.
    """

    def __init__(self, aliases: List[Json], route: str = "chatops") -> None:
        self.aliases = aliases
        self.route = route
        self.asked: List[Asked] = []
        self.refuse: Optional[str] = None
        self.wrong: List[str] = []
        self._changed = threading.Condition()
        self._streams: List[queue.Queue[Optional[str]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> ChatOps:
        self._thread.start()
        return self

    def __exit__(self, *details: Any) -> None:
        for one in self._streams:
            one.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT)
        if details[0] is None:
            assert not self.wrong, self.wrong

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, count: int) -> Asked:
        """Wait until so many commands were handed over; the last of them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= count, TIMEOUT), self.asked
            return self.asked[count - 1]

    def post(self, message: str, **more: Any) -> None:
        """What `chatops.post_message` sends to the relays."""
        payload = {"message": message, "whisper": False, "extra": {}, **more}
        event = json.dumps({"payload": payload, "event": f"announcement__{self.route}"})
        for one in self._streams:
            one.put(f"event: st2.announcement__{self.route}\ndata: {event}\n\n")

    def answer(self, asked: Asked, message: str, **slack: Any) -> None:
        """What the stock rule posts when a command has ended."""
        self.post(
            message,
            user=asked.user,
            channel=asked.source_channel,
            context=asked.source_context,
            extra={"slack": slack},
        )

    def take(self, body: Json) -> Json:
        with self._changed:
            fields = {name: body[name] for name in Asked.__dataclass_fields__}
            self.asked.append(Asked(**fields))
            self._changed.notify_all()
        number = f"{len(self.asked):024x}"
        return {
            "message": f"On it. The answer follows here; execution {number}",
            "execution": {"id": number, "web_url": f"https://st2.example.com/#/history/{number}"},
            "actionalias": {"ack": {"enabled": True, "append_url": False}},
            "extra": {"slack": {"thread_response": True}},
        }


def _handler_of(owner: ChatOps) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if not self.allowed():
                return
            if parts.path == "/v1/stream":
                self.stream()
                return
            query = parse_qs(parts.query)
            limit, offset = (
                int(query.get(name, [usual])[0])
                for name, usual in (("limit", MAX_PAGE), ("offset", 0))
            )
            if parts.path == "/v1/":
                self.json(200, {})
            elif parts.path != "/v1/actionalias":
                self.json(404, {"faultstring": "no such page"})
            elif not 0 < limit <= MAX_PAGE:
                self.json(403, {"faultstring": f"Limit {limit} is for administrators"})
            else:
                self.json(200, owner.aliases[offset : offset + limit])

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.allowed():
                return
            if self.path.endswith("/actionalias/match"):
                alias = {"enabled": True, "ack": {"enabled": True}}
                self.json(200, {"actionalias": alias, "representation": body["command"]})
            elif owner.refuse is not None:
                self.json(400, {"faultstring": owner.refuse})
                owner.refuse = None
            elif self.path.endswith("/match_and_execute"):
                self.json(201, {"results": [owner.take({"source_context": {}, **body})]})
            else:
                self.json(201, owner.take(body))

        def allowed(self) -> bool:
            if KEY in self.path:
                owner.wrong.append(f"the key is in an address: {self.path}")
            if self.headers.get("St2-Api-Key") == KEY:
                return True
            self.json(401, {"faultstring": "Unauthorized"})
            return False

        def json(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def stream(self) -> None:
            events: queue.Queue[Optional[str]] = queue.Queue()
            owner._streams.append(events)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                while True:
                    event = events.get()
                    if event is None:
                        return
                    self.wfile.write(event.encode())
                    self.wfile.flush()
            except OSError:
                pass
            finally:
                owner._streams.remove(events)

    return Handler
