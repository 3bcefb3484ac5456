"""rollback: deploy the version that ran before the one that runs now."""

from __future__ import annotations

from typing import Tuple

from ..errors import Code, Refusal
from ..settings.model import App, Environment
from ..versions import Running
from . import Desk
from .carrying_out import Order, carry_out
from .deployment_cards import named
from .looking import look_or_recall
from .outcome import Outcome
from .places import find_place
from .record import asked


def rollback(desk: Desk, app_name: str, environment_name: str, cards: str = "") -> Outcome:
    """Find the version before this one in the record and deploy it. A second rollback goes further back.

    `cards` are those it is for, as typed.
    """
    with asked(desk, "rollback", app_name, environment_name) as request:
        app, environment = find_place(desk.settings, app_name, environment_name)
        request.app, request.environment = app.name, environment.name
        wanted = named(desk, cards)
        current = _running(desk, app, environment)
        version, commit = _before(desk, app, environment, current)
        request.version = version
        what = f"{app.name} to {{version}} on {environment.name}"
        # The commit that ran then: a tag that was moved since would bring something that never ran here.
        order = Order(
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
        return carry_out(request, order)


def _running(desk: Desk, app: App, environment: Environment) -> Running:
    running = look_or_recall(desk, app, environment)
    if running is None or not running.version:
        raise Refusal(
            Code.NOTHING_RUNS, f"No version of {app.name} runs on {environment.name}.", "There is nothing to roll back."
        )
    return running


def _before(desk: Desk, app: App, environment: Environment, current: Running) -> Tuple[str, str]:
    """The version before this one, and the commit it stood for."""
    from ..ledger_lookup import commit_before, version_before

    with desk.store.read_plain() as connection:
        record = version_before(connection, app.name, environment.name, current.version, current.commit)
        commit = commit_before(connection, record) if record else ""
    if record is None:
        raise Refusal(
            Code.NOTHING_BEFORE,
            f"The record does not say what ran on {environment.name} before {app.name} {current.version}.",
            f"Name the version: deploy {app.name} VERSION to {environment.name}",
        )
    return record.version_before, commit
