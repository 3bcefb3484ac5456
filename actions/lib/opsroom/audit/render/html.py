"""A report as one self-contained page: to be read, printed and kept.

The page is in the templates beside this file; here is what they show. Jinja2 escapes every text
from the record; it is loaded when a page is rendered.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Iterable, List, Optional, Tuple

from ...text import span
from ..model import Ending, Report
from .timeline import legend, timeline

# Marks that turn the direction of what follows, so that a line reads differently than it is.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_FOLDER = Path(__file__).parent


def escape(text: str) -> str:
    """A text from the record as it may be in the page, also within quotes."""
    from markupsafe import escape as escaped

    return str(escaped(_visible(text)))


def as_html(report: Report) -> str:
    """The page. It has no scripts, and its policy forbids a browser to run or to fetch anything."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        # Before it is escaped; what is markup already was made of such texts.
        if isinstance(value, Markup):
            return Markup(_visible(value))  # noqa: S704
        return _visible(value) if isinstance(value, str) else value

    environment = Environment(
        loader=FileSystemLoader(str(_FOLDER)),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(short=_short, moment=_moment, anchor=_anchor, span=span)
    # Its own texts are escaped where they are drawn.
    drawings = [(name, Markup(drawing)) for name, drawing in _timelines(report)]  # noqa: S704
    return environment.get_template("page.html.j2").render(
        report=report,
        style=Markup((_FOLDER / "page.css").read_text("utf-8")),  # noqa: S704
        figures=list(_figures(report)),
        timelines=drawings,
        legend=Markup(legend()),  # noqa: S704
        every=[] if report.environment else ["Environment"],
        records=[seq for one in [*report.changes, *report.attempts] for seq in one.records],
    )


def _figures(report: Report) -> Iterable[Tuple[int, str]]:
    yield len(report.changes), "deployed"
    yield report.count(Ending.SUCCEEDED), "succeeded"
    for count, label in (
        (report.count(Ending.FAILED), "failed"),
        (report.count(Ending.INTERRUPTED, Ending.UNKNOWN), "interrupted or unknown"),
        (report.count(Ending.CANCELLED), "cancelled"),
        (report.count(Ending.RUNNING), "running"),
        (sum(one.command == "rollback" for one in report.changes), "rollbacks"),
    ):
        if count:
            yield count, label
    yield sum(one.override is not None for one in report.changes), "emergencies"
    yield len(report.attempts), "not deployed"


def _timelines(report: Report) -> List[Tuple[str, str]]:
    if not report.changes:
        return []
    found = []
    for environment in report.environments:
        changes = [one for one in report.changes if one.environment == environment]
        locks = [one for one in report.locks if one.environment in ("", environment)]
        found.append((environment, timeline(report.period, changes, locks, escape)))
    return found


def _visible(text: str) -> str:
    return _CONTROL.sub("\ufffd", _TURNING.sub("\ufffd", text))


def _anchor(deployment: str) -> str:
    return "d-" + re.sub(r"[^0-9A-Za-z-]", "", deployment)


def _short(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _moment(at: Optional[datetime]) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else "at an unknown time"
