"""Texts from outside as they may be in a page.

`visible` comes before escaping: what a reader cannot see, or what turns a line around, is shown as
a question mark in a diamond.
"""

from __future__ import annotations

import re

from ..structs.patterns import lazy_pattern

# Marks that turn the direction of what follows, so that a line reads differently than it is.
_TURNING = lazy_pattern("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = lazy_pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """The text without characters that change how the rest of it reads."""
    return _CONTROL.sub("\ufffd", _TURNING.sub("\ufffd", text))


def escape(text: str) -> str:
    """A text from outside as it may be in a page, also within quotes."""
    from markupsafe import escape as escaped

    return str(escaped(visible(text)))


def anchor(name: str, prefix: str = "d") -> str:
    """The id of a part of the page that is named from outside, such as `d-4f1c`."""
    return f"{prefix}-" + re.sub(r"[^0-9A-Za-z-]", "", name)


def is_address(text: str) -> bool:
    """Whether a text may be a link: an address of the web, and no `javascript:` or the like."""
    return text.startswith(("https://", "http://"))
