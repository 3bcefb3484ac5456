"""Templates of the config: texts, and JSON made of texts, with placeholders such as `{app}`.

A placeholder is replaced once, by a value: what is filled in never becomes a key, a list, another
placeholder or an expression. `config/templates.py` reads and checks them.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, Mapping, Union

from .structs.patterns import lazy_pattern

# What deploy and version kinds fill in.
KNOWN = ("app", "environment", "version")

_PLACEHOLDER = lazy_pattern(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")

Values = Mapping[str, Union[str, bool]]


def unknown(template: str, allowed: Iterable[str] = KNOWN) -> List[str]:
    """The placeholders of a text that are not filled in."""
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


def filled(template: Any, values: Values) -> Any:
    """JSON with the placeholders of every text in it replaced.

    A text that is one placeholder and nothing else becomes the value itself: `"{urgent}"` is true
    or false. Keys stay as they are.
    """
    if isinstance(template, Mapping):
        return {key: filled(one, values) for key, one in template.items()}
    if isinstance(template, (list, tuple)):
        return [filled(one, values) for one in template]
    if not isinstance(template, str):
        return template
    if template[:1] == "{" and template[1:-1] in values and template[-1:] == "}":
        return values[template[1:-1]]
    return fill(template, {name: _as_text(value) for name, value in values.items()})


def holds(template: Any, name: str) -> bool:
    """Whether a placeholder is anywhere in a text of the JSON."""
    if isinstance(template, Mapping):
        return any(holds(one, name) for one in template.values())
    if isinstance(template, (list, tuple)):
        return any(holds(one, name) for one in template)
    return isinstance(template, str) and f"{{{name}}}" in template


def _as_text(value: Union[str, bool]) -> str:
    return value if isinstance(value, str) else "true" if value else "false"
