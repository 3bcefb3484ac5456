"""The options of a deploy kind, a version kind, a tracker or a pager, as the config has them."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems


def read_options(
    registry: Any, kind: str, raw: Dict[str, Any], place: str
) -> Tuple[Any, List[str]]:
    """The options of these keys at a place such as `apps.web.deploy`, and what is wrong with
    them; `...` leaves a key out."""
    problems = Problems()
    given = {key: value for key, value in raw.items() if value is not ...}
    fields = Fields(given, place, problems)
    options = registry.read_options(kind, fields)
    fields.finish()
    return options, problems.lines


def make(registry: Any, kind: str, raw: Dict[str, Any], place: str, **more: Any) -> Any:
    """What a kind makes of these keys, with which nothing is wrong."""
    options, lines = read_options(registry, kind, raw, place)
    assert lines == []
    return registry.make(kind, options, **more)
