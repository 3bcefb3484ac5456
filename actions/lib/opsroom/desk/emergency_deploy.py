"""emergency deploy: pass approval, freeze, order and lock, for a reason that is recorded, announced and reviewed."""

from __future__ import annotations

from ..errors import Code, OpsroomError, Refusal
from ..guard.approvals import needs_code
from ..names import check_version
from ..settings.model import Environment
from ..text import one_line
from . import Desk
from .carrying_out import Order, carry_out
from .obstacles import rights
from .outcome import Outcome
from .places import find_place
from .record import Request, asked
from .telling import announce


def emergency_deploy(
    desk: Desk, app_name: str, version: str, environment_name: str, reason: str, code: str = ""
) -> Outcome:
    """Deploy on the word of those named under `emergency`. Never passes a running deployment or the kill switch.

    Where a second factor is wanted, it is wanted here too: this is what a stolen chat name would be used for.
    """
    with asked(desk, "emergency deploy", app_name, environment_name, version) as request:
        why = one_line(reason, 300)
        if not why:
            raise Refusal(
                Code.REASON_NEEDED,
                "An emergency needs its reason.",
                f"Say: emergency deploy {app_name} {version} to {environment_name}: checkout is down",
            )
        app, environment = find_place(desk.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        wanted = check_version(version)
        _second_factor(request, environment, code, f"deploy {app.name} {wanted} to {environment.name}: {why}")
        what = f"{app.name} {{version}} to {environment.name} in an emergency"
        order = Order(app, environment, wanted, f"deployed {what}", f"deploying {what}", redeploy=True, emergency=why)
        try:
            outcome = carry_out(request, order)
        except OpsroomError as error:
            if request.started:
                announce(request, error.message)
            raise
    announce(request, outcome.message)
    return outcome


def _second_factor(request: Request, environment: Environment, code: str, rest: str) -> None:
    for obstacle in rights(request, environment, emergency=True):
        # First of all: a code must not be used up, nor a wrong one counted, for somebody who may not do it anyway.
        obstacle.decision.enforce()
    speaker = request.by
    if speaker.person is None or not (code.strip() or needs_code(environment, speaker)):
        return
    from ..codes import use_code

    use_code(request.desk.store, speaker.person, code, "emergency CODE " + rest)
