"""plan: what a deployment would do and what is in its way. Changes nothing and needs no right."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ..errors import Code, Failure, Refusal
from ..guard import Decision, no
from ..guard.access import may_deploy
from ..names import check_version
from ..settings.model import App, Environment
from ..versions import Running, same_version
from . import Desk
from .asking import ask
from .carrying_out import in_the_way
from .outcome import Outcome
from .places import deployer_for, find_place
from .record import Request


def plan(desk: Desk, app_name: str, version: str, environment_name: str) -> Outcome:
    """Tell from which version to which, who asks, and every reason why it would be refused now."""
    app, environment = find_place(desk.settings, app_name, environment_name)
    wanted = deployer_for(app, environment).resolve(check_version(version)).version
    running, trouble = _now(app, environment)
    obstacles = [
        *may_deploy(desk.settings, desk.speaker, environment),
        *_obstacles(desk, app, environment, wanted),
        *trouble,
    ]
    place = f"{app.name} on {environment.name}"
    if running and same_version(running.version, wanted):
        change = f"{place} already runs {running.version}; a deployment would do nothing."
    elif running and running.version:
        change = f"{place} would go from {running.version} to {wanted}."
    else:
        change = f"{place} would get {wanted}."
    if obstacles:
        way = " ".join(f"In the way: {one.message} {one.hint}".strip() for one in obstacles)
    else:
        way = f"Nothing is in the way. To do it: deploy {app.name} {wanted} to {environment.name}"
    facts = {
        "app": app.name,
        "environment": environment.name,
        "version": wanted,
        "version_before": running.version if running else "",
        "allowed": not obstacles,
        "obstacles": [{"code": one.code, "message": one.message, "hint": one.hint} for one in obstacles],
    }
    return Outcome(True, Code.PLAN, f"{change}\n{way}", facts)


def _now(app: App, environment: Environment) -> Tuple[Optional[Running], List[Decision]]:
    if app.version is None:
        return None, []
    try:
        return ask(app, environment), []
    except Failure as failure:
        return None, [no(failure.code, f"What runs there now could not be told: {failure.message}", failure.hint)]


def _obstacles(desk: Desk, app: App, environment: Environment, version: str) -> List[Decision]:
    try:
        return in_the_way(Request(desk, "plan", app.name, environment.name, version))
    except (Failure, Refusal) as error:
        return [no(error.code, error.message, error.hint)]
