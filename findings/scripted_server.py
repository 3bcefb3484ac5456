"""A vendor on 127.0.0.1 that answers as a finding scripts it, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Tuple

DROP = None  # an answer that never comes: the connection is closed once the request has been read


class ScriptedServer:
    """Serves `answer(method, path)`: (status, headers, body), where a list or mapping is sent as
    JSON, or DROP."""

    def __init__(
        self, answer: Callable[[str, str], Any], certificate: str = "", key: str = ""
    ) -> None:
        self.requests: List[Tuple[str, str]] = []
        self.bodies: List[str] = []
        self.headers: List[Dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.requests.append((self.command, self.path))
                server.bodies.append(body.decode())
                server.headers.append(dict(self.headers))
                reply = answer(self.command, self.path)
                if reply is DROP:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                status, headers, body = reply
                if not isinstance(body, str):
                    headers, body = (
                        {"Content-Type": "application/json", **headers},
                        json.dumps(body),
                    )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

        class Server(ThreadingHTTPServer):
            def handle_error(self, *args: object) -> None:
                pass  # a client that goes away while it is answered is no news

        http = Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            http.socket = context.wrap_socket(http.socket, server_side=True)
            scheme = "https"
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, daemon=True).start()
        self.url = f"{scheme}://127.0.0.1:{http.server_port}"

    def count(self, method: str) -> int:
        """How many requests of this method came."""
        return sum(1 for seen, _ in self.requests if seen == method)


def outcome(call: Callable[[], Any]) -> str:
    """The name of what a call raised, or "returned"."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "returned"
