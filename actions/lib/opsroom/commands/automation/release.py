"""The questions of the workflow release: where a version goes, and whether it runs there. Changes
nothing."""

from __future__ import annotations

from typing import Tuple

from ...config.model import App, in_passing_order
from ...errors import Code, Failure, Refusal
from ...names import check_version, listed
from ...policy.access import may_ask
from ...text import message, one_line
from ...versions import Running, same
from .. import Context, Outcome
from ..deployments.running_version import from_cache
from ..live_version import ask
from ..resolve import find_app, find_target


def release_plan(context: Context, app_name: str, version: str, upto: str = "") -> Outcome:
    """The environments of an application in the order of the config, none before the one that its
    rules name as `after`: up to `upto`, which is included; without it, up to the first where
    someone has to agree or where this speaker may not deploy, which is left out.

    Raises Refusal(unknown_app, unknown_environment, not_in_environment, invalid_name,
    cannot_deploy, not_possible; not_allowed, wrong_room where one on the way is closed to this
    speaker: then nothing is begun).
    """
    app = find_app(context.settings, app_name)
    wanted = check_version(version)
    if app.deploy is None:
        raise Refusal(Code.CANNOT_DEPLOY, f"The config does not say how {app.name} is deployed.")
    rules = context.settings.environments
    every = in_passing_order(
        {
            name: rules[name].for_app(app.name).after
            for name in context.settings.environments_of(app)
        }
    )
    route, stops, why = _route(context, app, every, upto)
    if not route:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{stops} is the first environment of {app.name}: {why}."
            if stops
            else f"{app.name} is configured for no environment.",
            f"Say how far: upto={stops}" if stops else "",
        )
    facts = {
        "app": app.name,
        "version": wanted,
        "environments": list(route),
        "stops_before": stops,
        "check": app.check,
    }
    end = f", and stops before {stops}: {why}" if stops else ""
    return Outcome(
        True, Code.RELEASE_PLAN, f"{app.name} {wanted} goes to {listed(route)}{end}.", facts
    )


def _route(
    context: Context, app: App, every: Tuple[str, ...], upto: str
) -> Tuple[Tuple[str, ...], str, str]:
    """The environments on the way, the one before which it stops and why; both empty where it goes
    to the end."""
    if upto.strip():
        last = find_target(context.settings, app.name, upto).environment
        route = every[: every.index(last.name) + 1]
        for name in route:
            check_may_ask(context, app.name, name)
        return route, "", ""
    for place, name in enumerate(every):
        rules = context.settings.environments[name].for_app(app.name)
        refused = may_ask(context.settings, context.speaker, rules)
        if refused and not place:
            refused[0].enforce()
        if rules.approvals or rules.confirm_within or refused:
            why = (
                refused[0].message.rstrip(".")
                if refused
                else "someone has to agree to each deployment there"
            )
            return every[:place], name, why
    return every, "", ""


def check_may_ask(context: Context, app_name: str, environment_name: str) -> None:
    """Raise the refusal where this speaker may not ask for a deployment there."""
    environment = find_target(context.settings, app_name, environment_name).environment
    for decision in may_ask(context.settings, context.speaker, environment):
        decision.enforce()


def runs_there(context: Context, app_name: str, version: str, environment_name: str) -> Outcome:
    """Whether that version runs there now, asked of the place itself.

    Raises Failure(not_verified) when another one does, Failure(unreachable, ...) when it cannot be
    asked. Where the config has no way to ask, it is ok, with `verified` false: then a deployment is
    not verified either.
    """
    target = find_target(context.settings, app_name, environment_name)
    app, environment = target.app, target.environment
    wanted = check_version(version)
    facts = {"app": app.name, "environment": environment.name, "version": wanted}
    if app.version is None:
        text = (
            f"{app.name} on {environment.name} cannot be asked for its version: no version "
            "source is configured."
        )
        return Outcome(True, Code.RUNS_THERE, text, {**facts, "verified": False})
    running = ask(target)
    if not same(running, Running(wanted)):
        runs = one_line(running.version) or "nothing"
        text = message(f"{runs} runs as {app.name} on {environment.name}, and not {wanted}.")
        raise Failure(
            Code.NOT_VERIFIED,
            text,
            from_cache(running),
            facts={**facts, "running": running.version},
        )
    text = f"{app.name} {wanted} runs on {environment.name}."
    return Outcome(True, Code.RUNS_THERE, text, {**facts, "verified": True})
