"""The deployer: a roll-out that is followed to its end, step by step where there are steps, and
taken back where a check does not pass."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Callable, Optional, Tuple

from ...errors import Code, Failure, OpsroomError
from ...text import span
from ...vendors.kubernetes import Access
from ...vendors.kubernetes.images import Images
from ...versions import Running
from .. import Job, Resolved, Target
from ..checks import CheckFailed
from ..course import Course
from ..remote import Assignment, Run, State, follower
from ..remote.deployer import RemoteDeployer
from ..remote.follower import Follower, cancel, pause
from ..steps import PLAIN, Steps
from .service import KubernetesService

# So long the answer waits for the pods of the version from before, in seconds.
_BACK_FOR = 300.0
# How often the way back is tried once more where Kubernetes does not answer, and the pauses before
# that, in seconds.
_TRIES, _AGAIN = 5, 3.0


class KubernetesDeployer(RemoteDeployer):
    """Follows the roll-outs of one workload, and knows who would set the image back."""

    service: KubernetesService

    def __init__(
        self,
        access: Access,
        images: Images,
        target: Target,
        time_limit: float,
        link: str = "",
        steps: Steps = PLAIN,
    ) -> None:
        service = KubernetesService(access, images, target, link, steps)
        place = f"kubectl rollout status {service.workload}"
        super().__init__(service, target, "kubernetes", time_limit, place)
        self._steps = steps

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """Sentences for `plan`."""
        return self.service.warnings()

    def is_halfway(self, kept: Callable[[str], str]) -> bool:
        """Whether a roll-out in steps may stand still: Kubernetes ends any other by itself."""
        return bool(self._steps.sizes and kept(self._key))

    # The steps.

    def _begin(self, assignment: Assignment, job: Job) -> None:
        if not assignment.rollback:
            self._course(assignment, job).begin()

    def _is_over(self, run: Run) -> bool:
        """Not before its check has passed."""
        return run.state.ended and (run.state is not State.SUCCEEDED or self._steps.check is None)

    def _to_the_end(self, following: Follower, job: Job) -> Run:
        kept = self._kept(job)
        if kept is None or kept[0].rollback:
            # What is there now is worse: no steps, no pauses, no check.
            return following.until(_never, partial(self.service.bring, number=self._total))
        course = self._course(kept[0], job)
        try:
            return self._brought(following, course)
        except CheckFailed as failure:
            raise self._taken_back(following.run, job, failure) from failure

    @property
    def _total(self) -> int:
        return max(len(self._steps.sizes), 1)

    def _course(self, assignment: Assignment, job: Job) -> Course:
        values = {
            "app": self._target.app,
            "environment": self._target.environment,
            "deployment": assignment.deployment,
        }
        version = Running(assignment.version, assignment.commit)
        return Course(self._steps, assignment.deployment, version, values, job)

    def _brought(self, following: Follower, course: Course) -> Run:
        """One step after another. Raises CheckFailed, and what `Follower.until` raises."""
        for number in range(1, self._total + 1):
            look = partial(self.service.bring, number=number)
            run = following.until(partial(_is_done, number=number), look)
            if run.state.ended:
                # Also where someone has let the other pods follow meanwhile.
                number = self._total
            if run.state.ended and run.state is not State.SUCCEEDED:
                return run
            if self.service.pods or number == self._total:
                wait = partial(_wait, following, look, number)
                try:
                    course.follow(number, self._total, self.service.pods, wait)
                except _Over as over:
                    return over.run
            if run.state.ended:
                return run
        return following.run

    # The way back.

    def _taken_back(self, run: Run, job: Job, failure: CheckFailed) -> OpsroomError:
        """The failed check, and what runs where after the images from before were set again."""
        facts = {**failure.facts, "run": run.name, "link": run.link}
        if not self._has_way_back(run):
            self._forget(job)
            text = f"{failure.message} Its images are those from before, so none is set back."
            return Failure(failure.code, text, failure.hint, facts)
        job.note("the check failed; setting the images from before again")
        outcome = cancel(self.service, run)
        for _ in range(_TRIES):
            if outcome.left_running:
                pause(_AGAIN, job)
                outcome = cancel(self.service, run)
        if outcome.left_running:
            facts["left_running"] = run.name
            return Failure(failure.code, f"{failure.message} {outcome.text}", failure.hint, facts)
        text = self._came_back(run, job)
        self._forget(job)
        facts["rolled_back"] = True
        return Failure(failure.code, f"{failure.message} {text}", failure.hint, facts)

    def _has_way_back(self, run: Run) -> bool:
        try:
            return self.service.has_way_back(run.id)
        except Failure:
            # It is tried, then.
            return True

    def _came_back(self, run: Run, job: Job) -> str:
        """What runs where when the pods from before are there again, or the time is up."""
        following = Follower(self.service, run, job, _BACK_FOR)
        problem: Optional[OpsroomError] = None
        try:
            following.until(_never, self.service.back)
        except OpsroomError as error:
            if error.code in (Code.CLAIM_LOST, Code.CANCELLED, Code.INTERRUPTED):
                raise
            problem = error
        if problem is not None and problem.code is not Code.TIMED_OUT:
            return f"The images from before are set again. {problem.message}"
        return f"{following.run.text}."


class _Over(Exception):
    """The roll-out has ended in a pause, otherwise than it should."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.name)
        self.run = run


def _never(run: Run) -> bool:
    return False


def _is_done(run: Run, number: int) -> bool:
    return run.step >= number


def _wait(following: Follower, look: Callable[[str], Run], number: int, seconds: float) -> None:
    """The pause after a step, in which its pods have to stay. Raises _Over, and what
    `Follower.until` raises."""
    until = follower.clock() + seconds
    text = f"; the next one begins after {span(seconds)}"

    def look_again(run_id: str) -> Run:
        run = look(run_id)
        return replace(run, text=f"{run.text}{text}")

    run = following.until(
        lambda one: follower.clock() >= until and _is_done(one, number), look_again
    )
    if run.state.ended and run.state is not State.SUCCEEDED:
        raise _Over(run)
