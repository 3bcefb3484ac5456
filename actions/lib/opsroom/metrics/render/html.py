"""A report as one self-contained page: the figures with those before, and how they went.

The page is in the templates beside this file; here is what they show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional

from ...html.document import document
from ...html.escaping import escape
from .. import compare
from ..definitions import DEFINITIONS, SOURCE, Definition
from ..model import Figures, Report
from ..text import comparable_before, sentences
from .plots import deployments_plot, legend, lengths_plot

_FOLDER = Path(__file__).parent


class Card(NamedTuple):
    """A figure as the page shows it: with its definition, and what it is made of."""

    definition: Definition
    value: str
    before: str
    of: str


class Row(NamedTuple):
    """An application in the table."""

    name: str
    cells: List[str]


def as_html(report: Report) -> str:
    """The page. It has no scripts, and its policy forbids a browser to run or to fetch anything."""
    from markupsafe import Markup

    buckets = report.buckets
    # Texts from outside are escaped where they are drawn.
    plots = [
        ("Deployments", Markup(deployments_plot(buckets, escape)), Markup(legend())),  # noqa: S704
        *(
            (name, Markup(lengths_plot(name, buckets, value, escape)), "")  # noqa: S704
            for name, value, known in (
                (
                    "Change lead time, median",
                    lambda one: one.figures.lead_time,
                    report.figures.lead_known,
                ),
                (
                    "Recovery time, median",
                    lambda one: one.figures.recovery_time,
                    len(report.figures.recoveries),
                ),
            )
            if known
        ),
    ]
    several = len(report.by_app) > 1
    return document(
        _FOLDER,
        "page.html.j2",
        report=report,
        cards=list(_cards(report.figures, comparable_before(report))),
        plots=plots if buckets else [],
        headings=[one.name for one in DEFINITIONS.values()],
        rows=[Row(app, _cells(one)) for app, one in report.by_app.items()] if several else [],
        sentences=sentences(report),
        source=SOURCE,
    )


def _cards(figures: Figures, before: Optional[Figures]) -> Iterator[Card]:
    of = (
        _many(figures.deployments, "deployment"),
        f"{_many(len(figures.lead_times), 'commit')}, known for {figures.lead_known:,} of "
        f"{_many(figures.deployments, 'deployment')}",
        f"{figures.failures:,} of {_many(figures.attempts, 'attempt')}",
        f"{len(figures.recoveries):,} of {figures.failures:,} recovered from",
        f"{figures.rework:,} of {figures.put_in_place:,} deployments and rollbacks",
    )
    for definition, difference, made_of in zip(
        DEFINITIONS.values(), _differences(figures, before), of
    ):
        yield Card(definition, difference.now, difference.before, made_of)


def _differences(figures: Figures, before: Optional[Figures]) -> List[compare.Difference]:
    return [
        measure(figures, before)
        for measure in (
            compare.frequency,
            compare.lead_time,
            compare.fail_rate,
            compare.recovery_time,
            compare.rework_rate,
        )
    ]


def _cells(figures: Figures) -> List[str]:
    return [one.now for one in _differences(figures, None)]


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
