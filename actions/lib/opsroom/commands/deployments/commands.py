"""The commands that deploy. Each makes an order, which the pipeline carries out.

- deploy, redeploy: a version of an application, onto an environment.
- promote: the version that runs on one environment, onto another.
- rollback: the version that ran before the one that runs now.
- emergency deploy: past approval, freeze, order and lock, for a reason that is recorded, announced
  and reviewed.
"""

from __future__ import annotations

from ...config.model import Environment
from ...errors import Code, OpsroomError, Refusal
from ...names import check_version
from ...policy.approvals import needs_code
from ...records.otp import use_code
from ...text import one_line
from ...versions import Running, same
from .. import Context, Outcome
from ..announce import announce
from ..cards.delivered import named
from ..request import Request, asked
from ..resolve import find_set, find_target
from .gates import check_access
from .order import DeploymentKind, DeploymentOrder
from .pipeline import run_deployment
from .rollback import rollback_order
from .running_version import current_version
from .sets import check_one, deploy_set, rollback_set


def deploy(
    context: Context,
    app_name: str,
    version: str,
    environment_name: str,
    redeploy: bool = False,
    cards: str = "",
) -> Outcome:
    """Deploy, verify and record. The same version already there: says so and does nothing, unless
    `redeploy`. The name of a set stands for all of its applications.

    `cards` are those it is for, as typed; they get a comment.
    """
    kind = DeploymentKind.REDEPLOY if redeploy else DeploymentKind.DEPLOY
    found = find_set(context.settings, app_name)
    if found is not None:
        return deploy_set(context, found, version, environment_name, kind, cards)
    with asked(context, kind.value, app_name, environment_name, version) as request:
        check_one(context.settings, kind.value, app_name, version, environment_name)
        target = find_target(context.settings, app_name, environment_name)
        wanted = check_version(version)
        order = DeploymentOrder(target, wanted, kind, cards=named(context, cards))
        return run_deployment(request, order)


def promote(
    context: Context,
    app_name: str,
    source_name: str,
    environment_name: str,
    cards: str = "",
    expected: str = "",
) -> Outcome:
    """Ask what runs on the source, then deploy exactly that. `cards` are those it is for, as typed.

    `expected` is the version that must be what runs there; otherwise nothing is done
    (changed_meanwhile).
    """
    with asked(context, DeploymentKind.PROMOTE.value, app_name, environment_name) as request:
        target = find_target(context.settings, app_name, environment_name)
        app, environment = target.app, target.environment
        request.app, request.environment = app.name, environment.name
        origin = find_target(context.settings, app_name, source_name)
        source = origin.environment
        if source.name == environment.name:
            raise Refusal(
                Code.ALREADY_THERE,
                f"{source.name} is both where to take {app.name} from and where to put it.",
                f"For example: promote {app.name} from test to uat",
            )
        wanted = named(context, cards)
        running = current_version(context, origin)
        if not running.version:
            raise Refusal(
                Code.NOTHING_RUNS,
                f"No version of {app.name} runs on {source.name}.",
                "Deploy one there first.",
            )
        if expected.strip() and not same(Running(expected.strip()), running):
            raise Refusal(
                Code.CHANGED_MEANWHILE,
                f"{running.version} runs on {source.name}, and not {expected.strip()}; nothing "
                "was promoted.",
                f"To promote it anyway: promote {app.name} from {source.name} to "
                f"{environment.name}",
            )
        request.version = running.version
        order = DeploymentOrder(
            target,
            running.version,
            DeploymentKind.PROMOTE,
            source=source.name,
            commit=running.commit,
            cards=wanted,
        )
        return run_deployment(request, order)


def rollback(context: Context, app_name: str, environment_name: str, cards: str = "") -> Outcome:
    """Find the version before this one in the record and deploy it. A second rollback goes further
    back.

    `cards` are those it is for, as typed.
    """
    found = find_set(context.settings, app_name)
    if found is not None:
        return rollback_set(context, found, environment_name, cards)
    with asked(context, DeploymentKind.ROLLBACK.value, app_name, environment_name) as request:
        target = find_target(context.settings, app_name, environment_name)
        request.app, request.environment = target.app.name, target.environment.name
        order = rollback_order(context, target, named(context, cards))
        request.version = order.version
        return run_deployment(request, order)


def emergency_deploy(
    context: Context,
    app_name: str,
    version: str,
    environment_name: str,
    reason: str,
    code: str = "",
) -> Outcome:
    """Deploy on the word of those named under `emergency`. Never passes a running deployment or the
    kill switch.

    Where a second factor is wanted, it is wanted here too: this is what a stolen chat name would be
    used for.
    """
    kind = DeploymentKind.EMERGENCY
    with asked(context, kind.value, app_name, environment_name, version) as request:
        why = one_line(reason, 300)
        if not why:
            raise Refusal(
                Code.REASON_NEEDED,
                "An emergency needs a reason.",
                f"Say: emergency deploy {app_name} {version} to {environment_name}: checkout "
                "is down",
            )
        target = find_target(context.settings, app_name, environment_name)
        app, environment = target.app, target.environment
        request.app, request.environment = app.name, environment.name
        wanted = check_version(version)
        _second_factor(
            request, environment, code, f"deploy {app.name} {wanted} to {environment.name}: {why}"
        )
        order = DeploymentOrder(target, wanted, kind, emergency=why)
        try:
            outcome = run_deployment(request, order)
        except OpsroomError as error:
            if request.started:
                announce(request.context, error.message)
            raise
    announce(request.context, outcome.message)
    return outcome


def _second_factor(request: Request, environment: Environment, code: str, rest: str) -> None:
    for obstacle in check_access(request, environment, emergency=True):
        # First of all: a code must not be used up, nor a wrong one counted, for someone who may not
        # do it anyway.
        obstacle.decision.enforce()
    speaker = request.by
    if speaker.person is None or not (code.strip() or needs_code(environment, speaker)):
        return
    use_code(request.context.store, speaker.person, code, "emergency CODE " + rest)
