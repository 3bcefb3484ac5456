"""Following a run to its end, with what is said meanwhile; and ending it before that."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Callable, List

from ...errors import Code, Failure, OpsroomError
from ...text import one_line, span
from .. import Cancelled, Job
from . import Run, Service, State

# Seconds after which a run is looked at more seldom. In between, the job is asked every second.
PATIENT_AFTER = 30.0
# How long a cancelled run may take to end before the answer says that it still runs, in seconds.
CANCEL_FOR = 30.0

# Tests put their own clock here, in seconds.
clock: Callable[[], float] = time.monotonic
wait: Callable[[float], None] = time.sleep


class Follower:
    """Follows one run, through moments in which the service does not answer. `run` is its latest
    state."""

    def __init__(self, service: Service, run: Run, job: Job, time_limit: float) -> None:
        self.run = run
        self._service = service
        self._job = job
        self._time_limit = time_limit
        self._began = clock()
        self._lines: List[str] = []

    def to_the_end(self) -> Run:
        """The run when it has ended. Raises Failure(timed_out), Failure(unauthorized, gone,
        outcome_unknown) of the service, and what the job raises."""
        return self.until(lambda run: False, self._service.look)

    def until(self, reached: Callable[[Run], bool], look: Callable[[str], Run]) -> Run:
        """The run when it is that far, or has ended; the time limit goes on from the beginning.
        `look` is asked as `Service.look` is. Raises what `to_the_end` does."""
        more = 0.0
        while True:
            self._next(more)
            self._service.check()
            try:
                self.run = look(self.run.id)
            except Failure as failure:
                if failure.code in (Code.UNAUTHORIZED, Code.GONE, Code.OUTCOME_UNKNOWN):
                    raise self._lost_sight(failure) from failure
                asked = failure.facts.get("retry_after")
                more = float(asked) if isinstance(asked, (int, float)) else 0.0
                self._say(f"{self._service.name} does not answer ({failure.code.value})")
                continue
            more = 0.0
            if self.run.state.ended or reached(self.run):
                return self.run
            self._say(f"{self.run.name} {self.run.text or self.run.state.value}")

    def _next(self, more: float) -> None:
        """Wait for the next look, `more` seconds at least."""
        elapsed = clock() - self._began
        left = self._time_limit - elapsed
        if left <= 0:
            raise self._timed_out()
        patient = elapsed >= PATIENT_AFTER
        seconds = self._service.later if patient else self._service.soon
        pause(min(max(seconds, more), left), self._job)

    def _timed_out(self) -> Failure:
        state = f" (it {self.run.text})" if self.run.state is State.BLOCKED else ""
        return Failure(
            Code.TIMED_OUT,
            f"{capitalised(self.run.name)} did not end within {span(self._time_limit)}{state}.",
            facts={"run": self.run.name, "link": self.run.link, "sent": True},
        )

    def _lost_sight(self, failure: Failure) -> Failure:
        """The service no longer shows the run: it may go on, and is not cancelled."""
        see = f" See {self.run.link}" if self.run.link else ""
        return Failure(
            failure.code,
            f"{capitalised(self.run.name)} can no longer be followed, and may still go on: "
            f"{failure.message}{see}",
            failure.hint,
            {**failure.facts, "run": self.run.name, "link": self.run.link},
        )

    def _say(self, line: str) -> None:
        """Each thing once in a row."""
        if self._lines[-1:] != [line]:
            self._lines = [line]
            self._job.note(line)


def cancel(service: Service, run: Run, subject: str = "") -> Cancelled:
    """Ask for the end of a run and wait for it, CANCEL_FOR seconds at most.

    `subject` begins the sentence instead of the run's name.
    """
    subject = subject or capitalised(run.name)
    try:
        service.cancel(run)
    except OpsroomError as error:
        reason = one_line(error.message, 160).rstrip(".")
        text = f"{subject} could not be cancelled ({reason}) and may still go on."
        return Cancelled(_seen(text, run), True, run.link)
    began = clock()
    while True:
        with suppress(OpsroomError):  # asked again until the time is up
            run = replace(service.look(run.id), link=run.link)
        if run.state.ended:
            return ended(run, subject)
        if clock() - began >= CANCEL_FOR:
            text = f"{subject} was asked to stop and still runs after {span(CANCEL_FOR)}."
            return Cancelled(_seen(text, run), True, run.link)
        wait(1.0)


def ended(run: Run, subject: str = "") -> Cancelled:
    """What to say of a run that has ended. `subject` as for `cancel`."""
    subject = subject or capitalised(run.name)
    why = f": {one_line(run.text, 200).rstrip('.')}" if run.text else ""
    if run.state is State.CANCELLED:
        return Cancelled(f"{subject} was cancelled{why}.", link=run.link)
    if run.state is State.SUCCEEDED:
        return Cancelled(f"{subject} had already succeeded.", link=run.link)
    return Cancelled(f"{subject} ended as failed{why}.", link=run.link)


def _seen(text: str, run: Run) -> str:
    return f"{text} See {run.link}" if run.link else text


def capitalised(name: str) -> str:
    """A name at the beginning of a sentence."""
    return name[:1].upper() + name[1:]


def pause(seconds: float, job: Job) -> None:
    """Wait, asking the job every second whether to go on. Raises what `Job.check` raises."""
    until = clock() + seconds
    while True:
        job.check()
        left = until - clock()
        if left <= 0:
            return
        wait(min(1.0, left))
