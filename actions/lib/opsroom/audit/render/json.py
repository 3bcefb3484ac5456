"""A report as JSON, for programs: everything in it, under stable names."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, Dict, Mapping

from ...text import stamp
from ..model import Change, Finding, Report

# Raised when a name changes its meaning or goes; new names do not raise it.
FORMAT = 1


def as_json(report: Report) -> str:
    """The text of the file: one object, indented, non-ASCII characters as themselves. Moments are
    ISO 8601 in UTC."""
    return json.dumps(_document(report), ensure_ascii=False, indent=2, default=_plain) + "\n"


def _document(report: Report) -> Dict[str, Any]:
    return {
        "opsroom_audit": FORMAT,
        "title": report.period.title,
        "since": report.period.since,
        "until": report.period.until,
        "environment": report.environment,
        "made_at": report.made_at,
        "source": report.source,
        "complete": report.complete,
        "gaps": [_finding(one) for one in report.gaps],
        "exceptions": [_finding(one) for one in report.exceptions],
        "notes": list(report.notes),
        "chain": {
            "holds": report.chain.ok,
            "records": report.chain.records,
            "head": report.chain.head,
            "head_hash": report.chain.head_hash,
        },
        "changes": [_change(report, one) for one in report.changes],
        "attempts": [_change(report, one) for one in report.attempts],
        "locks": [asdict(one) for one in report.locks],
    }


def _change(report: Report, change: Change) -> Dict[str, Any]:
    links = [report.execution_link(one) for one in change.execution_ids]
    return {
        **asdict(change),
        "touched": change.touched,
        "execution_links": [one for one in links if one],
    }


def _finding(finding: Finding) -> Mapping[str, Any]:
    return asdict(finding)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(type(value).__name__)
