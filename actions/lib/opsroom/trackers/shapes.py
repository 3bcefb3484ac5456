"""Taking a tracker's JSON apart: what has another form than its documentation says is told, never a
crash."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple


class Unexpected(Exception):
    """An answer has another form than the vendor's own; the text says what is wrong: "there is no
    'id'"."""


def items(value: Any, what: str) -> Tuple[Dict[str, Any], ...]:
    """A list of objects. Raises Unexpected."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unexpected(f"there is no list of {what}")
    return tuple(value)


def item(value: Any, what: str) -> Dict[str, Any]:
    """An object. Raises Unexpected."""
    if not isinstance(value, dict):
        raise Unexpected(f"there is no {what}")
    return value


def text(found: Mapping[str, Any], key: str, needed: bool = False) -> str:
    """A text of an object, empty where there is none. Raises Unexpected when it is needed, or is
    something else."""
    value = found.get(key)
    if isinstance(value, str) and (value or not needed):
        return value
    if needed or value is not None:
        raise Unexpected(f"'{key}' is no text")
    return ""
