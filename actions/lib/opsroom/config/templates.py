"""Reading the templates of the config: which placeholders they may hold, and what else."""

from __future__ import annotations

import math
from typing import Any, Iterator, Mapping, Sequence, Tuple

from ..names import either
from ..templates import unknown
from ..text import is_evaluated
from .fields import Fields
from .problems import found

MAX_DEPTH = 20


def read_template(fields: Fields, key: str, known: Sequence[str]) -> Mapping[str, Any]:
    """The parameters of an action: a mapping under a key. Problems are unknown placeholders and
    expressions."""
    inner = fields.inside(key)
    template = {name: inner.raw(name) for name in inner.names()}
    for place, text in _texts(template, ""):
        for name in unknown(text, known):
            inner.problem(place, _not_filled_in(name, known))
        if is_evaluated(text):
            inner.problem(
                place,
                "expected no expression and no control character; only placeholders are filled in",
            )
    return template


def read_json_template(fields: Fields, key: str, known: Sequence[str], default: Any) -> Any:
    """The JSON to send: a mapping or a list under a key, or the default where there is none.

    Problems are unknown placeholders, placeholders in keys, and what JSON cannot hold.
    """
    raw = fields.raw(key)
    if raw is None:
        return default
    if not isinstance(raw, (dict, list)):
        fields.problem(key, f"expected a mapping or a list, the JSON to send, found {found(raw)}")
        return {}
    return _json(raw, fields.key(key), fields, known, 0)


def _json(value: Any, path: str, fields: Fields, known: Sequence[str], depth: int) -> Any:
    def problem(what: str) -> None:
        fields.problems.add(path, what)

    if depth > MAX_DEPTH:
        problem(f"expected no more than {MAX_DEPTH} levels")
        return None
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or any(f"{{{one}}}" in key for one in known):
                problem(f"expected keys that are plain texts, found {found(key)}")
        return {
            str(key): _json(item, f"{path}.{key}", fields, known, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            _json(item, f"{path}[{number}]", fields, known, depth + 1)
            for number, item in enumerate(value)
        ]
    if isinstance(value, str):
        for name in unknown(value, known):
            problem(_not_filled_in(name, known))
        return value
    is_number = isinstance(value, (bool, int)) or (
        isinstance(value, float) and math.isfinite(value)
    )
    if value is None or is_number:
        return value
    problem(f"expected what JSON can hold; put quotes around {found(value)}")
    return None


def _not_filled_in(name: str, known: Sequence[str]) -> str:
    return f"{{{name}}} is not filled in here; known: {either(f'{{{one}}}' for one in known)}"


def _texts(value: Any, place: str) -> Iterator[Tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(one, f"{place}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for number, one in enumerate(value):
            yield from _texts(one, f"{place}[{number}]")
