"""A real HTTP server on 127.0.0.1 that answers each path as a test scripted it, and keeps what it
was asked."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import parse_qs, urlsplit

TIMEOUT = 20.0


@dataclass(frozen=True)
class Request:
    """What was asked. Header names are lower case; `query` maps a name to its values."""

    method: str
    path: str
    query: Mapping[str, List[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer.

    `until`: answer only once this event is set. `drop`: close the connection "unread" (without
    reading the body), "unanswered", "half" (after half of the body). `drip`: seconds between two
    bytes of the body; `drip_head` the same for the status line and headers. `raw`: these bytes
    instead of an HTTP answer.
    """

    status: int = 200
    body: Union[bytes, str] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    until: Optional[threading.Event] = None
    drop: str = ""
    drip: float = 0.0
    drip_head: float = 0.0
    raw: Optional[bytes] = None


Script = Union[Reply, Callable[[Request], Reply]]


class HttpServer:
    """`with HttpServer() as server: server.on("/version", Reply(body="1.0"))`. Several replies are
    given in turn, the last again and again. A path nobody scripted answers 404. `on("/x", reply,
    method="POST")` is for one method."""

    def __init__(self, certificate: Optional[Tuple[str, str]] = None) -> None:
        self.requests: List[Request] = []
        self._scripts: Dict[Tuple[str, str], List[Script]] = {}
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._scheme = "https"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.002,), daemon=True
        )

    def __enter__(self) -> HttpServer:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def on(self, path: str, *replies: Script, method: str = "*") -> None:
        self._scripts[(method, path)] = list(replies)

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, TIMEOUT), (
                "too few requests came"
            )

    def paths(self) -> List[str]:
        return [request.path for request in self.requests]

    def _note(self, request: Request) -> Script:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            script = self._scripts.get((request.method, request.path)) or self._scripts.get(
                ("*", request.path)
            )
            if script is None:
                return Reply(404, "no such page")
            return script.pop(0) if len(script) > 1 else script[0]


def _handler_of(owner: HttpServer) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: with it, the second waits 40 ms on a connection in use.
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, ssl.SSLError, ValueError):
                self.close_connection = True

        def answer(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = int(headers.get("content-length", "0"))
            waiting = (
                owner._scripts.get((self.command, parts.path))
                or owner._scripts.get(("*", parts.path))
                or []
            )
            unread = bool(waiting) and isinstance(waiting[0], Reply) and waiting[0].drop == "unread"
            body = b"" if unread else self.rfile.read(length)
            request = Request(self.command, parts.path, parse_qs(parts.query), headers, body)
            script = owner._note(request)
            reply = script if isinstance(script, Reply) else script(request)
            if reply.until is not None:
                reply.until.wait(TIMEOUT)
            if reply.drop in ("unread", "unanswered"):
                self.reset()
                return
            if reply.raw is not None:
                self.wfile.write(reply.raw)
                self.close_connection = True
                return
            content = reply.body.encode() if isinstance(reply.body, str) else reply.body
            head = [f"HTTP/1.1 {reply.status} Scripted"]
            names = {name.lower() for name in reply.headers}
            head += [f"{name}: {value}" for name, value in reply.headers.items()]
            if "content-length" not in names and reply.status not in (204, 304):
                head.append(f"Content-Length: {len(content)}")
            self.drip("\r\n".join([*head, "", ""]).encode("latin-1"), reply.drip_head)
            if self.command == "HEAD":
                return
            if reply.drop == "half":
                self.wfile.write(content[: len(content) // 2])
                self.reset()
                return
            self.drip(content, reply.drip)

        def drip(self, content: bytes, pause: float) -> None:
            if not pause:
                self.wfile.write(content)
                return
            for index in range(len(content)):
                if owner._over.wait(pause):
                    return
                self.wfile.write(content[index : index + 1])
                self.wfile.flush()

        def reset(self) -> None:
            """Close so that the other side sees it at once."""
            self.wfile.flush()
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

    return Handler


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
