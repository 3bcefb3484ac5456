"""What the state of a workflow's run means for a deployment."""

from __future__ import annotations

import re
from typing import Iterable, List, Sequence, Tuple

from ...names import listed
from ...structs.patterns import lazy_pattern
from ...text import one_line
from ...vendors.github.actions import Gate, WorkflowJob, WorkflowRun
from ..remote import State

# It may be folded over several lines, which are indented.
_RUN_NAME = lazy_pattern(r"^run-name:.*(?:\n[ \t]+.*)*", re.MULTILINE)

# Of runs that have not ended.
_WAITING = {
    "queued": (State.QUEUED, "waits for a runner"),
    "requested": (State.QUEUED, "is about to be queued"),
    "pending": (State.QUEUED, "waits for another run of its concurrency group"),
    "waiting": (State.BLOCKED, "waits for the protection rules of an environment"),
    "in_progress": (State.RUNNING, "is running"),
}
# Of runs that have, apart from success, failure and cancelled.
_ENDINGS = {
    "timed_out": "took longer than GitHub or the workflow allows",
    "startup_failure": "could not start: GitHub does not accept the workflow's file",
    "skipped": "ran none of its jobs: all were skipped",
    "stale": "was given up by GitHub",
}


def state_of(run: WorkflowRun) -> State:
    """How far a run is. What GitHub does not document is no success."""
    if not run.completed:
        return _WAITING.get(run.status, (State.QUEUED, ""))[0]
    if not run.conclusion:
        return State.RUNNING
    if run.conclusion == "action_required":
        return State.BLOCKED
    ends = {"success": State.SUCCEEDED, "cancelled": State.CANCELLED}
    return ends.get(run.conclusion, State.FAILED)


def text_of(run: WorkflowRun) -> str:
    """The state as the end of a sentence, as far as the run itself says; empty after success,
    failure and cancelled."""
    if not run.completed:
        return _WAITING.get(run.status, (State.QUEUED, f"is {one_line(run.status, 40)}"))[1]
    if not run.conclusion:
        return "is ending"
    if run.conclusion == "action_required":
        return "waits for someone to approve it on GitHub"
    if run.conclusion in ("success", "failure", "cancelled"):
        return ""
    return _ENDINGS.get(run.conclusion, f"ended as {one_line(run.conclusion, 40)}")


def gates_text(gates: Sequence[Gate]) -> str:
    """What a run waits for at its environments; empty where that is not known."""
    people = _named([one for one in gates if one.people])
    if people:
        return f"waits for approval of environment {people} on GitHub"
    timers = [one for one in gates if one.timer]
    if timers:
        longest = max(one.timer for one in timers)
        return f"waits {longest} min, as environment {_named(timers)} has it on GitHub"
    named = _named(gates)
    return f"waits for the protection rules of environment {named} on GitHub" if named else ""


def _named(gates: Iterable[Gate]) -> str:
    return listed([one_line(one.environment, 40) for one in gates if one.environment], 3)


def is_timer(gates: Sequence[Gate]) -> bool:
    """Whether time alone opens all gates."""
    return bool(gates) and all(one.timer and not one.people for one in gates)


def failure_text(jobs: Iterable[WorkflowJob]) -> str:
    """Which jobs of a failed run did not succeed, and at which step."""
    failed = [one for one in jobs if one.conclusion not in ("", "success", "skipped", "neutral")]
    broken = [one for one in failed if one.conclusion != "cancelled"] or failed
    parts = [
        f"job '{one_line(one.name, 60)}'"
        + (f" at step '{one_line(one.failed_step, 60)}'" if one.failed_step else "")
        for one in broken
    ]
    return listed(parts, 2)


def rejected_text(login: str, comment: str) -> str:
    """Who refused to let a run go on; empty where nobody did."""
    if not login:
        return ""
    words = one_line(comment, 120).rstrip(".")
    return f"{one_line(login, 40)} rejected it on GitHub" + (f": {words}" if words else "")


def job_text(wanted: str, jobs: Sequence[WorkflowJob]) -> str:
    """Why a run that succeeded as a whole is none, by the job that counts; empty where that job
    succeeded."""
    same = [one for one in jobs if one.name == wanted]
    if not same:
        names: List[str] = [one_line(one.name, 40) for one in jobs]
        has = f"it has {listed(names, 5)}" if names else "it has none"
        return f"has no job '{wanted}': {has}"
    if all(one.conclusion == "success" for one in same):
        return ""
    how = next(one.conclusion for one in same if one.conclusion != "success")
    return f"succeeded, but its job '{wanted}' {'was ' if how == 'skipped' else 'ended as '}{how}"


def cancelled_text(jobs: Sequence[WorkflowJob]) -> str:
    """Why a run may have been cancelled although nobody asked: GitHub does not say."""
    if any(one.begun for one in jobs):
        return "by someone there, or by a newer run of its concurrency group"
    return (
        "none of its jobs had begun; GitHub does this to a run that waits in a concurrency group "
        "when a newer one arrives"
    )


def file_warnings(text: str, where: str, correlation: str) -> Tuple[str, ...]:
    """What a workflow's file lacks of what opsroom relies on. `where` names it for sentences,
    `correlation` is the input by which a run is found again; empty: none."""
    if "workflow_dispatch" not in text:
        return (f"{where} cannot be started by hand: it lacks the trigger workflow_dispatch.",)
    if not correlation:
        return ()
    name = re.escape(correlation)
    if not re.search(rf"^\s+['\"]?{name}['\"]?\s*:", text, re.MULTILINE):
        lacks = f"has no input {correlation}, so it would be started without"
    elif not re.search(rf"\binputs(?:\.{name}\b|\[['\"]{name}['\"]\])", _run_name(text)):
        lacks = f"does not show the input {correlation} in its run-name"
    else:
        return ()
    return (f"{where} {lacks}: after a lost answer its run could not be found again.",)


def _run_name(text: str) -> str:
    found = _RUN_NAME.search(text)
    return found.group() if found else ""
