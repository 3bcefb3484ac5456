"""Reports on delivery as files: their formats and names."""

from __future__ import annotations

import re

from ..model import Report
from .data import as_csv, as_json
from .html import as_html

FORMATS = ("html", "csv", "json")
_WRITERS = {"html": as_html, "csv": as_csv, "json": as_json}


def render(report: Report, format_: str) -> bytes:
    """The report in one of FORMATS, as UTF-8. What a forger left that is no text becomes question
    marks."""
    return _WRITERS[format_](report).encode("utf-8", "replace")


def file_name(report: Report, format_: str) -> str:
    """`metrics-2026-Q3-web-on-production.html`."""
    scope = re.sub(r"[^0-9A-Za-z._]+", "-", report.scope.title).strip("-")
    return f"metrics-{report.period.slug}-{scope}.{format_}"
