"""Deploy by a job of Jenkins: a build with parameters is queued, and followed to its end."""

from __future__ import annotations

import re
from dataclasses import field
from enum import Enum
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ..config.fields import Fields
from ..config.templates import read_template
from ..errors import Code, Failure, Refusal
from ..names import check_version, either, listed
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import fill, filled, unknown
from ..text import one_line
from ..vendors.jenkins import (
    Access,
    Build,
    Client,
    Item,
    is_of_job,
    job_path,
    read_access,
    read_job,
)
from . import Deployer, Resolved, Target
from .remote import Assignment, Run, Service, State
from .remote.deployer import RemoteDeployer
from .values import as_text, plain

_PLACE = ("app", "environment")
_KNOWN = (*_PLACE, "version", "requester", "deployment")
_PARAMETER = lazy_pattern(r"^[A-Za-z_][\w.-]{0,99}\Z", re.ASCII)
_DEFAULTS = {"VERSION": "{version}", "ENVIRONMENT": "{environment}"}
_CHECKPOINT = "jenkins"
# A clock of another machine may be so many seconds behind ours.
_SKEW = 120.0


class Unstable(str, Enum):
    """What a build is that ended as UNSTABLE, which means that tests failed."""

    FAILED = "failed"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True)
class Options:
    """`job` and `parameters` are templates. `correlation` is the parameter that carries the
    deployment's id; empty: the job has none. `time_limit` is in seconds."""

    access: Access
    job: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    correlation: str = "OPSROOM_ID"
    unstable: Unstable = Unstable.FAILED
    time_limit: float = 1800.0


def read_options(fields: Fields) -> Options:
    """Queues a build of a job and follows it.

    - `parameters` (mapping; default `{VERSION: "{version}", ENVIRONMENT: "{environment}"}`):
      parameters of the build; `{}` for none.
    - `correlation` (name of a parameter, or `false`): the parameter by which a build is found
      again; `false` where the job has none.
    - `unstable`: what a build counts as that is unstable, since tests failed.
    - `time_limit`: how long the build and its time in the queue may take; then it is stopped.
    """
    parameters = read_template(fields, "parameters", _KNOWN)
    options = Options(
        access=read_access(fields),
        job=read_job(fields),
        parameters=parameters if fields.has("parameters") else _DEFAULTS,
        correlation=_correlation(fields),
        unstable=Unstable(
            fields.text("unstable", "failed", choices=[one.value for one in Unstable]) or "failed"
        ),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
    )
    for name in unknown(options.job, _PLACE):
        known = either(f"{{{one}}}" for one in _PLACE)
        fields.problem("job", f"{{{name}}} is not filled in here; known: {known}")
    for name, value in options.parameters.items():
        if not _PARAMETER.match(name):
            fields.problem(f"parameters.{name}", "expected the name of a parameter of the job")
        elif name == options.correlation:
            fields.problem(f"parameters.{name}", "opsroom sets this one itself: it is correlation")
        elif not isinstance(value, (str, int, float)):
            fields.problem(f"parameters.{name}", "expected a text, a number, true or false")
    return options


def _correlation(fields: Fields) -> str:
    if fields.raw("correlation") is False:
        return ""
    expected = "the name of a parameter, or false where the job has none for it"
    return fields.text("correlation", "OPSROOM_ID", pattern=_PARAMETER, expected=expected)


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    service = JenkinsService(options, target)
    return JenkinsDeployer(service, target, _CHECKPOINT, options.time_limit, service.place)


class JenkinsDeployer(RemoteDeployer):
    """A deployer that also knows whether the job takes the build."""

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """A job that is disabled, or lacks a parameter."""
        service = self.service
        assert isinstance(service, JenkinsService)
        return service.warnings()


class JenkinsService(Service):
    """Queues a build of the job and follows it. The id of a run is that of its queue item, and once
    it has begun the number of the build as well: "39" or "39/35"."""

    name = "Jenkins"

    def __init__(self, options: Options, target: Target) -> None:
        names = {"app": target.app, "environment": target.environment}
        self._options = options
        self._names = names
        self._job = fill(options.job, names)
        self._client = Client(options.access, f"apps.{target.app}.deploy")
        self.place = f"{options.access.url}{job_path(self._job)}/"
        if not options.correlation:
            self.settles = None

    def warnings(self) -> Tuple[str, ...]:
        """Why the job would not take the build, in sentences. 1 request."""
        marks = [self._options.correlation] if self._options.correlation else []
        try:
            self._must_be_declared([*self._options.parameters, *marks])
        except Refusal as refusal:
            if refusal.code is not Code.NOT_POSSIBLE:
                raise
            return (refusal.sentence(),)
        return ()

    def start(self, assignment: Assignment) -> Run:
        """Queue the build, after a look at the parameters that the job declares: Jenkins drops all
        others in silence."""
        wanted = self._parameters(assignment)
        self._must_be_declared(wanted)
        queued = self._client.build_job(self._job, wanted)
        text = "joined an identical build in the queue" if queued.merged else "is queued"
        return Run(str(queued.item), self._name(), State.QUEUED, text, self.place)

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The build with the deployment's id; where the job has no parameter for it, the only one
        with these parameters that this user asked for since then."""
        wanted = self._parameters(assignment)
        since = assignment.since - _SKEW
        items = [
            one
            for one in self._client.queue()
            if is_of_job(self._job, one.task) and self._is_it(one.parameters, one.user, wanted)
        ]
        builds = [
            one
            for one in self._client.builds(self._job)
            if one.timestamp >= since and self._is_it(one.parameters, one.user, wanted)
        ]
        if self._options.correlation or len(items) + len(builds) < 2:
            runs = [self._of_item(one) for one in items] + [self._of_build(one) for one in builds]
            return runs[0] if runs else None
        if items or any(one.building for one in builds):
            raise Failure(
                Code.OUTCOME_UNKNOWN,
                f"Several builds of {self._job} could be the one that was asked for: "
                f"{listed([f'#{one.number}' for one in builds] or ['all in the queue'])}.",
                f"Look at {self.place}, and try again when they have ended.",
                {"link": self.place, "sent": True},
            )
        return None

    def look(self, run_id: str) -> Run:
        """The item of the queue, or the build that it became."""
        item, _, number = run_id.partition("/")
        if number:
            return self._of_build(self._client.build(self._job, int(number)))
        queued = self._client.item(int(item))
        if queued is None:
            return self._of_build(self._left_the_queue(int(item)))
        if queued.build:
            return self._of_build(self._client.build(self._job, queued.build))
        return self._of_item(queued)

    def cancel(self, run: Run) -> None:
        """Take it out of the queue, or stop the build."""
        item, _, number = run.id.partition("/")
        if not number:
            if self._client.cancel_item(int(item)):
                return
            # It began in this very moment.
            number = self.look(run.id).id.partition("/")[2]
        if number:
            self._client.stop(self._job, int(number))

    def _parameters(self, assignment: Assignment) -> Dict[str, str]:
        values = {
            **self._names,
            "version": check_version(assignment.version),
            "requester": plain(assignment.requester),
            "deployment": assignment.deployment,
        }
        found = {key: as_text(one) for key, one in filled(self._options.parameters, values).items()}
        if self._options.correlation:
            found[self._options.correlation] = assignment.deployment
        return found

    def _must_be_declared(self, wanted: Iterable[str]) -> None:
        declared = self._client.parameters(self._job)
        missing = [name for name in wanted if name not in declared]
        if not missing:
            return
        correlation = self._options.correlation
        hint = (
            f"An administrator adds a text parameter {correlation} with an empty default to the "
            "job, or sets correlation: false."
            if missing == [correlation]
            else f"It has {listed(declared)}."
            if declared
            else "It has none."
        )
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"The job {self._job} has no parameter {either(missing)} in Jenkins, and would ignore "
            "it.",
            hint,
        )

    def _is_it(self, parameters: Mapping[str, str], user: str, wanted: Mapping[str, str]) -> bool:
        correlation = self._options.correlation
        if correlation:
            return parameters.get(correlation) == wanted[correlation]
        same = all(parameters.get(name) == value for name, value in wanted.items())
        return same and user in ("", self._client.user)

    def _left_the_queue(self, item: int) -> Build:
        """The build of an item that Jenkins has forgotten: every build knows where it came from."""
        found = [one for one in self._client.builds(self._job) if one.item == item]
        if not found:
            raise Failure(
                Code.GONE,
                f"Jenkins has neither queue item {item} nor a build of it among the latest of "
                f"{self._job}.",
                facts={"link": self.place},
            )
        return found[0]

    def _name(self, number: int = 0) -> str:
        build = f"build #{number}" if number else "a build"
        return (
            f"Jenkins {build} of {one_line(self._job, 60)}"
            if number
            else (f"the Jenkins build of {one_line(self._job, 60)}")
        )

    def _of_item(self, item: Item) -> Run:
        if item.cancelled:
            return Run(str(item.id), self._name(), State.CANCELLED, link=self.place)
        why = one_line(item.why, 120).rstrip(".")
        text = f"is queued: {why}" if why else "is queued"
        return Run(str(item.id), self._name(), State.QUEUED, text, self.place)

    def _of_build(self, build: Build) -> Run:
        state, text = self._state(build)
        link = f"{self.place}{build.number}/console"
        run_id = f"{build.item}/{build.number}"
        return Run(run_id, self._name(build.number), state, text, link)

    def _state(self, build: Build) -> Tuple[State, str]:
        if build.building or not build.result:
            return State.RUNNING, "is building"
        if build.result == "SUCCESS":
            return State.SUCCEEDED, "succeeded"
        if build.result == "ABORTED":
            return State.CANCELLED, ""
        if build.result == "UNSTABLE":
            if self._options.unstable is Unstable.SUCCEEDED:
                return State.SUCCEEDED, "is unstable"
            return State.FAILED, "unstable, tests failed"
        return State.FAILED, build.result.lower().replace("_", " ")


__all__: List[str] = ["Options", "Unstable", "make", "read_options"]
