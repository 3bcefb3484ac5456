"""Whether a version has run on an environment without interruption for long enough, for the
workflow promote_when_green, which asks repeatedly.

The state between two checks is returned and passed in again (`version`, `began`, `first`), so that
no runner waits.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict

from ...config.problems import duration
from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version
from ...text import one_line, span
from ...versions import same_version
from .. import Context, Outcome
from ..live_version import ask
from ..resolve import DeploymentTarget, find_target
from .release import check_may_ask

# Tests put their own clock here, in seconds since 1970.
clock: Callable[[], float] = time.time

# For how long a version may have to run, in seconds; between two looks is a twentieth of it, or
# this. Not more looks: Orquesta keeps all of them in the workflow's state, and gets slower with
# each.
MIN_TIME, MAX_TIME = 10.0, 86400.0
_MIN_PAUSE = 5.0
# An interruption restarts the time; after twice the time and so many more pauses, it gives up.
_MORE = 10


def is_green(
    context: Context,
    app_name: str,
    environment_name: str,
    for_long: str,
    version: str = "",
    began: str = "",
    first: str = "",
    target: str = "",
) -> Outcome:
    """One look. Code green when it has run for so long, not_yet otherwise; then `pause` is when to
    ask again.

    `version`, `began` and `first` are what the previous look returned (None where there is
    nothing). A place that does not answer restarts the time. `target` is the environment
    that it is promoted to: where the speaker may not ask for that, it is refused with the first
    look rather than after the wait.

    Raises Refusal(changed_meanwhile) when another version runs there than before,
    Refusal(not_allowed, wrong_room, nothing_runs, invalid_time, ...), Failure(timed_out) when it
    has been asked for too long.
    """
    wanted = _wanted(for_long)
    if target.strip():
        check_may_ask(context, app_name, target)
    where = find_target(context.settings, app_name, environment_name)
    now = clock()
    first_look = _moment(first, now)
    facts: Dict[str, Any] = {
        "app": where.app.name,
        "environment": where.environment.name,
        "version": version,
        "first": f"{first_look:.0f}",
    }
    try:
        running = ask(where).version
    except Refusal:
        raise
    except OpsroomError as error:
        _give_up(now, first_look, wanted, where)
        text = f"{where} did not answer ({one_line(error.message, 120)}); the time starts over."
        return Outcome(
            True, Code.NOT_YET, text, {**facts, "began": None, "pause": _pause(wanted, wanted)}
        )
    if not running:
        raise Refusal(Code.NOTHING_RUNS, f"No version of {where} runs.", "Deploy one there first.")
    running = check_version(running)
    if version and not same_version(version, running):
        raise Refusal(
            Code.CHANGED_MEANWHILE,
            f"{running} runs as {where} now, and not {version} any more; nothing was promoted.",
            "Begin again for the new version.",
        )
    since = _moment(began, now)
    facts.update(version=running, began=f"{since:.0f}")
    if now - since >= wanted:
        text = f"{running} has run as {where} for {span(now - since)}."
        return Outcome(True, Code.GREEN, text, {**facts, "pause": 0})
    _give_up(now, first_look, wanted, where)
    left = wanted - (now - since)
    text = f"{running} has run as {where} for {span(now - since)}, {span(left)} are left."
    return Outcome(True, Code.NOT_YET, text, {**facts, "pause": _pause(wanted, left)})


def _wanted(typed: str) -> float:
    length = duration(typed.strip())
    if length is None or not MIN_TIME <= length <= MAX_TIME:
        raise Refusal(
            Code.INVALID_TIME, "How long should it run? Give 10s to 24h, such as 30m or 2h."
        )
    return length


def _pause(wanted: float, left: float) -> int:
    return max(1, round(min(_between(wanted), max(left, 1.0))))


def _between(wanted: float) -> float:
    return max(wanted / 20, _MIN_PAUSE)


def _give_up(now: float, first: float, wanted: float, where: DeploymentTarget) -> None:
    if now - first > 2 * wanted + _MORE * _between(wanted):
        raise Failure(
            Code.TIMED_OUT,
            f"After {span(now - first)}, {where} had not run for {span(wanted)} unbroken.",
        )


def _moment(given: str, now: float) -> float:
    """A moment that a previous look returned; now without one. One that lies ahead counts as
    now."""
    try:
        return min(float(given), now) if given.strip() else now
    except ValueError:
        raise Refusal(
            Code.INVALID_TIME, "That is not a moment that a check has returned."
        ) from None
