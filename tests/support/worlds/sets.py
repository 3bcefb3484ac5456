"""A small world with a set of two applications, and what tests ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

from support.worlds.world import World, make_world


def world_of_sets(folder: Path) -> World:
    """web and api from git, and the set shop of both."""
    made = make_world(folder)
    made.with_app("api", **made.config["apps"]["web"])
    made.config["sets"] = {"shop": {"apps": ["web", "api"]}}
    return made


def with_cart(world: World) -> World:
    """The set has a third application, cart."""
    world.with_app("cart", **world.config["apps"]["web"])
    world.config["sets"]["shop"]["apps"] = ["web", "api", "cart"]
    return world


def guarded(world: World, **rules: Any) -> World:
    """carol or bob approve what goes to uat."""
    world.config["environments"]["uat"].update(approvals=1, approvers=["carol", "bob"], **rules)
    return world


def together(world: World, items: str, who: str = "alice", **given: Any) -> Dict[str, Any]:
    """The answer to "deploy ITEMS to uat"."""
    return world.ask("deploy_set", who, **{"apps": items, "environment": "uat", **given})


def shop(world: World, version: str = "v1.2.0", who: str = "alice", **given: Any) -> Dict[str, Any]:
    """The answer to "deploy shop VERSION to uat"."""
    return world.ask(
        "deploy", who, **{"app": "shop", "version": version, "environment": "uat", **given}
    )


def ends(world: World) -> List[Any]:
    """(application, event, code) of the ends, oldest first."""
    skipped = ("asked", "started", "approved", "waiting")
    return [
        (one.app, one.event.value, one.code)
        for one in world.records()
        if one.event.value not in skipped
    ]
