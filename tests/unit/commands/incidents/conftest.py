"""Rooms in which incidents are declared."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from opsroom.trackers import Card
from support.cards import scripted_tracker
from support.cards.scripted_tracker import Elsewhere
from support.pages.rooms import Clock, Rooms, make_rooms
from support.pages.scripted_pager import Side


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return scripted_tracker.install(monkeypatch)


def declared_in(rooms: Rooms, cards: Elsewhere) -> Rooms:
    rooms.world.config.update(trackers={"ops": {"kind": "scripted"}}, incidents={"closed": "Done"})
    cards.there["OPS-1"] = Card("OPS-1", "it is down", "Open")
    return rooms


@pytest.fixture
def rooms(tmp_path: Path, sides: Dict[str, Side], cards: Elsewhere, clock: Clock) -> Rooms:
    return declared_in(make_rooms(tmp_path, sides), cards)


@pytest.fixture
def shared(
    tmp_path: Path, sides: Dict[str, Side], cards: Elsewhere, clock: Clock, store_url: str
) -> Rooms:
    """The same on each sort of database."""
    return declared_in(make_rooms(tmp_path, sides, store_url), cards)
