"""A world with a tracker, and making a card in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

from support.worlds.world import World, make_world


def world_with_tracker(folder: Path, database: Optional[str] = None) -> World:
    """A world whose only tracker is ops, in which alice has a name."""
    made = make_world(folder, database)
    made.config["trackers"] = {"ops": {"kind": "scripted"}}
    made.config["people"]["alice"]["ops"] = "alice@tracker"
    return made


def create(
    world: World, words: str = "it is broken", project: str = "", **more: Any
) -> Dict[str, Any]:
    return world.ask("create_card", text=words, project=project, **more)
