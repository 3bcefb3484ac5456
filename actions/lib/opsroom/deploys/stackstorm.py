"""Deploy by an action or a workflow of StackStorm: with it, every pack is a way to deploy."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..config.fields import Fields
from ..config.templates import read_template
from ..errors import Code, Failure, OpsroomError, Refusal
from ..names import check_version
from ..stackstorm.client import Execution, StackStorm, here, why
from ..stackstorm.options import read_access, read_action
from ..templates import filled
from ..text import neutralise, one_line
from . import Deployer, Job, Resolved, Target

_KNOWN = ("app", "environment", "version", "requester", "deployment")
# Under this name the execution's id is written down, for the next deployment at this place.
_HANDLE = "stackstorm"
# Seconds between two looks: at first, and after a while. In between, the job is asked every second.
_SOON = 1.0
_LATER = 5.0
_PATIENT_AFTER = 30.0

# Tests put their own clock here, in seconds.
clock: Callable[[], float] = time.monotonic
wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Options:
    """`action` is a reference such as acme.deploy; `parameters` a template, whose texts may hold
    placeholders.

    `url` and `api_key` are for another StackStorm. `time_limit` is in seconds.
    """

    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    time_limit: float = 1800.0
    url: str = ""
    api_key: str = field(default="", repr=False)
    verify: str = ""


def read_options(fields: Fields) -> Options:
    """The keys `action`, `parameters`, `time_limit`, `url`, `api_key`, `verify`."""
    url, key, verify = read_access(fields)
    return Options(
        action=read_action(fields),
        parameters=read_template(fields, "parameters", _KNOWN),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
        url=url,
        api_key=key,
        verify=verify,
    )


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    return StackStormDeployer(options, target)


class StackStormDeployer:
    """Runs the action and follows it to its end. What it does not see is whether the version came
    up."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._target = target

    def resolve(self, version: str) -> Resolved:
        """The version as it was typed: what exists is for the action to know."""
        return Resolved(check_version(version), version)

    def deploy(self, resolved: Resolved, job: Job) -> None:
        """Run it, or take up the one that an earlier deployment of this version left running when
        its runner died.

        Raises Refusal(not_accepted, busy), Failure(deploy_failed, timed_out) and what `job.check`
        raises; in the last two cases the execution is cancelled.
        """
        options = self._options
        storm = here(options.url, options.api_key, options.verify)
        job.check()
        execution = self._taken_up(storm, resolved, job) or self._started(storm, resolved, job)
        follower = _Follower(storm, execution, job, options)
        try:
            ended = follower.to_the_end()
        except OpsroomError:
            follower.cancel()
            raise
        if ended.status != "succeeded":
            reason = one_line(why(ended), 160)
            message = f"{options.action} ended as {ended.status}" + (
                f": {reason}" if reason else ""
            )
            facts = {"status": ended.status, "execution": ended.id, "link": ended.link}
            raise Failure(
                Code.DEPLOY_FAILED, f"{message.rstrip('.')}.", f"See execution {ended.id}.", facts
            )
        job.keep(_HANDLE, "")

    def _place(self) -> Dict[str, str]:
        return {"app": self._target.app, "environment": self._target.environment}

    def _taken_up(self, storm: StackStorm, resolved: Resolved, job: Job) -> Any:
        """The execution that is still at it here. Another version would have two of them at the
        same place."""
        known = job.kept(_HANDLE)
        if not known:
            return None
        try:
            left = storm.get(known)
        except Failure as failure:
            if failure.facts.get("status") != 404:
                raise
            return None  # StackStorm's history was purged since
        if left.ended:
            return None
        version = str(left.note.get("version", ""))
        if version != resolved.version:
            raise Refusal(
                Code.BUSY,
                f"Execution {left.id} is still deploying {version or 'another version'} there; "
                "its runner died.",
                f"Wait for its end, or end it: st2 execution cancel {left.id}",
                {"execution": left.id},
            )
        job.note(f"execution {left.id} is already doing this; following it")
        return left

    def _started(self, storm: StackStorm, resolved: Resolved, job: Job) -> Execution:
        version = check_version(resolved.version)
        values = {
            **self._place(),
            "version": version,
            "requester": job.requester,
            "deployment": job.deployment,
        }
        # StackStorm renders the parameters of what it starts. Names and versions cannot hold an
        # expression, people can.
        safe = {name: neutralise(value) for name, value in values.items()}
        note = {**self._place(), "version": version, "deployment": job.deployment}
        execution = storm.start(self._options.action, filled(self._options.parameters, safe), note)
        job.keep(_HANDLE, execution.id)
        job.note(f"{self._options.action} runs as execution {execution.id}")
        return execution


class _Follower:
    """Follows one execution, through moments in which StackStorm does not answer."""

    def __init__(self, storm: StackStorm, execution: Execution, job: Job, options: Options) -> None:
        self._storm = storm
        self._execution = execution
        self._job = job
        self._options = options
        self._began = clock()
        self._told: List[str] = []

    def to_the_end(self) -> Execution:
        while True:
            self._pause()
            self._stop_if_told()
            try:
                self._execution = self._storm.get(self._execution.id)
                if self._execution.ended:
                    return self._execution
                self._tell()
            except Failure as failure:
                if failure.code is Code.UNAUTHORIZED:
                    raise
                self._say(f"StackStorm does not answer ({failure.code.value}); asking again")

    def cancel(self) -> None:
        """Ask it to end; when even that fails, the answer of the deployment says what went wrong
        before."""
        try:
            self._storm.cancel(self._execution.id)
        except OpsroomError:
            self._say(f"execution {self._execution.id} could not be cancelled")

    def _stop_if_told(self) -> None:
        """StackStorm only marks a Python action that someone cancels; it does not tell it."""
        mine = os.environ.get("ST2_ACTION_EXECUTION_ID", "")
        if not mine or self._options.url:
            return
        try:
            status = self._storm.get(mine).status
        except OpsroomError:
            # Not every user may look at executions; without that, only the time limit ends it.
            return
        if status in ("canceling", "canceled"):
            raise Failure(
                Code.INTERRUPTED,
                "Someone cancelled this execution, and with it what it had started.",
            )

    def _pause(self) -> None:
        """Wait for the next look, asking the job every second whether to go on."""
        now = clock()
        until = now + (_SOON if now - self._began < _PATIENT_AFTER else _LATER)
        while True:
            self._job.check()
            now = clock()
            if now - self._began > self._options.time_limit:
                raise Failure(
                    Code.TIMED_OUT,
                    f"{self._options.action} did not end within {self._options.time_limit:g} s "
                    "and was cancelled.",
                    f"See execution {self._execution.id}.",
                    {"execution": self._execution.id, "sent": True},
                )
            if now >= until:
                return
            wait(min(1.0, until - now))

    def _tell(self) -> None:
        """What it is doing: its own state when that is unusual, and the tasks of a workflow."""
        if self._execution.status not in ("running", "requested", "scheduled"):
            self._say(f"execution {self._execution.id} is {self._execution.status}")
        tasks = self._tasks()
        if tasks:
            done = sum(1 for _, status in tasks if status == "succeeded")
            at = [
                one_line(name, 40)
                for name, status in tasks
                if status in ("running", "requested", "scheduled")
            ]
            self._say(
                f"{done} of {len(tasks)} tasks so far" + (f", at {', '.join(at)}" if at else "")
            )

    def _tasks(self) -> List[Tuple[str, str]]:
        try:
            return self._storm.tasks(self._execution.id)
        except Failure as failure:
            if failure.code is not Code.UNAUTHORIZED:
                raise
            return []

    def _say(self, line: str) -> None:
        """Each thing once in a row."""
        if self._told[-1:] != [line]:
            self._told.append(line)
            self._job.note(line)
