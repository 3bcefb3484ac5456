"""Rooms on each sort of database."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from support.pages.rooms import Rooms, make_rooms
from support.pages.scripted_pager import Side


@pytest.fixture
def shared(tmp_path: Path, sides: Dict[str, Side], store_url: str) -> Rooms:
    return make_rooms(tmp_path, sides, store_url)
