"""errbot's own test bot with err-stackstorm and opsroom's plugin, and a StackStorm that is played.

These tests run in errbot's virtualenv, which ../test_errbot.py makes: there is nothing of the other
tests here.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import socket
import sys
import threading
import types
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any, Callable, Dict, Iterator, List
from urllib.parse import parse_qs, urlsplit

import pytest

if importlib.util.find_spec("errbot") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from opsroom_relay.chats import KINDS
    from opsroom_relay.chats.base import Chat
    from opsroom_relay.messages import Heard

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "relays" / "errbot" / "plugin"
KEY = "correct-horse-battery-staple-0123456789"


class PlayedStackStorm:
    """StackStorm's API and stream, as far as err-stackstorm asks. `asked` are the commands that it
    took, `matched` those that it was asked about; `say` sends what StackStorm posts in a room.

    A command that begins with "nonsense" matches no alias; one with "refuse" is refused with a text
    of several lines; of "muted" the alias has no acknowledgement, and to that of "linked" belongs
    the address of the execution. "forbidden" it does not take at all, and of "lost" the answer is.

    `aliases` are those that it lists, where it does (`closed`); a command means the one that has it
    as a format.
    """

    def __init__(self) -> None:
        self.asked: Queue[Dict[str, Any]] = Queue()
        self.matched: List[str] = []
        self.aliases: List[Dict[str, Any]] = []
        self.closed = False
        self._listeners: List[Queue[Any]] = []
        self.listening = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                if self.path.endswith("/stream"):
                    outer._stream(self)
                else:
                    asked = urlsplit(self.path)
                    self._answer(*outer._get(asked.path, parse_qs(asked.query)))

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                taken = outer._take(self.path, json.loads(self.rfile.read(length) or b"{}"))
                if taken is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                else:
                    self._answer(*taken)

            def _answer(self, status: int, body: Any) -> None:
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _get(self, path: str, query: Dict[str, List[str]]) -> Any:
        if not path.endswith("/actionalias"):
            return 200, {}
        if self.closed:
            return 403, {"faultstring": "no"}
        start, number = int(query["offset"][0]), int(query["limit"][0])
        return 200, self.aliases[start : start + min(number, 100)]

    def _take(self, path: str, body: Dict[str, Any]) -> Any:
        command = str(body.get("command", ""))
        meant = [one for one in self.aliases if command in one["formats"]]
        if path.endswith("/actionalias/match"):
            self.matched.append(command)
            if command.startswith("nonsense"):
                return 400, {"faultstring": "no alias"}
            alias = {"enabled": True, "ack": {"enabled": True}, **(meant[0] if meant else {})}
            return 200, {"actionalias": alias, "representation": command}
        direct = path.endswith("/aliasexecution")
        if direct and not any(one["name"] == body["name"] for one in meant):
            return 404, {"faultstring": f"no alias {body['name']}"}
        if command.startswith("nonsense"):
            return 400, {"faultstring": f"Command '{command}' matched no patterns"}
        if command == "forbidden":
            return 401, {"faultstring": "Unauthorized"}
        self.asked.put(body)
        if "refuse" in command:
            schema = "Failed validating 'x' in schema:\n{'type': 'object'}"
            return 400, {"faultstring": f"# first\n\n**bold** &amp; <b>third</b>\n\n{schema}"}
        if command == "lost":
            return None
        ack = {"enabled": "muted" not in command, "append_url": "linked" in command}
        result = {
            "message": "On it.",
            "execution": {"web_url": "https://st2.example.com/#/history/1"},
            "actionalias": {"ack": ack},
        }
        return 201, result if direct else {"results": [result]}

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        events: Queue[Any] = Queue()
        self._listeners.append(events)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b": hello\n\n")
        handler.wfile.flush()
        self.listening.set()
        while True:
            event = events.get()
            if event is None:
                return
            text = f"event: st2.announcement__errbot\ndata: {json.dumps(event)}\n\n"
            handler.wfile.write(text.encode())
            handler.wfile.flush()

    def say(self, message: str, user: Any, channel: Any, whisper: bool = False) -> None:
        """What the rule `notify-errbot` makes of an answer."""
        payload = {"message": message, "user": user, "channel": channel, "whisper": whisper}
        for one in self._listeners:
            one.put({"payload": {**payload, "extra": {"slack": {"color": "good"}}}})

    def close(self) -> None:
        for one in self._listeners:
            one.put(None)
        self._server.shutdown()
        self._server.server_close()


@dataclass
class PlayedBot:
    """A running errbot with the plugin. `posts` are what the relay posts: (place, text)."""

    test: Any
    stackstorm: PlayedStackStorm
    posts: Queue[Any] = field(default_factory=Queue)

    def say(self, text: str, **extras: Any) -> None:
        """Someone types a message: alice with her stable identity, unless `extras` say else."""
        given = {"identity": "test:alice", "name": "alice", "id": None, **extras}
        self.test.push_message(text, extras=given)

    def asked(self) -> Dict[str, Any]:
        """The next command that StackStorm takes."""
        return self.stackstorm.asked.get(timeout=20)

    def read(self) -> Any:
        """The next post of the relay: (place, text)."""
        return self.posts.get(timeout=20)

    def settled(self) -> List[str]:
        """Have one more command answered, and return those that StackStorm took before it."""
        self.say("!the last one")
        taken = []
        while True:
            command = self.asked()["command"]
            if command == "the last one":
                while self.read()[1] != "On it.":
                    pass
                return taken
            taken.append(command)


@pytest.fixture
def start() -> Iterator[Callable[..., PlayedBot]]:
    """Starts a bot: `start(OPSROOM_RELAY_KEY=None)` with other settings, `chat=False` as in a chat
    that the relay does not know."""
    yield from _starting()


@pytest.fixture(scope="module")
def _shared() -> Iterator[PlayedBot]:
    starting = _starting()
    yield next(starting)()
    starting.close()


@pytest.fixture
def bot(_shared: PlayedBot) -> PlayedBot:
    """The one bot of a module, with the usual settings and nothing left of the test before."""
    _shared.settled()
    for queue in (_shared.posts, _shared.test.bot.outgoing_message_queue):
        while not queue.empty():
            queue.get()
    return _shared


def _starting() -> Iterator[Callable[..., PlayedBot]]:
    from errbot.backends.test import TestBot

    # What is still running when a test ends has nowhere to log to.
    logging.raiseExceptions = False
    bots: List[Any] = []
    stackstorm, monkeypatch = PlayedStackStorm(), pytest.MonkeyPatch()

    def started(chat: bool = True, plugins: Any = None, **settings: Any) -> PlayedBot:
        posts: Queue[Any] = Queue()
        if chat:
            module = types.ModuleType("opsroom_relay.chats.played")
            module.PlayedChat = _played_chat(posts)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            monkeypatch.setitem(KINDS, "test", ("played", "PlayedChat", "", ""))
        config = {
            "STACKSTORM": {
                **{f"{one}_url": f"{stackstorm.url}/{one}/v1" for one in ("api", "auth", "stream")},
                "api_auth": {"apikey": "k"},
                "plugin_prefix": "",
            },
            "CORE_PLUGINS": ("ACLs", "Help", "Utils"),
            # One after the other, so that a test knows when all is done.
            "BOT_ASYNC_POOLSIZE": 1,
            "OPSROOM_RELAY_KEY": KEY,
            **settings,
        }
        stock = str(Path(importlib.import_module("errst2lib").__file__ or "").parents[1])
        test = TestBot(extra_plugin_dir=plugins or [stock, str(PLUGIN)], extra_config=config)
        test.start(timeout=60)
        bots.append(test)
        # Until then err-stackstorm changes its token, and refuses commands.
        assert stackstorm.listening.wait(60), "err-stackstorm listens to no stream"
        return PlayedBot(test, stackstorm, posts)

    try:
        yield started
    finally:
        # Its plugins wait for the end of StackStorm's stream.
        stackstorm.close()
        for one in bots:
            one.stop()
        monkeypatch.undo()


def _played_chat(posts: Queue[Any]) -> type:
    class PlayedChat(Chat):
        """A chat whose messages carry all that there is to know."""

        def attach(self) -> None:
            pass

        def heard(self, message: Any) -> Heard:
            given = dict(message.extras or {})
            if not given:
                # errbot's test bot says "!echo ready" when it starts.
                given = {"identity": "test:tester", "name": "tester", "id": None}
            name = given.pop("id") or self._number()
            key = name if given.pop("keyed", True) else None
            return Heard(message=name, key=key, place=("here",), **given)

        def room(self, message: Any, heard: Heard) -> str:
            return "the room"

        def workspace(self) -> str:
            return "HOME"

        def place(self, channel: str) -> Any:
            if " " in channel and channel != "the room":
                raise ValueError("no room")
            return (channel,), channel.startswith("#")

        def private(self, identity: str) -> Any:
            return ("private", identity)

        def post(self, place: Any, text: str) -> None:
            posts.put((place, text))

    return PlayedChat
