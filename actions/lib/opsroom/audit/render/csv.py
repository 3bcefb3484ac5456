"""A report as CSV, for spreadsheets: one row for each change, attempt, gap, exception and note."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Dict, Iterable, List, Optional

from ...text import stamp
from ..model import Change, Finding, Report, Word

COLUMNS = (
    "kind", "environment", "application", "change", "command", "version_before", "version",
    "outcome",
    "asked_by", "asked_at", "approved_by", "approved_at", "approvals_needed", "second_factor",
    "confirmed_at",
    "started_at", "ended_at", "seconds", "verified", "cards", "plan", "code", "message",
    "override_by", "override_reason", "override_passed", "reviewed_by", "reviewed_at", "review",
    "rejected_by",
    "findings", "room", "person", "chat_name", "st2_user", "executions", "execution_links",
    "deployment", "records", "cancelled_by", "commits", "goes_back", "commit_authors", "compare",
    "link", "together", "vouched_by", "approvals_vouched_by",
)  # fmt: skip

# A cell that begins so is a formula to a spreadsheet, no matter who wrote it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_csv(report: Report) -> str:
    """The text of the file, as RFC 4180 has it, with a byte order mark: Excel takes it for another
    charset without.

    Column `kind` says what a row is: change, attempt, gap, exception, note, or chain (the last
    row).
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(report):
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return out.getvalue()


def harmless(value: str) -> str:
    """The cell, with an apostrophe before it where a spreadsheet would compute it."""
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value


def _rows(report: Report) -> Iterable[Dict[str, str]]:
    for change in report.changes:
        yield {"kind": "change", **_change(report, change)}
    for change in report.attempts:
        yield {"kind": "attempt", **_change(report, change)}
    for kind, findings in (("gap", report.gaps), ("exception", report.exceptions)):
        for one in findings:
            yield _finding(kind, one)
    for note in report.notes:
        yield {"kind": "note", "message": note}
    chain = report.chain
    state = "holds" if chain.ok else "is broken"
    text = (
        f"The chain of {chain.records} records {state}. Record {chain.head} has the hash "
        f"{chain.head_hash}."
    )
    yield {
        "kind": "chain",
        "code": "complete" if report.complete else "incomplete",
        "message": text,
    }


def _finding(kind: str, finding: Finding) -> Dict[str, str]:
    records = " ".join(map(str, finding.records))
    return {
        "kind": kind,
        "code": finding.code,
        "message": finding.message,
        "deployment": finding.deployment,
        "records": records,
    }


def _change(report: Report, change: Change) -> Dict[str, str]:
    override, review = change.override, change.review
    return {
        "environment": change.environment,
        "application": change.app,
        "change": change.change,
        "command": change.command,
        "version_before": change.version_before,
        "version": change.version,
        "outcome": change.ending.value,
        "asked_by": change.asked_by,
        "asked_at": _at(change.asked_at),
        "approved_by": _joined(one.by for one in change.approvals),
        "approved_at": _joined(stamp(one.at) for one in change.approvals),
        "approvals_needed": str(change.needed or ""),
        "second_factor": _joined("yes" if one.second_factor else "no" for one in change.approvals),
        "confirmed_at": _at(change.confirmation.at if change.confirmation else None),
        "started_at": _at(change.started_at),
        "ended_at": _at(change.ended_at),
        "seconds": "" if change.seconds is None else f"{change.seconds:g}",
        "verified": {True: "yes", False: "no", None: ""}[change.verified],
        "cards": _joined(change.cards),
        "plan": change.plan,
        "code": change.code,
        "message": change.message,
        "override_by": override.by if override else "",
        "override_reason": override.text if override else "",
        "override_passed": _joined(override.passed) if override else "",
        **_reviewed(review),
        "rejected_by": change.rejection.by if change.rejection else "",
        "findings": _joined(one.code for one in report.findings_of(change)),
        "room": change.room,
        "person": change.person,
        "chat_name": change.chat_name,
        "st2_user": change.st2_user,
        "executions": _joined(change.execution_ids),
        "execution_links": _joined(report.execution_link(one) for one in change.execution_ids),
        "deployment": change.deployment,
        "records": " ".join(map(str, change.records)),
        "cancelled_by": change.cancellation.by if change.cancellation else "",
        "commits": str(change.commits or ""),
        "goes_back": "yes" if change.goes_back else "",
        "commit_authors": _joined(change.commit_authors),
        "compare": change.compare,
        "link": change.link,
        "together": change.together,
        "vouched_by": change.vouched_by,
        "approvals_vouched_by": _joined(
            f"{one.by}: {one.vouched_by}" for one in change.approvals if one.vouched_by
        ),
    }


def _reviewed(review: Optional[Word]) -> Dict[str, str]:
    if review is None:
        return {}
    return {"reviewed_by": review.by, "reviewed_at": stamp(review.at), "review": review.text}


def _at(moment: Optional[datetime]) -> str:
    return "" if moment is None else stamp(moment)


def _joined(texts: Iterable[str]) -> str:
    every: List[str] = [one for one in texts if one]
    return "; ".join(every)
