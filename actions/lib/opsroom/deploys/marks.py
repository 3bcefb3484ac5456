"""Marks by which a run at a service is recognised: its title shows for which deployment it is."""

from __future__ import annotations

import re

_MARK = re.compile(r"(?<![\w-])opsroom-[0-9a-f]{16}(?![\w-])")


def mark_of(deployment: str) -> str:
    """What a service is given, and what the title of the run has to show."""
    return f"opsroom-{deployment}"


def shows(title: str, mark: str) -> bool:
    """Whether a title shows this mark."""
    return mark in _MARK.findall(title)


def shows_none(title: str) -> bool:
    """Whether a title shows no deployment at all, so that the run may be anyone's."""
    return not _MARK.search(title)
