"""Reading who is paged for what: teams, their targets in each pager, and how much paging is too much."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Protocol, Tuple

from ..names import either
from .fields import Fields
from .model import Kind, PageLimit, Team

_OWN_KEYS = ("page", "phone", "watch")


class TargetReader(Protocol):
    """What is needed of the registry of pagers."""

    def read(self, kind: str, function: str, *arguments: Any) -> Any: ...


def read_team(name: str, fields: Fields, pagers: Mapping[str, Kind], registry: TargetReader) -> Team:
    """One entry under `teams`: `page`, `phone`, `watch`, and for each pager whom to page there."""
    for key in _OWN_KEYS:
        if key in pagers:
            fields.problems.add(f"pagers.{key}", f"expected a name other than {either(_OWN_KEYS)}, keys of a team")
    targets: Dict[str, Any] = {}
    for key in fields.names():
        if key in pagers:
            targets[key] = registry.read(pagers[key].kind, "read_target", fields, key)
        elif key not in _OWN_KEYS:
            fields.raw(key)
            known = either([*pagers, *_OWN_KEYS])
            fields.problem(key, f"there is no such pager; known here: {known}")
    watch = fields.seconds("watch", default=-1.0)
    return Team(
        name=name,
        page=_chain(fields, targets, pagers),
        targets=targets,
        phone=fields.text("phone", "", expected="whom to phone when no pager works"),
        watch=watch if watch >= 0 else None,
    )


def read_page_limit(fields: Fields) -> PageLimit:
    """The whole of `page_limit`."""
    inner = fields.inside("page_limit")
    limit = PageLimit(
        pages=inner.whole_number("pages", default=5, minimum=0, maximum=1000),
        within=inner.seconds("within", default=600.0, minimum=10.0),
    )
    inner.finish()
    return limit


def _chain(fields: Fields, targets: Mapping[str, Any], pagers: Mapping[str, Kind]) -> Tuple[str, ...]:
    """The pagers to try. Without `page`: those that the team names a target for, as they stand there."""
    if not fields.has("page"):
        fields.raw("page")
        return tuple(targets)
    chain = fields.texts("page", expected="a list of pagers")
    for one in chain:
        if one not in pagers:
            fields.problem(
                "page", f"expected pagers of the config ({either(pagers) or 'there is none'}), found '{one}'"
            )
    return chain
