"""Asking the check of a step: an address, or an action of StackStorm."""

from __future__ import annotations

from contextlib import suppress
from typing import Mapping, Optional, Sequence
from urllib.parse import quote

from ..errors import Code, Failure, OpsroomError
from ..templates import fill, filled
from ..text import neutralise, one_line, shorten, span
from . import Job
from .remote import follower
from .steps import Check, holds

# Seconds for one request: a job has to be asked about once a second or so, and is not meanwhile.
_REQUEST = 5.0
_PAUSE = 2.0
# Characters of an answer that are looked at.
_MAX_CHARACTERS = 1_000_000


class CheckFailed(Failure):
    """The check of a step did not pass."""


def ask(check: Check, values: Mapping[str, str], parts: Sequence[str], job: Job) -> None:
    """Ask until it passes, for each of the parts where it names one, `check.within` seconds at
    most.

    `values` fill its texts, `host` apart, which is one of the `parts`. Raises CheckFailed with what
    was wrong last, and what `Job.check` raises.
    """
    if check.action:
        _run(check, values, parts, job)
        return
    give_up = follower.clock() + check.within
    for part in parts if check.each else [""]:
        while True:
            job.check()
            wrong = _wrong(check, {**values, "host": part})
            if not wrong:
                break
            if follower.clock() >= give_up:
                raise CheckFailed(
                    Code.DEPLOY_FAILED,
                    f"The check did not pass within {span(check.within)}: {wrong}",
                )
            job.note(f"the check does not pass yet: {wrong}")
            follower.pause(_PAUSE, job)


def _wrong(check: Check, values: Mapping[str, str]) -> str:
    """What is wrong with the answer, as a sentence; empty where nothing is."""
    from ..http.client import HttpClient  # the config is read for every message

    url = fill(check.url, values, lambda value: quote(value, safe=""))
    http = HttpClient(time_limit=_REQUEST, verify=check.verify, attempts=1)
    try:
        response = http.get(url, headers={"Cache-Control": "no-cache"})
    except Failure as failure:
        return failure.message
    text = fill(check.text, values)
    if text and not holds(shorten(response.text, _MAX_CHARACTERS), text):
        return f"{response.url} answers without '{one_line(text, 60)}'."
    return ""


def _run(check: Check, values: Mapping[str, str], parts: Sequence[str], job: Job) -> None:
    """Start the action and wait for its end. It is cancelled when it is not waited for any more."""
    from ..stackstorm.client import here, why  # loads st2client

    safe = {name: neutralise(value) for name, value in {**values, "host": ",".join(parts)}.items()}
    note = {"check": values.get("deployment", ""), "parts": list(parts)}
    try:
        storm = here()
        execution = storm.start(check.action, filled(check.parameters, safe), note)
    except OpsroomError as error:
        raise CheckFailed(Code.DEPLOY_FAILED, error.message, error.hint, error.facts) from error
    give_up = follower.clock() + check.within
    problem: Optional[OpsroomError] = None
    try:
        while not execution.ended:
            if follower.clock() >= give_up:
                last = f" ({problem.message})" if problem else ""
                raise CheckFailed(
                    Code.DEPLOY_FAILED,
                    f"The check {check.action} did not end within {span(check.within)}{last}.",
                )
            follower.pause(_PAUSE, job)
            try:
                execution = storm.get(execution.id)
            except Failure as failure:
                if failure.code is Code.UNAUTHORIZED:
                    raise CheckFailed(
                        Code.DEPLOY_FAILED, failure.message, failure.hint
                    ) from failure
                problem = failure
    except OpsroomError:
        with suppress(OpsroomError):  # it changes nothing, and ends by itself
            storm.cancel(execution.id)
        raise
    if execution.status != "succeeded":
        reason = one_line(why(execution), 160).rstrip(".")
        message = f"The check {check.action} {execution.status}" + (f": {reason}" if reason else "")
        raise CheckFailed(Code.DEPLOY_FAILED, f"{message}.", facts={"link": execution.link})
