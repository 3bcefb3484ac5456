"""GitLab's interface as far as opsroom uses it, for one project (`support.vendors.gitlab_project`):
pipelines, jobs, deployments and commits."""

from __future__ import annotations

import json
import re
from typing import Any, Dict
from urllib.parse import unquote

from support.contracts.vendor import Routes, Vendor, answer, body_of, page_of, query_of, routed
from support.servers.http import Reply, Request
from support.vendors.gitlab_project import NUMBER, PROJECT, SITE, USER, Project

TOKEN = "glpat-5ecretSecret"
TOO_MANY = "Too many pipelines created in the last minute. Try again later."
FILTERED = (
    "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs "
    "from being added to the pipeline."
)


class Gitlab(Project):
    """`gitlab = Gitlab(); with gitlab.vendor() as vendor: ...`."""

    def vendor(self) -> Vendor:
        """The server."""
        return Vendor("gitlab", self.handle)

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
        found = re.match(r"^/projects/([^/]+)(/.*|)\Z", path)
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
        routes: Routes = (
            ("", r"", self._project),
            ("", r"/protected_environments/([^/]+)", self._protection),
            ("", r"/pipeline", self._create),
            ("", r"/pipelines", self._list),
            ("", r"/pipelines/(\d+)", self._one),
            ("", r"/pipelines/(\d+)/cancel", self._cancel),
            ("", r"/pipelines/(\d+)/jobs", self._jobs_of),
            ("", r"/pipelines/(\d+)/(trigger_jobs|bridges)", self._bridges),
            ("", r"/jobs/(\d+)", self._job),
            ("", r"/jobs/(\d+)/(play|retry|cancel)", self._act),
            ("", r"/deployments", self._deployments),
            ("", r"/repository/(tags|branches)", self._refs),
            ("", r"/repository/(tags|branches)/([^/]+)", self._ref),
            ("", r"/repository/commits", self._range),
            ("", r"/repository/commits/([^/]+)", self._commit),
            ("", r"/repository/merge_base", self._merge_base),
        )
        return routed(request, path, routes) or problem(404, "404 Not Found")

    def _project(self, request: Request) -> Reply:
        role = "developer" if self.variables_allowed else "no_one_allowed"
        return answer({"id": NUMBER, "ci_pipeline_variables_minimum_override_role": role})

    def _protection(self, request: Request, name: str) -> Reply:
        found = self.protections.get(name)
        return answer(found) if found else problem(404, "404 Not found")

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
        query = query_of(request)
        found = sorted(self.pipelines.values(), key=lambda one: -one["id"])
        for name, key in (
            ("ref", "ref"),
            ("sha", "sha"),
            ("source", "source"),
            ("status", "status"),
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
        return answer(_shown(self.advanced(self.pipelines[int(id)])))

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
        return answer(page_of(request, of[::-1]))

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
        return answer(self.advanced(self.jobs[int(id)]))

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
            given = body_of(request).get("job_inputs", {}) if request.body else {}
            if [one for one in given if one not in self.job_inputs]:
                return problem(400, "400 Bad request - Unknown inputs: " + ", ".join(given))
            self.sent[int(id)] = {"inputs": given}
            return answer(self.start(found))
        if self.archived or found["status"] not in ("success", "failed", "canceled"):
            return problem(403, "403 Forbidden - Job is not retryable")
        again = self.job(found["pipeline"]["id"], found["name"])
        return answer(self.start(self.jobs[again]), 201)

    def _deployments(self, request: Request) -> Reply:
        query = query_of(request)
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
        commit = getattr(self, kind).get(name)
        if commit is None:
            return problem(404, f"404 {'Tag' if kind == 'tags' else 'Branch'} Not Found")
        return answer(self._named(name, commit))

    def _named(self, name: str, id: str) -> Dict[str, Any]:
        return {"name": name, "commit": self.commits[id]}

    def _commit(self, request: Request, name: str) -> Reply:
        named = self.branches.get(name)
        same = [named] if named else [id for id in self.commits if id.startswith(name)]
        return answer(self.commits[same[0]]) if same else problem(404, "404 Commit Not Found")

    def _range(self, request: Request) -> Reply:
        before, after = request.query["ref_name"][0].split("..")
        left_out = set(self.line(before))
        found = [one for one in self.line(after) if one not in left_out]
        return answer([self.commits[one] for one in page_of(request, found)])

    def _merge_base(self, request: Request) -> Reply:
        first, second = request.query["refs[]"]
        full = [id for id in self.commits if id.startswith(second)]
        if not full:
            return problem(400, f"Could not find ref: {second}")
        common = [one for one in self.line(full[0]) if one in set(self.line(first))]
        return (
            answer(self.commits[common[0]]) if common else problem(404, "404 Merge Base Not Found")
        )


def problem(status: int, message: Any) -> Reply:
    """An error as GitLab words it."""
    return answer({"message": message}, status)


def page(text: str, status: int = 200) -> Reply:
    """A page for people."""
    return Reply(status, f"<html>{text}</html>", {"Content-Type": "text/html"})


def _shown(pipeline: Dict[str, Any]) -> Dict[str, Any]:
    return json.loads(json.dumps({key: one for key, one in pipeline.items() if key != "user"}))
