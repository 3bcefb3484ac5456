"""The commands that deploy. Each makes an order, which the pipeline carries out.

- deploy, redeploy: a version of an application, onto an environment.
- promote: the version that runs on one environment, onto another.
- rollback: the version that ran before the one that runs now.
- emergency deploy: past approval, freeze, order and lock, for a reason that is recorded, announced
  and reviewed.
"""

from __future__ import annotations

from typing import Tuple

from ...config.model import Environment
from ...errors import Code, OpsroomError, Refusal
from ...names import check_version
from ...policy.approvals import needs_code
from ...records.otp import use_code
from ...records.queries import commit_before, version_before
from ...text import one_line
from ...versions import Running, same
from .. import Context, Outcome
from ..request import Request, asked
from ..resolve import DeploymentTarget, find_target
from .cards import named
from .gates import check_access
from .messages import announce
from .order import DeploymentKind, DeploymentOrder
from .pipeline import run_deployment
from .running_version import current_or_recorded_version, current_version


def deploy(
    context: Context,
    app_name: str,
    version: str,
    environment_name: str,
    redeploy: bool = False,
    cards: str = "",
) -> Outcome:
    """Deploy, verify and record. The same version already there: says so and does nothing, unless
    `redeploy`.

    `cards` are those it is for, as typed; they get a comment.
    """
    kind = DeploymentKind.REDEPLOY if redeploy else DeploymentKind.DEPLOY
    with asked(context, kind.value, app_name, environment_name, version) as request:
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
    with asked(context, DeploymentKind.ROLLBACK.value, app_name, environment_name) as request:
        target = find_target(context.settings, app_name, environment_name)
        request.app, request.environment = target.app.name, target.environment.name
        wanted = named(context, cards)
        current = _running(context, target)
        version, commit = _before(context, target, current)
        request.version = version
        # The commit that ran then: a tag that was moved since would bring something that never ran
        # here.
        order = DeploymentOrder(
            target,
            version,
            DeploymentKind.ROLLBACK,
            expected_before=current.version,
            commit_before=current.commit,
            commit=commit,
            cards=wanted,
        )
        return run_deployment(request, order)


def _running(context: Context, target: DeploymentTarget) -> Running:
    running = current_or_recorded_version(context, target)
    if running is None or not running.version:
        raise Refusal(
            Code.NOTHING_RUNS,
            f"No version of {target} is running.",
            "There is nothing to roll back.",
        )
    return running


def _before(context: Context, target: DeploymentTarget, current: Running) -> Tuple[str, str]:
    """The version before this one, and the commit it stood for."""
    app, environment = target.app, target.environment
    with context.store.read() as connection:
        record = version_before(
            connection, app.name, environment.name, current.version, current.commit
        )
        commit = commit_before(connection, record) if record else ""
    if record is None:
        raise Refusal(
            Code.NOTHING_BEFORE,
            f"The record does not say what ran on {environment.name} before {app.name} "
            f"{current.version}.",
            f"Name the version: deploy {app.name} VERSION to {environment.name}",
        )
    return record.version_before, commit


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
                announce(request, error.message)
            raise
    announce(request, outcome.message)
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
