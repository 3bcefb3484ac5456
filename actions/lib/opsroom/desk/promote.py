"""promote: deploy to one environment the version that runs on another."""

from __future__ import annotations

from ..errors import Code, Refusal
from ..versions import Running, same
from . import Desk
from .carrying_out import Order, carry_out
from .deployment_cards import named
from .looking import look
from .outcome import Outcome
from .places import find_place
from .record import asked


def promote(
    desk: Desk, app_name: str, source_name: str, environment_name: str, cards: str = "", expected: str = ""
) -> Outcome:
    """Ask what runs on the source, then deploy exactly that. `cards` are those it is for, as typed.

    `expected` is the version that must be what runs there; otherwise nothing is done (changed_meanwhile).
    """
    with asked(desk, "promote", app_name, environment_name) as request:
        app, environment = find_place(desk.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        _, source = find_place(desk.settings, app_name, source_name)
        if source.name == environment.name:
            raise Refusal(
                Code.ALREADY_THERE,
                f"{source.name} is both where to take {app.name} from and where to put it.",
                f"For example: promote {app.name} from test to uat",
            )
        wanted = named(desk, cards)
        running = look(desk, app, source)
        if not running.version:
            raise Refusal(
                Code.NOTHING_RUNS, f"No version of {app.name} runs on {source.name}.", "Deploy one there first."
            )
        if expected.strip() and not same(Running(expected.strip()), running):
            raise Refusal(
                Code.CHANGED_MEANWHILE,
                f"{running.version} runs on {source.name}, and not {expected.strip()}; nothing was promoted.",
                f"To promote it all the same: promote {app.name} from {source.name} to {environment.name}",
            )
        request.version = running.version
        what = f"{app.name} {{version}} from {source.name} to {environment.name}"
        order = Order(
            app,
            environment,
            running.version,
            f"promoted {what}",
            f"promoting {what}",
            commit=running.commit,
            cards=wanted,
        )
        return carry_out(request, order)
