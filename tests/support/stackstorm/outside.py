"""The world that the sensors watch, with a book of all that happens there: what was told is
compared with it.

`outside.round()` lets eight things happen: a version by hand, a deployment, a card made, moved and
commented on, a page opened, acknowledged and resolved. Each thing (application, card, incident)
changes once for each trigger, so that the order in which it is looked at does not matter.
"""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

from support.servers.http import HttpServer, Reply, Request, Script
from support.worlds.world import World

BOARD = "5abbe4b7ddc1b351ef961414"
# More rounds than any test has; each takes so many seconds at least.
ROUNDS = 45
PACE = 2.0
VERSION_TRIGGERS = ("version_changed", "version_unknown_change")

# What happened: the triggers of which exactly one has to tell it, by the application and version,
# card or incident.
Key = Tuple[str, str]
Book = Dict[Key, Tuple[str, ...]]


class Outside(HttpServer):
    """Versions, a board of Trello and an account of PagerDuty, as far as they are watched. `down`
    silences the last two. `name` is in the names of all that is watched here."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__()
        self.name, self.folder = name, folder
        self.down = False
        self.book: Book = {}
        self.troubles: List[str] = []
        self._round = 0
        self._lock = threading.RLock()
        self._actions: List[Dict[str, Any]] = []
        self._incidents = {f"PO{number:03d}": "triggered" for number in range(2 * ROUNDS)}
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        for number in range(ROUNDS):
            for app in (self.by_hand(number), self.deployed(number)):
                (folder / app).write_text("0.9")
                (folder / app).chmod(0o666)
        self._act("createCard", "OldCard1", ago=300.0)

    def by_hand(self, number: int) -> str:
        """The application whose version someone changes behind opsroom's back in that round."""
        return f"hand{number}-{self.name}"

    def deployed(self, number: int) -> str:
        return f"ship{number}-{self.name}"

    def configure(self, world: World) -> None:
        """Let a world watch all of this, every five seconds."""
        write = (
            f'echo "$2" > {self.folder}/"$1.new" && mv {self.folder}/"$1.new" {self.folder}/"$1"'
        )
        app = {
            "verify_for": "5s",
            "deploy": {
                "kind": "command",
                "command": ["/bin/sh", "-c", write, "sh", "{app}", "{version}"],
            },
            "version": {"kind": "http", "url": self.url("/version/{app}")},
        }
        world.config["environments"] = {"uat": {}}
        world.config["apps"] = {
            one: app for n in range(ROUNDS) for one in (self.by_hand(n), self.deployed(n))
        }
        trello = {
            "kind": "trello",
            "key": "k" * 32,
            "token": "t" * 64,
            "board": BOARD,
            "list": BOARD,
        }
        world.config["trackers"] = {f"board-{self.name}": {**trello, "url": self.url("/1")}}
        pager = {
            "kind": "pagerduty",
            "token": "t" * 20,
            "from": "bot@example.com",
            "service": "PWEB",
        }
        world.config["pagers"] = {f"duty-{self.name}": {**pager, "url": self.url("").rstrip("/")}}
        world.config["watching"] = {"versions": "5s", "cards": "5s", "pages": "5s"}

    def sources(self) -> List[str]:
        """What is looked at, as it is named in `watched`."""
        apps = [one for n in range(ROUNDS) for one in (self.by_hand(n), self.deployed(n))]
        return [
            *(f"version:{one}:uat" for one in apps),
            f"cards:board-{self.name}",
            f"pages:duty-{self.name}",
        ]

    # What happens.

    def rounds(self, world: World, count: int) -> None:
        """So many rounds, at their pace."""
        for _ in range(count):
            began = time.monotonic()
            for step in self._steps(world):
                step()
                time.sleep(PACE / 10)
            time.sleep(max(0.0, began + PACE - time.monotonic()))

    @contextmanager
    def meanwhile(self, world: World) -> Iterator[None]:
        """Rounds all the while, as far as there are some left for those after."""
        over = threading.Event()

        def run() -> None:
            while not over.is_set() and self._round < ROUNDS - 12:
                self.rounds(world, 1)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def happened(self, key: Key, *triggers: str) -> None:
        with self._lock:
            assert key not in self.book
            self.book[key] = triggers

    def _steps(self, world: World) -> Iterator[Callable[[], None]]:
        n = self._round
        assert n < ROUNDS, "no rounds left"
        self._round += 1
        yield lambda: self._change_by_hand(n)
        yield lambda: self._act("createCard", f"Made{n:04d}", list={"name": "To do"})
        yield lambda: self._incident(f"PN{n:03d}", "triggered", "page_opened")
        yield lambda: self._deploy(world, n)
        yield lambda: self._act(
            "updateCard", f"Move{n:04d}", listBefore={"name": "To do"}, listAfter={"name": "Done"}
        )
        yield lambda: self._incident(f"PO{2 * n:03d}", "acknowledged", "page_acknowledged")
        yield lambda: self._act("commentCard", f"Said{n:04d}")
        yield lambda: self._incident(f"PO{2 * n + 1:03d}", "resolved", "page_resolved")

    def put(self, app: str, version: str) -> None:
        (self.folder / f"{app}.new").write_text(version)
        (self.folder / f"{app}.new").replace(self.folder / app)

    def runs(self, app: str) -> str:
        return (self.folder / app).read_text().strip()

    def _change_by_hand(self, n: int) -> None:
        self.put(self.by_hand(n), f"9.{n}")
        self.happened((self.by_hand(n), f"9.{n}"), "version_unknown_change")

    def _deploy(self, world: World, n: int) -> None:
        app, version = self.deployed(n), f"1.{n}"
        answer = world.ask("deploy", app=app, version=version, environment="uat")
        if answer["ok"]:
            self.happened((app, version), "version_changed")
        elif self.runs(app) == version:
            # Its end may not be recorded.
            self.happened((app, version), *VERSION_TRIGGERS)
        else:
            self.troubles.append(str(answer["code"]))

    def _act(self, kind: str, card: str, ago: float = 0.0, **data: Any) -> None:
        with self._lock:
            at = datetime.now(timezone.utc) - timedelta(seconds=ago)
            date = f"{at.strftime('%Y-%m-%dT%H:%M:%S')}.{at.microsecond // 1000:03d}Z"
            action = {
                "id": f"5abbe4b7ddc1b351ef{len(self._actions):06d}",
                "type": kind,
                "date": date,
            }
            self._actions.insert(0, {**action, "data": {"card": {"shortLink": card}, **data}})
            if not ago:
                what = {
                    "createCard": "card_created",
                    "updateCard": "card_moved",
                    "commentCard": "card_commented",
                }[kind]
                self.happened((card, ""), what)

    def _incident(self, id: str, status: str, trigger: str) -> None:
        with self._lock:
            self._incidents[id] = status
            self.happened((id, ""), trigger)

    # What is told of it over HTTP.

    def _note(self, request: Request) -> Script:
        return self._answer

    def _answer(self, request: Request) -> Reply:
        if request.path.startswith("/version/"):
            return Reply(body=(self.folder / request.path.rpartition("/")[2]).read_text())
        with self._lock:
            if self.down:
                return Reply(503, "down for maintenance")
            if request.path.startswith("/1/boards/"):
                query = {name: values[0] for name, values in request.query.items()}
                found = [one for one in self._actions if one["date"] >= query.get("since", "")]
                return _json(found[: int(query["limit"])] if "before" not in query else [])
            if request.path == "/incidents":
                wanted = request.query["statuses[]"]
                ids = [id for id, status in self._incidents.items() if status in wanted]
                ids = ids[: int(request.query["limit"][0])]
                return _json(
                    {
                        "incidents": [self._shown(id) for id in ids],
                        "more": False,
                        "offset": 0,
                        "limit": 100,
                    }
                )
            id = re.sub(r"^/incidents/", "", request.path)
            if id in self._incidents:
                return _json({"incident": self._shown(id)})
        return Reply(404, "{}")

    def _shown(self, id: str) -> Dict[str, Any]:
        number = 1000 + list(self._incidents).index(id)
        return {
            "id": id,
            "incident_number": number,
            "title": "it is down",
            "status": self._incidents[id],
        }


def _json(content: Any) -> Reply:
    return Reply(200, json.dumps(content), {"Content-Type": "application/json"})
