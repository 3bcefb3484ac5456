"""The parts of a JSON response, whose shape is never taken for granted.

Two ways to read one. What a command cannot do without is required: `objects`, `an_object` and
`text` raise Unexpected, which `Client.read` turns into a sentence. What only makes an answer fuller
is optional: `at`, `text_of`, `objects_in` and the functions that end in `_at` return something
empty instead.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple


class Unexpected(Exception):
    """JSON of another shape than the vendor documents; the text says how: "there is no 'id'"."""


def objects(value: Any, what: str) -> Tuple[Dict[str, Any], ...]:
    """A list of objects, `what` in the plural. Raises Unexpected."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Unexpected(f"there is no list of {what}")
    return tuple(value)


def an_object(value: Any, what: str) -> Dict[str, Any]:
    """An object. Raises Unexpected."""
    if not isinstance(value, dict):
        raise Unexpected(f"there is no {what}")
    return value


def text(found: Mapping[str, Any], key: str, needed: bool = False) -> str:
    """The text under a key, empty where there is none.

    Raises Unexpected where something else is there, and with `needed` where nothing does.
    """
    value = found.get(key)
    if isinstance(value, str) and (value or not needed):
        return value
    if needed or value is not None:
        raise Unexpected(f"'{key}' is no text")
    return ""


def at(value: Any, *path: str) -> Any:
    """What is at a path of keys; None where there is no such path."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text_at(value: Any, *path: str) -> str:
    """The text at a path, as it is; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def list_at(value: Any, *path: str) -> List[Any]:
    """The list at a path, empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def object_at(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path, empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else {}


def text_of(value: Any) -> str:
    """A text or number as text without blanks around it; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def objects_in(value: Any) -> List[Mapping[str, Any]]:
    """The objects of a list, without whatever else is in it; empty where there is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
