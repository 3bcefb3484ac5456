"""A project of GitLab in memory: commits, pipelines, jobs and deployments. Pipelines and jobs go
through the states that a test says."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional

PROJECT, NUMBER = "acme/web", 17
USER = "project_17_bot"
SITE = "https://gitlab.example.com"


class Project:
    """`tags` and `branches` map names to commits.

    A pipeline takes `inputs` (None: it has no spec), on a ref of `inputs_on` others, and shows the
    input or variable `opsroom` in its name where `named` says so. It is made in the first of
    `states`; each further look at it finds the next one, and the last again and again. Jobs that
    were started likewise go through `job_states`. `now` is GitLab's clock.
    """

    def __init__(self) -> None:
        self.commits: Dict[str, Dict[str, Any]] = {}
        first = self.commit("first")
        self.tags = {"v1.0.0": first}
        self.branches = {"main": first}
        self.inputs: Optional[List[str]] = ["environment", "opsroom"]
        self.inputs_on: Dict[str, Optional[List[str]]] = {}
        self.named = True
        self.variables_allowed = True
        # What it refuses a pipeline with.
        self.refusal: Any = None
        self.too_many = 0
        self.states = ["created", "running", "success"]
        self.job_states = ["pending", "running", "success"]
        self.pipelines: Dict[int, Dict[str, Any]] = {}
        self.sent: Dict[int, Dict[str, Any]] = {}
        self.jobs: Dict[int, Dict[str, Any]] = {}
        self.children: Dict[int, List[Dict[str, Any]]] = {}
        # Before 19.2 the jobs that start pipelines had another address.
        self.has_trigger_jobs = True
        # What becomes of what is asked to end: None where it goes on.
        self.after_cancel: Optional[str] = "canceled"
        self.deployments: List[Dict[str, Any]] = []
        # By environment, as GitLab answers.
        self.protections: Dict[str, Dict[str, Any]] = {}
        # Those that a manual job declares.
        self.job_inputs: List[str] = []
        self.protected = False
        self.unplayable = False
        self.archived = False
        self.moved = False
        self.expired = False
        self.missing_scope = ""
        self.forbidden = ""
        self.now: Callable[[], float] = time.time
        self._upcoming: Dict[int, List[str]] = {}

    def commit(self, message: str, *parents: str, author: str = "Alice Adams") -> str:
        """A commit, by default on top of nothing."""
        id = hashlib.sha1(f"{message} {parents}".encode()).hexdigest()
        self.commits[id] = {
            "id": id,
            "message": message,
            "author_name": author,
            "committed_date": "2026-11-23T11:00:00.000+01:00",
            "parent_ids": list(parents),
        }
        return id

    def pipeline(self, ref: str = "v1.0.0", **values: Any) -> Dict[str, Any]:
        """A pipeline; it is in the first of `states`."""
        id = 4711 + len(self.pipelines)
        known = {
            "id": id,
            "project_id": NUMBER,
            "status": self.states[0],
            "ref": ref,
            "sha": self.tags.get(ref) or self.branches.get(ref) or "",
            "source": "api",
            "name": None,
            "web_url": f"{SITE}/{PROJECT}/-/pipelines/{id}",
            "created_at": self.moment(),
            "user": USER,
        }
        known.update(values)
        self.pipelines[id] = known
        self._upcoming[id] = list(self.states[1:])
        return known

    def finish(self, status: str = "success") -> None:
        """End every pipeline and job at the next look at it."""
        self._upcoming = {id: [status] for id in self._upcoming}

    def job(self, pipeline: int, name: str, status: str = "manual", **values: Any) -> int:
        """A job of a pipeline; its number."""
        id = 90 + len(self.jobs)
        known = {
            "id": id,
            "name": name,
            "status": status,
            "user": {"username": USER},
            "web_url": f"{SITE}/{PROJECT}/-/jobs/{id}",
            "created_at": self.moment(),
            "started_at": None,
            "pipeline": {"id": pipeline},
        }
        known.update(values)
        self.jobs[id] = known
        self._upcoming[id] = []
        return id

    def child(self, pipeline: int, status: str, id: int = 5000) -> Dict[str, Any]:
        """A pipeline that a job of another one started."""
        known = {
            **self.pipelines[pipeline],
            "id": id,
            "status": status,
            "source": "parent_pipeline",
        }
        self.children.setdefault(pipeline, []).append(known)
        return known

    def deployed(
        self, ref: str, environment: str = "uat", ended: str = "", **values: Any
    ) -> Dict[str, Any]:
        """A deployment that succeeded."""
        known = {
            "id": 300 + len(self.deployments),
            "ref": ref,
            "sha": self.tags.get(ref) or self.branches.get(ref) or ref,
            "status": "success",
            "created_at": self.moment(),
            "updated_at": self.moment(),
            "environment": environment,
            "deployable": {
                "id": 1,
                "name": "deploy",
                "status": "success",
                "tag": ref in self.tags,
                "web_url": SITE,
                "created_at": self.moment(),
                "finished_at": ended or self.moment(),
                "pipeline": {"id": 4711},
            },
        }
        known.update(values)
        self.deployments.append(known)
        return known

    def moment(self) -> str:
        """Now, as GitLab writes it."""
        return datetime.fromtimestamp(self.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def advanced(self, found: Dict[str, Any]) -> Dict[str, Any]:
        """A pipeline or job that is looked at again."""
        upcoming = self._upcoming[found["id"]]
        if upcoming:
            found["status"] = upcoming.pop(0)
        return found

    def start(self, found: Dict[str, Any], user: str = USER) -> Dict[str, Any]:
        """Start a job, or again."""
        found.update(status=self.job_states[0], user={"username": user}, started_at=self.moment())
        self._upcoming[found["id"]] = list(self.job_states[1:])
        return found

    def line(self, start: str) -> List[str]:
        """A commit and all before it, each once, children first where there is one line."""
        found: Dict[str, None] = {}
        waiting = [start]
        while waiting:
            one = waiting.pop(0)
            if one not in found:
                found[one] = None
                waiting += self.commits[one]["parent_ids"]
        return list(found)
