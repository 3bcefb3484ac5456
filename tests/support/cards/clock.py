"""Cards that are asked for again when time has passed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict, List

from opsroom.db.sql import from_moment, moment, rows, update
from opsroom.db.store import open_store
from support.worlds.world import World


class Clock:
    """Time that passes only when someone waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: List[float] = []

    def read(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


def create(world: World, words: str = "it is broken", who: str = "alice") -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("create_card", who, text=words)
    return answer


def hours_pass(world: World, seconds: float) -> None:
    """As if all that was asked had been asked so much earlier."""
    store = open_store(world.database)
    with store.write() as on:
        for row in rows(on, "SELECT key, began_at, ended_at FROM repeats"):
            earlier = {
                name: moment(from_moment(row[name]) - timedelta(seconds=seconds))
                if row[name]
                else ""
                for name in ("began_at", "ended_at")
            }
            update(on, "repeats", earlier, {"key": row["key"]})
