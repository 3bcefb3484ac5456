"""The deployer on top of a service: what was left at the place, starting, following, the end."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import Callable, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.errors import in_doubt
from ...text import one_line, span
from .. import Cancelled, Job, Resolved, Target
from . import Assignment, Run, Service, State
from .follower import Follower, cancel, capitalised, ended, pause

# What ends the deployment here and the run there. Not claim_lost: the one who took over follows it.
_STOPS = (Code.CANCELLED, Code.INTERRUPTED, Code.TIMED_OUT)

# Tests put their own clock here: the moment as seconds since 1970.
now: Callable[[], float] = time.time


class RemoteDeployer:
    """A deployer on top of a service.

    `key` names the checkpoint at the place, one for each kind. `time_limit`: seconds that a run may
    take. `place`: where people look when nothing else is known, for a sentence.
    """

    def __init__(
        self, service: Service, target: Target, key: str, time_limit: float, place: str = ""
    ) -> None:
        self.service = service
        self._target = target
        self._key = key
        self._time_limit = time_limit
        self._place = place

    def resolve(self, version: str) -> Resolved:
        """What the service says that the version stands for."""
        return self.service.resolve(version)

    def deploy(self, resolved: Resolved, job: Job) -> None:
        """Start a run, or take up the one that was left here, and follow it to its end.

        Raises Refusal(busy, not_accepted, ...), Failure(deploy_failed, timed_out, outcome_unknown,
        ...) and what `job.check` raises.
        """
        self._deploy(resolved, job, rollback=False)

    def roll_back(self, resolved: Resolved, job: Job) -> None:
        """The same, where the service knows that it goes back."""
        self._deploy(resolved, job, rollback=True)

    def cancel_left(self, job: Job) -> Cancelled:
        """Cancel the run that an earlier deployment left here."""
        kept = self._kept(job)
        if kept is None:
            return Cancelled("It had started nothing that still runs.", found=False)
        run = self._found(*kept)
        if run is None:
            if not kept[1] and self._may_still_appear(kept[0]):
                raise self._unknown(kept[0])
            self._forget(job)
            return Cancelled(f"It had started nothing at {self.service.name}.", found=False)
        if run.state.ended:
            # What is done stays: to undo it is a rollback, with the rules of one.
            self._forget(job)
            return replace(ended(run), found=False)
        return self._end(run, job)

    def _deploy(self, resolved: Resolved, job: Job, rollback: bool) -> None:
        job.check()
        run = self._taken_up(resolved, job) or self._started(resolved, job, rollback)
        if run.link:
            job.link(run.link)
        if not self._is_over(run):
            run = self._followed(run, job)
        self._forget(job)
        if run.state is not State.SUCCEEDED:
            raise _failure(run, self.service.name)

    # What a kind may do otherwise.

    def _begin(self, assignment: Assignment, job: Job) -> None:
        """What comes before a run is asked for."""

    def _is_over(self, run: Run) -> bool:
        """Whether nothing has to be done for a run any more."""
        return run.state.ended

    def _to_the_end(self, follower: Follower, job: Job) -> Run:
        """The run when it has ended. Raises what `Follower.to_the_end` does."""
        return follower.to_the_end()

    def _followed(self, run: Run, job: Job) -> Run:
        follower = Follower(self.service, run, job, self._time_limit)
        try:
            return self._to_the_end(follower, job)
        except OpsroomError as error:
            if error.code not in _STOPS:
                raise
            # A time limit names the run already.
            subject = "It" if error.code is Code.TIMED_OUT else ""
            outcome = self._end(follower.run, job, subject)
            facts = {**error.facts, "run": follower.run.name, "link": outcome.link}
            if outcome.left_running:
                facts["left_running"] = follower.run.name
            message = f"{error.message} {outcome.text}"
            raise Failure(error.code, message, error.hint, facts) from error

    def _end(self, run: Run, job: Job, subject: str = "") -> Cancelled:
        outcome = cancel(self.service, run, subject)
        if not outcome.left_running:
            self._forget(job)
        return outcome

    # What was left here.

    def _taken_up(self, resolved: Resolved, job: Job) -> Optional[Run]:
        kept = self._kept(job)
        if kept is None:
            return None
        left, run_id = kept
        run = self._found(left, run_id)
        if run is None and not run_id and self._may_still_appear(left):
            run = self._searched(left, job)
        if run is None or (run.state.ended and not self._counts(run, left)):
            return None
        same = left.version == resolved.version and left.commit in ("", resolved.commit)
        if not same and not run.state.ended:
            raise Refusal(
                Code.BUSY,
                f"{capitalised(run.name)} is still deploying {left.version} there; its runner "
                "died.",
                self._hint_for(left),
                {"run": run.name, "link": run.link},
            )
        if not same:
            return None
        done = "has already done this" if run.state.ended else "is already doing this; following it"
        job.note(f"{run.name} {done}")
        if not run_id:
            self._keep(job, left, run.id)
        return run

    def _hint_for(self, left: Assignment) -> str:
        """What helps where a run of another version is in the way."""
        app, environment = self._target.app, self._target.environment
        cancel = f"cancel deploy of {app} on {environment}"
        if self.service.alone:
            return f"Wait for its end, or say: {cancel}"
        return (
            f"To go on with it: deploy {app} {left.version} to {environment}, or end it: {cancel}"
        )

    def _counts(self, run: Run, left: Assignment) -> bool:
        """Whether a run that has ended is what is wanted now: it succeeded, and was asked for no
        longer ago than one may take. Since then someone may have brought something else."""
        return run.state is State.SUCCEEDED and now() - left.since < self._time_limit

    def _found(self, left: Assignment, run_id: str) -> Optional[Run]:
        """The run that was left, where the service still has it."""
        if not run_id:
            return self.service.find(left)
        try:
            return self.service.look(run_id)
        except Failure as failure:
            if failure.code is not Code.GONE:
                raise
            return None

    def _may_still_appear(self, left: Assignment) -> bool:
        """Whether the run of an assignment, which was not found, may exist anyway."""
        settles = self._time_limit if self.service.settles is None else self.service.settles
        return now() - left.since < settles

    def _searched(self, left: Assignment, job: Job) -> Optional[Run]:
        """Look for the run of an assignment until its absence proves that there is none."""
        if self.service.settles is None:
            raise self._unknown(left)
        job.note(f"the answer of {self.service.name} was lost; looking for what it started")
        while self._may_still_appear(left):
            try:
                pause(self.service.soon, job)
            except OpsroomError as error:
                if error.code not in _STOPS:
                    raise
                unknown = self._unknown(left)
                raise Failure(
                    error.code,
                    f"{error.message} {unknown.message}",
                    f"To end it where it began: cancel deploy of {self._target.app} on "
                    f"{self._target.environment}",
                    {**error.facts, **unknown.facts},
                ) from error
            run = self.service.find(left)
            if run is not None:
                return run
        return None

    def _unknown(self, left: Assignment) -> Failure:
        """It is unknown whether the run exists, so nothing is repeated."""
        settles = self._time_limit if self.service.settles is None else self.service.settles
        seconds = max(settles - (now() - left.since), 1.0)
        where = f" Look at {self._place}." if self._place else ""
        return Failure(
            Code.OUTCOME_UNKNOWN,
            f"{self.service.name} was asked to deploy {left.version}, and its answer was lost: "
            f"whether it does so is not certain.{where}",
            f"Nothing is repeated for now. If it did not begin, try again in {span(seconds)}.",
            {"place": self._place, "sent": True},
        )

    # Starting.

    def _started(self, resolved: Resolved, job: Job, rollback: bool) -> Run:
        assignment = Assignment(
            app=self._target.app,
            environment=self._target.environment,
            version=resolved.version,
            commit=resolved.commit,
            asked=resolved.asked,
            deployment=job.deployment,
            requester=job.requester,
            since=now(),
            rollback=rollback,
        )
        self._begin(assignment, job)
        # Before anything is sent: a runner that dies in between leaves where to look.
        self._keep(job, assignment, "")
        try:
            run = self._asked_for(assignment, job)
        except Refusal:
            self._forget(job)
            raise
        except Failure as failure:
            if not in_doubt(failure):
                self._forget(job)
                raise
            found = self._searched(assignment, job)
            if found is None:
                self._forget(job)
                raise Failure(
                    failure.code,
                    f"{failure.message} {self.service.name} started nothing.",
                    "Try again.",
                    {**failure.facts, "sent": False},
                ) from failure
            run = found
        self._keep(job, assignment, run.id)
        job.note(f"{run.name} {run.text or run.state.value}")
        return run

    def _asked_for(self, assignment: Assignment, job: Job) -> Run:
        """Start it, later where the service has too much to do and has done nothing."""
        left = self.service.patience
        while True:
            try:
                return self.service.start(assignment)
            except Failure as failure:
                wait = failure.facts.get("retry_after")
                limited = failure.code is Code.RATE_LIMITED and not failure.facts.get("sent")
                if not limited or not isinstance(wait, (int, float)) or wait > left:
                    raise
            left -= max(wait, 1.0)
            job.note(f"{self.service.name} wants a pause; asking again in {span(wait)}")
            pause(wait, job)

    # The checkpoint.

    def _keep(self, job: Job, assignment: Assignment, run_id: str) -> None:
        job.keep(self._key, json.dumps({**asdict(assignment), "run": run_id}, sort_keys=True))

    def _forget(self, job: Job) -> None:
        job.keep(self._key, "")

    def _kept(self, job: Job) -> Optional[Tuple[Assignment, str]]:
        text = job.kept(self._key)
        if not text:
            return None
        try:
            values = json.loads(text)
        except ValueError:
            return self.service.recall(text)
        run_id = str(values.pop("run"))
        return Assignment(**values), run_id


def _failure(run: Run, service: str) -> Failure:
    reason = f": {one_line(run.text, 200).rstrip('.')}" if run.text else ""
    how = f"was cancelled at {service}" if run.state is State.CANCELLED else "failed"
    facts = {"run": run.name, "link": run.link, "status": run.state.value}
    return Failure(
        Code.DEPLOY_FAILED,
        f"{capitalised(run.name)} {how}{reason}.",
        f"See {run.link}" if run.link else "",
        facts,
    )
