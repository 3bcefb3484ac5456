"""A report for other programs: as CSV for spreadsheets, and as JSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone
from typing import Any, Dict, Iterator

from ...audit.render.csv import harmless
from ...text import stamp
from ..definitions import SOURCE
from ..model import Bucket, Figures, Report
from ..text import figures_facts, left_out, report_facts

# Raised when a name in the JSON changes its meaning or goes; new names do not raise it.
FORMAT = 1

_NAMED = ("rows", "scope", "environment", "application", "since", "until", "label")


def as_csv(report: Report) -> str:
    """The text of the file, as RFC 4180 has it, with a byte order mark: Excel takes it for another
    charset without: a row for each day, week or month, for each application, for the period before,
    and for the whole period.

    Column `rows` says what a row is: period, before, application or part. Times are seconds, rates
    between 0 and 1; what is not known is empty.
    """
    out = io.StringIO()
    out.write("\ufeff")
    columns = [*_NAMED, *_columns(report.figures)]
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(report):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def as_json(report: Report) -> str:
    """The text of the file: one object, indented. Moments are ISO 8601 in UTC, times seconds,
    rates between 0 and 1, and what is not known is null."""
    document = {
        "opsroom_metrics": FORMAT,
        "title": f"{report.scope.title}, {report.period.title}",
        "made_at": _at(report.now),
        "source": report.source,
        "defined_by": SOURCE,
        **report_facts(report),
        "over_time": [_bucket(one) for one in report.buckets],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _bucket(bucket: Bucket) -> Dict[str, Any]:
    limits = {"since": _at(bucket.since), "until": _at(bucket.until)}
    return {"label": bucket.label, **limits, "figures": figures_facts(bucket.figures)}


def _rows(report: Report) -> Iterator[Dict[str, Any]]:
    common = {"scope": report.scope.title, "environment": report.scope.environment}
    since, until = stamp(report.period.since), stamp(report.period.until)
    here = {**common, "since": since, "until": until, "label": report.period.title}
    yield {**here, "rows": "period", **_columns(report.figures)}
    before = {"since": stamp(report.before.since), "until": stamp(report.before.until)}
    title = {"label": report.before.title}
    yield {**common, **before, **title, "rows": "before", **_columns(report.figures_before)}
    for app, figures in report.by_app.items():
        yield {**here, "rows": "application", "application": app, **_columns(figures)}
    for one in report.buckets:
        limits = {"since": _at(one.since), "until": _at(one.until), "label": one.label}
        yield {**common, **limits, "rows": "part", **_columns(one.figures)}


def _columns(figures: Figures) -> Dict[str, Any]:
    facts = figures_facts(figures)
    reasons = facts.pop("failed_by")
    facts["left_out"] = sum(left_out(figures).values())
    names = ("failed", "rolled_back", "emergency", "incident")
    return {**facts, **{f"failed_by_{name}": reasons.get(name, 0) for name in names}}


def _at(seconds: float) -> str:
    return stamp(datetime.fromtimestamp(seconds, timezone.utc))


def _cell(value: Any) -> str:
    return "" if value is None else harmless(str(value))
