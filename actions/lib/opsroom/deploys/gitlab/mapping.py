"""What the states of pipelines and jobs on GitLab mean for a deployment."""

from __future__ import annotations

from enum import Enum
from typing import Iterable, List, Mapping, Sequence, Tuple

from ...names import listed
from ...text import one_line
from ...vendors.gitlab.pipelines import Job, Pipeline
from ..remote import State

_STATES: Mapping[str, Tuple[State, str]] = {
    "created": (State.QUEUED, "is being prepared"),
    "waiting_for_resource": (State.QUEUED, "waits for others of its resource group"),
    "preparing": (State.QUEUED, "is being prepared"),
    "waiting_for_callback": (State.RUNNING, "waits for an answer to GitLab"),
    "pending": (State.QUEUED, "waits for a runner"),
    "scheduled": (State.QUEUED, "waits for the time of a delayed job"),
    "running": (State.RUNNING, "is running"),
    "canceling": (State.RUNNING, "is being cancelled"),
    # It is neither a success nor a failure: someone has to start a job on GitLab.
    "manual": (State.BLOCKED, "waits for someone to start a job on GitLab"),
    "success": (State.SUCCEEDED, ""),
    "failed": (State.FAILED, ""),
    "canceled": (State.CANCELLED, ""),
    "skipped": (State.FAILED, "ran none of its jobs: all were skipped"),
}
# Of jobs that nobody has started, although they may bear the name of who made their pipeline.
_NOT_STARTED = ("created", "manual", "scheduled", "skipped")


class Action(str, Enum):
    """What makes a job run; NONE: nothing does, as it is."""

    PLAY = "play"
    RETRY = "retry"
    NONE = "none"


def state_of(status: str) -> Tuple[State, str]:
    """The state of a pipeline or a job, and the same as the end of a sentence, empty where it needs
    none. What GitLab does not document is no success."""
    return _STATES.get(status, (State.QUEUED, f"is {one_line(status, 40)}"))


def action_for(status: str) -> Action:
    """How a job with this status is started: one that has ended runs again as a new one."""
    if status in ("manual", "scheduled"):
        return Action.PLAY
    return Action.RETRY if status in ("success", "failed", "canceled") else Action.NONE


def is_started(job: Job) -> bool:
    """Whether someone started a job, or it ran by itself."""
    return job.status not in _NOT_STARTED


def waiting_text(jobs: Iterable[Job]) -> str:
    """What a pipeline waits for, by its manual jobs."""
    names = [f"'{one_line(one.name, 60)}'" for one in jobs if one.status == "manual"]
    if not names:
        return state_of("manual")[1]
    return (
        f"waits for someone to start the job{'s' if names[1:] else ''} {listed(names, 3)} on GitLab"
    )


def failure_text(jobs: Iterable[Job]) -> str:
    """Which jobs failed, and why."""
    parts = [f"job {job_failure(one)}" for one in jobs if one.status == "failed"]
    return listed(parts, 2)


def job_failure(job: Job) -> str:
    """A job that failed, with GitLab's reason: 'deploy' (script failure)."""
    reason = one_line(job.reason.replace("_", " "), 60)
    return f"'{one_line(job.name, 60)}'" + (f" ({reason})" if reason else "")


def named_job(wanted: str, jobs: Sequence[Job]) -> Tuple[State, str]:
    """What a pipeline that succeeded as a whole is, by the job that counts."""
    same = [one for one in jobs if one.name == wanted]
    if not same:
        return State.FAILED, f"has no job '{wanted}': {jobs_text(jobs)}"
    for one in same:
        state, text = state_of(one.status)
        if state is State.BLOCKED:
            return state, waiting_text([one])
        if not state.ended:
            return state, f"goes on: its job '{wanted}' {text}"
        if state is not State.SUCCEEDED:
            was = "was skipped" if one.status == "skipped" else f"ended as {one.status}"
            return State.FAILED, f"succeeded, but its job '{wanted}' {was}"
    return State.SUCCEEDED, ""


def child_state(child: Pipeline, jobs: Sequence[Job]) -> Tuple[State, str]:
    """What a pipeline that succeeded is by one that it started, of which `jobs` are those known."""
    state, text = state_of(child.status)
    name = f"its child pipeline {child.id}"
    if state is State.SUCCEEDED:
        return state, ""
    if state is State.BLOCKED:
        return state, f"goes on: {name} {waiting_text(jobs)}"
    if not state.ended:
        return State.RUNNING, f"goes on: {name} {text}"
    if state is State.CANCELLED:
        return State.FAILED, f"{name} was cancelled"
    reason = failure_text(jobs) or text
    return State.FAILED, f"{name} failed" + (f": {reason}" if reason else "")


def jobs_text(jobs: Iterable[Job]) -> str:
    """The jobs that there are, as the end of a sentence."""
    names: List[str] = sorted({one_line(one.name, 40) for one in jobs})
    return f"it has {listed(names, 5)}" if names else "it has none"
