"""A report in the words of a room: the figures with those of the period before, at most eight
lines; and as facts."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ..text import MESSAGE_CHARACTERS, shorten, stamp
from . import compare
from .definitions import DEFINITIONS
from .model import Figures, Report


def room_text(report: Report, characters: int = MESSAGE_CHARACTERS) -> str:
    """The figures, each with how many it is made of, and with that of the period before; without
    the last ones where there is no room for all."""
    figures, before = report.figures, comparable_before(report)
    heading = f"{report.scope.title}, {report.period.title}:"
    if figures.per_week is None:
        return f"{heading} the record knows nothing of that time."
    lines = [heading]
    count = _counted(figures.deployments, "deployment")
    lines.append(f"Deployment frequency: {compare.frequency(figures, before).text}, {count}")
    if figures.deployments:
        known = f"known for {figures.lead_known} of {figures.deployments}"
        lines.append(f"Change lead time: {compare.lead_time(figures, before).text}, {known}")
    if figures.attempts:
        share = f"{figures.failures} of {figures.attempts}"
        lines.append(f"Change fail rate: {compare.fail_rate(figures, before).text}, {share}")
    if figures.failures:
        over = f"{len(figures.recoveries)} of {figures.failures}"
        lines.append(f"Recovery time: {compare.recovery_time(figures, before).text}, {over}")
    if figures.put_in_place:
        share = f"{figures.rework} of {figures.put_in_place}"
        lines.append(f"Rework rate: {compare.rework_rate(figures, before).text}, {share}")
    lines += report.notes[:1]
    while len("\n".join(lines)) > characters and len(lines) > 2:
        lines.pop()
    return shorten("\n".join(lines), characters)


def comparable_before(report: Report) -> Optional[Figures]:
    """The figures of the period before; None where the record knows nothing of it."""
    return report.figures_before if report.figures_before.per_week is not None else None


def report_facts(report: Report) -> Dict[str, Any]:
    """All of it as data. Times are in seconds, rates between 0 and 1, and what is not known is
    None."""
    return {
        "scope": report.scope.title,
        "environment": report.scope.environment,
        "since": stamp(report.period.since),
        "until": stamp(report.period.until),
        "before_since": stamp(report.before.since),
        "timezone": report.timezone,
        "figures": figures_facts(report.figures),
        "before": figures_facts(report.figures_before),
        "by_app": {app: figures_facts(one) for app, one in report.by_app.items()},
        "notes": list(report.notes),
        "definitions": {name: one.text for name, one in DEFINITIONS.items()},
    }


def figures_facts(figures: Figures) -> Dict[str, Any]:
    """The figures of one period, with all that they were made of and all that they leave out."""
    return {
        "days": round(figures.days, 4),
        "deployments": figures.deployments,
        "deployments_a_week": _rounded(figures.per_week),
        "lead_time_seconds": _rounded(figures.lead_time),
        "lead_time_known_for": figures.lead_known,
        "commits": len(figures.lead_times),
        "fail_rate": _rounded(figures.fail_rate, 6),
        "failed": figures.failures,
        "attempts": figures.attempts,
        "failed_by": _by_reason(figures),
        "recovery_seconds": _rounded(figures.recovery_time),
        "recovered": len(figures.recoveries),
        "not_recovered": figures.unrecovered,
        "rework_rate": _rounded(figures.rework_rate, 6),
        "rework": figures.rework,
        "put_in_place": figures.put_in_place,
        "emergencies": figures.emergencies,
        "rollbacks": figures.rollbacks,
        "incidents": figures.incidents,
        "left_out": left_out(figures),
    }


def left_out(figures: Figures) -> Dict[str, int]:
    """What counts in none of the figures, by the words for it."""
    counts = {
        "redeployments of what ran already": figures.redeploys,
        "attempts that left what ran before": figures.untouched,
        "cancelled deployments": figures.cancelled,
        "rollbacks and redeployments that failed": figures.others,
        "incidents of no single application": figures.incidents_elsewhere,
    }
    return {words: count for words, count in counts.items() if count}


def _by_reason(figures: Figures) -> Mapping[str, int]:
    return {reason.value: count for reason, count in sorted(figures.intervened.items())}


def _rounded(value: Optional[float], digits: int = 3) -> Optional[float]:
    return None if value is None else round(value, digits)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"


def sentences(report: Report) -> List[str]:
    """What a reader has to know of how the figures were made, beside their definitions."""
    words = [f"{count:,} {what}" for what, count in left_out(report.figures).items()]
    return [*report.notes, *([f"Left out: {', '.join(words)}."] if words else [])]
