"""Deploy by an action or a workflow of StackStorm: with it, every pack is a way to deploy."""

from __future__ import annotations

import os
from dataclasses import field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..config.fields import Fields
from ..config.templates import read_template
from ..errors import Code, Failure, OpsroomError
from ..names import check_version
from ..stackstorm.client import Execution, StackStorm, here, why
from ..stackstorm.options import read_access, read_action
from ..structs import dataclass
from ..templates import filled
from ..text import neutralise, one_line
from . import Deployer, Target
from .remote import Assignment, Run, Service, State
from .remote.deployer import RemoteDeployer

_KNOWN = ("app", "environment", "version", "requester", "deployment")
# Under this name the run is written down, for the next deployment at this place.
_CHECKPOINT = "stackstorm"
_STATES = {
    "succeeded": State.SUCCEEDED,
    "canceled": State.CANCELLED,
    "requested": State.QUEUED,
    "scheduled": State.QUEUED,
    "delayed": State.QUEUED,
    # They go on when someone does something.
    "paused": State.BLOCKED,
    "pending": State.BLOCKED,
}
_GOING_ON = ("running", "requested", "scheduled")


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
    """An action or a workflow of StackStorm, so that every pack is a way to deploy. It is followed
    to its end: the room hears of its tasks, and its error message is reported.

    - `parameters` (mapping): the parameters of the action; placeholders in texts are filled in,
      however deep.
    - `time_limit`: how long it may take; then it is cancelled.
    """
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
    service = StackStormService(options, target)
    return RemoteDeployer(service, target, _CHECKPOINT, options.time_limit, "StackStorm's history")


class StackStormService(Service):
    """Runs the action and follows its execution. What it does not see is whether the version came
    up."""

    name = "StackStorm"
    # Its history has an execution as soon as it exists.
    settles = 10.0
    # Actions are often over in a few seconds.
    soon = 1.0

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._place = {"app": target.app, "environment": target.environment}

    def start(self, assignment: Assignment) -> Run:
        """Run the action, with a note on its execution that says for which deployment."""
        version = check_version(assignment.version)
        values = {
            **self._place,
            "version": version,
            "requester": assignment.requester,
            "deployment": assignment.deployment,
        }
        # StackStorm renders the parameters of what it starts. Names and versions cannot hold an
        # expression, people can.
        safe = {name: neutralise(value) for name, value in values.items()}
        execution = self._storm().start(
            self._options.action,
            filled(self._options.parameters, safe),
            self._note(version, assignment.deployment),
        )
        return self._run(execution, "was started")

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The execution with the note of that deployment."""
        note = self._note(assignment.version, assignment.deployment)
        found = self._storm().find(self._options.action, note)
        return self._run(found) if found else None

    def look(self, run_id: str) -> Run:
        """The execution, and how far a workflow is."""
        storm = self._storm()
        execution = self._get(storm, run_id)
        return self._run(execution, "" if execution.ended else self._progress(storm, execution))

    def cancel(self, run: Run) -> None:
        """Ask it to end."""
        self._storm().cancel(run.id)

    def check(self) -> None:
        """StackStorm only marks a Python action that someone cancels; it does not notify it."""
        mine = os.environ.get("ST2_ACTION_EXECUTION_ID", "")
        if not mine or self._options.url:
            return
        try:
            status = self._storm().get(mine).status
        except OpsroomError:
            # Not every user may look at executions; without that, only the time limit ends it.
            return
        if status in ("canceling", "canceled"):
            raise Failure(Code.INTERRUPTED, "Someone cancelled this execution.")

    def recall(self, text: str) -> Optional[Tuple[Assignment, str]]:
        """Version 0.3.0 wrote down the execution's id alone; the rest is in the note on it."""
        try:
            note = self._get(self._storm(), text).note
        except Failure as failure:
            if failure.code is not Code.GONE:
                raise
            return None
        version, deployment = str(note.get("version", "")), str(note.get("deployment", ""))
        left = Assignment(
            app=self._place["app"],
            environment=self._place["environment"],
            version=version,
            commit="",
            asked=version,
            deployment=deployment,
            requester="",
            since=0.0,
        )
        return left, text

    def _storm(self) -> StackStorm:
        return here(self._options.url, self._options.api_key, self._options.verify)

    def _note(self, version: str, deployment: str) -> Dict[str, str]:
        return {**self._place, "version": version, "deployment": deployment}

    def _run(self, execution: Execution, text: str = "") -> Run:
        state = _STATES.get(execution.status, State.FAILED if execution.ended else State.RUNNING)
        if state is State.FAILED:
            reason = one_line(why(execution), 160)
            text = f"{execution.status}: {reason}" if reason else execution.status
        name = f"execution {execution.id} of {self._options.action}"
        return Run(execution.id, name, state, text, execution.link)

    @staticmethod
    def _get(storm: StackStorm, execution_id: str) -> Execution:
        try:
            return storm.get(execution_id)
        except Failure as failure:
            if failure.facts.get("status") != 404:
                raise
            raise Failure(
                Code.GONE,
                f"StackStorm's history no longer has execution {execution_id}.",
                facts=failure.facts,
            ) from failure

    def _progress(self, storm: StackStorm, execution: Execution) -> str:
        """What it is doing: its own state when that is unusual, and the tasks of a workflow."""
        if execution.status not in _GOING_ON:
            return f"is {execution.status}"
        tasks = self._tasks(storm, execution)
        if not tasks:
            return "is running" if execution.status == "running" else f"is {execution.status}"
        done = sum(1 for _, status in tasks if status == "succeeded")
        at = [one_line(name, 40) for name, status in tasks if status in _GOING_ON]
        return f"did {done} of {len(tasks)} tasks" + (f", at {', '.join(at)}" if at else "")

    @staticmethod
    def _tasks(storm: StackStorm, execution: Execution) -> List[Tuple[str, str]]:
        try:
            return storm.tasks(execution.id)
        except Failure as failure:
            if failure.code is not Code.UNAUTHORIZED:
                raise
            return []
