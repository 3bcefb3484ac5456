"""deploy: put a version of an application onto an environment."""

from __future__ import annotations

from ..names import check_version
from . import Desk
from .carrying_out import Order, carry_out
from .deployment_cards import named
from .outcome import Outcome
from .places import find_place
from .record import asked


def deploy(
    desk: Desk, app_name: str, version: str, environment_name: str, redeploy: bool = False, cards: str = ""
) -> Outcome:
    """Deploy, verify and record. The same version already there: says so and does nothing, unless `redeploy`.

    `cards` are those it is for, as typed; they are told of it.
    """
    command = "redeploy" if redeploy else "deploy"
    with asked(desk, command, app_name, environment_name, version) as request:
        app, environment = find_place(desk.settings, app_name, environment_name)
        what = f"{app.name} {{version}} to {environment.name}"
        wanted = check_version(version)
        order = Order(
            app,
            environment,
            wanted,
            f"{command}ed {what}",
            f"{command}ing {what}",
            redeploy,
            cards=named(desk, cards),
        )
        return carry_out(request, order)
