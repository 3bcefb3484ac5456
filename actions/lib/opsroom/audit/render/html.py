"""A report as one page that needs nothing else: to be read, printed and kept."""

from __future__ import annotations

import html
import re
from datetime import datetime
from pathlib import Path
from typing import Iterable, List, Sequence, Tuple

from ..model import Change, Ending, Finding, Report
from .details import approved_by, detail
from .timeline import legend, timeline

# Marks that turn the direction of what follows, so that a line reads differently than it is.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_STYLE = Path(__file__).with_name("page.css")
_HOLDS = (
    "Every record continues the one before it; every change has who asked for it, a start and an "
    "end; and each change "
    "began with the version that the one before it had left."
)


def escape(text: str) -> str:
    """A text from the record as it may stand in the page, also within quotes."""
    return html.escape(_CONTROL.sub("\ufffd", _TURNING.sub("\ufffd", text)), quote=True)


def as_html(report: Report) -> str:
    """The page. It has no scripts, and its policy forbids a browser to run or to fetch anything."""
    title = f"Changes to {report.scope}, {report.period.title}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
        "'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style></head><body>",
        *_head(report),
        *_findings(report),
        *_timelines(report),
        *_changes(report),
        *_attempts(report),
        *_details(report),
        *_proof(report),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _head(report: Report) -> Iterable[str]:
    since, until = report.period.since, report.period.until
    yield '<p class="kicker">Audit report</p>'
    yield f"<h1>Changes to {escape(report.scope)}</h1>"
    yield (
        f'<p class="soft">{escape(report.period.title)}: from {_short(since)} until '
        f"{_short(until)}. "
        f"Made at {_short(report.made_at)} from {escape(report.source)}. All times are UTC.</p>"
    )
    if report.complete:
        yield f'<div class="verdict"><strong>Complete.</strong> {_HOLDS}</div>'
    else:
        number = len(report.gaps)
        said = "One thing is" if number == 1 else f"{number} things are"
        yield (
            f'<div class="verdict not"><strong>Not complete.</strong> {said} missing or wrong; '
            "see below.</div>"
        )
    yield '<ul class="figures">'
    for count, label in _figures(report):
        yield f"<li><b>{count:,}</b><span>{label}</span></li>"
    yield "</ul>"
    for note in report.notes:
        yield f'<p class="soft">{escape(note)}</p>'


def _figures(report: Report) -> Iterable[Tuple[int, str]]:
    yield len(report.changes), "carried out"
    yield report.count(Ending.SUCCEEDED), "succeeded"
    for count, label in (
        (report.count(Ending.FAILED), "failed"),
        (report.count(Ending.INTERRUPTED, Ending.UNKNOWN), "interrupted or unknown"),
        (report.count(Ending.RUNNING), "going on"),
        (sum(one.command == "rollback" for one in report.changes), "rollbacks"),
    ):
        if count:
            yield count, label
    yield sum(one.override is not None for one in report.changes), "emergencies"
    yield len(report.attempts), "not carried out"


def _findings(report: Report) -> Iterable[str]:
    if report.gaps:
        yield "<h2>What is missing</h2>"
        yield from _list(report.gaps, "findings gaps")
    yield "<h2>Exceptions</h2>"
    if report.exceptions:
        yield from _list(report.exceptions, "findings")
    else:
        yield (
            "<p>None. Every change that needed approval had it, from somebody else than who "
            "asked, or was an "
            "emergency that somebody else has reviewed.</p>"
        )


def _list(findings: Sequence[Finding], style: str) -> Iterable[str]:
    yield f'<ul class="{style}">'
    for one in findings:
        where = (
            f' <a class="soft" href="#{_anchor(one.deployment)}">details</a>'
            if one.deployment
            else ""
        )
        yield f"<li>{escape(one.message)}{where}</li>"
    yield "</ul>"


def _timelines(report: Report) -> Iterable[str]:
    if not report.changes:
        return
    yield "<h2>Over time</h2>"
    for environment in report.environments:
        changes = [one for one in report.changes if one.environment == environment]
        locks = [one for one in report.locks if one.environment in ("", environment)]
        yield f"<figure><figcaption>{escape(environment)}</figcaption>"
        yield f"{timeline(report.period, changes, locks, escape)}</figure>"
    yield legend()


def _changes(report: Report) -> Iterable[str]:
    yield "<h2>Changes carried out</h2>"
    if not report.changes:
        yield "<p>None.</p>"
        return
    every = not report.environment
    heads = [
        "Started",
        "Application",
        *(["Environment"] if every else []),
        "Version",
        "Asked by",
        "Approved by",
    ]
    yield from _table_head([*heads, "Cards", "Outcome"])
    for one in report.changes:
        before = (
            f'<span class="soft">{escape(one.version_before)} →</span> '
            if one.version_before
            else ""
        )
        cells = [
            f'<td class="nowrap"><a href="#{_anchor(one.deployment)}">{_short(one.at)}</a></td>',
            f"<td>{escape(one.app)}</td>",
            *([f"<td>{escape(one.environment)}</td>"] if every else []),
            f"<td>{before}{escape(one.version)}</td>",
            f"<td>{escape(one.asked_by)}</td>",
            f"<td>{approved_by(one, escape)}</td>",
            f"<td>{_cards(one)}</td>",
            f"<td>{_outcome(one)}</td>",
        ]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _attempts(report: Report) -> Iterable[str]:
    yield "<h2>Asked for, but not carried out</h2>"
    if not report.attempts:
        yield "<p>None.</p>"
        return
    yield "<p>Nothing was touched by these.</p>"
    every = not report.environment
    yield from _table_head(
        ["Asked", "What", *(["Environment"] if every else []), "Asked by", "Outcome", "Why"]
    )
    for one in report.attempts:
        cells = [
            f'<td class="nowrap" id="{_anchor(one.deployment)}">{_short(one.at)}</td>',
            f"<td>{escape(' '.join(part for part in (one.command, one.app, one.version) if part))}</td>",  # noqa: E501
            *([f"<td>{escape(one.environment)}</td>"] if every else []),
            f"<td>{escape(one.asked_by)}</td>",
            f"<td>{_tag(one)}</td>",
            f"<td>{_why(one)}</td>",
        ]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _why(change: Change) -> str:
    code = f" <code>{escape(change.code)}</code>" if change.code else ""
    if change.rejection:
        return f"{escape(change.rejection.by)}: {escape(change.rejection.text)}{code}"
    return f"{escape(change.message or change.plan)}{code}"


def _details(report: Report) -> Iterable[str]:
    if report.changes:
        yield "<h2>Each change in full</h2>"
    for one in report.changes:
        heading = f"{one.command} {one.app} {one.version} on {one.environment}"
        name = f"{one.change} · {heading}" if one.change else heading
        yield f'<article id="{_anchor(one.deployment)}"><header><h3>{escape(name)}</h3>{_tag(one)}</header>'  # noqa: E501
        yield f"{detail(report, one, escape)}</article>"


def _proof(report: Report) -> Iterable[str]:
    chain = report.chain
    state = "holds" if chain.ok else f"is broken in {chain.broken} places"
    yield "<h2>Proof</h2>"
    yield (
        f"<p>The record is a chain: each of its {chain.records:,} records carries the SHA-256 of "
        "the one before it. "
        f"The chain {state}. Its newest record when this report was made is number "
        f"{chain.head:,}, with the hash</p>"
        f'<p class="hash">{escape(chain.head_hash)}</p>'
    )
    yield (
        "<p>A hash that was noted elsewhere proves that nothing was changed before it: check "
        "it with "
        f"<code>audit verify against {escape(chain.head_hash)}</code> in chat, or without "
        "opsroom as "
        "<code>docs/compliance.md</code> shows.</p>"
    )
    first = min(
        (seq for one in [*report.changes, *report.attempts] for seq in one.records), default=0
    )
    last = max(
        (seq for one in [*report.changes, *report.attempts] for seq in one.records), default=0
    )
    told = f"This report is made of records {first:,} to {last:,}. " if first else ""
    yield (
        f"<footer>{told}Made by opsroom; the same as CSV and JSON: format=csv, "
        "format=json.</footer>"
    )


def _table_head(heads: List[str]) -> Iterable[str]:
    cells = "".join(f'<th scope="col">{one}</th>' for one in heads)
    yield f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>'


def _outcome(change: Change) -> str:
    more = []
    if change.override:
        reviewed = f"reviewed by {change.review.by}" if change.review else "not reviewed"
        more.append(
            f'<span class="flag">emergency</span> <span class="soft">{escape(reviewed)}</span>'
        )
    if change.ending is not Ending.SUCCEEDED and change.code not in ("", change.ending.value):
        more.append(f'<span class="soft">{escape(change.code)}</span>')
    return "<br>".join([_tag(change), *more])


def _cards(change: Change) -> str:
    return ", ".join(f'<span class="card">{escape(one)}</span>' for one in change.cards)


def _tag(change: Change) -> str:
    return f'<span class="tag {change.ending.value}">{change.ending.value}</span>'


def _anchor(deployment: str) -> str:
    return "d-" + re.sub(r"[^0-9A-Za-z-]", "", deployment)


def _short(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
