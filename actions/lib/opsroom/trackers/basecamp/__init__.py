"""The tracker kind basecamp: the cards of a card table, or the to-dos of a list.

A card's id is `card/123` or `todo/123`: Basecamp's numbers do not show which of the two they are,
and it asks for each in another place. Its address does, and may be typed as well; a bare number is
what the config's place holds. Basecamp takes everything as written by the configured user: the
first line names the author, the last carries the mark.
"""

from __future__ import annotations

from typing import Any

from .. import Tracker
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, *, name: str, store: Any, keep: Any) -> Tracker:
    """The tracker. `keep` holds the access token between two commands."""
    # The config is read for every message, Basecamp is asked for few.
    from .tracker import Project

    return Project(options, name, keep)
