"""How far a run of a workflow is, and why: GitHub is asked for what the run itself does not say."""

from __future__ import annotations

from contextlib import suppress
from typing import List, Tuple

from ...errors import OpsroomError
from ...text import one_line
from ...vendors.github.actions import Workflow, WorkflowJob, WorkflowRun
from ..remote import State
from .mapping import (
    cancelled_text,
    failure_text,
    gates_text,
    is_timer,
    job_text,
    rejected_text,
    state_of,
    text_of,
)


class StateReader:
    """Reads the states of runs of one workflow. `job` is the one that must have succeeded; empty
    where the run as a whole counts."""

    def __init__(self, workflow: Workflow, job: str) -> None:
        self._workflow = workflow
        self._job = job

    def read(
        self, run: WorkflowRun, attempt: int, commit: str, cancelled: bool
    ) -> Tuple[State, str]:
        """The state of an attempt, and the text for it as the end of a sentence.

        `commit` is the one that it has to run, empty where any will do; `cancelled` is whether we
        asked for its end. Raises Failure where GitHub cannot be asked for the job that counts.
        """
        state, text = state_of(run), text_of(run)
        if run.status == "waiting":
            gates = self._workflow.gates(run.id)
            return State.QUEUED if is_timer(gates) else state, gates_text(gates) or text
        if run.status == "pending":
            ahead = self._workflow.ahead(run.id)
            return state, f"is queued behind {ahead} other{'s' * (ahead > 1)}" if ahead else text
        if state is State.SUCCEEDED:
            missing = self._not_done(run, attempt, commit)
            return (State.FAILED, missing) if missing else (state, "")
        if run.completed and not text and not (cancelled and state is State.CANCELLED):
            text = self._reason(run, attempt, state)
        return state, text

    def _not_done(self, run: WorkflowRun, attempt: int, commit: str) -> str:
        """Why a run that succeeded did not do what was asked; empty where it did."""
        if commit and run.commit and run.commit != commit:
            return (
                f"ran commit {run.commit[:12]} and not {commit[:12]}: "
                f"{one_line(run.branch, 60)} was moved meanwhile"
            )
        return job_text(self._job, self._workflow.jobs(run.id, attempt)) if self._job else ""

    def _reason(self, run: WorkflowRun, attempt: int, state: State) -> str:
        """Why it failed or was cancelled, as its jobs say; empty where they cannot be read."""
        with suppress(OpsroomError):
            jobs = self._workflow.jobs(run.id, attempt)
            if state is State.FAILED:
                return self._rejected(run, jobs) or failure_text(jobs)
            return cancelled_text(jobs)
        return ""

    def _rejected(self, run: WorkflowRun, jobs: List[WorkflowJob]) -> str:
        """Who rejected it, where one of its jobs failed before it began."""
        if all(one.begun or one.conclusion != "failure" for one in jobs):
            return ""
        return rejected_text(*self._workflow.rejection(run.id))
