"""The JSON that a webhook is sent: data from the config whose texts hold `{text}`, `{who}` and the
like, filled in as data too. What people type becomes a value and never a part of the JSON around
it, whatever it is made of."""

from __future__ import annotations

import math
from typing import Any, List, Mapping, Union

from ..config.fields import Fields
from ..config.problems import found as found_value
from ..names import either
from ..templates import fill, unknown

KNOWN = ("text", "title", "who", "room", "target", "urgent", "mark", "link")
# Every receiver that wants less or other words gets a template of its own.
DEFAULT: Mapping[str, Any] = {name: f"{{{name}}}" for name in KNOWN}
_DEPTH = 20


def read_shape(fields: Fields, name: str) -> Any:
    """The mapping or list under a key, checked; the default where there is none."""
    raw = fields.raw(name)
    if raw is None:
        return dict(DEFAULT)
    if not isinstance(raw, (dict, list)):
        fields.problem(
            name, f"expected a mapping or a list, the JSON to send, found {found_value(raw)}"
        )
        return {}
    return _read(raw, fields.key(name), fields, 0)


def _read(value: Any, path: str, fields: Fields, depth: int) -> Any:
    if depth > _DEPTH:
        fields.problems.add(path, f"expected no more than {_DEPTH} levels")
        return None
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or any(f"{{{one}}}" in key for one in KNOWN):
                fields.problems.add(
                    path, f"expected keys that are plain texts, found {found_value(key)}"
                )
        return {
            str(key): _read(item, f"{path}.{key}", fields, depth + 1) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            _read(item, f"{path}[{number}]", fields, depth + 1) for number, item in enumerate(value)
        ]
    if isinstance(value, str):
        for one in unknown(value, KNOWN):
            known = either(f"{{{name}}}" for name in KNOWN)
            fields.problems.add(path, f"{{{one}}} is not filled in here; known: {known}")
        return value
    if (
        value is None
        or isinstance(value, (bool, int))
        or (isinstance(value, float) and math.isfinite(value))
    ):
        return value
    fields.problems.add(
        path, f"expected what JSON can hold; put quotes around {found_value(value)}"
    )
    return None


def filled(shape: Any, values: Mapping[str, Union[str, bool]]) -> Any:
    """The shape with its placeholders replaced, each once. A text that is one placeholder and
    nothing else becomes the value itself: `"{urgent}"` is true or false."""
    if isinstance(shape, dict):
        return {key: filled(item, values) for key, item in shape.items()}
    if isinstance(shape, list):
        return [filled(item, values) for item in shape]
    if not isinstance(shape, str):
        return shape
    if shape[:1] == "{" and shape[1:-1] in values and shape[-1:] == "}":
        return values[shape[1:-1]]
    return fill(shape, {name: _as_text(value) for name, value in values.items()})


def holds(shape: Any, name: str) -> bool:
    """Whether a placeholder stands anywhere in it."""
    items: List[Any] = (
        list(shape.values())
        if isinstance(shape, dict)
        else shape
        if isinstance(shape, list)
        else []
    )
    return any(holds(item, name) for item in items) or (
        isinstance(shape, str) and f"{{{name}}}" in shape
    )


def _as_text(value: Union[str, bool]) -> str:
    return value if isinstance(value, str) else "true" if value else "false"
