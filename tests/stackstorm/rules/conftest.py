"""A world in which rules run."""

from __future__ import annotations

import pytest

from support.stackstorm.client import StackStorm
from support.stackstorm.rules import Place
from support.worlds.world import World


@pytest.fixture
def place(stackstorm: StackStorm, world: World) -> Place:
    return Place(stackstorm, world)
