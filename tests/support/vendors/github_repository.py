"""A repository of GitHub in memory: commits, runs of a workflow, and deployments. Runs go through
the states that a test says."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, Tuple

from support.vendors.github import USER

REPOSITORY = "acme/web"
State = Tuple[str, Optional[str]]


class Repository:
    """`tags` and `branches` map names to commits.

    The workflow deploy.yml has `inputs`, on a ref of `inputs_on` others, and shows `opsroom` in its
    run-name where `run_name` says so. A run starts in the first of `states`; each further look at
    it finds the next one, and the last again and again. `now` is GitHub's clock.
    """

    def __init__(self) -> None:
        self.commits: Dict[str, Dict[str, Any]] = {}
        first = self.commit("first")
        self.tags = {"v1.0.0": first}
        self.branches = {"main": first}
        self.inputs = ["environment", "opsroom"]
        self.inputs_on: Dict[str, List[str]] = {}
        self.run_name = True
        self.has_trigger = True
        self.workflow_state = "active"
        # By path and ref.
        self.files: Dict[Tuple[str, str], str] = {}
        # Enterprise Server up to 3.20: no id in the response, no places in queues.
        self.enterprise = False
        # Runs are left out of lists and not found until so many requests for them were made.
        self.hidden_for = 0
        self.missing_rights: List[str] = []
        self.is_app = False
        self.states: List[State] = [
            ("queued", None),
            ("in_progress", None),
            ("completed", "success"),
        ]
        self.runs: Dict[int, Dict[str, Any]] = {}
        self.jobs: List[Dict[str, Any]] = []
        self.gates: List[Dict[str, Any]] = []
        self.approvals: List[Dict[str, Any]] = []
        self.position = 0
        # What becomes of a run that is asked to end: None where it goes on.
        self.after_cancel: Optional[State] = ("completed", "cancelled")
        self.after_force: Optional[State] = ("completed", "cancelled")
        self.not_queued_for = 0
        self.cancels: List[str] = []
        self.deployments: List[Dict[str, Any]] = []
        self.statuses: Dict[int, List[Dict[str, Any]]] = {}
        self.failing_checks: List[str] = []
        self.now: Callable[[], float] = time.time
        self._upcoming: Dict[int, List[State]] = {}
        self._earlier: Dict[Tuple[int, int], Dict[str, Any]] = {}

    def commit(self, message: str, *parents: str) -> str:
        """A commit, by default on top of nothing."""
        id = hashlib.sha1(f"{message} {parents}".encode()).hexdigest()
        self.commits[id] = {
            "sha": id,
            "commit": {
                "message": message,
                "author": {"name": "Alice Adams"},
                # As GitHub writes it, whatever the zone of the committer.
                "committer": {"date": "2026-11-23T10:00:00Z"},
            },
            "parents": [{"sha": one} for one in parents],
        }
        return id

    def run(self, ref: str = "v1.0.0", title: str = "deploy", **values: Any) -> Dict[str, Any]:
        """A run that someone started by hand; it is in the first of `states`."""
        id = 4711 + len(self.runs)
        status, conclusion = self.states[0]
        known = {
            "id": id,
            "name": "deploy",
            "display_title": title,
            "head_branch": ref,
            "head_sha": self.tags.get(ref) or self.branches.get(ref) or "",
            "run_attempt": 1,
            "event": "workflow_dispatch",
            "status": status,
            "conclusion": conclusion,
            "actor": {"login": USER},
            "html_url": f"https://github.com/{REPOSITORY}/actions/runs/{id}",
            "created_at": self.moment(),
        }
        known.update(values)
        self.runs[id] = known
        self._upcoming[id] = list(self.states[1:])
        return known

    def run_again(self, id: int, status: str, conclusion: Optional[str] = None) -> None:
        """Another attempt of a run."""
        run = self.runs[id]
        self._earlier[id, run["run_attempt"]] = dict(run)
        run.update(run_attempt=run["run_attempt"] + 1, status=status, conclusion=conclusion)
        self._upcoming[id] = []

    def finish(self, conclusion: str = "success") -> None:
        """End every run at the next look at it."""
        self._upcoming = {id: [("completed", conclusion)] for id in self._upcoming}

    def report(self, deployment: int, state: str, description: str = "", log_url: str = "") -> None:
        """A status of a deployment, as the automation that carries it out would send it."""
        every = self.statuses.setdefault(deployment, [])
        every.append(
            {
                "id": 1000 + sum(map(len, self.statuses.values())),
                "state": state,
                "description": description,
                "log_url": log_url,
                "created_at": self.moment(),
            }
        )

    def deployment(
        self, ref: str, environment: str = "uat", payload: Any = None, sha: str = ""
    ) -> int:
        """A deployment that is there; its id."""
        id = 42 + len(self.deployments)
        self.deployments.append(
            {
                "id": id,
                "sha": sha or self.found(ref),
                "ref": ref,
                "environment": environment,
                "payload": payload or {},
                "created_at": self.moment(),
            }
        )
        return id

    def found(self, ref: str) -> str:
        kind, _, name = ref.partition("/")
        if kind in ("tags", "heads"):
            return {"tags": self.tags, "heads": self.branches}[kind].get(name, "")
        if ref in self.branches or ref in self.tags:
            return self.branches.get(ref) or self.tags[ref]
        return next((one for one in self.commits if len(ref) >= 7 and one.startswith(ref)), "")

    def history(self, commit: str) -> List[str]:
        """A commit and all before it, as they were made: the oldest first."""
        found, waiting = set(), [commit]
        while waiting:
            one = waiting.pop()
            found.add(one)
            waiting += [each["sha"] for each in self.commits[one]["parents"]]
        return [one for one in self.commits if one in found]

    def moment(self) -> str:
        return datetime.fromtimestamp(self.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
