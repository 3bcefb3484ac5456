"""How often the sensors look."""

from __future__ import annotations

from .fields import Fields
from .model import Watching

# More often is more than vendors like, and than a poll is good for.
_SHORTEST = 5.0


def read_watching(fields: Fields) -> Watching:
    """The key `watching`: `versions`, `cards` and `pages` (0 is never), and `misses`."""
    inner = fields.inside("watching")
    found = Watching(
        versions=_interval(inner, "versions", Watching.versions),
        cards=_interval(inner, "cards", Watching.cards),
        pages=_interval(inner, "pages", Watching.pages),
        misses=inner.whole_number("misses", default=Watching.misses, minimum=1, maximum=100),
    )
    inner.finish()
    return found


def _interval(fields: Fields, key: str, default: float) -> float:
    seconds = fields.seconds(key, default=default)
    if 0 < seconds < _SHORTEST:
        fields.problem(key, f"expected {_SHORTEST:g}s or more, or 0s for never; found {seconds:g}s")
    return seconds
