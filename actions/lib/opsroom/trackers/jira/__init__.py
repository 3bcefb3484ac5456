"""The tracker kind `jira`: Jira Cloud (interface version 3 or 2) and Jira Data Center."""

from __future__ import annotations

from typing import Any

from .. import Tracker
from .options import Options, read_options

__all__ = ["Options", "make", "read_options"]


def make(options: Options, *, name: str, store: Any, keep: Any) -> Tracker:
    """The tracker; nothing of it is kept in files or in opsroom's database."""
    # The config is read for every message, Jira is asked for few.
    from .tracker import JiraTracker

    return JiraTracker(options, name)
