"""Whether what was deployed is what runs: the version source is asked until it agrees or the time is up."""

from __future__ import annotations

import time

from ..deploys import Resolved
from ..errors import Code, Failure
from ..settings.model import App, Environment
from ..text import one_line, span
from ..versions import Running, same, same_version
from .asking import ask
from .job import RunningJob

_FIRST_LOOK = 0.1
_LONGEST_PAUSE = 2.0


def is_there(before: Running, resolved: Resolved) -> bool:
    """Whether that runs: by the commit where both know it, else by the name of the version."""
    return same(before, resolved)


def shown_name(running: Running, resolved: Resolved) -> str:
    """What runs, and that it is what was asked for where that has another name: `v1.0.0, the same commit as v1.0.1`."""
    if same_version(running.version, resolved.version):
        return running.version
    return f"{running.version}, the same commit as {resolved.version}"


def from_cache(running: Running) -> str:
    """What to say of an answer that a cache gave; empty for any other."""
    if not running.cached:
        return ""
    return f"A cache gave that answer ({running.cached}), though it was asked not to. Let it pass this address on."


def proves_nothing(running: Running, before: Running, resolved: Resolved) -> bool:
    """Whether an answer would have been the same before: the name stayed, its tag was moved, and it has no commit."""
    moved = same_version(before.version, resolved.version) and not same(before, resolved)
    return moved and not running.commit and same_version(running.version, resolved.version)


def verify(app: App, environment: Environment, resolved: Resolved, job: RunningJob, before: Running) -> bool:
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
        # Once more when all of the time is up, so that the time that is told is the time that was given.
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
