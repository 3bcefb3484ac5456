"""One version on its way to hosts: what is started, followed and stopped there, and what is where
afterwards."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ...deadline import together
from ...errors import Code, Failure, OpsroomError
from ...names import listed
from ...structs import dataclass
from ...templates import fill
from ...text import one_line, span
from ...vendors.ssh import AT_ONCE
from ...vendors.ssh.client import Client
from ...vendors.ssh.errors import trouble_of
from .. import Job
from ..remote import follower
from .options import Options
from .remote_command import RemoteCommand, Report, State

# Pauses between two looks, in seconds: the last one again and again.
_PAUSES = (0.5, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 5.0)
# A host that does not answer is asked ever less often, up to this pause, in seconds: logins that
# fail make it lock this runner out.
_FIRST_PAUSE = 10.0
_MAX_PAUSE = 60.0
# Pauses before a start is asked for again whose answer was lost.
_AGAIN = (2.0, 5.0)
# Longer than any question to a host may take, in seconds.
_LIMIT = 200.0
# What `Job.check` raises.
_OF_THE_JOB = (Code.CANCELLED, Code.INTERRUPTED, Code.CLAIM_LOST)

Answer = Union[Report, OpsroomError]


class OutOfTime(Failure):
    """The time limit of the deployment is up."""


@dataclass(frozen=True)
class Plan:
    """What is brought where: `key` is the id of the deployment on the hosts, `values` fill the
    command."""

    version: str
    key: str
    hosts: Tuple[str, ...]
    values: Mapping[str, str]


class Rollout:
    """The commands of one plan. `states` has what is known of each host."""

    def __init__(self, client: Client, options: Options, plan: Plan, job: Job) -> None:
        self.plan = plan
        self.reports: Dict[str, Report] = {host: Report(State.UNKNOWN) for host in plan.hosts}
        self._options = options
        self._job = job
        self._commands = {
            host: RemoteCommand(client, host, options.folder, plan.key) for host in plan.hosts
        }
        # Seconds that are left for commands.
        self._left = options.time_limit

    @property
    def states(self) -> Dict[str, State]:
        """The state of each host."""
        return {host: report.state for host, report in self.reports.items()}

    @property
    def program(self) -> str:
        """The command's name, for sentences."""
        return self._options.command[0].rpartition("/")[2] or self._options.command[0]

    def survey(self) -> None:
        """Ask every host how far it is. Raises the Failure of the first that does not answer."""
        for host, answer in self._ask(self.plan.hosts).items():
            if isinstance(answer, OpsroomError):
                raise answer
            self.reports[host] = answer

    def bring(self, hosts: Sequence[str]) -> None:
        """Start the command on these hosts, where that has not been done, and follow it to its end
        on all of them. After a failure nothing more is started.

        Raises Failure, OutOfTime, and what `Job.check` raises.
        """
        problem: Optional[OpsroomError] = None
        for host in hosts:
            if self.reports[host].state is not State.ABSENT:
                continue
            try:
                self._start(host)
            except OpsroomError as error:
                if error.code in _OF_THE_JOB:
                    raise
                problem = error
                break
        self._follow([host for host in hosts if self.reports[host].state is State.RUNNING])
        for host in hosts:
            report = self.reports[host]
            if report.state not in (State.DONE, State.ABSENT, State.UNKNOWN):
                facts = {"host": host, "status": report.status, "output": list(report.lines)}
                message = report.sentence(self.program, host)
                raise Failure(Code.DEPLOY_FAILED, message, facts=facts)
        if problem is not None:
            raise problem

    def stop(self, hosts: Sequence[str]) -> Dict[str, Answer]:
        """End the command on these hosts. What cannot be asked remains unknown."""
        answers = self._together(hosts, lambda command: command.stop())
        for host, answer in answers.items():
            self.reports[host] = (
                Report(State.UNKNOWN) if isinstance(answer, OpsroomError) else answer
            )
        return answers

    def _start(self, host: str) -> None:
        self._job.check()
        number = f"{self.plan.hosts.index(host) + 1} of {len(self.plan.hosts)}"
        self._job.note(f"{host} ({number}): {self.program} begins")
        values = {**self.plan.values, "version": self.plan.version, "host": host}
        arguments = [fill(one, values) for one in self._options.command]
        self.reports[host] = Report(State.UNKNOWN)
        for seconds in (*_AGAIN, None):
            try:
                self.reports[host] = self._commands[host].start(arguments, self._job.check)
                return
            except Failure as failure:
                if failure.code in _OF_THE_JOB:
                    raise
                if not failure.facts.get("sent"):
                    self.reports[host] = Report(State.ABSENT)
                    raise
                if seconds is None:
                    raise Failure(
                        Code.OUTCOME_UNKNOWN,
                        f"{host} was asked to run '{self.program}', and whether it does so is not "
                        f"certain: {failure.message}",
                        "Asking for the same version again follows it there.",
                        failure.facts,
                    ) from failure
                follower.pause(seconds, self._job)

    def _follow(self, hosts: Sequence[str]) -> None:
        waiting, pauses = list(hosts), list(_PAUSES)
        silent: Dict[str, Tuple[float, float]] = {}
        began = follower.clock()
        while waiting:
            elapsed = follower.clock() - began
            if elapsed >= self._left:
                raise OutOfTime(
                    Code.TIMED_OUT,
                    f"'{self.program}' did not end on {listed(waiting)} within "
                    f"{span(self._options.time_limit)}.",
                    facts={"sent": True},
                )
            seconds = pauses.pop(0) if len(pauses) > 1 else pauses[0]
            follower.pause(min(seconds, self._left - elapsed), self._job)
            now = follower.clock()
            due = [host for host in waiting if silent.get(host, (0.0, 0.0))[1] <= now]
            for host, answer in self._ask(due).items():
                if isinstance(answer, OpsroomError):
                    pause = min(silent.get(host, (_FIRST_PAUSE / 2, 0))[0] * 2, _MAX_PAUSE)
                    silent[host] = (pause, now + pause)
                    self._silent(host, answer)
                else:
                    silent.pop(host, None)
                    # Someone has removed the folder of its state.
                    gone = answer.state is State.ABSENT
                    self.reports[host] = Report(State.LOST) if gone else answer
                    self._note(host, answer)
            waiting = [host for host in waiting if self.reports[host].state is State.RUNNING]
        self._left -= follower.clock() - began

    def _silent(self, host: str, error: OpsroomError) -> None:
        """A host that cannot be asked: waited for, unless someone must do something first."""
        if isinstance(error, Failure) and trouble_of(error).passes:
            self._job.note(f"{host} does not answer ({trouble_of(error).value})")
            return
        self.reports[host] = Report(State.UNKNOWN)
        raise Failure(
            error.code,
            f"'{self.program}' on {host} can no longer be followed, and may still go on: "
            f"{error.message}",
            error.hint,
            error.facts,
        ) from error

    def _note(self, host: str, report: Report) -> None:
        if report.state is State.DONE:
            self._job.note(f"{host}: done")
        elif report.lines:
            self._job.note(f"{host}: {report.lines[-1]}")

    def _ask(self, hosts: Sequence[str]) -> Dict[str, Answer]:
        """How far each host is. Raises what the job raises."""
        answers = self._together(hosts, lambda command: command.look(self._job.check))
        for answer in answers.values():
            if isinstance(answer, OpsroomError) and answer.code in _OF_THE_JOB:
                raise answer
        return answers

    def _together(
        self, hosts: Sequence[str], ask: Callable[[RemoteCommand], Report]
    ) -> Dict[str, Answer]:
        questions = {host: partial(ask, self._commands[host]) for host in hosts}
        limit = _LIMIT * (len(hosts) // AT_ONCE + 1)
        return dict(together(questions, limit, AT_ONCE))


def whereabouts(states: Mapping[str, State], version: str) -> str:
    """What is on which host, in one sentence: `v1.2.0 is on web1; web2 may be half done; web3 is
    untouched.` Empty where there is nothing to distinguish."""
    by_state: Dict[str, List[str]] = {}
    for host, state in states.items():
        by_state.setdefault(_WORDS[state], []).append(host)
    parts: List[str] = []
    for words in dict.fromkeys(_WORDS.values()):
        hosts = by_state.get(words, [])
        if hosts:
            verb = "is" if len(hosts) == 1 else "are"
            # Names keep their letters; the rest begins as a sentence does.
            words = words if parts or words.startswith("{") else words[:1].upper() + words[1:]
            parts.append(words.format(version=version, hosts=listed(hosts), verb=verb))
    return "; ".join(parts) + "." if parts else ""


_WORDS = {
    State.DONE: "{version} is on {hosts}",
    State.RUNNING: "it still runs on {hosts}",
    State.UNKNOWN: "whether it runs on {hosts} is not certain",
    State.FAILED: "{hosts} may be half done",
    State.STOPPED: "{hosts} may be half done",
    State.LOST: "{hosts} may be half done",
    State.ABSENT: "{hosts} {verb} untouched",
    State.CLOSED: "{hosts} {verb} untouched",
}


def stop_text(answers: Mapping[str, Answer], program: str) -> str:
    """What came of asking hosts to stop, in whole sentences; empty where nothing ran."""
    stopped = [host for host, one in answers.items() if _is(one, State.STOPPED)]
    running = [host for host, one in answers.items() if _is(one, State.RUNNING)]
    done = [host for host, one in answers.items() if _is(one, State.DONE)]
    texts = [f"'{program}' was stopped on {listed(stopped)}."] if stopped else []
    if done:
        texts.append(f"It had already succeeded on {listed(done)}.")
    if running:
        texts.append(f"It was killed and still runs on {listed(running)}.")
    for host, one in answers.items():
        if isinstance(one, OpsroomError):
            reason = one_line(one.message, 160).rstrip(".")
            texts.append(f"It could not be stopped on {host} ({reason}) and may still run there.")
    return " ".join(texts)


def _is(answer: Answer, state: State) -> bool:
    return isinstance(answer, Report) and answer.state is state
