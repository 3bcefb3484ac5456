"""A world for workflows."""

from __future__ import annotations

import pytest

from support.stackstorm.client import StackStorm
from support.worlds.world import World


@pytest.fixture
def free(stackstorm: StackStorm, world: World) -> World:
    """A world whose production anyone may deploy to whom the config knows, with cards, pages and a
    room."""
    world.config["people"]["carol"]["st2"] = ["st2admin"]
    world.config.update(
        announce="#deploys",
        environments={
            "test": {},
            "uat": {"after": "test"},
            "production": {"deployers": ["carol"], "after": "uat"},
        },
        trackers={"board": {"kind": "local"}},
        pagers={"pager": {"kind": "local", "on_call": {"web-team": ["bob"]}}},
        teams={"web-team": {"pager": "web-team"}},
        incidents={"closed": "Done"},
    )
    world.config["apps"]["web"]["page"] = "web-team"
    stackstorm.configure(world.config)
    return world
