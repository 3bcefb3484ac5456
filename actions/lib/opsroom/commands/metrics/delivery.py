"""metrics of web for 90d: how well applications are delivered, by the figures of DORA, from the
record. Changes nothing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from ...audit.period import read_period
from ...config.model import Settings
from ...errors import Code, Refusal
from ...html import write
from ...metrics.model import Report, Scope
from ...metrics.render import file_name, render
from ...metrics.report import make_report
from ...metrics.text import report_facts, room_text
from ...names import bare, comparable, either, listed, pick, tidied
from ...text import MESSAGE_CHARACTERS
from ...times.zones import zone
from .. import Context, Outcome
from ..deployments.interrupted import settle_interrupted
from ..resolve import find_app, find_environment, find_target

# The period that is meant where none is named.
DEFAULT_PERIOD = "90d"
# How a config calls the environment that DORA means.
_PRODUCTION = ("production", "prod", "live")
NO_FILE = "none"


def delivery_metrics(
    context: Context,
    folder: Path,
    since: str = "",
    until: str = "",
    app_name: str = "",
    environment_name: str = "",
    team_name: str = "",
    format_: str = NO_FILE,
) -> Outcome:
    """The figures for an application, a team or an environment, against the period before; with
    `format_` also as a file in `folder`.

    Raises Refusal(unknown_app, unknown_environment, not_in_environment, unknown_who, invalid_time,
    unknown_command) and Failure(store_...).
    """
    settings = context.settings
    if not until.strip():
        since, _, until = tidied(since).partition(" to ")
    scope = find_scope(settings, app_name, environment_name, team_name)
    period = read_period(
        tidied(since) or DEFAULT_PERIOD, tidied(until), zone=zone(settings.timezone)
    )
    # What has ended is recorded as ended, so that it counts.
    settle_interrupted(context)
    report = make_report(context.store, scope, period, zone(settings.timezone), settings.timezone)
    facts = {**report_facts(report), **_written(report, folder, format_)}
    path = str(facts.get("path") or "")
    # A cut path is of no use.
    where = f"\nReport: {path}" if path else ""
    text = room_text(report, max(MESSAGE_CHARACTERS - len(where), 80)) + where
    return Outcome(True, Code.METRICS, text, facts)


def _written(report: Report, folder: Path, format_: str) -> Dict[str, Any]:
    if format_ == NO_FILE:
        return {}
    content = render(report, format_)
    path = write(folder, file_name(report, format_), content)
    return {"path": str(path), "sha256": sha256(content).hexdigest()}


def find_scope(
    settings: Settings, app_name: str = "", environment_name: str = "", team_name: str = ""
) -> Scope:
    """Whose deployments count, and where. Without an environment that is production."""
    if team_name:
        team, apps = _team(settings, team_name)
        environment = _environment(settings, environment_name)
        return _scope(settings, team, environment, apps)
    if app_name and environment_name:
        target = find_target(settings, app_name, environment_name)
        return _scope(settings, target.app.name, target.environment.name, [target.app.name])
    if app_name:
        app = find_app(settings, app_name)
        return _scope(settings, app.name, _environment(settings, ""), [app.name])
    if environment_name:
        environment = find_environment(settings, environment_name).name
        return _scope(settings, "", environment, None)
    raise Refusal(
        Code.UNKNOWN_COMMAND,
        "Metrics of what?",
        "Say: metrics of APPLICATION, metrics of team TEAM, or metrics on ENVIRONMENT",
    )


def _scope(settings: Settings, name: str, environment: str, apps: Optional[List[str]]) -> Scope:
    title = f"{name} on {environment}" if name else environment
    production = production_of(settings)
    # An incident is about what people use; of a test environment it says nothing.
    about = _incident_apps(settings) if production in ("", environment) else None
    return Scope(title, environment, None if apps is None else tuple(apps), about)


def _environment(settings: Settings, name: str) -> str:
    if name:
        return find_environment(settings, name).name
    found = production_of(settings)
    if not found:
        raise Refusal(
            Code.UNKNOWN_ENVIRONMENT,
            "The config does not say which environment is production.",
            f"Name one: {either(settings.environments) or 'none is configured'}.",
        )
    return found


def production_of(settings: Settings) -> str:
    """The environment that people use: the one called so, the only one, or the only one behind
    which no other comes; empty where that is not clear."""
    named = [one for one in settings.environments if comparable(one) in _PRODUCTION]
    if len(named) == 1:
        return named[0]
    before = {one.after for one in settings.environments.values() if one.after}
    last = [one.name for one in settings.environments.values() if one.name not in before]
    return last[0] if len(last) == 1 and not named else ""


def _team(settings: Settings, name: str) -> Tuple[str, List[str]]:
    """A team and the applications that it is paged for."""
    known = {comparable(one.page): one.page for one in settings.apps.values() if one.page}
    team = pick(bare(name), [*settings.teams, *_others(settings, known)], Code.UNKNOWN_WHO, "team")
    apps = [app.name for app in settings.apps.values() if comparable(app.page) == comparable(team)]
    if not apps:
        raise Refusal(
            Code.NOT_CONFIGURED,
            f"No application says that {team} is paged for it.",
            "An administrator can add page to apps in opsroom.yaml. Paged for one are "
            f"{listed(known.values())}."
            if known
            else "",
        )
    return team, apps


def _others(settings: Settings, known: Dict[str, str]) -> List[str]:
    """Teams that only applications name: a pager knows them."""
    ours = {comparable(one) for one in settings.teams}
    return [name for key, name in known.items() if key not in ours]


def _incident_apps(settings: Settings) -> Dict[str, str]:
    """For whom an incident may be declared, and the application that it is then about: the
    application itself, and a team that is paged for one alone."""
    found = {comparable(one): one for one in settings.apps}
    by_team: Dict[str, List[str]] = {}
    for app in settings.apps.values():
        if app.page:
            by_team.setdefault(comparable(app.page), []).append(app.name)
    for team, apps in by_team.items():
        if len(apps) == 1:
            found.setdefault(team, apps[0])
    return found
