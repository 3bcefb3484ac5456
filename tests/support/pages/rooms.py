"""A world with scripted pagers, a clock that only waiting moves, and rooms that remember what was
said in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, DefaultDict, Dict, List

from opsroom.action import OpsroomAction, Surroundings
from opsroom.db.sql import rows
from opsroom.db.store import open_store
from support.pages.scripted_pager import Side
from support.worlds.world import Listener, World, make_world, run_action


class Clock:
    """Time that passes only when someone waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: List[float] = []

    @property
    def passed(self) -> float:
        """Seconds that were waited in all."""
        return sum(self.waited)

    def read(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@dataclass
class Rooms:
    """A world of which every room is heard by itself."""

    world: World
    sides: Dict[str, Side]
    heard: DefaultDict[str, Listener] = field(default_factory=lambda: defaultdict(Listener))

    def ask(
        self, action: str, by: str = "alice", room: str = "#dev", /, **given: Any
    ) -> Dict[str, Any]:
        """Run an action; its result, with `ok` added."""
        around = Surroundings(
            self.world.database, None, "5f0000000000000000000001", lambda name: self.heard[name]
        )
        OpsroomAction.surroundings = around
        try:
            parameters = {**given, "requester": by, "room": room, "st2_user": "chatops_bot"}
            return run_action(action, self.world.config, parameters)
        finally:
            OpsroomAction.surroundings = None

    def page(
        self,
        who: str = "web-team",
        message: str = "checkout is down",
        by: str = "alice",
        **more: Any,
    ) -> Any:
        return self.ask("page", by, who=who, message=message, **more)

    def watch(self, after: float = 0.0, times: int = 1) -> None:
        """When so many seconds have passed, the rule that watches pages runs, so many times."""
        if after:
            self.pass_time(after)
        for _ in range(times):
            assert self.ask("watch_pages", "st2admin", "")["code"] == "watched"

    def said(self, room: str) -> List[str]:
        return self.heard[room].said

    def side(self, name: str = "pagerduty") -> Side:
        return self.sides.setdefault(name, Side())

    def rows(self) -> List[Dict[str, Any]]:
        """The log of pages, oldest first."""
        store = open_store(self.world.database)
        with store.read() as on:
            return rows(on, "SELECT * FROM pages ORDER BY paged_at")

    def pass_time(self, seconds: float) -> None:
        """As if all that was written down had been so much earlier."""
        self.world.pass_time(seconds=seconds)


def make_rooms(folder: Path, sides: Dict[str, Side], database: str = "") -> Rooms:
    """web-team is paged through pagerduty, then mail; alice and bob have names in pagerduty."""
    world = make_world(folder, database or None)
    world.config.update(
        announce="#deploys",
        pagers={"pagerduty": {"kind": "scripted"}, "mail": {"kind": "scripted", "people": False}},
        teams={
            "web-team": {
                "pagerduty": "PSVC",
                "mail": "web@example.com",
                "phone": "+44 20 7946 0000",
            }
        },
    )
    world.config["people"]["alice"].update(pagerduty="PALICE", email="alice@example.com")
    world.config["people"]["bob"].update(pagerduty="PBOB", email="bob@example.com")
    world.config["apps"]["web"]["page"] = "web-team"
    rooms = Rooms(world, sides)
    rooms.side("pagerduty")
    rooms.side("mail").first = 77
    return rooms
