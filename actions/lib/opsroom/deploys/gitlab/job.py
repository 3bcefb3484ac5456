"""Deploy by a manual job of a pipeline on GitLab that is there already.

The newest pipeline of the version is looked for that has the job. A job that nobody has started is
played, and keeps its number; one that has ended is run again, and has a new number.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from ...errors import Code, Failure, Refusal
from ...templates import fill, filled
from ...text import one_line
from ...vendors.gitlab.pipelines import Job, Pipeline
from .. import Resolved, Target
from ..remote import Assignment, Run, State
from .mapping import Action, action_for, is_started, job_failure, jobs_text, state_of
from .options import Options
from .service import SKEW, GitlabService, is_commit

# So many of the newest pipelines of a version are looked through for one that has the job.
_MAX_PIPELINES = 5


class _Asked(NamedTuple):
    """What GitLab was asked for: an action on a job of a pipeline."""

    pipeline: int
    job: int
    action: Action


class JobService(GitlabService):
    """Starts a manual job and follows it. The id of a run is that of the pipeline and of the job:
    "4711/99"."""

    def __init__(self, options: Options, target: Target) -> None:
        super().__init__(options, target)
        self._job = fill(options.job, self.place_values())
        self._asked: Dict[str, _Asked] = {}

    def git_name(self, version: str) -> str:
        """What the pipeline has to be of."""
        return self.filled_ref(version)

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """Why the job could not be started now."""
        self.client.begin()
        try:
            pipeline, job = self._wanted(resolved)
        except Refusal as refusal:
            return (refusal.message,)
        protection = self.protection(self.target.environment)
        if action_for(job.status) is not Action.NONE:
            return protection
        return (self._not_startable(pipeline, job).message, *protection)

    def start(self, assignment: Assignment) -> Run:
        """Play the job, or run it again where it has ended.

        Raises Refusal(not_possible) where no pipeline has it, or it cannot be started now, and
        Refusal(busy) where it runs.
        """
        self.client.begin()
        pipeline, job = self._wanted(assignment)
        action = action_for(job.status)
        if action is Action.NONE:
            raise self._not_startable(pipeline, job)
        self.user()  # whose job it is has to be known afterwards
        self.client.begin()  # a start that is cut short has to be looked for
        self._asked[assignment.deployment] = _Asked(pipeline.id, job.id, action)
        text = "was started"
        if action is Action.PLAY:
            started = self.pipelines.play(job, filled(self.options.inputs, self.values(assignment)))
        else:
            started = self.pipelines.retry(job)
            text += " again, with the inputs of before" if self.options.inputs else ""
        # It may answer with the job as it was a moment ago.
        return self._named(pipeline.id, started, State.QUEUED, text)

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The job that our user started. Of a runner that died only the time is known."""
        self.client.begin()
        asked = self._asked.get(assignment.deployment)
        if asked is None:
            return self._started_since(assignment)
        if asked.action is Action.PLAY:
            job = self.pipelines.job(asked.job)
            mine = is_started(job) and job.user == self.user()
            return self._run(asked.pipeline, job) if mine else None
        attempts = self._attempts(asked.pipeline)
        later = [one for one in attempts if one.id > asked.job and one.user == self.user()]
        return self._run(asked.pipeline, later[0]) if later else None

    def look(self, run_id: str) -> Run:
        """The job as it is now."""
        self.client.begin()
        pipeline, _, job = run_id.partition("/")
        if not (pipeline.isdigit() and job.isdigit()):
            raise Failure(Code.GONE, "What was noted about the job cannot be read.")
        return self._run(int(pipeline), self.pipelines.job(int(job)))

    def cancel(self, run: Run) -> None:
        """Ask for its end; whether it ended, `look` says."""
        self.client.begin()
        self.pipelines.cancel_job(int(run.id.partition("/")[2]))

    # Starting.

    def _wanted(self, wanted: Union[Assignment, Resolved]) -> Tuple[Pipeline, Job]:
        """The job in the newest pipeline that has it, by its latest attempt."""
        newest = self._pipelines(wanted)
        first: List[Job] = []
        for pipeline in newest:
            jobs = self.pipelines.jobs(pipeline.id)
            same = [one for one in jobs if one.name == self._job]
            if same:
                return pipeline, same[0]
            first = first or jobs
        project = self.options.project
        if not newest:
            message = f"There is no pipeline of {wanted.version} in {project} on GitLab."
            raise Refusal(Code.NOT_POSSIBLE, message, f"See {self.place}")
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"GitLab pipeline {newest[0].id} of {wanted.version} has no job '{self._job}': "
            f"{jobs_text(first)}.",
            f"An administrator has to check {self.options.access.key}.job.",
        )

    def _pipelines(self, wanted: Union[Assignment, Resolved]) -> List[Pipeline]:
        """The newest pipelines of the version, on its tag or branch; a commit's may be on any."""
        ref = self.ref_of(wanted)
        on = "" if is_commit(ref, wanted.commit) else ref
        return self.pipelines.of_commit(wanted.commit, on, _MAX_PIPELINES)

    def _not_startable(self, pipeline: Pipeline, job: Job) -> Refusal:
        name, facts = f"The job '{self._job}' of GitLab pipeline {pipeline.id}", {"link": job.link}
        if job.status == "created":
            message = f"{name} is not ready: jobs before it have not ended."
            return Refusal(Code.NOT_POSSIBLE, message, "Try again when they have.", facts)
        if job.status == "skipped":
            message = f"{name} was skipped, since a job before it failed."
            return Refusal(Code.NOT_POSSIBLE, message, "Run that one again on GitLab.", facts)
        by = f"; {one_line(job.user, 40)} started it" if job.user else ""
        message = f"{name} {state_of(job.status)[1]} already{by}."
        return Refusal(Code.BUSY, message, "Try again when it has ended.", facts)

    # Finding.

    def _started_since(self, assignment: Assignment) -> Optional[Run]:
        since = assignment.since - SKEW
        for pipeline in self._pipelines(assignment):
            for one in reversed(self._attempts(pipeline.id)):
                # One that waits for a runner has not begun.
                recent = not one.started or one.started >= since
                if is_started(one) and recent and one.user == self.user():
                    return self._run(pipeline.id, one)
        return None

    def _attempts(self, pipeline: int) -> List[Job]:
        """All attempts at the job, the first one first."""
        every = self.pipelines.jobs(pipeline, retried=True)
        return sorted((one for one in every if one.name == self._job), key=lambda one: one.id)

    # Looking.

    def _run(self, pipeline: int, job: Job) -> Run:
        state, text = state_of(job.status)
        if job.status == "failed":
            text = job_failure(job)
        elif job.status == "skipped":
            text = "was skipped"
        elif state is State.BLOCKED:
            text = "waits for someone to start it on GitLab"
        return self._named(pipeline, job, state, text)

    def _named(self, pipeline: int, job: Job, state: State, text: str) -> Run:
        name = f"GitLab job {job.id} ({one_line(job.name, 60)})"
        return Run(f"{pipeline}/{job.id}", name, state, text, job.link or self.place)
