"""The tracker kind trello: cards on the lists of one board.

A card's id is its short link, `AbCd1234` in https://trello.com/c/AbCd1234/12-the-name. Trello has
no reporter: the first line of what opsroom writes names the author, the last one carries the mark.
"""

from __future__ import annotations

from typing import Any

from .. import Tracker
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, *, name: str, store: Any, keep: Any) -> Tracker:
    """The tracker; it needs neither a database nor a folder."""
    # The config is read for every message, Trello is asked for few.
    from .tracker import Board

    return Board(options, name)
