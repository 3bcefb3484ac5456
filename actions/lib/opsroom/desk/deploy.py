"""deploy: put a version of an application onto an environment."""

from __future__ import annotations

from ..names import check_version
from . import Desk
from .carrying_out import Order, carry_out
from .outcome import Outcome
from .places import find_place
from .record import asked


def deploy(desk: Desk, app_name: str, version: str, environment_name: str, redeploy: bool = False) -> Outcome:
    """Deploy, verify and record. The same version already there: says so and does nothing, unless `redeploy`."""
    command = "redeploy" if redeploy else "deploy"
    with asked(desk, command, app_name, environment_name, version) as request:
        app, environment = find_place(desk.settings, app_name, environment_name)
        what = f"{app.name} {{version}} to {environment.name}"
        order = Order(app, environment, check_version(version), f"{command}ed {what}", f"{command}ing {what}", redeploy)
        return carry_out(request, order)
