"""Asking what runs: one place, or many at once, each within its own time limit.

What runs somewhere, as well as it can be known: the place itself is asked, and the record adds what
it knows.

Whether what was deployed is what runs: the version source is asked until it agrees or the time is
up.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Dict, Hashable, Mapping, Optional, TypeVar, Union

from ...config.model import App, Environment
from ...deadline import together
from ...deploys import Resolved
from ...errors import Code, Failure, OpsroomError
from ...text import one_line, span
from ...versions import Running, same, same_version
from .. import Context
from ..resolve import version_source_for
from .job import RunningJob

if TYPE_CHECKING:
    from ...records.ledger import Record


Key = TypeVar("Key", bound=Hashable)
Answer = Union[Running, OpsroomError]

# As many as `curl --parallel` opens; beyond that threads only wait for each other.
AT_ONCE = 50
# Longer than any single source is meant to take; a source that outlives it is reported, not waited
# for.
TOGETHER = 30.0


def ask(app: App, environment: Environment) -> Running:
    """What runs there now. Raises Refusal(cannot_tell_version) or Failure."""
    return version_source_for(app, environment).ask()


def ask_or_none(app: App, environment: Environment) -> Optional[Running]:
    """What runs there now, or None where that cannot be told. For records, which are written
    anyway."""
    try:
        return ask(app, environment)
    except OpsroomError:
        return None


def ask_many(
    questions: Mapping[Key, Callable[[], Running]], limit: float = TOGETHER
) -> Dict[Key, Answer]:
    """Put all questions at once. The answer to each is what runs or the error; none is ever
    missing."""
    return together(questions, limit, AT_ONCE)


def look(context: Context, app: App, environment: Environment) -> Running:
    """What runs there now. Raises Failure when the place does not answer.

    A source that tells only a name (`http`, `command`) gets the commit from the record of the last
    deployment, where that was of the same name: a tag may have been moved since. Without any
    source, the record is all there is.
    """
    if app.version is None:
        return by_record(context, app, environment) or Running("")
    running = ask(app, environment)
    if running.commit or not running.version:
        return running
    recorded = by_record(context, app, environment)
    if recorded is None or not same_version(recorded.version, running.version):
        return running
    return replace(running, commit=recorded.commit)


def look_or_recall(context: Context, app: App, environment: Environment) -> Optional[Running]:
    """The same, but by the record alone where the place does not answer; None where that does not
    know either.

    For emergencies and rollbacks: an application that is down is why they are asked for.
    """
    try:
        return look(context, app, environment)
    except Failure:
        return by_record(context, app, environment)


def by_record(context: Context, app: App, environment: Environment) -> Optional[Running]:
    """What the last successful deployment put there."""
    record = last_of(context, app, environment)
    return _running(record) if record else None


def last_of(context: Context, app: App, environment: Environment) -> Optional[Record]:
    """The record of the last successful deployment there."""
    from ...records.queries import last_succeeded

    with context.store.read() as connection:
        return last_succeeded(connection, app.name, environment.name)


def _running(record: Record) -> Running:
    return Running(record.version, str(record.facts.get("commit") or ""))


_FIRST_LOOK = 0.1
_LONGEST_PAUSE = 2.0


def is_there(before: Running, resolved: Resolved) -> bool:
    """Whether that runs: by the commit where both know it, else by the name of the version."""
    return same(before, resolved)


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
        f"A cache gave that answer ({running.cached}), though it was asked not to. Let it "
        "pass this address on."
    )


def proves_nothing(running: Running, before: Running, resolved: Resolved) -> bool:
    """Whether an answer would have been the same before: the name stayed, its tag was moved, and it
    has no commit."""
    moved = same_version(before.version, resolved.version) and not same(before, resolved)
    return moved and not running.commit and same_version(running.version, resolved.version)


def verify(
    app: App, environment: Environment, resolved: Resolved, job: RunningJob, before: Running
) -> bool:
    """Ask the version source until it agrees. Failure(not_verified) when time is up.

    False where there is none, and where its answer proves nothing, since it was the same `before`.
    """
    if app.version is None:
        return False
    job.step("verifying")
    job.note(f"asking {app.name} on {environment.name} for its version")
    until = time.monotonic() + app.verify_for
    pause = _FIRST_LOOK
    while True:
        job.check()
        said, hint = "did not tell", ""
        try:
            running = ask(app, environment)
            if is_there(running, resolved):
                return not proves_nothing(running, before, resolved)
            said = f"says {running.version or 'that nothing runs'}"
            hint = from_cache(running)
        except Failure as failure:
            said = f"did not answer ({failure.message})"
        left = until - time.monotonic()
        if left <= 0:
            raise Failure(
                Code.NOT_VERIFIED,
                f"{resolved.version} was put in place, but after {span(app.verify_for)} "
                f"{app.name} on {environment.name} still {one_line(said)}.",
                hint,
            )
        # Once more when all of the time is up, so that the time that is told is the time that was
        # given.
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
