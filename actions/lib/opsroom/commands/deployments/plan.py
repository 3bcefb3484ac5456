"""plan: what a deployment would do and what is in its way. Changes nothing and needs no right."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ...config.model import Environment
from ...deploys import Advisor, Resolved
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version, listed
from ...policy import Decision, no
from ...policy.approvals import cannot_be_approved, who_can_approve
from ...text import span
from ...versions import Running, distinct_names, same
from .. import Context, Outcome
from ..cards.delivered import Brought, brought
from ..request import Request
from ..resolve import DeploymentTarget, find_target
from .delivery import delivery, summary
from .gates import Obstacle, check_access, check_locks_and_freezes, check_order
from .order import DeploymentKind
from .running_version import current_version, shown_name


def plan(context: Context, app_name: str, version: str, environment_name: str) -> Outcome:
    """Show from which version to which, who asks, and every reason why it would be refused now."""
    target = find_target(context.settings, app_name, environment_name)
    app, environment = target.app, target.environment
    resolved = target.deployer.resolve(check_version(version))
    wanted = resolved.version
    running, unknown, differing = _now(context, target)
    request = Request(context, "plan", app.name, environment.name, wanted)
    found = [*check_access(request, environment), *_obstacles(request, environment)]
    found += check_order(request, target, resolved, DeploymentKind.DEPLOY)
    obstacles = [*(one.decision for one in found), *unknown]
    if running and same(running, resolved):
        change = (
            f"{target} already runs {shown_name(running, resolved)}; a deployment would do nothing."
        )
    elif running and running.version:
        before, after = distinct_names(running, resolved)
        change = f"{target} would go from {before} to {after}."
    else:
        change = f"{target} would get {wanted}."
    brings = delivery(target, running or Running(""), resolved)
    speaks_of = Brought() if brings.back else brought(context.settings, brings.net)
    card_lines = (
        [f"Its commits speak of {listed(speaks_of.delivered, 5)}."] if speaks_of.delivered else []
    )
    if speaks_of.taken_back:
        card_lines.append(f"They take back {listed(speaks_of.taken_back, 5)}.")
    what = summary(brings.facts())
    if what:
        end = "" if brings.link else "."
        change += f"\nIt {what}{end}" if brings.back else f"\nIt brings {what}{end}"
    warnings = (*differing, *_warnings(target, resolved))
    lines = [f"In the way: {one.message} {one.hint}".strip() for one in obstacles]
    if not obstacles:
        lines = [
            f"Nothing is in the way. To do it: deploy {app.name} {wanted} to {environment.name}"
        ]
    facts = {
        "app": app.name,
        "environment": environment.name,
        "version": wanted,
        "version_before": running.version if running else "",
        "allowed": not obstacles,
        "approvals": environment.approvals,
        **brings.facts(),
        "warnings": list(warnings),
        "cards": list(speaks_of.delivered),
        "cards_taken_back": list(speaks_of.taken_back),
        "obstacles": [
            {"code": one.code, "message": one.message, "hint": one.hint} for one in obstacles
        ],
    }
    return Outcome(
        True,
        Code.PLAN,
        "\n".join([change, *_needs(context, environment), *card_lines, *warnings, *lines]),
        facts,
    )


def _warnings(target: DeploymentTarget, resolved: Resolved) -> Tuple[str, ...]:
    """What may undo or hold up the deployment, as far as its kind knows."""
    deployer = target.deployer
    if not isinstance(deployer, Advisor):
        return ()
    try:
        return deployer.warnings(resolved)
    except OpsroomError as error:
        return (f"What may be in its way there is unknown: {error.message}",)


def _now(
    context: Context, target: DeploymentTarget
) -> Tuple[Optional[Running], List[Decision], Tuple[str, ...]]:
    """What runs now, what is in the way because of it, and what to know of it."""
    if target.app.version is None:
        return None, [], ()
    try:
        return current_version(context, target), [], ()
    except Failure as failure:
        if failure.facts.get("mixed"):
            # A deployment is what makes them agree.
            return None, [], (failure.message,)
        return (
            None,
            [
                no(
                    failure.code,
                    f"What runs there now is unknown: {failure.message}",
                    failure.hint,
                )
            ],
            (),
        )


def _obstacles(request: Request, environment: Environment) -> List[Obstacle]:
    try:
        return check_locks_and_freezes(request, environment)
    except (Failure, Refusal) as error:
        return [Obstacle(no(error.code, error.message, error.hint), passable=False)]


def _needs(context: Context, environment: Environment) -> List[str]:
    if environment.approvals:
        approvals = (
            "1 approval" if environment.approvals == 1 else f"{environment.approvals} approvals"
        )
        asker = context.speaker.person_name
        stuck = cannot_be_approved(context.settings, environment, environment.approvals, asker)
        return [
            stuck
            or f"It needs {approvals}: {who_can_approve(context.settings, environment, asker)}."
        ]
    if environment.confirm_within:
        return [f"It has to be confirmed within {span(environment.confirm_within)}."]
    return []
