"""The pager kind pagerduty: pages through PagerDuty's REST API where there is a token, else through
its Events API v2.

This file is what reading the config needs; the modules that call PagerDuty are imported when a page
is sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from .. import Pager
from .options import Options, read_options, read_target

__all__ = ["Options", "make", "read_options", "read_target"]


def make(options: Options, *, name: str, store: Callable[[], Any], keep: Path) -> Pager:
    """The pager of this name in the config. Nothing is stored: PagerDuty itself remembers marks."""
    if options.token:
        from .pager import RestPager

        return RestPager(options, name)
    from .events_pager import EventsPager

    return EventsPager(options, name)
