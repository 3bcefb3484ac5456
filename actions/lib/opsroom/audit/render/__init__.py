"""Reports as files: their formats and names."""

from __future__ import annotations

import re

from ..model import Report
from .csv import as_csv
from .html import as_html
from .json import as_json

FORMATS = ("html", "csv", "json")
_WRITERS = {"html": as_html, "csv": as_csv, "json": as_json}


def render(report: Report, format_: str) -> bytes:
    """The report in one of FORMATS, as UTF-8. What a forger left that is no text becomes question
    marks."""
    return _WRITERS[format_](report).encode("utf-8", "replace")


def file_name(report: Report, format_: str) -> str:
    """2026-11-production.html, or 2026-11.html for all environments."""
    environment = re.sub(r"[^0-9A-Za-z._-]", "", report.environment)
    return "-".join(part for part in (report.period.slug, environment) if part) + f".{format_}"
