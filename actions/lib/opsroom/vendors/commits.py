"""Commits as every service with repositories describes them."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple, Tuple

from ..structs.patterns import lazy_pattern
from ..times.iso import moment_of

# What a commit may be typed as: the beginning of its id.
COMMIT = lazy_pattern(r"^[0-9a-fA-F]{7,64}\Z")
FULL_COMMIT = lazy_pattern(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
# So many commits between two versions are read at most.
MAX_COMMITS = 500


class Versions(str, Enum):
    """What a version is: a tag, branch or commit of the repository, or anything."""

    GIT = "git"
    ANY = "any"


class Found(NamedTuple):
    """What a name stands for: `kind` is "tag", "branch" or "commit", `commit` the full commit."""

    kind: str
    commit: str


class Described(NamedTuple):
    """A commit: its full id, its message, the ids of its parents, its author's name, and when it
    was committed, in seconds since 1970 (0 where the service does not say)."""

    id: str
    message: str
    parents: Tuple[str, ...]
    author: str
    at: int = 0


def committed_at(value: Any) -> int:
    """When a commit was committed, as a service writes it (ISO 8601), in seconds since 1970; 0
    where that is no moment."""
    found = moment_of(value)
    return 0 if found is None else max(int(found.timestamp()), 0)
