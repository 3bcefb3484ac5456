"""GitHub's interface of workflows, deployments and commits as far as opsroom uses it, for one
repository (`support.vendors.github_repository`)."""

from __future__ import annotations

import json
import re
from base64 import encodebytes
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any, Callable, Dict, Optional, Sequence, Tuple
from urllib.parse import unquote

from support.contracts.vendor import Vendor, answer, body_of, page_of, query_of
from support.servers.http import Reply, Request
from support.vendors.github import TOKEN, USER, problem
from support.vendors.github_repository import REPOSITORY, Repository

WORKFLOW = ".github/workflows/deploy.yml"
_NOT_ACCESSIBLE = "Resource not accessible by personal access token"


class GithubDeployments(Repository):
    """`github = GithubDeployments(); with github.vendor() as vendor: ...`."""

    def vendor(self) -> Vendor:
        """The server."""
        return Vendor("github-deployments", self.handle)

    def handle(self, request: Request) -> Reply:
        """What GitHub would answer."""
        reply = self._handled(request)
        moment = datetime.fromtimestamp(self.now(), timezone.utc)
        return Reply(
            reply.status,
            reply.body,
            {**reply.headers, "Date": format_datetime(moment, usegmt=True)},
            drop=reply.drop,
        )

    def _handled(self, request: Request) -> Reply:
        headers = request.headers
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "Bad credentials")
        assert headers.get("x-github-api-version") == "2022-11-28"
        assert headers.get("user-agent", "").startswith("opsroom/")
        if request.path == "/user":
            return problem(403, _NOT_ACCESSIBLE) if self.is_app else answer({"login": USER})
        below = re.match(rf"^/repos/{REPOSITORY}(?:/(.*))?\Z", request.path)
        if not below:
            return problem(404, "Not Found")
        rest = below.group(1) or ""
        ways: Sequence[Tuple[str, str, Callable[..., Reply]]] = (
            ("", r"", lambda request: answer({"full_name": REPOSITORY})),
            ("actions", r"actions/workflows/([^/]+)(?:/(dispatches|runs))?", self._workflow),
            ("actions", r"actions/runs/(\d+)(?:/(.*))?", self._run),
            ("deployments", r"deployments(?:/(\d+))?(/statuses)?", self._deployment),
            ("contents", r"commits/([^/]+)", self._commit),
            ("contents", r"compare/([^/]+)\.\.\.([^/]+)", self._compare),
            ("contents", r"contents/([^/]+)", self._file),
            ("contents", r"(tags|branches)", self._names),
        )
        for right, pattern, handler in ways:
            found = re.fullmatch(pattern, rest)
            if found:
                if right in self.missing_rights:
                    return problem(403, _NOT_ACCESSIBLE)
                return handler(request, *found.groups())
        raise AssertionError(f"{request.method} {request.path} is not played")

    def _workflow(self, request: Request, file: str, what: Optional[str]) -> Reply:
        if file != "deploy.yml":
            return problem(404, "Not Found")
        if what is None:
            return answer({"path": WORKFLOW, "state": self.workflow_state})
        if what == "dispatches":
            return self._dispatch(body_of(request))
        every = [one for one in self.runs.values() if self._is_in(request, one)]
        if self.hidden_for:
            self.hidden_for -= 1
            every = []
        every.sort(key=lambda one: (one["created_at"], one["id"]), reverse=True)
        rows = page_of(request, every)
        return answer({"total_count": len(every), "workflow_runs": rows})

    def _file(self, request: Request, path: str) -> Reply:
        text = self.files.get((unquote(path), request.query["ref"][0]))
        if text is None:
            return problem(404, "Not Found")
        lines = encodebytes(text.encode()).decode()  # in lines, as GitHub has it
        return answer({"content": lines, "encoding": "base64"})

    @staticmethod
    def _is_in(request: Request, run: Dict[str, Any]) -> bool:
        wanted = query_of(request)
        first, _, last = wanted.get("created", "..9").partition("..")
        return first <= run["created_at"] <= last and (
            run["event"] == wanted.get("event", run["event"])
            and run["head_branch"] == wanted.get("branch", run["head_branch"])
            and (run["conclusion"] == wanted["status"] if "status" in wanted else True)
        )

    def _dispatch(self, sent: Dict[str, Any]) -> Reply:
        if self.enterprise and "return_run_details" in sent:
            words = 'Invalid request.\n\n"return_run_details" is not a permitted key.'
            return problem(400, words)
        ref, inputs = sent["ref"], sent.get("inputs", {})
        if ref not in {**self.tags, **self.branches}:
            return problem(422, f"No ref found for: {ref}")
        if not self.has_trigger:
            return problem(422, "Workflow does not have 'workflow_dispatch' trigger")
        known = self.inputs_on.get(ref, self.inputs)
        unexpected = [name for name in inputs if name not in known]
        if unexpected:
            return problem(422, f"Unexpected inputs provided: {json.dumps(unexpected)}")
        shown = f" [{inputs.get('opsroom', '')}]" if self.run_name else ""
        run = self.run(ref, f"deploy {ref}{shown}", inputs=inputs)
        if not sent.get("return_run_details"):
            return Reply(204)
        return answer(
            {
                "workflow_run_id": run["id"],
                "run_url": f"https://api.github.com/repos/{REPOSITORY}/actions/runs/{run['id']}",
                "html_url": run["html_url"],
            }
        )

    def _run(self, request: Request, number: str, rest: Optional[str]) -> Reply:
        id = int(number)
        if id not in self.runs:
            return problem(404, "Not Found")
        if not rest:
            if self.hidden_for:
                self.hidden_for -= 1
                return problem(404, "Not Found")
            if self._upcoming[id]:
                status, conclusion = self._upcoming[id].pop(0)
                self.runs[id].update(status=status, conclusion=conclusion)
            return answer(self.runs[id])
        attempt = re.fullmatch(r"attempts/(\d+)", rest)
        if attempt:
            known = self._earlier.get((id, int(attempt.group(1))), self.runs[id])
            return answer(known)
        if re.fullmatch(r"attempts/\d+/jobs", rest):
            return answer({"total_count": len(self.jobs), "jobs": self.jobs})
        if rest == "pending_deployments":
            return answer(self.gates)
        if rest == "approvals":
            return answer(self.approvals)
        if rest == "concurrency_groups":
            return self._groups()
        return self._cancel(id, rest)

    def _groups(self) -> Reply:
        if self.enterprise:
            return problem(404, "Not Found")
        members = [{"position": self.position}] if self.position else []
        groups = [{"group_name": "deploy", "group_members": members}]
        return answer({"total_count": 1, "concurrency_groups": groups})

    def _cancel(self, id: int, verb: str) -> Reply:
        run = self.runs[id]
        if run["status"] == "completed":
            return problem(409, "Cannot cancel a workflow run that is completed.")
        if self.not_queued_for:
            self.not_queued_for -= 1
            return problem(409, "Cannot cancel a workflow run that has not been queued yet.")
        self.cancels.append(verb)
        after = self.after_force if verb == "force-cancel" else self.after_cancel
        if after is not None:
            run.update(status=after[0], conclusion=after[1])
        self._upcoming[id] = []
        return Reply(202, "{}", {"Content-Type": "application/json"})

    def _deployment(self, request: Request, number: Optional[str], below: Optional[str]) -> Reply:
        if not number:
            return self._deployments(request)
        id = int(number)
        found = next((one for one in self.deployments if one["id"] == id), None)
        if found is None:
            return problem(404, "Not Found")
        if not below:
            return answer(found)
        if request.method == "POST":
            sent = body_of(request)
            assert len(sent.get("description", "")) <= 140
            self.report(id, sent["state"], sent.get("description", ""))
            return answer(self.statuses[id][-1], 201)
        return answer(list(reversed(self.statuses.get(id, []))))

    def _deployments(self, request: Request) -> Reply:
        if request.method == "GET":
            wanted = request.query.get("environment", [None])[0]
            rows = [one for one in self.deployments if wanted in (None, one["environment"])]
            return answer(page_of(request, rows[::-1]))
        sent = body_of(request)
        commit = self.found(sent["ref"])
        if not commit:
            return problem(422, f"No ref found for: {sent['ref']}")
        required = sent.get("required_contexts", self.failing_checks)
        failing = [one for one in required if one in self.failing_checks]
        if failing:
            return problem(409, f"Conflict: Commit status checks failed for {sent['ref']}.")
        if sent.get("auto_merge", True):
            return answer({"message": "Auto-merged main into topic on deployment."}, 202)
        self.deployment(sent["ref"], sent.get("environment", "production"), sent.get("payload", {}))
        return answer(self.deployments[-1], 201)

    def _commit(self, request: Request, ref: str) -> Reply:
        assert request.headers["accept"] == "application/vnd.github.sha"
        commit = self.found(unquote(ref))
        if not commit:
            return problem(422, f"No commit found for SHA: {unquote(ref)}")
        return Reply(200, commit, {"Content-Type": "application/vnd.github.sha; charset=utf-8"})

    def _compare(self, request: Request, base: str, head: str) -> Reply:
        before, after = self.found(unquote(base)), self.found(unquote(head))
        if not before or not after:
            return problem(404, "Not Found")
        old, new = self.history(before), self.history(after)
        commits = [one for one in new if one not in old]
        status = "identical" if before == after else "ahead" if before in new else "behind"
        return answer(
            {
                "status": status,
                "total_commits": len(commits),
                "base_commit": self.commits[before],
                "commits": [self.commits[one] for one in page_of(request, commits)],
            }
        )

    def _names(self, request: Request, what: str) -> Reply:
        return answer([{"name": name} for name in (self.tags if what == "tags" else self.branches)])


def job(name: str, conclusion: Optional[str] = "success", step: str = "") -> Dict[str, Any]:
    """A job of a run, `step` the one that it failed at; without a conclusion it has not begun."""
    steps = [{"name": "Set up job", "conclusion": "success"}]
    if step:
        steps.append({"name": step, "conclusion": conclusion or ""})
    begun = conclusion not in (None, "skipped")
    return {
        "name": name,
        "status": "completed",
        "conclusion": conclusion or "cancelled",
        "runner_id": 7 if begun else None,
        "steps": steps if begun else [],
    }
