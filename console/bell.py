"""Whose pager rings: pages of the pager kind `local` are only written down, so the console makes
the noise."""

from __future__ import annotations

from typing import Any, Mapping, Tuple

# Of those who are on a page: all of them when it goes out, the last one when someone more is
# called.
_FIRST, _FURTHER = ("paged",), ("escalated", "responder_added")


def rings(config: Mapping[str, Any], code: str, result: Any) -> Tuple[str, ...]:
    """The names of those whom an answer has called through a pager of that kind."""
    if not isinstance(result, dict) or code not in (*_FIRST, *_FURTHER):
        return ()
    pager = (config.get("pagers") or {}).get(result.get("pager")) or {}
    if pager.get("kind") != "local":
        return ()
    people = tuple(str(one) for one in result.get("people") or ())
    return people if code in _FIRST else people[-1:]
