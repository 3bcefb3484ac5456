"""A world in which something was deployed."""

from __future__ import annotations

import pytest

from support.worlds.world import World


@pytest.fixture
def used(world: World) -> World:
    """Two deployments, one refusal."""
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    world.deploy("v1.1.0", "production", who="mallory")
    return world
