"""Texts of the config with `{app}`, `{environment}` and `{version}` in them. Nothing else is ever replaced."""

from __future__ import annotations

import re
from typing import Callable, Iterable, List, Mapping

KNOWN = ("app", "environment", "version")

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def unknown(template: str, allowed: Iterable[str] = KNOWN) -> List[str]:
    """The placeholders of a text that nobody would fill."""
    known = set(allowed)
    return [name for name in _PLACEHOLDER.findall(template) if name not in known]


def fill(template: str, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """The text with each known placeholder replaced once by its (quoted) value.

    Not `str.format`: that would also read attributes (`{app.__class__}`), and braces are common in JSON and headers.
    """
    return _PLACEHOLDER.sub(
        lambda match: quote(values[match.group(1)]) if match.group(1) in values else match.group(0), template
    )
