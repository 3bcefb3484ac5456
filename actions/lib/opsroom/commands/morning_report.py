"""The morning report: what runs where, what differs from the record, forgotten locks, what waits,
what is open.

The message has at most eight lines; the facts have all of it.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Dict, List, Tuple

from ..errors import Code, Failure, OpsroomError
from ..names import listed
from ..policy.locks import place
from ..records.change import Change
from ..records.changes import open_changes
from ..records.incidents import Incident, open_incidents
from ..records.locks import Lock, current
from ..records.queries import last_succeeded
from ..structs import dataclass
from ..text import message, one_line, span, stamp
from . import Context, Outcome
from .announce import post_once
from .drift import Drift, drift_of
from .live_version import ask, ask_many
from .pages.list import list_pages
from .resolve import DeploymentTarget

# A lock that is older is reported, in seconds.
FORGOTTEN = 86400.0
_DAY = "%a %d %b"
_SEVERAL = 3


@dataclass
class Found:
    """What there is to report."""

    now: datetime
    running: Dict[Tuple[str, str], str] = field(default_factory=dict)
    silent: Dict[Tuple[str, str], str] = field(default_factory=dict)
    drifts: List[Drift] = field(default_factory=list)
    locks: List[Lock] = field(default_factory=list)
    changes: List[Change] = field(default_factory=list)
    pages: List[Dict[str, Any]] = field(default_factory=list)
    incidents: List[Incident] = field(default_factory=list)
    troubles: List[str] = field(default_factory=list)


def morning_report(context: Context, announce: bool = False) -> Outcome:
    """Compose it, and with `announce` post it in the announce room: once a day, and not while
    that is to be quiet.

    Where no room is configured, nothing is posted (code nothing_new). Before it is posted, a
    database that is away is waited for. Raises Failure(store_...).
    """
    room = context.settings.announce
    if announce and not room:
        return Outcome(
            True, Code.NOTHING_NEW, "No room to announce in is configured, so nothing was posted."
        )
    found = context.patiently(lambda: look(context)) if announce else look(context)
    text = report_text(found)
    facts = {**_facts(found), "told": False}
    if announce:
        key = f"report:{found.now:%Y-%m-%d}"
        facts["told"] = context.patiently(lambda: post_once(context, key, text))
    return Outcome(True, Code.REPORT, text, facts)


def look(context: Context) -> Found:
    """Ask every place, the record and the pagers. Only the record must answer."""
    targets = _targets(context)
    answers = ask_many(
        {_key(one): partial(ask, one) for one in targets if one.app.version is not None}
    )
    store = context.store
    with store.read() as connection:
        found = Found(store.now(connection))
        recorded = {_key(one): last_succeeded(connection, *_key(one)) for one in targets}
        old = found.now - timedelta(seconds=FORGOTTEN)
        found.locks = [one for one in current(store, connection) if one.since < old]
        found.changes = [
            one for one in open_changes(connection, "", "") if not _is_over(one, found.now)
        ]
        found.incidents = open_incidents(connection)
    for key, answer in answers.items():
        if isinstance(answer, OpsroomError):
            found.silent[key] = answer.message
            continue
        found.running[key] = answer.version
        difference = drift_of(*key, recorded[key], answer)
        if difference is not None:
            found.drifts.append(difference)
    _open_pages(context, found)
    return found


def _targets(context: Context) -> List[DeploymentTarget]:
    settings = context.settings
    return [
        DeploymentTarget(app, settings.environments[name].for_app(app.name))
        for app in settings.apps.values()
        for name in settings.environments_of(app)
    ]


def _key(target: DeploymentTarget) -> Tuple[str, str]:
    return target.app.name, target.environment.name


def _is_over(change: Change, now: datetime) -> bool:
    return bool(change.expires_at and change.expires_at <= now)


def _open_pages(context: Context, found: Found) -> None:
    if not context.settings.pagers:
        return
    try:
        found.pages = list(list_pages(context).facts["pages"])
    except Failure as failure:
        found.troubles.append(f"Pages could not be looked up: {one_line(failure.message, 60)}")


def report_text(found: Found) -> str:
    """The report as a room reads it: what wants a hand first, what runs where last."""
    lines = [
        f"Morning report, {found.now.strftime(_DAY)}:",
        *_drifted(found),
        *_incidents(found),
        *_pages(found),
        *_waiting(found),
        *_locked(found),
        *found.troubles,
    ]
    if len(lines) == 1:
        lines.append("All is as recorded; nothing is open, waits or is locked.")
    lines.append(_running(found))
    return message("\n".join(line for line in lines if line))


def _drifted(found: Found) -> List[str]:
    lines = []
    if found.drifts:
        each = [
            f"{one.app} on {one.environment} runs {one_line(one.runs, 30) or 'nothing'} "
            f"(record: {one_line(one.recorded, 30) or 'nothing'})"
            for one in found.drifts
        ]
        lines.append(f"Not as recorded: {listed(each, 2)}.")
    if found.silent:
        lines.append(
            f"No answer: {listed((f'{app} on {where}' for app, where in found.silent), _SEVERAL)}."
        )
    return lines


def _incidents(found: Found) -> List[str]:
    each = [f"{one.id} ({one_line(one.who, 20)})" for one in found.incidents]
    return [f"Open incidents: {listed(each, _SEVERAL)}."] if each else []


def _pages(found: Found) -> List[str]:
    each = [f"{one['id']} ({one_line(str(one['team']), 20)})" for one in found.pages]
    return [f"Open pages: {listed(each, _SEVERAL)}."] if each else []


def _waiting(found: Found) -> List[str]:
    each = [
        f"{one.id} ({one.app} {one_line(one.version, 20)} on {one.environment})"
        for one in found.changes
    ]
    return [f"Waiting changes: {listed(each, _SEVERAL)}."] if each else []


def _locked(found: Found) -> List[str]:
    each = [
        f"{place(one.app, one.environment)} by {one_line(one.shown, 20)} for "
        f"{span(_age(found, one))}"
        for one in found.locks
    ]
    return [f"Locked for more than a day: {listed(each, 2)}."] if each else []


def _age(found: Found, lock: Lock) -> float:
    return (found.now - lock.since).total_seconds()


def _running(found: Found) -> str:
    """Each application with its versions, and where each of them runs: `web v2 (test, uat), v1
    (production)`."""
    by_app: Dict[str, Dict[str, List[str]]] = {}
    for (app, environment), version in found.running.items():
        if version:
            by_app.setdefault(app, {}).setdefault(one_line(version, 20), []).append(environment)
    each = [
        f"{app} {', '.join(f'{version} ({listed(where, 4)})' for version, where in versions.items())}"  # noqa: E501
        for app, versions in by_app.items()
    ]
    return f"Running: {'; '.join(each)}." if each else ""


def _facts(found: Found) -> Dict[str, Any]:
    return {
        "running": [
            {"app": app, "environment": where, "version": one}
            for (app, where), one in found.running.items()
        ],
        "unanswered": [
            {"app": app, "environment": where, "error": one}
            for (app, where), one in found.silent.items()
        ],
        "drift": [vars(one) for one in found.drifts],
        "locks": [one.facts() for one in found.locks],
        "changes": [
            {
                "change": one.id,
                "app": one.app,
                "environment": one.environment,
                "version": one.version,
                "by": one.shown,
            }
            for one in found.changes
        ],
        "pages": found.pages,
        "incidents": [
            {
                "incident": one.id,
                "who": one.who,
                "since": stamp(one.since) if one.since else "",
                "card": one.card,
            }
            for one in found.incidents
        ],
    }
