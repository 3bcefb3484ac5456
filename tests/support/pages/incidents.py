"""Declaring and closing incidents."""

from __future__ import annotations

from typing import Any, Dict

from support.pages.rooms import Rooms

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
