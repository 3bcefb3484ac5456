"""The deployer: what was left on the hosts, the groups of hosts in their order, and the end."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version, listed
from ...structs import dataclass
from ...vendors.ssh import name_of
from ...vendors.ssh.client import Client
from ...versions import same_version
from .. import Cancelled, Job, Resolved, Target
from ..checks import CheckFailed
from ..course import Course
from ..remote.follower import pause
from ..steps import groups
from .options import Options
from .remote_command import Report, State
from .rollout import OutOfTime, Plan, Rollout, stop_text, whereabouts

_CHECKPOINT = "ssh"
# What ends the deployment here and the command there.
_STOPS = (Code.CANCELLED, Code.INTERRUPTED)
# What goes on where a runner died, and what another deployment of the version takes up.
_GOOD = (State.ABSENT, State.RUNNING, State.DONE)


@dataclass(frozen=True)
class Checkpoint:
    """What the next deployment at the place must find. `key` is the id on the hosts, `before` the
    version that was there."""

    version: str
    commit: str
    key: str
    hosts: Tuple[str, ...]
    before: str = ""


class SshDeployer:
    """Runs the command on each host."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._target = target

    def resolve(self, version: str) -> Resolved:
        """The version as it was typed: what exists is for the command to know."""
        return Resolved(check_version(version), version)

    def deploy(self, resolved: Resolved, job: Job) -> None:
        """Run the command on every host; follow what an earlier deployment left running.

        Raises Refusal(not_configured, busy), Failure(deploy_failed, unreachable, unauthorized,
        timed_out, outcome_unknown), which say what is on which host, and what `job.check` raises.
        """
        self._deploy(resolved, job, quick=False)

    def roll_back(self, resolved: Resolved, job: Job) -> None:
        """The same in the same steps, without pauses and checks: what is there now is worse."""
        self._deploy(resolved, job, quick=True)

    def _deploy(self, resolved: Resolved, job: Job, quick: bool) -> None:
        job.check()
        hosts = self._options.access.hosts_of(self._target.app, self._target.environment)
        with Client(self._options.access) as client:
            left = self._taken_up(client, resolved, hosts, job)
            rollout = left or self._begun(client, resolved, hosts, job)
            course = Course(
                self._options.steps, rollout.plan.key, resolved, rollout.plan.values, job
            )
            try:
                if left is None and not quick:
                    course.begin()
                self._bring(rollout, course, job, quick)
            except CheckFailed as failure:
                raise self._rolled_back(client, rollout, job, failure) from failure
            except OpsroomError as error:
                if error.code is Code.CLAIM_LOST:
                    # The one who took over follows it.
                    raise
                raise self._ended(rollout, job, error) from error
            self._forget(job)

    def _bring(self, rollout: Rollout, course: Course, job: Job, quick: bool) -> None:
        """All steps. Raises CheckFailed where one is not followed by the next."""
        parts = groups(self._options.steps, rollout.plan.hosts)
        for number, hosts in enumerate(parts, 1):
            rollout.bring(hosts)
            if not quick:
                names = [name_of(host) for host in hosts]
                course.follow(number, len(parts), names, lambda seconds: pause(seconds, job))

    def is_halfway(self, kept: Callable[[str], str]) -> bool:
        """Whether an earlier deployment may have reached some of the hosts only."""
        return bool(kept(_CHECKPOINT))

    def cancel_left(self, job: Job) -> Cancelled:
        """End the command on the hosts where an earlier deployment left it."""
        kept = self._kept(job)
        if kept is None:
            return Cancelled("It had started nothing that still goes on.", found=False)
        with Client(self._options.access) as client:
            rollout = self._rollout(client, kept, self._asked(kept), job)
            answers = rollout.stop(rollout.plan.hosts)
        left = [host for host, state in rollout.states.items() if state.may_run]
        if not left:
            self._forget(job)
        text = f"{stop_text(answers, rollout.program)} {whereabouts(rollout.states, kept.version)}"
        stopped = State.STOPPED in rollout.states.values()
        return Cancelled(text.strip(), left_running=bool(left), found=bool(left) or stopped)

    # What was left, and a new one.

    def _taken_up(
        self, client: Client, resolved: Resolved, hosts: Tuple[str, ...], job: Job
    ) -> Optional[Rollout]:
        """What an earlier deployment of this version has begun on these hosts, and may go on."""
        kept = self._kept(job)
        if kept is None:
            return None
        rollout = self._rollout(client, kept, self._asked(kept), job)
        try:
            rollout.survey()
        except Failure as failure:
            text = (
                f"{failure.message} Nothing was changed: a deployment of {kept.version} whose "
                "runner died may still go on there."
            )
            raise Failure(failure.code, text, failure.hint, failure.facts) from failure
        running = [host for host, state in rollout.states.items() if state is State.RUNNING]
        same = kept.version == resolved.version and kept.hosts == hosts
        good = all(state in _GOOD for state in rollout.states.values())
        if running and not (same and good):
            raise Refusal(
                Code.BUSY,
                f"'{rollout.program}' still deploys {kept.version} on {listed(running)}; its "
                "runner died.",
                f"Wait for its end, or say: cancel deploy of {self._target.app} on "
                f"{self._target.environment}",
                {"hosts": _facts(rollout)},
            )
        if not (same and good):
            return None
        if running:
            job.note(f"{listed(running)} is already doing this; following it")
        return rollout

    def _begun(
        self, client: Client, resolved: Resolved, hosts: Tuple[str, ...], job: Job
    ) -> Rollout:
        """A deployment of its own, after every host let this runner in."""
        version = check_version(resolved.version)
        new = Checkpoint(version, resolved.commit, job.deployment, hosts, job.before)
        rollout = self._rollout(client, new, hosts, job)
        try:
            rollout.survey()
        except Failure as failure:
            if failure.facts.get("host") is None:
                raise
            text = f"{failure.message} Nothing was changed: every host has to let opsroom in first."
            facts = {**failure.facts, "sent": False}
            raise Failure(failure.code, text, failure.hint, facts) from failure
        # Before anything is started: a runner that dies in between leaves where to look.
        self._keep(job, new)
        return rollout

    def _rollout(
        self, client: Client, checkpoint: Checkpoint, hosts: Tuple[str, ...], job: Job
    ) -> Rollout:
        values = {
            "app": self._target.app,
            "environment": self._target.environment,
            "deployment": checkpoint.key,
        }
        plan = Plan(checkpoint.version, checkpoint.key, hosts, values)
        return Rollout(client, self._options, plan, job)

    def _asked(self, kept: Checkpoint) -> Tuple[str, ...]:
        """The hosts of an earlier deployment without those that the config no longer has: they may
        not exist any more."""
        access = self._options.access
        known = access.hosts_of(self._target.app, self._target.environment)
        return tuple(host for host in kept.hosts if host in known)

    # The end before the last host.

    def _ended(self, rollout: Rollout, job: Job, error: OpsroomError) -> OpsroomError:
        """The error with what is on which host. What the deployment may no longer do is stopped."""
        text = error.message
        if error.code in _STOPS or isinstance(error, OutOfTime):
            hosts = [host for host, state in rollout.states.items() if state.may_run]
            stopped = stop_text(rollout.stop(hosts), rollout.program)
            text = f"{text} {stopped}".strip()
        left = [host for host, state in rollout.states.items() if state.may_run]
        if not left:
            self._forget(job)
        facts: Dict[str, Any] = {**error.facts, "hosts": _facts(rollout)}
        if left:
            facts["left_running"] = f"'{rollout.program}' on {listed(left)}"
        text = f"{text} {whereabouts(rollout.states, rollout.plan.version)}"
        return Failure(error.code, text, error.hint, facts)

    def _rolled_back(
        self, client: Client, rollout: Rollout, job: Job, failure: CheckFailed
    ) -> OpsroomError:
        """The failed check, and what is on the hosts after the version from before was brought back
        to those that have the new one."""
        states, version = rollout.states, rollout.plan.version
        done = tuple(host for host, state in states.items() if state is State.DONE)
        before = self._before(job)
        if not before or same_version(before, version):
            why = "It was there before, too" if before else "The version from before is not known"
            self._forget(job)
            text = f"{failure.message} {why}, so nothing was rolled back. "
            text += whereabouts(states, version)
            facts = {**failure.facts, "hosts": _facts(rollout)}
            return Failure(failure.code, text, failure.hint, facts)
        job.note(f"the check failed; rolling back to {before} on {listed(done)}")
        back = self._rollout(
            client, Checkpoint(before, "", f"{rollout.plan.key}-back", done, before), done, job
        )
        for host in done:
            back.reports[host] = Report(State.ABSENT)
        self._keep(job, Checkpoint(before, "", back.plan.key, done, before))
        problem = ""
        for hosts in groups(self._options.steps, done):
            try:
                back.bring(hosts)
            except OpsroomError as error:
                if error.code is Code.CLAIM_LOST:
                    return error
                if error.code in _STOPS or isinstance(error, OutOfTime):
                    return self._ended(back, job, error)
                # The others are better off with the version from before anyway.
                problem = problem or f"Bringing {before} back failed: {error.message} "
        if not any(state.may_run for state in back.states.values()):
            self._forget(job)
        return Failure(
            failure.code,
            f"{failure.message} {problem}{_after(rollout, back)}",
            failure.hint,
            {**failure.facts, "hosts": {**_facts(rollout), **_facts_of_back(back)}},
        )

    def _before(self, job: Job) -> str:
        """The version that was there before all of this, also where a runner died meanwhile."""
        kept = self._kept(job)
        return kept.before if kept is not None else job.before

    # The checkpoint.

    @staticmethod
    def _keep(job: Job, checkpoint: Checkpoint) -> None:
        job.keep(_CHECKPOINT, json.dumps(asdict(checkpoint), sort_keys=True))

    @staticmethod
    def _forget(job: Job) -> None:
        job.keep(_CHECKPOINT, "")

    @staticmethod
    def _kept(job: Job) -> Optional[Checkpoint]:
        text = job.kept(_CHECKPOINT)
        if not text:
            return None
        values = json.loads(text)
        return Checkpoint(**{**values, "hosts": tuple(values["hosts"])})


def _after(rollout: Rollout, back: Rollout) -> str:
    """What is on which host after a rollback, in sentences."""
    began = {host: one for host, one in back.states.items() if one is not State.ABSENT}
    others = {host: one for host, one in rollout.states.items() if host not in began}
    texts = [whereabouts(began, back.plan.version), whereabouts(others, rollout.plan.version)]
    return " ".join(filter(None, texts))


def _facts_of_back(back: Rollout) -> Mapping[str, str]:
    return {
        host: "rolled_back" if state is State.DONE else f"rollback_{state.value}"
        for host, state in back.states.items()
    }


def _facts(rollout: Rollout) -> Mapping[str, str]:
    return {host: state.value for host, state in rollout.states.items()}
