"""Problems of a config: how a wrong value is shown, and which values are no mistake of the file
because StackStorm fills them in from its datastore."""

from __future__ import annotations

# Not that of typing: isinstance takes ten times as long with it.
from collections.abc import Mapping
from datetime import date
from typing import Any, Iterator, List, Optional, Sequence, Set, Union

from ..secrets import redact
from ..structs.patterns import lazy_pattern

_DURATION = lazy_pattern(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)?$")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# As StackStorm's config names a value of its datastore.
_REFERENCE = lazy_pattern(r"\{\{\s*st2kv\.[^{}]+\}\}")
# Credentials in front of a host, also where the address around them is not one.
_CREDENTIALS = lazy_pattern(r"[^\s/@:]*:[^\s@]+@")
_QUOTES: Mapping[type, str] = {
    bool: "YAML reads yes, no, on and off as true and false",
    int: "YAML reads a number, and 007 as 7",
    float: "YAML reads a number, and 1.10 as 1.1",
    date: "YAML reads a date",
}


# How a value is lost that nobody took out.
COMMENT = "(`#ops` without quotes is a comment)"


def duration(value: Union[str, int, float]) -> Optional[float]:
    """Seconds in `30`, `"30s"`, `"5m"`, `"2h"` or `"1d"`; None when it is none of these."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if value >= 0 else None
    match = _DURATION.match(value.strip().lower()) if isinstance(value, str) else None
    return float(match.group(1)) * _UNITS[match.group(2) or "s"] if match else None


def references_in(value: Any, place: str = "") -> Iterator[str]:
    """The places of a config with values of StackStorm's datastore, also where they are a part of a
    text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from references_in(item, f"{place}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from references_in(item, f"{place}[{number}]")
    elif isinstance(value, str) and _REFERENCE.search(value):
        yield place


def is_reference(value: Any) -> bool:
    """Whether a value is the name of one in StackStorm's datastore, such as `{{
    st2kv.system.jira_token }}`."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value.strip()) is not None


def without_references(text: str) -> str:
    """The text without the names of values in StackStorm's datastore."""
    return _REFERENCE.sub("", text)


class Problems:
    """The complaints of one reading, in the order of the keys.

    `references`: the places whose values StackStorm takes from its datastore, where the config is
    the file itself. What they will be is not known yet: a complaint about one is none, and its key
    is kept in `unknown`.
    """

    def __init__(self, references: Sequence[str] = ()) -> None:
        self.lines: List[str] = []
        self.unknown: List[str] = []
        self.references = references
        self._keys: Set[str] = set()

    def add(self, key: str, what: str) -> None:
        """Note a complaint."""
        if any(one == key or one.startswith(f"{key}[") for one in self.references):
            if key not in self.unknown:
                self.unknown.append(key)
            return
        line = f"{key}: {what}"
        self._keys.add(key)
        # Some keys are looked at twice.
        if line not in self.lines:
            self.lines.append(line)

    def add_unless_known(self, key: str, what: str) -> None:
        """Note a complaint about a key of which nothing was said yet."""
        if key not in self._keys:
            self.add(key, what)


def found(value: Any) -> str:
    """A wrong value as a complaint shows it: its sort or its beginning. It may be a secret in the
    wrong place, so that passwords inside addresses are taken out."""
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if value is None:
        return f"nothing {COMMENT}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not value.strip():
        return "an empty text"
    line = repr(_CREDENTIALS.sub("***@", redact(value))) if isinstance(value, str) else str(value)
    return line if len(line) <= 42 else line[:40] + "…'"


def found_text(value: Any, hidden: bool = False) -> str:
    """The same where a text is expected: with what to do about a value of which YAML made something
    else. With `hidden` nothing of the value is shown."""
    if isinstance(value, str) and value.strip():
        return "another text, which is not shown" if hidden else found(value)
    quotes = next((why for sort, why in _QUOTES.items() if isinstance(value, sort)), "")
    if not quotes:
        return found(value)
    shown = "a value that is not shown" if hidden else found(value)
    return f"{shown}; put quotes around it: without them {quotes}"
