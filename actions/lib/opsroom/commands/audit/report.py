"""audit report: writes the changes of a period to a file for an auditor, and summarizes it for the
room."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Tuple

from ...audit.period import read_period
from ...audit.render import file_name, render
from ...audit.report import headline, make_report, verdict
from ...errors import Code, Failure
from ...html import write
from ...names import tidied
from ...records.changes import tidy
from ...stackstorm.history import history_here
from ...text import MESSAGE_CHARACTERS, shorten
from .. import Context, Outcome
from ..deployments.interrupted import settle_asked, settle_interrupted
from ..resolve import find_environment

# More records than any database has.
_ALL = 2**62


def audit_report(
    context: Context,
    folder: Path,
    since: str,
    until: str = "",
    environment_name: str = "",
    format_: str = "html",
) -> Outcome:
    """Write the report into `folder`, and answer with its gist and its path.

    Not ok, with code record_broken or record_incomplete, when the record does not have everything:
    the report says what is missing and why. Raises Refusal(invalid_time, unknown_environment) and
    Failure(store_...).
    """
    period = read_period(tidied(since), tidied(until))
    environment = (
        find_environment(context.settings, environment_name).name if environment_name else ""
    )
    # What has ended is recorded as ended, so that it is not reported as open.
    settle_interrupted(context)
    settle_asked(context, latest=_ALL)
    _tidy(context)
    report = make_report(context.store, period, environment, link=_link(context))
    content = render(report, format_)
    path = write(folder, file_name(report, format_), content)
    code = Code.AUDIT_REPORT
    if not report.complete:
        code = Code.RECORD_INCOMPLETE if report.chain.ok else Code.RECORD_BROKEN
    text = f"{period.title}, {report.scope}: {headline(report)} {verdict(report)}"
    facts = {
        "path": str(path),
        "sha256": sha256(content).hexdigest(),
        "since": period.since,
        "until": period.until,
        "environment": environment,
        "changes": len(report.changes),
        "attempts": len(report.attempts),
        "complete": report.complete,
        "gaps": [{"code": one.code, "message": one.message} for one in report.gaps],
        "exceptions": [{"code": one.code, "message": one.message} for one in report.exceptions],
        "head": report.chain.head,
        "head_hash": report.chain.head_hash,
    }
    return Outcome(report.complete, code, f"{_short(text, str(path))}\nReport: {path}", facts)


def _short(text: str, path: str) -> str:
    """The gist, so long that the path still fits into the message: a cut path is of no use."""
    return shorten(text, max(MESSAGE_CHARACTERS - len(path) - len("\nReport: ") - 1, 80))


def _tidy(context: Context) -> None:
    with context.store.write() as connection:
        tidy(context.store, connection)


def _link(context: Context) -> Tuple[str, str]:
    """How StackStorm's web interface addresses an execution, learned from this one. A report does
    without."""
    history = history_here() if context.execution_id else None
    if history is None:
        return ("", "")
    try:
        return history.link(context.execution_id)
    except Failure:
        return ("", "")
