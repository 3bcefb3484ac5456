"""A door before a PostgreSQL server through which connections are encrypted, and that can be shut
in the middle."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Any, List, Tuple

# What a client of PostgreSQL sends first to be encrypted: a length of 8, and this number.
_WANTED = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


class Encrypted:
    """`with Encrypted(path, certificate) as door:` listens on 127.0.0.1, and hands on to the Unix
    socket at `path`."""

    def __init__(self, path: str, certificate: Tuple[str, str]) -> None:
        self._path = path
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: List[socket.socket] = []
        self.port = int(self._door.getsockname()[1])

    def __enter__(self) -> Encrypted:
        threading.Thread(target=self._let_in, daemon=True).start()
        return self

    def __exit__(self, *raised: Any) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection off, without the farewell that TLS knows."""
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            assert client.recv(8) == _WANTED
            client.sendall(b"S")
            with self._context.wrap_socket(client, server_side=True) as inside:
                server.connect(self._path)
                self._open += [inside, server]
                threading.Thread(target=_hand_on, args=(server, inside), daemon=True).start()
                _hand_on(inside, server)


def _hand_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while True:
            data = one.recv(65536)
            if not data:
                break
            other.sendall(data)
        other.shutdown(socket.SHUT_RDWR)
