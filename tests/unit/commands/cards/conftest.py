"""A tracker that follows a script, and a room with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsroom.trackers import Card
from support.cards import scripted_tracker
from support.cards.scripted_tracker import Elsewhere
from support.worlds.world import World, make_world


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return scripted_tracker.install(monkeypatch)


@pytest.fixture
def world(tmp_path: Path, there: Elsewhere) -> World:
    """Two trackers: ops, whose project is OPS, and web, whose project is WEB. Alice has a name in
    ops only."""
    made = make_world(tmp_path)
    made.config["trackers"] = {
        "ops": {"kind": "scripted", "project": "OPS"},
        "web-team": {"kind": "scripted", "project": "WEB"},
    }
    made.config["people"]["alice"]["ops"] = "alice@ops"
    made.config["people"]["bob"]["scripted"] = "bob@any"
    made.config["apps"]["web"]["cards"] = "web-team:WEB"
    there.there = {"OPS-12": Card("OPS-12", "Checkout is broken", "To do")}
    return made


@pytest.fixture
def alone(tmp_path: Path) -> World:
    """A world whose only tracker is the board that needs nothing."""
    made = make_world(tmp_path)
    made.config["trackers"] = {"board": {"kind": "local"}}
    return made
