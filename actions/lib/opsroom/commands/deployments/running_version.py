"""Which version runs on an environment: read live, recalled from the record, and verified after a
deployment.

- `current_version` reads it from the version source and adds what the record knows, such as the
  commit.
- `verify` asks after a deployment until the source agrees or the time is up.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Optional

from ...deploys import Resolved
from ...errors import Code, Failure
from ...records.ledger import Record
from ...records.queries import last_succeeded
from ...text import one_line, span
from ...versions import Running, same, same_version
from .. import Context
from ..live_version import ask
from ..resolve import DeploymentTarget
from .job import RunningJob

# The pauses of `verify` between two questions, in seconds: each twice the one before.
_FIRST_PAUSE = 0.1
_MAX_PAUSE = 2.0


def current_version(context: Context, target: DeploymentTarget) -> Running:
    """What runs there now. Raises Failure when the version source does not answer.

    A source that knows only a name (`http`, `command`) gets the commit from the record of the last
    deployment, where that was of the same name: a tag may have been moved since. Without any
    source, the record is all there is.
    """
    if target.app.version is None:
        return recorded_version(context, target) or Running("")
    running = ask(target)
    if running.commit or not running.version:
        return running
    recorded = recorded_version(context, target)
    if recorded is None or not same_version(recorded.version, running.version):
        return running
    return replace(running, commit=recorded.commit)


def replaceable_version(context: Context, target: DeploymentTarget) -> Running:
    """As `current_version`; but where parts of the place differ, what the record has, as `mixed`. A
    deployment ended halfway there, and another one is what makes the parts agree."""
    try:
        return current_version(context, target)
    except Failure as failure:
        if not failure.facts.get("mixed"):
            raise
        return replace(recorded_version(context, target) or Running(""), mixed=True)


def current_or_recorded_version(context: Context, target: DeploymentTarget) -> Optional[Running]:
    """The same, but by the record alone where the source does not answer; None where the record
    does not know either.

    For emergencies and rollbacks: an application that is down is why they are asked for.
    """
    try:
        return replaceable_version(context, target)
    except Failure:
        return recorded_version(context, target)


def recorded_version(context: Context, target: DeploymentTarget) -> Optional[Running]:
    """What the last successful deployment put there."""
    record = last_success(context, target)
    return Running(record.version, str(record.facts.get("commit") or "")) if record else None


def last_success(context: Context, target: DeploymentTarget) -> Optional[Record]:
    """The record of the last successful deployment there."""
    with context.store.read() as connection:
        return last_succeeded(connection, target.app.name, target.environment.name)


def shown_name(running: Running, resolved: Resolved) -> str:
    """What runs, and that it is what was asked for where that has another name: `v1.0.0, the same
    commit as v1.0.1`."""
    if same_version(running.version, resolved.version):
        return running.version
    return f"{running.version}, the same commit as {resolved.version}"


def from_cache(running: Running) -> str:
    """What to say of an answer that a cache gave; empty for any other."""
    if not running.cached:
        return ""
    return (
        f"A cache gave that answer ({running.cached}) although opsroom asked it not to. Let the "
        "cache pass this address on."
    )


def verify(target: DeploymentTarget, resolved: Resolved, job: RunningJob, before: Running) -> bool:
    """Ask the version source until it agrees. Raises Failure(not_verified) when the time is up.

    False where there is no source, and where its answer proves nothing, since it was the same
    `before`.
    """
    app = target.app
    if app.version is None:
        return False
    job.step("verifying")
    job.note(f"reading the version of {target}")
    until = time.monotonic() + app.verify_for
    pause = _FIRST_PAUSE
    while True:
        job.check()
        state, hint = "", ""
        try:
            running = ask(target)
            if same(running, resolved):
                return not _proves_nothing(running, before, resolved)
            state = f"reports {running.version or 'no version'}"
            hint = from_cache(running)
        except Failure as failure:
            state = f"does not answer ({failure.message})"
        left = until - time.monotonic()
        if left <= 0:
            raise Failure(
                Code.NOT_VERIFIED,
                f"{resolved.version} was put in place, but after {span(app.verify_for)} {target} "
                f"still {one_line(state)}.",
                hint,
            )
        # Once more when all of the time is up, so that the time in the message is the time that was
        # given.
        time.sleep(min(pause, left))
        pause = min(pause * 2, _MAX_PAUSE)


def _proves_nothing(running: Running, before: Running, resolved: Resolved) -> bool:
    """Whether an answer would have been the same before: the name stayed, its tag was moved, and it
    has no commit."""
    moved = same_version(before.version, resolved.version) and not same(before, resolved)
    return moved and not running.commit and same_version(running.version, resolved.version)
