"""Commits as every service with repositories describes them."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple, Tuple

# What a commit may be typed as: the beginning of its id.
COMMIT = re.compile(r"^[0-9a-fA-F]{7,64}\Z")
FULL_COMMIT = re.compile(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
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
    """A commit: its full id, its message, the ids of its parents, and its author's name."""

    id: str
    message: str
    parents: Tuple[str, ...]
    author: str
