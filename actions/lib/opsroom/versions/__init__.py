"""How to ask which version runs somewhere: one module a kind.

To add a kind: one file in this folder with `read_options` and `make`, one line in REGISTRY, one test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from ..registry import Registry

_HASH = re.compile(r"^[0-9a-f]{7,64}$")


@dataclass(frozen=True)
class Running:
    """What runs: `version` is empty when nothing has been deployed there; `commit` where the source knows it.

    `cached` has the headers by which an answer shows that it came from a cache, such as `Age: 120`.
    """

    version: str
    commit: str = ""
    cached: str = field(default="", compare=False)


class VersionSource(Protocol):
    """One way to ask, for one application and environment."""

    def ask(self) -> Running:
        """What runs now. Raises Failure when it cannot be told; ends within the source's own time limit."""


def same_version(one: str, other: str) -> bool:
    """Whether two names mean one version: equal, apart from a leading v before a digit, or one commit abbreviated."""
    if not one or not other:
        return False
    first, second = _bare(one), _bare(other)
    if first == second:
        return True
    if _HASH.match(first) and _HASH.match(second):
        return first.startswith(second) or second.startswith(first)
    return False


def _bare(version: str) -> str:
    return version[1:] if len(version) > 1 and version[0] in "vV" and version[1].isdigit() else version


REGISTRY: Registry[VersionSource] = Registry(
    "version kind",
    {
        "command": "opsroom.versions.command",
        "directory": "opsroom.versions.directory",
        "http": "opsroom.versions.http",
        "stackstorm": "opsroom.versions.stackstorm",
    },
)
