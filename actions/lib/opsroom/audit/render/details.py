"""One change in full, for the page of a report."""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Iterable, List, Optional, Tuple

from ...text import span
from ..model import Change, Report, Word

Escape = Callable[[str], str]


def approved_by(change: Change, escape: Escape) -> str:
    """Who approved it, for a cell of the table."""
    if change.approvals:
        return escape(", ".join(change.approvers))
    if change.override:
        return '<span class="flag">emergency</span>'
    if change.confirmation:
        return '<span class="soft">confirmed</span>'
    return (
        '<span class="soft">not needed</span>'
        if not change.needed
        else '<span class="flag">nobody</span>'
    )


def detail(report: Report, change: Change, escape: Escape) -> str:
    """Everything that is known of it, as a list of terms. Terms without a value are left out."""
    rows = [(term, text) for term, text in _rows(report, change, escape) if text]
    return "<dl>" + "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in rows) + "</dl>"


def _rows(report: Report, change: Change, escape: Escape) -> Iterable[Tuple[str, str]]:
    yield "Version", _versions(change, escape)
    yield "Asked", _asked(change, escape)
    yield "Cards", escape(", ".join(change.cards))
    yield "Plan shown", escape(change.plan)
    for one in change.approvals:
        yield "Approved", _word(one, escape, "with a one-time code" if one.second_factor else "")
    if change.confirmation:
        yield "Confirmed", _word(change.confirmation, escape)
    if change.override:
        yield "Emergency", _override(change.override, escape)
    yield "Carried out", _carried_out(change)
    yield "Answer", _answer(change, escape)
    if change.review:
        yield "Reviewed", f"{_word(change.review, escape)}: {escape(change.review.text)}"
    elif change.override:
        yield "Reviewed", '<span class="flag">not yet</span>'
    yield "StackStorm", ", ".join(_execution(report, one, escape) for one in change.execution_ids)
    yield (
        "Records",
        f"{escape(', '.join(map(str, change.records)))} · deployment {escape(change.deployment)}",
    )
    for found in report.findings_of(change):
        yield "Finding", f'<span class="flag">{escape(found.message)}</span>'


def _carried_out(change: Change) -> str:
    parts = [f"from {_moment(change.started_at)}" if change.started_at else ""]
    parts.append(f"to {_moment(change.ended_at)}" if change.ended_at else "without an end")
    took = [f"after {span(change.seconds)}"] if change.seconds is not None else []
    sure = {True: ["verified"], False: ["not verified: nothing there shows it"], None: []}[
        change.verified
    ]
    return ", ".join([" ".join(part for part in parts if part), *took, *sure])


def _versions(change: Change, escape: Escape) -> str:
    if change.version_before:
        return f"from {escape(change.version_before)} to {escape(change.version)}"
    return escape(change.version)


def _asked(change: Change, escape: Escape) -> str:
    names = [
        f"as {change.chat_name}" if change.chat_name and change.chat_name != change.asked_by else ""
    ]
    names += [
        f"in {change.room}" if change.room else "",
        f"through {change.st2_user}" if change.st2_user else "",
    ]
    how = " ".join(one for one in names if one)
    return f"by {escape(change.asked_by)}, {_moment(change.asked_at)}" + (
        f" ({escape(how)})" if how else ""
    )


def _word(word: Word, escape: Escape, more: str = "") -> str:
    where = f"in {word.room}" if word.room else ""
    tail = ", ".join(part for part in (escape(where), more) if part)
    return f"by {escape(word.by)}, {_moment(word.at)}" + (f", {tail}" if tail else "")


def _override(override: Word, escape: Escape) -> str:
    passed = f"; passed {', '.join(override.passed)}" if override.passed else ""
    return f"{_word(override, escape)}: {escape(override.text)}{escape(passed)}"


def _answer(change: Change, escape: Escape) -> str:
    parts: List[str] = [escape(change.message)]
    if change.code:
        parts.append(f"<code>{escape(change.code)}</code>")
    return " ".join(part for part in parts if part)


def _execution(report: Report, execution_id: str, escape: Escape) -> str:
    link = report.execution_link(execution_id)
    name = f"<code>{escape(execution_id)}</code>"
    return (
        f'<a href="{escape(link)}">{name}</a>' if link.startswith(("https://", "http://")) else name
    )


def _moment(at: Optional[datetime]) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else "at an unknown time"
