"""The tracker kind `local`: a board in opsroom's own database, for teams without a tracker of their
own."""

from __future__ import annotations

from typing import Any

from .board import Board
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, *, name: str, store: Any, keep: Any) -> Board:
    """The board that `name` has in the database that `store()` opens. Nothing is opened before it
    is used."""
    return Board(options, name, store)
