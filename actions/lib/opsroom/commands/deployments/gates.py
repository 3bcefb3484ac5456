"""The gates of a deployment: the facts are gathered here, `policy` decides on them.

Each gate returns what is in the way, the weightiest first; an empty list lets the deployment pass.
"""

from __future__ import annotations

from datetime import datetime
from typing import List, Optional, Sequence

from ...config.model import Environment
from ...deploys import Resolved
from ...errors import Code, OpsroomError
from ...people import Speaker
from ...policy import Decision, no
from ...policy.access import may, may_ask
from ...policy.freezes import frozen
from ...policy.locks import in_the_way, is_kill_switch
from ...policy.order import in_order
from ...records.claims import Claim, current
from ...records.locks import Lock, active
from ...structs import dataclass
from ...text import span
from ...versions import Running
from ..request import Request
from ..resolve import DeploymentTarget, find_environment
from .order import DeploymentKind
from .running_version import current_version


@dataclass(frozen=True)
class Obstacle:
    """A refusal, and whether those named for emergencies may pass it."""

    decision: Decision
    passable: bool


def check_access(
    request: Request, environment: Environment, emergency: bool = False
) -> List[Obstacle]:
    """What the person or the room does not allow."""
    settings, by = request.context.settings, request.by
    decisions = (
        may(settings, by, environment, "override")
        if emergency
        else may_ask(settings, by, environment)
    )
    return [Obstacle(one, passable=False) for one in decisions if not one.allowed]


def check_locks_and_freezes(request: Request, environment: Environment) -> List[Obstacle]:
    """A running deployment at the same place, locks and freezes."""
    store = request.context.store
    with store.read() as connection:
        now = store.now(connection)
        claims = current(store, connection, request.app, request.environment)
        locks = active(store, connection, request.app, request.environment)
    found = [Obstacle(busy(claim, now), passable=False) for claim in claims]
    found += locked(locks, request.by, now, request.context.settings.timezone)
    freeze = frozen(environment, now)
    return found if freeze.allowed else [*found, Obstacle(freeze, passable=True)]


def locked(locks: Sequence[Lock], speaker: Speaker, now: datetime, timezone: str) -> List[Obstacle]:
    """Locks that stop this speaker."""
    return [
        Obstacle(decision, passable=not is_kill_switch(lock))
        for lock in locks
        for decision in in_the_way([lock], speaker, now, timezone)
    ]


def check_order(
    request: Request, target: DeploymentTarget, resolved: Resolved, kind: DeploymentKind
) -> List[Obstacle]:
    """The same version has to run in the environment before this one. A rollback is free of
    that."""
    app, environment = target.app, target.environment
    if not environment.after or kind is DeploymentKind.ROLLBACK:
        return []
    earlier = find_environment(request.context.settings, environment.after)
    running: Optional[Running]
    try:
        running = current_version(request.context, DeploymentTarget(app, earlier))
    except OpsroomError as error:
        why = no(
            Code.OUT_OF_ORDER,
            f"What runs on {earlier.name} is unknown: {error.message}",
            error.hint,
        )
        return [Obstacle(why, passable=True)]
    decision = in_order(environment, app.name, resolved, running)
    return [] if decision.allowed else [Obstacle(decision, passable=True)]


def busy(claim: Claim, now: datetime) -> Decision:
    """The refusal while someone else is deploying there."""
    if claim.command == "cancel":
        what = f"cancelling what was left running: {claim.app} on {claim.environment}"
    else:
        what = f"deploying {claim.app} {claim.version} to {claim.environment}"
    since = f"started {span((now - claim.started_at).total_seconds())} ago"
    step = f", step: {claim.step}" if claim.step else ""
    return no(
        Code.BUSY,
        f"{claim.holder} is already {what} ({since}{step}).",
        f"Try again when it finishes. To see: history of {claim.app} on {claim.environment}",
    )
