"""deploy: put a version of an application onto an environment.

promote: deploy to one environment the version that runs on another.

rollback: deploy the version that ran before the one that runs now.

emergency deploy: pass approval, freeze, order and lock, for a reason that is recorded, announced
and reviewed.
"""

from __future__ import annotations

from typing import Tuple

from ...config.model import App, Environment
from ...errors import Code, OpsroomError, Refusal
from ...names import check_version
from ...policy.approvals import needs_code
from ...text import one_line
from ...versions import Running, same
from .. import Context, Outcome
from ..request import Request, asked
from ..resolve import find_place
from .cards import named
from .gates import check_access
from .messages import announce
from .order import DeploymentOrder
from .pipeline import run_deployment
from .running_version import look, look_or_recall


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

    `cards` are those it is for, as typed; they are told of it.
    """
    command = "redeploy" if redeploy else "deploy"
    with asked(context, command, app_name, environment_name, version) as request:
        app, environment = find_place(context.settings, app_name, environment_name)
        what = f"{app.name} {{version}} to {environment.name}"
        wanted = check_version(version)
        order = DeploymentOrder(
            app,
            environment,
            wanted,
            f"{command}ed {what}",
            f"{command}ing {what}",
            redeploy,
            cards=named(context, cards),
        )
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
    with asked(context, "promote", app_name, environment_name) as request:
        app, environment = find_place(context.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        _, source = find_place(context.settings, app_name, source_name)
        if source.name == environment.name:
            raise Refusal(
                Code.ALREADY_THERE,
                f"{source.name} is both where to take {app.name} from and where to put it.",
                f"For example: promote {app.name} from test to uat",
            )
        wanted = named(context, cards)
        running = look(context, app, source)
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
                f"To promote it all the same: promote {app.name} from {source.name} to "
                f"{environment.name}",
            )
        request.version = running.version
        what = f"{app.name} {{version}} from {source.name} to {environment.name}"
        order = DeploymentOrder(
            app,
            environment,
            running.version,
            f"promoted {what}",
            f"promoting {what}",
            commit=running.commit,
            cards=wanted,
        )
        return run_deployment(request, order)


def rollback(context: Context, app_name: str, environment_name: str, cards: str = "") -> Outcome:
    """Find the version before this one in the record and deploy it. A second rollback goes further
    back.

    `cards` are those it is for, as typed.
    """
    with asked(context, "rollback", app_name, environment_name) as request:
        app, environment = find_place(context.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        wanted = named(context, cards)
        current = _running(context, app, environment)
        version, commit = _before(context, app, environment, current)
        request.version = version
        what = f"{app.name} to {{version}} on {environment.name}"
        # The commit that ran then: a tag that was moved since would bring something that never ran
        # here.
        order = DeploymentOrder(
            app,
            environment,
            version,
            f"rolled back {what}",
            f"rolling back {what}",
            expected_before=current.version,
            commit_before=current.commit,
            commit=commit,
            cards=wanted,
        )
        return run_deployment(request, order)


def _running(context: Context, app: App, environment: Environment) -> Running:
    running = look_or_recall(context, app, environment)
    if running is None or not running.version:
        raise Refusal(
            Code.NOTHING_RUNS,
            f"No version of {app.name} runs on {environment.name}.",
            "There is nothing to roll back.",
        )
    return running


def _before(
    context: Context, app: App, environment: Environment, current: Running
) -> Tuple[str, str]:
    """The version before this one, and the commit it stood for."""
    from ...records.queries import commit_before, version_before

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
    with asked(context, "emergency deploy", app_name, environment_name, version) as request:
        why = one_line(reason, 300)
        if not why:
            raise Refusal(
                Code.REASON_NEEDED,
                "An emergency needs its reason.",
                f"Say: emergency deploy {app_name} {version} to {environment_name}: checkout "
                "is down",
            )
        app, environment = find_place(context.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        wanted = check_version(version)
        _second_factor(
            request, environment, code, f"deploy {app.name} {wanted} to {environment.name}: {why}"
        )
        what = f"{app.name} {{version}} to {environment.name} in an emergency"
        order = DeploymentOrder(
            app,
            environment,
            wanted,
            f"deployed {what}",
            f"deploying {what}",
            redeploy=True,
            emergency=why,
        )
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
        # First of all: a code must not be used up, nor a wrong one counted, for somebody who may
        # not do it anyway.
        obstacle.decision.enforce()
    speaker = request.by
    if speaker.person is None or not (code.strip() or needs_code(environment, speaker)):
        return
    from ...records.otp import use_code

    use_code(request.context.store, speaker.person, code, "emergency CODE " + rest)
