"""What a rollback goes back to: the version that ran before the one that runs, by the record."""

from __future__ import annotations

from typing import Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...records.chain.archives import newest_archive
from ...records.queries import commit_before, version_before
from ...versions import Running
from .. import Context
from ..resolve import DeploymentTarget
from .order import DeploymentKind, DeploymentOrder
from .running_version import current_version, recorded_version


def rollback_order(
    context: Context, target: DeploymentTarget, cards: Tuple[str, ...]
) -> DeploymentOrder:
    """The order to go back to the version before the one that runs. Raises Refusal(nothing_runs,
    nothing_before)."""
    current = _running(context, target)
    version, commit = _before(context, target, current)
    # The commit that ran then: a tag that was moved since would bring something that never ran
    # here.
    return DeploymentOrder(
        target,
        version,
        DeploymentKind.ROLLBACK,
        expected_before=current.version,
        commit_before=current.commit,
        commit=commit,
        cards=cards,
    )


def _running(context: Context, target: DeploymentTarget) -> Running:
    running: Optional[Running]
    try:
        running = current_version(context, target)
    except Failure as failure:
        if failure.facts.get("mixed"):
            # Before which of them?
            hint, facts = failure.hint, failure.facts
            raise Refusal(Code.NOTHING_BEFORE, failure.message, hint, facts) from failure
        running = recorded_version(context, target)
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
        archive = newest_archive(connection) if record is None else None
    if record is None:
        older = f" {archive.text}." if archive is not None else ""
        raise Refusal(
            Code.NOTHING_BEFORE,
            f"The record does not say what ran on {environment.name} before {app.name} "
            f"{current.version}.{older}",
            f"Name the version: deploy {app.name} VERSION to {environment.name}",
        )
    return record.version_before, commit
