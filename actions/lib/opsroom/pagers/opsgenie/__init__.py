"""The pager kind opsgenie: pages through Opsgenie, or through its successor in Jira Service
Management."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from .. import Pager
from .options import Options, read_options, read_target

__all__ = ["Options", "make", "read_options", "read_target"]


def make(options: Options, *, name: str, store: Callable[[], Any], keep: Path) -> Pager:
    """A pager; it needs neither the database nor the folder."""
    from .client import Client
    from .pager import Opsgenie

    return Opsgenie(Client(options, name), options)
