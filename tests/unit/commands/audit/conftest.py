"""A world in which something was deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def used(world: World) -> World:
    """Two deployments, one refusal."""
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    world.ask("deploy", app="web", version="v1.1.0", environment="uat")
    world.ask("deploy", "mallory", app="web", version="v1.1.0", environment="production")
    return world
