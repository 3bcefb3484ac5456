"""Worlds that many tests use, pagers that follow a script, rooms in which people page, and a clock
that is told."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from opsroom.commands import exactly_once
from support.pages import scripted_pager
from support.pages.rooms import Clock, Rooms, make_rooms
from support.pages.scripted_pager import Side
from support.worlds.ruled import Ruled, make_ruled
from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def ruled(tmp_path: Path) -> Ruled:
    return make_ruled(tmp_path)


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> Dict[str, Side]:
    return scripted_pager.install(monkeypatch)


@pytest.fixture
def rooms(tmp_path: Path, sides: Dict[str, Side]) -> Rooms:
    return make_rooms(tmp_path, sides)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(exactly_once, "clock", made.read)
    monkeypatch.setattr(exactly_once, "wait", made.wait)
    return made
