"""rollback: deploy the version that ran before the one that runs now."""

from __future__ import annotations

from ..errors import Code, Refusal
from ..settings.model import App, Environment
from . import Desk
from .asking import ask
from .carrying_out import Order, carry_out
from .outcome import Outcome
from .places import find_place
from .record import asked


def rollback(desk: Desk, app_name: str, environment_name: str) -> Outcome:
    """Find the version before this one in the record and deploy it. A second rollback goes further back."""
    with asked(desk, "rollback", app_name, environment_name) as request:
        app, environment = find_place(desk.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        current = _running(desk, app, environment)
        version = _before(desk, app, environment, current)
        request.version = version
        what = f"{app.name} to {{version}} on {environment.name}"
        order = Order(app, environment, version, f"rolled back {what}", f"rolling back {what}", expected_before=current)
        return carry_out(request, order)


def _running(desk: Desk, app: App, environment: Environment) -> str:
    from ..ledger import last_succeeded

    if app.version is not None:
        current = ask(app, environment).version
    else:
        with desk.store.read() as connection:
            last = last_succeeded(connection, app.name, environment.name)
        current = last.version if last else ""
    if not current:
        raise Refusal(
            Code.NOTHING_RUNS, f"No version of {app.name} runs on {environment.name}.", "There is nothing to roll back."
        )
    return current


def _before(desk: Desk, app: App, environment: Environment, current: str) -> str:
    from ..ledger import version_before

    with desk.store.read() as connection:
        record = version_before(connection, app.name, environment.name, current)
    if record is None:
        raise Refusal(
            Code.NOTHING_BEFORE,
            f"The record does not say what ran on {environment.name} before {app.name} {current}.",
            f"Name the version: deploy {app.name} VERSION to {environment.name}",
        )
    return record.version_before
