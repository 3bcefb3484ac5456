"""Rendering Jinja the way StackStorm does: sandboxed, with the same environment and the filters
that a pack may use."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import lru_cache
from typing import Any, Callable, Dict, Mapping, Optional

from jinja2 import StrictUndefined, Template, TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

# What StackStorm takes for "no value" where only a text can stand.
NONE_TEXT = "%*****__%NONE%__*****%"


class CannotRender(Exception):
    """A template that StackStorm could not render either; the sentence says why."""


def render(template: str, context: Mapping[str, Any], strict: bool = True) -> str:
    """A template's text. With `strict` a name that is not there is an error. Raises
    CannotRender."""
    try:
        return _compiled(template, strict).render(context)
    except (
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
    ) as error:
        raise CannotRender(f"{type(error).__name__}: {error}") from error


def render_values(values: Mapping[str, Any], context: Mapping[str, Any]) -> Dict[str, Any]:
    """Every value rendered. As in StackStorm, lists and mappings are rendered as JSON text and read
    back, so that a quote or a line break in what an expression yields spoils them. Raises
    CannotRender.
    """
    rendered: Dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, (dict, list))
        source = (
            json.dumps(value, separators=(",", ":"), ensure_ascii=False) if nested else str(value)
        )
        text = render(source, context)
        if text == source:
            rendered[name] = value
            continue
        try:
            rendered[name] = json.loads(text) if nested else text
        except ValueError as error:
            raise CannotRender(f"'{name}' is no JSON once it is rendered: {error}") from error
    return rendered


def is_expression(value: object) -> bool:
    """Whether StackStorm takes a value for a template."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


@lru_cache(maxsize=512)
def _compiled(template: str, strict: bool) -> Template:
    # The templates of a pack are few, and compiling one takes longer than most commands.
    return environment(strict).from_string(template)


@lru_cache(maxsize=2)
def environment(strict: bool) -> SandboxedEnvironment:
    """The environment of StackStorm's templates."""
    made = SandboxedEnvironment(
        undefined=StrictUndefined if strict else Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    made.filters.update(_FILTERS)
    made.tests["in"] = lambda item, several: item in several
    return made


def _human_time(seconds: float) -> str:
    if seconds and seconds < 1:
        return f"{seconds}μs"  # StackStorm's own unit for a part of a second, wrong as it is
    span = timedelta(seconds=round(seconds))
    hours, rest = divmod(span.seconds, 3600)
    parts = [(span.days, "d"), (hours, "h"), (rest // 60, "m"), (rest % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return "".join(f"{number}{unit}" for number, unit in parts)


def _json_text(value: Any, indent: Optional[int] = None, sort_keys: bool = False) -> str:
    return json.dumps(value, indent=indent, sort_keys=sort_keys, ensure_ascii=False)


def _use_none(value: Any) -> Any:
    return NONE_TEXT if value is None else value


def _replaced(value: Any, pattern: str, replacement: str, ignorecase: bool = False) -> str:
    return re.sub(pattern, replacement, str(value), flags=re.IGNORECASE if ignorecase else 0)


def _searched(value: Any, pattern: str, ignorecase: bool = False) -> bool:
    return bool(re.search(pattern, str(value), re.IGNORECASE if ignorecase else 0))


_FILTERS: Dict[str, Callable[..., Any]] = {
    "from_json_string": json.loads,
    "regex_replace": _replaced,
    "regex_search": _searched,
    "to_human_time_from_seconds": _human_time,
    "to_json_string": _json_text,
    "use_none": _use_none,
}
