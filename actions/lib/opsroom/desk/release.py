"""What the workflow release asks: where a version goes, and whether it runs there. Changes nothing."""

from __future__ import annotations

from typing import Tuple

from ..errors import Code, Failure, Refusal
from ..names import check_version, listed
from ..settings.model import App
from ..text import message, one_line
from ..versions import Running, same
from . import Desk
from .asking import ask
from .outcome import Outcome
from .places import find_app, find_place
from .verifying import from_cache


def release_plan(desk: Desk, app_name: str, version: str, upto: str = "") -> Outcome:
    """The environments of an application in the order of the config: up to the first where somebody has to agree, which
    is left out; or up to `upto`, which is included.

    Raises Refusal(unknown_app, unknown_environment, not_in_environment, invalid_name, cannot_deploy, not_possible).
    """
    app = find_app(desk.settings, app_name)
    wanted = check_version(version)
    if app.deploy is None:
        raise Refusal(Code.CANNOT_DEPLOY, f"The config does not say how {app.name} is deployed.")
    every = desk.settings.environments_of(app)
    going, stops = _going(desk, app, every, upto)
    if not going:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{stops} is the first environment of {app.name}, and somebody has to agree to each deployment there."
            if stops
            else f"{app.name} lives on no environment.",
            f"Say how far: upto={stops}" if stops else "",
        )
    facts = {"app": app.name, "version": wanted, "environments": list(going), "stops_before": stops, "check": app.check}
    end = f", and stops before {stops}, where somebody has to agree" if stops else ""
    return Outcome(True, Code.RELEASE_PLAN, f"{app.name} {wanted} goes to {listed(going)}{end}.", facts)


def _going(desk: Desk, app: App, every: Tuple[str, ...], upto: str) -> Tuple[Tuple[str, ...], str]:
    """The environments on the way, and the one before which it stops; empty where it goes to the end."""
    if upto.strip():
        _, last = find_place(desk.settings, app.name, upto)
        return every[: every.index(last.name) + 1], ""
    for place, name in enumerate(every):
        rules = desk.settings.environments[name].for_app(app.name)
        if rules.approvals or rules.confirm_within:
            return every[:place], name
    return every, ""


def runs_there(desk: Desk, app_name: str, version: str, environment_name: str) -> Outcome:
    """Whether that version runs there now, asked of the place itself.

    Raises Failure(not_verified) when another one does, Failure(unreachable, ...) when it cannot be asked. Where the
    config has no way to ask, it is ok, with `verified` false: then a deployment is not verified either.
    """
    app, environment = find_place(desk.settings, app_name, environment_name)
    wanted = check_version(version)
    facts = {"app": app.name, "environment": environment.name, "version": wanted}
    if app.version is None:
        text = f"{app.name} on {environment.name} cannot be asked for its version: no version source is configured."
        return Outcome(True, Code.RUNS_THERE, text, {**facts, "verified": False})
    running = ask(app, environment)
    if not same(running, Running(wanted)):
        runs = one_line(running.version) or "nothing"
        told = message(f"{runs} runs as {app.name} on {environment.name}, and not {wanted}.")
        raise Failure(Code.NOT_VERIFIED, told, from_cache(running), facts={**facts, "running": running.version})
    text = f"{app.name} {wanted} runs on {environment.name}."
    return Outcome(True, Code.RUNS_THERE, text, {**facts, "verified": True})
