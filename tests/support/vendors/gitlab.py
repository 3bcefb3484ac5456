"""GitLab's pipelines, jobs, deployments and commits as far as opsroom uses them: one project in
memory, whose pipelines go through the states that a test says."""

from __future__ import annotations

import hashlib
import json
import re
import time
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import unquote

from support.contracts.vendor import Vendor, answer, body_of
from support.servers.http import Reply, Request

PROJECT, NUMBER = "acme/web", 17
TOKEN, USER = "glpat-5ecretSecret", "project_17_bot"
SITE = "https://gitlab.example.com"
TOO_MANY = "Too many pipelines created in the last minute. Try again later."
FILTERED = (
    "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs "
    "from being added to the pipeline."
)


class Gitlab:
    """`gitlab = Gitlab(); with gitlab.vendor() as vendor: ...`.

    `tags` and `branches` map names to commits. A pipeline takes `inputs` (None: it has no spec), on
    a ref of `inputs_on` others, and shows the input or variable `opsroom` in its name where
    `named` says so. It is made in the first of `states`; each further look at it finds the next
    one, and the last again and again. Jobs that were started likewise go through `job_states`.
    `now` is GitLab's clock.
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
        self.protected = False
        self.unplayable = False
        self.archived = False
        self.moved = False
        self.expired = False
        self.missing_scope = ""
        self.forbidden = ""
        self.now: Callable[[], float] = time.time
        self._upcoming: Dict[int, List[str]] = {}

    def vendor(self) -> Vendor:
        """The server."""
        return Vendor("gitlab", self.handle)

    # The world.

    def commit(self, message: str, *parents: str, author: str = "Alice Adams") -> str:
        """A commit, by default on top of nothing."""
        id = hashlib.sha1(f"{message} {parents}".encode()).hexdigest()
        self.commits[id] = {
            "id": id,
            "message": message,
            "author_name": author,
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

    # The server.

    def handle(self, request: Request) -> Reply:
        """What GitLab would answer."""
        assert "private-token" not in request.headers
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "401 Unauthorized")
        if self.expired:
            description = "Token is expired. You can either do re-authorization or token refresh."
            return answer({"error": "invalid_token", "error_description": description}, 401)
        if self.missing_scope and (self.missing_scope != "api" or request.method != "GET"):
            description = (
                "The request requires higher privileges than provided by the access token."
            )
            content = {"error": "insufficient_scope", "error_description": description}
            return answer({**content, "scope": self.missing_scope}, 403)
        path = request.path[len("/api/v4") :]
        if path == "/user":
            return answer({"username": USER})
        found = re.match(r"^/projects/([^/]+)(/.*)\Z", path)
        if not found or unquote(found.group(1)) not in (PROJECT, str(NUMBER)):
            return problem(404, "404 Project Not Found")
        if self.moved and request.method != "GET":
            return problem(405, "Non GET methods are not allowed for moved projects")
        if self.moved:
            return Reply(301, "", {"Location": f"/api/v4/projects/{NUMBER}{found.group(2)}"})
        if self.forbidden and re.search(self.forbidden, found.group(2)):
            return problem(403, "403 Forbidden")
        return self._answer(request, found.group(2))

    def _answer(self, request: Request, path: str) -> Reply:
        ways: Dict[str, Callable[..., Reply]] = {
            r"/pipeline": self._create,
            r"/pipelines": self._list,
            r"/pipelines/(\d+)": self._one,
            r"/pipelines/(\d+)/cancel": self._cancel,
            r"/pipelines/(\d+)/jobs": self._jobs_of,
            r"/pipelines/(\d+)/(trigger_jobs|bridges)": self._bridges,
            r"/jobs/(\d+)": self._job,
            r"/jobs/(\d+)/(play|retry|cancel)": self._act,
            r"/deployments": self._deployments,
            r"/repository/(tags|branches)": self._refs,
            r"/repository/(tags|branches)/([^/]+)": self._ref,
            r"/repository/commits": self._range,
            r"/repository/commits/([^/]+)": self._commit,
            r"/repository/merge_base": self._merge_base,
        }
        for pattern, way in ways.items():
            found = re.match(rf"^{pattern}\Z", path)
            if found:
                return way(request, *found.groups())
        return problem(404, "404 Not Found")

    def _create(self, request: Request) -> Reply:
        sent = body_of(request)
        ref = sent["ref"]
        if self.too_many:
            self.too_many -= 1
            return problem(400, {"base": [TOO_MANY]})
        if self.refusal is not None:
            return problem(400, self.refusal)
        if ref not in self.tags and ref not in self.branches:
            return problem(400, {"base": ["Reference not found"]})
        if sent.get("variables") and not self.variables_allowed:
            return problem(400, {"base": ["Insufficient permissions to set pipeline variables"]})
        known = self.inputs_on.get(ref, self.inputs)
        given = sent.get("inputs", {})
        if given and known is None:
            words = (
                "Given inputs not defined in the `spec` section of the included configuration file"
            )
            return problem(400, {"base": [words]})
        unknown = [name for name in given if name not in (known or ())]
        if unknown:
            words = f"`.gitlab-ci.yml`: unknown input arguments: {', '.join(unknown)}"
            return problem(400, {"base": [words]})
        variables = {one["key"]: one["value"] for one in sent.get("variables", ())}
        mark = given.get("opsroom") or variables.get("OPSROOM")
        made = self.pipeline(ref, name=f"deploy {ref} [{mark}]" if mark and self.named else None)
        self.sent[made["id"]] = {"inputs": given, "variables": variables}
        return answer(_shown(made), 201)

    def _list(self, request: Request) -> Reply:
        query = {name: values[0] for name, values in request.query.items()}
        found = sorted(self.pipelines.values(), key=lambda one: -one["id"])
        for name, key in (
            ("ref", "ref"),
            ("sha", "sha"),
            ("source", "source"),
            ("username", "user"),
        ):
            if name in query:
                found = [one for one in found if one[key] == query[name]]
        after = query.get("created_after", "")
        found = [one for one in found if one["created_at"] > after]
        if query.get("sort") == "asc":
            found.reverse()
        return answer([_shown(one) for one in found[: int(query["per_page"])]])

    def _one(self, request: Request, id: str) -> Reply:
        if int(id) not in self.pipelines:
            return problem(404, "404 Not found")
        return answer(_shown(self._advanced(self.pipelines[int(id)])))

    def _advanced(self, found: Dict[str, Any]) -> Dict[str, Any]:
        upcoming = self._upcoming[found["id"]]
        if upcoming:
            found["status"] = upcoming.pop(0)
        return found

    def _cancel(self, request: Request, id: str) -> Reply:
        found = self.pipelines[int(id)]
        if (
            found["status"] not in ("success", "failed", "canceled", "skipped")
            and self.after_cancel
        ):
            found["status"] = self.after_cancel
            self._upcoming[int(id)] = []
        return answer(_shown(found))

    def _jobs_of(self, request: Request, id: str) -> Reply:
        of = [one for one in self.jobs.values() if one["pipeline"]["id"] == int(id)]
        if request.query.get("include_retried") != ["true"]:
            of = list({one["name"]: one for one in of}.values())
        size, page = int(request.query["per_page"][0]), int(request.query["page"][0])
        return answer(of[::-1][(page - 1) * size : page * size])

    def _bridges(self, request: Request, id: str, name: str) -> Reply:
        if name == "trigger_jobs" and not self.has_trigger_jobs:
            return problem(404, "404 Not Found")
        rows = [
            {
                "id": 70 + number,
                "name": "trigger",
                "status": "success",
                "web_url": SITE,
                "created_at": self.moment(),
                "downstream_pipeline": child and _shown(child),
            }
            for number, child in enumerate([None, *self.children.get(int(id), [])])
        ]
        return answer(rows)

    def _job(self, request: Request, id: str) -> Reply:
        if int(id) not in self.jobs:
            return problem(404, "404 Not found")
        return answer(self._advanced(self.jobs[int(id)]))

    def _act(self, request: Request, id: str, action: str) -> Reply:
        found = self.jobs[int(id)]
        if self.protected:
            return problem(403, "403 Forbidden")
        if action == "cancel":
            if found["status"] in ("pending", "running") and self.after_cancel:
                found["status"] = self.after_cancel
                self._upcoming[int(id)] = []
            return answer(found, 201)
        if action == "play":
            if self.unplayable or found["status"] not in ("manual", "scheduled"):
                return problem(400, "400 Bad request - Unplayable Job")
            return answer(self._start(found))
        if self.archived or found["status"] not in ("success", "failed", "canceled"):
            return problem(403, "403 Forbidden - Job is not retryable")
        again = self.job(found["pipeline"]["id"], found["name"])
        return answer(self._start(self.jobs[again]), 201)

    def _start(self, found: Dict[str, Any], user: str = USER) -> Dict[str, Any]:
        found.update(status=self.job_states[0], user={"username": user}, started_at=self.moment())
        self._upcoming[found["id"]] = list(self.job_states[1:])
        return found

    def _deployments(self, request: Request) -> Reply:
        query = {name: values[0] for name, values in request.query.items()}
        found = [
            one
            for one in self.deployments[:: -1 if query.get("sort") == "desc" else 1]
            if one["environment"] == query["environment"] and one["status"] == query["status"]
        ]
        hidden = ("environment",)
        rows = [{key: one[key] for key in one if key not in hidden} for one in found]
        return answer(rows[: int(query["per_page"])])

    def _refs(self, request: Request, kind: str) -> Reply:
        return answer([self._named(name, id) for name, id in getattr(self, kind).items()])

    def _ref(self, request: Request, kind: str, name: str) -> Reply:
        commit = getattr(self, kind).get(unquote(name))
        if commit is None:
            return problem(404, f"404 {'Tag' if kind == 'tags' else 'Branch'} Not Found")
        return answer(self._named(unquote(name), commit))

    def _named(self, name: str, id: str) -> Dict[str, Any]:
        return {"name": name, "commit": self.commits[id]}

    def _commit(self, request: Request, name: str) -> Reply:
        named = self.branches.get(name)
        same = [named] if named else [id for id in self.commits if id.startswith(name)]
        return answer(self.commits[same[0]]) if same else problem(404, "404 Commit Not Found")

    def _range(self, request: Request) -> Reply:
        before, after = request.query["ref_name"][0].split("..")
        left_out = set(self._line(before))
        found = [one for one in self._line(after) if one not in left_out]
        size, page = int(request.query["per_page"][0]), int(request.query["page"][0])
        return answer([self.commits[one] for one in found[(page - 1) * size : page * size]])

    def _merge_base(self, request: Request) -> Reply:
        first, second = request.query["refs[]"]
        full = [id for id in self.commits if id.startswith(second)]
        if not full:
            return problem(400, f"Could not find ref: {second}")
        common = [one for one in self._line(full[0]) if one in set(self._line(first))]
        return (
            answer(self.commits[common[0]]) if common else problem(404, "404 Merge Base Not Found")
        )

    def _line(self, start: str) -> List[str]:
        """A commit and all before it, each once, children first where there is one line."""
        found: Dict[str, None] = {}
        waiting = [start]
        while waiting:
            one = waiting.pop(0)
            if one not in found:
                found[one] = None
                waiting += self.commits[one]["parent_ids"]
        return list(found)


def problem(status: int, message: Any) -> Reply:
    """An error as GitLab words it."""
    return answer({"message": message}, status)


def page(text: str, status: int = 200) -> Reply:
    """A page for people."""
    return Reply(status, f"<html>{text}</html>", {"Content-Type": "text/html"})


def _shown(pipeline: Dict[str, Any]) -> Dict[str, Any]:
    return json.loads(json.dumps({key: one for key, one in pipeline.items() if key != "user"}))
