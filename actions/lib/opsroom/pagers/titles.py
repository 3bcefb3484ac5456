"""The text of a page as its receiver can hold it: its title, and the whole of it."""

from __future__ import annotations

import re

from ..text import shorten

TITLE = 100

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def title_of(text: str, characters: int = TITLE) -> str:
    """The first line that is not empty, cut where it is longer."""
    first = next((line for line in printable(text).splitlines() if line.strip()), "")
    return shorten(" ".join(first.split()), characters)


def printable(text: str) -> str:
    """The text without what mail and JSON cannot carry: control characters and halves of surrogate
    pairs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", lines.encode("utf-8", "replace").decode("utf-8"))
