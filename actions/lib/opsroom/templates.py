"""Texts of the config with `{app}`, `{environment}` and `{version}` in them. Nothing else is ever
replaced.

Parameters of an action as a template in the config: any JSON, in whose texts placeholders are
filled in.

Values only: what is filled in never becomes a key, a list or an expression.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from .config.fields import Fields
from .names import either
from .text import is_evaluated

KNOWN = ("app", "environment", "version")

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def unknown(template: str, allowed: Iterable[str] = KNOWN) -> List[str]:
    """The placeholders of a text that nobody would fill."""
    known = set(allowed)
    return [name for name in _PLACEHOLDER.findall(template) if name not in known]


def fill(template: str, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """The text with each known placeholder replaced once by its (quoted) value.

    Not `str.format`: that would also read attributes (`{app.__class__}`), and braces are common in
    JSON and headers.
    """
    return _PLACEHOLDER.sub(
        lambda match: quote(values[match.group(1)]) if match.group(1) in values else match.group(0),
        template,
    )


_ACTION = re.compile(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+\Z")
_ADDRESS = re.compile(r"^(?i:https?)://[^\s/?#]+[^\s?#]*\Z")


def read_action(fields: Fields) -> str:
    """The key `action`."""
    return fields.text(
        "action", pattern=_ACTION, expected="the reference of an action, such as acme.deploy"
    )


def read_access(fields: Fields) -> Tuple[str, str, str]:
    """The keys `url`, `api_key` and `verify`: another StackStorm than this one."""
    url = fields.text(
        "url", "", pattern=_ADDRESS, expected="the address of an API, such as https://st2/api/v1"
    )
    key = fields.secret("api_key", "", expected="an API key of StackStorm")
    if url and not key:
        fields.problem(
            "url",
            "expected an api_key beside it; the token of this StackStorm means nothing to another",
        )
    verify = fields.text(
        "verify",
        "",
        pattern=re.compile(r"^/"),
        expected="the full path of a CA file (checking cannot be turned off)",
    )
    return url.rstrip("/"), key, verify


def read_template(fields: Fields, key: str, known: Sequence[str]) -> Mapping[str, Any]:
    """A mapping under a key. Complains of placeholders that nobody fills in, and of expressions."""
    inner = fields.inside(key)
    template = {name: inner.raw(name) for name in inner.names()}
    for place, text in _texts(template, ""):
        for name in unknown(text, known):
            named = either(f"{{{one}}}" for one in known)
            inner.problem(place, f"{{{name}}} is not filled in here; known: {named}")
        if is_evaluated(text):
            inner.problem(
                place,
                "expected no expression and no control character; only placeholders are filled in",
            )
    return template


def filled(template: Mapping[str, Any], values: Mapping[str, str]) -> Dict[str, Any]:
    """The parameters, with the placeholders of every text replaced once."""
    return {key: _filled(value, values) for key, value in template.items()}


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, Mapping):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(one, values) for one in value]
    return value


def _texts(value: Any, place: str) -> Iterator[Tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(one, f"{place}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for number, one in enumerate(value):
            yield from _texts(one, f"{place}[{number}]")
