"""Reports as files: their formats and names, and writing one so that nobody ever reads half of
it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from ...errors import Code, Failure
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


def write(folder: Path, name: str, content: bytes) -> Path:
    """Put a file into the folder, which is made when missing; one of that name is replaced in one
    step."""
    path = folder / name
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".report-")
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(content)
            os.chmod(temporary, 0o640)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failure(
            Code.STORE_UNREACHABLE, f"The report cannot be written to {path} ({why})."
        ) from error
    return path
