"""What the tests of many commands at once, and of whatever may die, have in common: an application
whose deployment can be held, and a webhook that takes its time."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.db.sql import from_moment, moment, rows, update
from opsroom.db.store import open_store
from support.pages import kinds as pager_kinds
from support.servers.http import HttpServer, Reply, Request
from support.stackstorm.client import NO_ROOM, StackStorm, wait_for
from support.stackstorm.services import process_of
from support.worlds.world import World

DEPLOY = "deploy api 1.0 to uat"


PAGE = "page web-team: checkout is down"


@dataclass(frozen=True)
class Api:
    """The application `api` on uat, where 0.9 runs. `hold(what)` makes its programs wait:
    `deploying`, or the version that is asked for and found; `release` lets them go on."""

    world: World
    folder: Path

    def hold(self, what: str) -> None:
        (self.folder / f"hold-{what}").touch()

    def release(self, what: str) -> None:
        (self.folder / f"hold-{what}").unlink()

    def reached(self, what: str) -> None:
        """Wait until a program waits there."""
        wait_for((self.folder / f"at-{what}").exists, f"someone at {what}")
        (self.folder / f"at-{what}").unlink()

    @property
    def runs(self) -> str:
        return (self.folder / "version").read_text().strip()

    def log(self) -> List[str]:
        """Lines `begun VERSION` and `done VERSION`, as the deploying program wrote them."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


def api_in(stackstorm: StackStorm, world: World) -> Api:
    folder = world.folder / "api"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "version").write_text("0.9\n")
    (folder / "version").chmod(0o666)
    waits = (
        'if [ -e "hold-$1" ]; then touch "at-$1"; while [ -e "hold-$1" ]; do sleep 0.05; done; fi'
    )
    gate = f"cd {folder}; hold() {{ {waits}; }}; "
    ship = 'echo "begun $1" >> log; hold deploying; echo $1 > version; echo "done $1" >> log'
    world.with_app(
        "api",
        verify_for="30s",
        deploy={"kind": "command", "command": ["/bin/sh", "-c", gate + ship, "sh", "{version}"]},
        version={
            "kind": "command",
            "command": ["/bin/sh", "-c", gate + 'hold "$(cat version)"; cat version'],
        },
    )
    stackstorm.configure(world.config)
    return Api(world, folder)


class Hook:
    """A webhook that takes its time: answers only when `answer` is set."""

    def __init__(self, server: HttpServer) -> None:
        self.answer = threading.Event()
        self.server = server
        server.on("/hook", self._receive)

    def _receive(self, request: Request) -> Reply:
        self.answer.wait(60)
        return Reply(200, "{}")

    @property
    def taken(self) -> int:
        return len([one for one in self.server.requests if one.path == "/hook"])


def with_pager(stackstorm: StackStorm, world: World, it: pager_kinds.Case, **more: Any) -> None:
    """Make that pager the world's, with `more` keys of the config, and tell StackStorm."""
    world.config.update(it.config())
    world.config["groups"], world.config["environments"] = {}, {"test": {}}
    world.config.update(more)
    stackstorm.configure(world.config)
    make_tables(stackstorm)


def make_tables(stackstorm: StackStorm) -> None:
    """Let a command make the tables of a new database. A page does not wait for them as long as a
    busy machine takes: it goes out without the record, by which the next one would know it."""
    assert stackstorm.ask("show locks").status == "succeeded"


def at_once(stackstorm: StackStorm, sayings: List[Any]) -> List[Dict[str, Any]]:
    """Hand over all (text, who, room) at the same moment; the ended executions. No rule posts the
    answers: on a busy machine what comes next would wait behind that many workflows."""
    ready = threading.Barrier(len(sayings))

    def say(saying: Any) -> str:
        ready.wait()
        return str(stackstorm.begin(*saying, route=NO_ROOM)["execution"]["id"])

    with ThreadPoolExecutor(len(sayings)) as pool:
        begun = list(pool.map(say, sayings))
    return [stackstorm.ended(one) for one in begun]


def codes(ended: List[Dict[str, Any]]) -> Dict[str, int]:
    """How many ended with which code; what a policy cancelled counts as `canceled`."""
    found = [
        (((one.get("result") or {}).get("result") or {}).get("code") or one["status"])
        for one in ended
    ]
    return {code: found.count(code) for code in sorted(set(found))}


def kill(execution: str) -> None:
    try:
        os.kill(process_of(execution), signal.SIGKILL)
    except PermissionError:
        pytest.skip("the actions run as another user, whose processes cannot be killed here")


def let_it_be_long_ago(world: World) -> None:
    """As if the one who is at a card or page had been at it for two minutes."""
    with open_store(world.database).write() as on:
        for row in rows(on, "SELECT key, began_at FROM repeats"):
            then = moment(from_moment(row["began_at"]) - timedelta(minutes=2))
            update(on, "repeats", {"began_at": then}, {"key": row["key"]})
