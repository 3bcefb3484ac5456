"""The pager kind victorops: pages through Splunk On-Call (VictorOps), by its API, by its REST
endpoint for alerts, or by both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from .. import Pager
from .options import Options, read_options, read_target

__all__ = ["Options", "make", "read_options", "read_target"]


def make(options: Options, *, name: str, store: Callable[[], Any], keep: Path) -> Pager:
    """A pager; in `keep` it remembers the escalation policies for a minute, as often as they may be
    asked for."""
    from .pager import VictorOps  # the config is read for every message, a pager is asked for few

    return VictorOps(options, name, keep)
