"""Declaring and closing incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict

from opsroom.db.sql import from_moment, moment
from opsroom.db.store import open_store
from support.pages.rooms import Rooms
from support.records.stores import rows, run

WHAT = "checkout is down: all of it"


def declare(
    rooms: Rooms, by: str = "alice", who: str = "web", words: str = WHAT, room: str = "#dev"
) -> Dict[str, Any]:
    return rooms.ask("open_incident", by, room, who=who, text=words)


def close(
    rooms: Rooms, incident: str, by: str = "bob", words: str = "it was the cache"
) -> Dict[str, Any]:
    return rooms.ask("end_incident", by, "#dev", incident=incident, text=words)


def step(rooms: Rooms, incident: str, name: str, by: str = "bob") -> Dict[str, Any]:
    return rooms.ask("incident_step", by, incident=incident, step=name)


def pass_time(rooms: Rooms, seconds: float) -> None:
    rooms.pass_time(seconds)
    store = open_store(rooms.world.database)
    for id, since in rows(store, "SELECT id, since FROM incidents"):
        earlier = moment(from_moment(since) - timedelta(seconds=seconds))
        run(store, "UPDATE incidents SET since = :at WHERE id = :id", at=earlier, id=id)
