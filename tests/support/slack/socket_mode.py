"""Slack's Socket Mode on 127.0.0.1: hands envelopes over a websocket, and wants each
acknowledged."""

from __future__ import annotations

import json
import threading
from typing import Any, Dict, List, Mapping

TIMEOUT = 60.0


class Socket:
    """`with Socket() as socket:`; a relay connects to `socket.url`.

    `acknowledged` are the envelopes that a relay confirmed. Slack hands an event to one of the
    connections of an app; this one does to the newest.
    """

    def __init__(self) -> None:
        from websockets.sync.server import serve

        self.acknowledged: List[str] = []
        self._changed = threading.Condition()
        self._open: List[Any] = []
        self._sent = 0
        self._server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Socket:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        for one in list(self._open):
            one.close()
        self._thread.join(TIMEOUT)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/link/?ticket=1&app_id=A0"

    def connected(self, timeout: float = TIMEOUT) -> None:
        """Wait until a relay is connected."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._open, timeout), "no relay ever connected"

    def disconnected(self, timeout: float = TIMEOUT) -> None:
        """Wait until no relay is connected."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._open, timeout), "a relay is connected"

    def send(self, payload: Mapping[str, Any], retry: int = 0) -> None:
        """Hand over an event, and wait until the relay has acknowledged it: Slack wants that within
        three seconds."""
        with self._changed:
            assert self._open, "no relay is connected"
            self._sent += 1
            envelope: Dict[str, Any] = {
                "envelope_id": f"{self._sent:08d}-0000-4000-8000-000000000000",
                "type": "events_api",
                "accepts_response_payload": False,
                "retry_attempt": retry,
                "retry_reason": "timeout" if retry else "",
                "payload": payload,
            }
            self._open[-1].send(json.dumps(envelope))
            assert self._changed.wait_for(
                lambda: envelope["envelope_id"] in self.acknowledged, TIMEOUT
            ), "the relay did not acknowledge the event"

    def _serve(self, connection: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        hello = {
            "type": "hello",
            "num_connections": 1,
            "debug_info": {"host": "applink-1", "approximate_connection_time": 18060},
            "connection_info": {"app_id": "A0OPSROOM"},
        }
        connection.send(json.dumps(hello))
        with self._changed:
            self._open.append(connection)
            self._changed.notify_all()
        try:
            for frame in connection:
                with self._changed:
                    self.acknowledged.append(json.loads(frame)["envelope_id"])
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open.remove(connection)
                self._changed.notify_all()
