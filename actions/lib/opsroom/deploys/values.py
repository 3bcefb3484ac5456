"""What is handed over to a service: the mark by which a run is recognised, since its title shows
for which deployment it is; and values for scripts, without what a shell or a template there would
read as more than text."""

from __future__ import annotations

from ..structs.patterns import lazy_pattern
from ..text import neutralise, one_line

_MARK = lazy_pattern(r"(?<![\w-])opsroom-[0-9a-f]{16}(?![\w-])")
_NOT_PLAIN = lazy_pattern(r"[^\w .,:@+/-]")


def mark_of(deployment: str) -> str:
    """What a service is given, and what the title of the run has to show."""
    return f"opsroom-{deployment}"


def shows(title: str, mark: str) -> bool:
    """Whether a title shows this mark."""
    return mark in _MARK.findall(title)


def shows_none(title: str) -> bool:
    """Whether a title shows no deployment at all, so that the run may be anyone's."""
    return not _MARK.search(title)


def plain(name: str) -> str:
    """A person's name as it may stand in a script, on one line."""
    return " ".join(_NOT_PLAIN.sub(" ", one_line(neutralise(name), 100)).split())


def as_text(value: object) -> str:
    """A value of the config as the text that a script reads: true, 3, uat."""
    return str(value).lower() if isinstance(value, bool) else str(value)
