"""A world whose production is guarded."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.worlds.guarded import guarded_world
from support.worlds.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return guarded_world(tmp_path)
