"""emergency deploy: pass approval, freeze, order and lock, for a reason that is recorded, announced and reviewed."""

from __future__ import annotations

from ..errors import Code, Refusal
from ..names import check_version
from ..text import message, one_line
from . import Desk
from .carrying_out import Order, carry_out
from .outcome import Outcome
from .places import find_place
from .record import asked


def emergency_deploy(desk: Desk, app_name: str, version: str, environment_name: str, reason: str) -> Outcome:
    """Deploy on the word of those named under `emergency`. Never passes a running deployment or the kill switch."""
    with asked(desk, "emergency deploy", app_name, environment_name, version) as request:
        why = one_line(reason, 300)
        if not why:
            raise Refusal(
                Code.REASON_NEEDED,
                "An emergency needs its reason.",
                f"Say: emergency deploy {app_name} {version} to {environment_name}: checkout is down",
            )
        app, environment = find_place(desk.settings, app_name, environment_name)
        what = f"{app.name} {{version}} to {environment.name} in an emergency"
        order = Order(
            app,
            environment,
            check_version(version),
            f"deployed {what}",
            f"deploying {what}",
            redeploy=True,
            emergency=why,
        )
        outcome = carry_out(request, order)
    _announce(desk, outcome.message)
    return outcome


def _announce(desk: Desk, text: str) -> None:
    if desk.settings.announce and desk.settings.announce != desk.speaker.room:
        desk.rooms(desk.settings.announce).say(message(text))
