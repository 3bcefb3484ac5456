"""Deploy by a deployment of GitHub: opsroom records it, someone else's automation carries it out
and reports on it.

It is found again by its payload, which holds the id of opsroom's own record.
"""

from __future__ import annotations

from typing import List, Mapping, Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...text import one_line
from ...vendors.github.deployments import Deployments, Status
from .. import Target
from ..remote import Assignment, Run, State
from ..values import plain
from .options import Options
from .service import GithubService

# By this a deployment is marked that nobody had taken up.
_CANCELLED = "Cancelled by opsroom."

_STATES: Mapping[str, Tuple[State, str]] = {
    "pending": (State.QUEUED, "is pending"),
    "queued": (State.QUEUED, "is queued"),
    "waiting": (State.BLOCKED, "waits for someone to approve it"),
    "in_progress": (State.RUNNING, "is in progress"),
    "success": (State.SUCCEEDED, ""),
    "failure": (State.FAILED, ""),
    "error": (State.FAILED, ""),
}


class DeploymentService(GithubService):
    """Records a deployment and follows what is reported about it."""

    def __init__(self, options: Options, target: Target) -> None:
        super().__init__(options, target)
        self._environment = self.at_place(options.environment)
        self._deployments = Deployments(self.client, options.repository)

    @property
    def place(self) -> str:
        """Where people see the deployments."""
        return f"{self.options.access.site}/{self.options.repository}/deployments"

    def start(self, assignment: Assignment) -> Run:
        """Record the deployment, with the id of ours in its payload."""
        self.client.begin()
        ref = assignment.version
        if assignment.commit.startswith(ref):  # of a branch or a commit
            ref = assignment.commit
        elif assignment.commit:
            self.check_unmoved(ref, assignment.commit)
            self.client.begin()
        payload = {
            **self.inputs(assignment),
            "opsroom": assignment.deployment,
            "version": assignment.version,
        }
        asked_by = f"Asked for by {plain(assignment.requester)}."
        checks = self.options.status_checks
        made = self._deployments.create(ref, self._environment, payload, asked_by, checks)
        return self._run(made.id, [])

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The deployment whose payload holds our id."""
        self.client.begin()
        for one in self._deployments.newest(self._environment):
            if one.payload.get("opsroom") == assignment.deployment:
                return self._run(one.id, self._deployments.statuses(one.id))
        return None

    def look(self, run_id: str) -> Run:
        """The deployment by what was reported last."""
        self.client.begin()
        if not run_id.isdigit():
            raise Failure(Code.GONE, "What was noted about the deployment cannot be read.")
        return self._run(int(run_id), self._deployments.statuses(int(run_id)))

    def cancel(self, run: Run) -> None:
        """Mark as inactive what nobody has taken up yet. GitHub has no way to stop the rest.

        Raises Refusal(not_possible).
        """
        self.client.begin()
        statuses = self._deployments.statuses(int(run.id))
        if self._run(int(run.id), statuses).state.ended:
            return
        if statuses:
            raise Refusal(Code.NOT_POSSIBLE, "GitHub cannot stop what carries out a deployment.")
        self._deployments.report(int(run.id), "inactive", _CANCELLED)

    def _run(self, id: int, statuses: List[Status]) -> Run:
        name = f"GitHub deployment {id}"
        if not statuses:
            text = "waits for an automation that carries it out"
            return Run(str(id), name, State.QUEUED, text, self.place)
        newest = statuses[0]
        if newest.state == "inactive":
            # A newer deployment makes one that succeeded inactive.
            succeeded = any(one.state == "success" for one in statuses)
            state, text = (State.SUCCEEDED if succeeded else State.CANCELLED), ""
        else:
            unknown = (State.QUEUED, f"is {one_line(newest.state, 40)}")
            state, text = _STATES.get(newest.state, unknown)
        words = one_line(newest.description, 160)
        if words and words != _CANCELLED and state is not State.SUCCEEDED:
            text = f"{text}: {words}" if text else words
        link = newest.link if newest.link.startswith(("https://", "http://")) else self.place
        return Run(str(id), name, state, text, link)
