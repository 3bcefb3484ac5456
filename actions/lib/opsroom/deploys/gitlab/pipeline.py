"""Deploy by a pipeline of GitLab that opsroom makes.

It is found again by its name: `workflow: name` has to show the input or variable `opsroom`. Where
it does not, a pipeline is known by its time, its user and its branch or tag alone, and of several
none is picked.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional, Tuple

from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import either, listed, shown
from ...templates import filled, holds, unknown
from ...vendors.gitlab.pipelines import Job, Pipeline
from .. import Resolved, Target
from ..remote import Assignment, Run, State
from ..values import as_text, mark_of, shows, shows_none
from .mapping import child_state, failure_text, named_job, state_of, waiting_text
from .options import Children, Options
from .service import SKEW, GitlabService, is_commit

# A mark is unique, so that it is looked for in all that was made since so many seconds before.
_MARKED_SINCE = 3600.0
# So long it is waited whether a pipeline shows up that is certain: less than `Service.settles`.
_SHOWS = 45.0

# Tests put their own here: seconds since 1970.
now: Callable[[], float] = time.time


class PipelineService(GitlabService):
    """Makes a pipeline and follows it. The id of a run is that of the pipeline, and the commit that
    it has to run on: "4711/0a1b..."; "4711" where any will do."""

    def __init__(self, options: Options, target: Target) -> None:
        super().__init__(options, target)
        self._job = filled(options.job, self.place_values())
        # Whether the pipeline runs on the version itself.
        self._bound = holds(options.ref, "version")
        if not options.correlation:
            self.settles = None

    def git_name(self, version: str) -> str:
        """What it runs on, where that depends on the version."""
        return self.filled_ref(version) if self._bound else version

    def check_commit(self, version: str) -> None:
        """GitLab makes pipelines of branches and tags only."""
        if not self._bound:
            return
        key = self.options.access.key
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{shown(version)} is a commit, and GitLab makes a pipeline of a branch or tag only.",
            "Deploy a tag; or have the pipeline of a branch check out an input, with "
            f"{key}.ref and {key}.inputs.",
        )

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """What would hold it up on GitLab, or refuse it, as far as the token may see that."""
        self.client.begin()
        ref = self.ref_of(resolved)
        sentences: List[str] = []
        if self.options.variables and self.pipelines.variables_role() == "no_one_allowed":
            project = self.options.project
            sentences.append(f"{project} lets nobody set variables of pipelines: use inputs.")
        with suppress(OpsroomError):  # what goes on there is only an extra
            running = self.pipelines.running(ref, self.user())
            names = listed([f"GitLab pipeline {one.id}" for one in running], 3)
            if running:
                verb = "runs" if len(running) == 1 else "run"
                sentences.append(f"{names} of {ref} {verb} already, started by the same user.")
        return (*sentences, *self.protection(self._environment()))

    def _environment(self) -> str:
        """The environment on GitLab, as far as the config says."""
        of = {**self.options.variables, **self.options.inputs}
        named = next((one for key, one in of.items() if key.lower() == "environment"), None)
        known = isinstance(named, str) and not unknown(named, ("app", "environment"))
        return filled(named, self.place_values()) if known else self.target.environment

    def start(self, assignment: Assignment) -> Run:
        """Make the pipeline with the deployment's id as input or variable.

        Where the file on that tag has no such input, which GitLab says before it makes anything, it
        is made without.
        """
        self.client.begin()
        ref = self.ref_of(assignment)
        commit = self._commit(ref, assignment)
        self.client.begin()  # a start that is cut short has to be looked for
        name = self.options.correlation
        text = "was started"
        try:
            made = self._create(ref, assignment, name)
        except Refusal as refusal:
            if not name or not refusal.facts.get("unknown_inputs"):
                raise
            made = self._create(ref, assignment, "")
            text = f"was started, without its id: the pipeline of {ref} has no input {name}"
        run_id = f"{made.id}/{commit}" if commit else str(made.id)
        # Its end, also one right away, is for `look` to judge.
        return self._named(run_id, made, State.QUEUED, text)

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The pipeline whose name shows the deployment's id; without such a name, the only one that
        our user made then of that branch or tag."""
        self.client.begin()
        ref = self.ref_of(assignment)
        commit = assignment.commit if self._bound else ""
        mark = mark_of(assignment.deployment)
        if self.options.correlation:
            made = self.pipelines.made_since(assignment.since - _MARKED_SINCE, self.user())
            found = next((one for one in made if shows(one.name, mark)), None)
            if found is not None:
                return self._run(found, commit)
        possible = [
            one
            for one in self.pipelines.made_since(assignment.since - SKEW, self.user(), ref)
            if shows_none(one.name) and (not commit or one.sha == commit)
        ]
        if not self.options.correlation and len(possible) == 1:
            return self._run(possible[0], commit)
        self._check_none(assignment, possible)
        return None

    def look(self, run_id: str) -> Run:
        """The pipeline as it is now."""
        self.client.begin()
        id, _, commit = run_id.partition("/")
        if not id.isdigit():
            raise Failure(Code.GONE, "What was noted about the pipeline cannot be read.")
        return self._run(self.pipelines.pipeline(int(id)), commit)

    def cancel(self, run: Run) -> None:
        """Ask for its end. GitLab says yes also where it does not stop, so that `look` decides."""
        self.client.begin()
        self.pipelines.cancel(int(run.id.partition("/")[0]))

    # Starting.

    def _commit(self, ref: str, assignment: Assignment) -> str:
        """The commit that the pipeline has to run on; empty where any will do.

        Raises Refusal where the branch or tag was moved since it was looked up.
        """
        if not self._bound or not assignment.commit:
            return ""
        if is_commit(ref, assignment.commit):
            self.check_commit(ref)
        self.check_unmoved(ref, assignment.commit)
        return assignment.commit

    def _create(self, ref: str, assignment: Assignment, correlation: str) -> Pipeline:
        values = self.values(assignment)
        mark = {correlation: mark_of(assignment.deployment)} if correlation else {}
        inputs: Dict[str, Any] = dict(filled(self.options.inputs, values))
        variables = {
            key: as_text(one) for key, one in filled(self.options.variables, values).items()
        }
        (variables if self.options.by_variables else inputs).update(mark)
        return self.pipelines.create(ref, inputs, variables)

    # Finding.

    def _check_none(self, assignment: Assignment, possible: List[Pipeline]) -> None:
        """Raise where one of these may be the one: while any goes on, and as long as a pipeline may
        take. At first another may still show up that is it for certain."""
        over = all(state_of(one.status)[0].ended for one in possible)
        elapsed = now() - assignment.since
        certain = bool(self.options.correlation)
        if not possible or (certain and elapsed < _SHOWS):
            return
        if over and elapsed > self.options.time_limit:
            return
        numbers = either([str(one.id) for one in possible[:4]])
        hint = (
            f"Show {self.options.correlation} in workflow: name of .gitlab-ci.yml."
            if certain
            else "Try again when they have ended."
        )
        raise Failure(
            Code.OUTCOME_UNKNOWN,
            f"Whether it is GitLab pipeline {numbers} cannot be told.",
            f"{hint} See {self.place}",
            {"link": possible[0].link or self.place, "sent": True},
        )

    # Looking.

    def _run(self, found: Pipeline, commit: str) -> Run:
        run_id = f"{found.id}/{commit}" if commit else str(found.id)
        if commit and found.sha and found.sha != commit:
            text = f"ran on commit {found.sha[:12]} in place of {commit[:12]}"
            state = state_of(found.status)[0]
            return self._named(run_id, found, State.FAILED if state.ended else state, text)
        return self._named(run_id, found, *self._state(found))

    def _named(self, run_id: str, found: Pipeline, state: State, text: str) -> Run:
        return Run(run_id, f"GitLab pipeline {found.id}", state, text, found.link or self.place)

    def _state(self, found: Pipeline) -> Tuple[State, str]:
        state, text = state_of(found.status)
        if state is State.BLOCKED:
            return state, waiting_text(self._known_jobs(found))
        if state is State.FAILED and not text:
            return state, self._failure(found)
        if state is State.SUCCEEDED:
            return self._success(found)
        return state, text

    def _success(self, found: Pipeline) -> Tuple[State, str]:
        """GitLab calls a pipeline a success also where a job was never started or may fail, and
        where pipelines that it started go on or fail."""
        waits = self.options.children is Children.WAIT
        if not waits and not self._job:
            return State.SUCCEEDED, ""
        below: List[Job] = []
        for child in self.pipelines.descendants(found):
            jobs = self._jobs_of_child(child)
            state, text = child_state(child, jobs)
            if waits and state is not State.SUCCEEDED:
                return state, text
            below += jobs
        if not self._job:
            return State.SUCCEEDED, ""
        return named_job(self._job, [*self.pipelines.jobs(found.id), *below])

    def _failure(self, found: Pipeline) -> str:
        parts = [failure_text(self._known_jobs(found))]
        with suppress(OpsroomError):  # the reason is only an extra
            for child in self.pipelines.descendants(found):
                if state_of(child.status)[0] is State.FAILED:
                    parts.append(child_state(child, self._jobs_of_child(child))[1])
        return "; ".join(filter(None, parts))

    def _known_jobs(self, found: Pipeline) -> List[Job]:
        with suppress(OpsroomError):
            return self.pipelines.jobs(found.id)
        return []

    def _jobs_of_child(self, child: Pipeline) -> List[Job]:
        """The jobs of a pipeline that was started; none where they may not be seen."""
        if child.status == "success" and not self._job:
            return []
        with suppress(OpsroomError):
            return self.pipelines.jobs(child.id, str(child.project) if child.project else "")
        return []
