"""A report as one self-contained page: to be read, printed and kept.

The page is in the templates beside this file; here is what they show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, List, Tuple

from ...html.document import document
from ...html.escaping import escape
from ..model import Ending, Report
from .timeline import legend, timeline

_FOLDER = Path(__file__).parent


def as_html(report: Report) -> str:
    """The page. It has no scripts, and its policy forbids a browser to run or to fetch anything."""
    from markupsafe import Markup

    # Its own texts are escaped where they are drawn.
    drawings = [(name, Markup(drawing)) for name, drawing in _timelines(report)]  # noqa: S704
    return document(
        _FOLDER,
        "page.html.j2",
        report=report,
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
