"""The deployer: what was left on the hosts, the groups of hosts in their order, and the end."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Dict, Mapping, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import check_version, listed
from ...structs import dataclass
from ...vendors.ssh.client import Client
from .. import Cancelled, Job, Resolved, Target
from .options import Options
from .remote_command import State
from .rollout import OutOfTime, Plan, Rollout, stop_text, whereabouts

_CHECKPOINT = "ssh"
# What goes on where a runner died, and what another deployment of the version takes up.
_GOOD = (State.ABSENT, State.RUNNING, State.DONE)


@dataclass(frozen=True)
class Checkpoint:
    """What the next deployment at the place must find. `key` is the id on the hosts."""

    version: str
    commit: str
    key: str
    hosts: Tuple[str, ...]


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
        job.check()
        hosts = self._options.access.hosts_of(self._target.app, self._target.environment)
        with Client(self._options.access) as client:
            rollout = self._taken_up(client, resolved, hosts, job)
            if rollout is None:
                rollout = self._begun(client, resolved, hosts, job)
            try:
                for host in hosts:
                    rollout.bring([host])
            except OpsroomError as error:
                if error.code is Code.CLAIM_LOST:
                    # Whoever took over follows it.
                    raise
                raise self._ended(rollout, job, error) from error
            self._forget(job)

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
        new = Checkpoint(check_version(resolved.version), resolved.commit, job.deployment, hosts)
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
        job.keep(_CHECKPOINT, json.dumps(asdict(new), sort_keys=True))
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
        if error.code in (Code.CANCELLED, Code.INTERRUPTED) or isinstance(error, OutOfTime):
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

    # The checkpoint.

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


def _facts(rollout: Rollout) -> Mapping[str, str]:
    return {host: state.value for host, state in rollout.states.items()}
