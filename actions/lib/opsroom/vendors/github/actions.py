"""Workflows of GitHub Actions: starting one, its runs and their jobs, ending them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Tuple
from urllib.parse import quote

from ...errors import Code, OpsroomError, Refusal
from ...http.content import Unexpected, an_object, at, list_at, objects, text_at
from ...http.response import Response
from ...http.vendor import Subject
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...text import one_line
from ...times.iso import moment_of
from .client import PAGE, Client
from .errors import message_of, server_time
from .options import path_of

# So many pages of runs or jobs are read at most.
_MAX_PAGES = 5
_HOUR = 3600.0
_UNEXPECTED_INPUTS = lazy_pattern(r"Unexpected inputs provided: (\[.*\])", re.DOTALL)
_RUN_DETAILS = "return_run_details"


@dataclass(frozen=True)
class WorkflowRun:
    """A run, or one attempt of it. `name` is that of its workflow, `title` what people see, which
    is the `run-name` where the workflow has one. `branch` may be a tag's name, `actor` is a login.
    `created` is in seconds since 1970."""

    id: int
    attempt: int
    status: str
    conclusion: str
    name: str
    title: str
    branch: str
    commit: str
    actor: str
    link: str
    created: float

    @property
    def completed(self) -> bool:
        """Whether it has ended."""
        return self.status == "completed"


@dataclass(frozen=True)
class WorkflowJob:
    """A job of a run. `failed_step` is the first step that did not succeed; `begun` is whether a
    machine took it on."""

    name: str
    status: str
    conclusion: str
    failed_step: str
    begun: bool


@dataclass(frozen=True)
class Gate:
    """An environment whose protection a run waits for: `people` whether someone must approve,
    `timer` the minutes to wait."""

    environment: str
    people: bool
    timer: int


class Workflow:
    """One workflow of a repository, by its file's name or its number. All of its requests share the
    client's deadline."""

    def __init__(self, client: Client, repository: str, file: str) -> None:
        self.file = file
        self._client = client
        self._repository = repository
        self._runs = f"{path_of(repository)}/actions/runs"
        self._path = f"{path_of(repository)}/actions/workflows/{quote(file, safe='')}"
        self._about = Subject("workflow", f"{file} of {repository}")

    def dispatch(self, ref: str, inputs: Mapping[str, str]) -> int:
        """Start it on a branch or tag; the id of the run, 0 where GitHub accepts it and does not
        say.

        Raises Refusal(not_accepted), whose fact `inputs` names those that the workflow does not
        have. Nothing is sent twice that may have been done.
        """
        body: Dict[str, Any] = {"ref": ref, "inputs": dict(inputs), _RUN_DETAILS: True}
        response = self._dispatched(body)
        # Enterprise Server up to 3.20 does not know the field: 400, or 422 that names it.
        if response.status == 400 or (
            response.status == 422 and _RUN_DETAILS in message_of(response)
        ):
            del body[_RUN_DETAILS]
            response = self._dispatched(body)
        if response.status == 204:
            return 0
        if response.ok:
            return self._client.read(response, _dispatched_run)
        raise self._refused(response, ref)

    def runs(self, back: float, event: str) -> Tuple[float, List[WorkflowRun]]:
        """The time at GitHub in seconds since 1970, and the runs of an event that began up to
        `back` seconds ago, the newest first; where there are many, those of the hour after that.

        Raises Refusal(busy) where there are too many of them, too.
        """
        response = self._page(1, event=event)
        moment = server_time(response)
        found = self._client.read(response, _runs)
        start = moment - back
        if len(found) < PAGE or found[-1].created < start:
            return moment, [one for one in found if one.created >= start]
        found = []
        for page in range(1, _MAX_PAGES + 1):
            created = f"{_written(start)}..{_written(start + _HOUR)}"
            rows = self._client.read(self._page(page, event=event, created=created), _runs)
            found += rows
            if len(rows) < PAGE:
                return moment, found
        message = f"{self.file} was started too often to find one run among all."
        raise Refusal(Code.BUSY, message, "Try again later.", {"sent": False})

    def newest(self, most: int, **params: str) -> List[WorkflowRun]:
        """The newest runs, the newest first; `params` are GitHub's filters."""
        return self._client.read(self._page(1, most, **params), _runs)

    def login(self) -> str:
        """The login of the token's user; empty where GitHub does not say, as to an app."""
        return text_at(self._client.quietly("/user"), "login")

    def state(self) -> Tuple[str, str]:
        """Its state, which is "active" where it can be started, and the path of its file."""
        response = self._client.get(self._path, self._about)
        found = self._client.read(response, lambda content: an_object(content, "workflow"))
        return text_at(found, "state"), text_at(found, "path")

    def source(self, path: str, ref: str) -> str:
        """The text of its file on a branch or tag. Raises Failure(gone) where it is not there."""
        address = f"{path_of(self._repository)}/contents/{quote(path, safe='')}"
        about = Subject("file", f"{path} at {ref} in {self._repository}")
        response = self._client.get(address, about, {"ref": ref})
        return self._client.read(response, _file)

    def run(self, run_id: int, attempt: int) -> WorkflowRun:
        """One attempt of a run: a later one does not change it. Raises Failure(gone)."""
        response = self._client.get(f"{self._runs}/{run_id}", self._run_subject(run_id))
        latest = self._client.read(response, _run)
        if latest.attempt == attempt:
            return latest
        path = f"{self._runs}/{run_id}/attempts/{attempt}"
        return self._client.read(self._client.get(path, self._run_subject(run_id)), _run)

    def jobs(self, run_id: int, attempt: int) -> List[WorkflowJob]:
        """The jobs of an attempt."""
        found: List[WorkflowJob] = []
        path = f"{self._runs}/{run_id}/attempts/{attempt}/jobs"
        for page in range(1, _MAX_PAGES + 1):
            params = {"per_page": str(PAGE), "page": str(page)}
            response = self._client.get(path, self._run_subject(run_id), params)
            rows = self._client.read(response, _jobs)
            found += rows
            if len(rows) < PAGE:
                break
        return found

    def gates(self, run_id: int) -> List[Gate]:
        """The environments whose protection a run waits for; none where that cannot be read."""
        content = self._client.quietly(f"{self._runs}/{run_id}/pending_deployments")
        rows = content if isinstance(content, list) else []
        return [_gate(one) for one in rows if isinstance(one, Mapping)]

    def rejection(self, run_id: int) -> Tuple[str, str]:
        """The login of who refused to let a run go on at an environment, and their comment; empty
        where nobody did, or that cannot be read."""
        content = self._client.quietly(f"{self._runs}/{run_id}/approvals")
        for one in content if isinstance(content, list) else []:
            if text_at(one, "state") == "rejected":
                return text_at(one, "user", "login"), text_at(one, "comment")
        return "", ""

    def ahead(self, run_id: int) -> int:
        """How many runs are before it in its concurrency group; 0 where GitHub does not say, as
        Enterprise Server does not."""
        content = self._client.quietly(f"{self._runs}/{run_id}/concurrency_groups")
        positions = [
            at(member, "position")
            for group in list_at(content, "concurrency_groups")
            for member in list_at(group, "group_members")
        ]
        return max((one for one in positions if isinstance(one, int)), default=0)

    def cancel(self, run_id: int, force: bool = False) -> bool:
        """Ask for a run's end. False where GitHub does not take it: it has ended, or is not queued
        yet. `force` also ends jobs that are to run `always()`."""
        path = f"{self._runs}/{run_id}/{'force-cancel' if force else 'cancel'}"
        return self._client.send("POST", path, self._run_subject(run_id), accept=(409,)).ok

    def _page(self, page: int, size: int = PAGE, **filters: str) -> Response:
        more = {"per_page": str(size), "page": str(page), "exclude_pull_requests": "true"}
        return self._client.get(f"{self._path}/runs", self._about, {**filters, **more})

    def _dispatched(self, body: Mapping[str, Any]) -> Response:
        path = f"{self._path}/dispatches"
        return self._client.send("POST", path, self._about, json=body, accept=(400, 404, 422))

    def _refused(self, response: Response, ref: str) -> OpsroomError:
        error = self._client.error(response, self._about)
        words = message_of(response)
        unexpected = _UNEXPECTED_INPUTS.search(words)
        if unexpected:
            names = _texts(unexpected.group(1))
            shown = one_line(", ".join(names), 100)
            error.message = f"The workflow {self.file} at {ref} has no input {shown}."
            error.hint = "Declare it in the workflow on that branch or tag, or do not send it."
            error.facts["inputs"] = names
        elif words.startswith("No ref found"):
            message = f"{self._repository} has no branch and no tag {ref}."
            return Refusal(Code.NOT_ACCEPTED, message, "", response.facts)
        elif error.code is Code.GONE:
            error.hint = f"GitHub knows a workflow once it is on the default branch. {error.hint}"
        elif "workflow_dispatch" in words:
            error.message = f"The workflow {self.file} at {ref} cannot be started by hand."
            error.hint = "It needs the trigger workflow_dispatch, on that branch or tag too."
        return error

    def _run_subject(self, run_id: int) -> Subject:
        return Subject("run", f"{run_id} of {self._repository}")


def _file(content: Any) -> str:
    try:
        return b64decode(text_at(an_object(content, "file"), "content")).decode("utf-8")
    except ValueError:
        raise Unexpected("there is no text in base64") from None


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dispatched_run(content: Any) -> int:
    return _number(an_object(content, "run"), "workflow_run_id")


def _runs(content: Any) -> List[WorkflowRun]:
    return [_run(one) for one in objects(at(content, "workflow_runs"), "runs")]


def _run(content: Any) -> WorkflowRun:
    found = an_object(content, "run")
    created = moment_of(found.get("created_at"))
    if created is None:
        raise Unexpected("there is no 'created_at'")
    attempt = found.get("run_attempt")
    return WorkflowRun(
        id=_number(found, "id"),
        attempt=attempt if isinstance(attempt, int) else 1,
        status=text_at(found, "status"),
        conclusion=text_at(found, "conclusion"),
        name=text_at(found, "name"),
        title=text_at(found, "display_title"),
        branch=text_at(found, "head_branch"),
        commit=text_at(found, "head_sha"),
        actor=text_at(found, "actor", "login"),
        link=text_at(found, "html_url"),
        created=created.timestamp(),
    )


def _jobs(content: Any) -> List[WorkflowJob]:
    return [_job(one) for one in objects(at(content, "jobs"), "jobs")]


def _job(found: Mapping[str, Any]) -> WorkflowJob:
    steps = list_at(found, "steps")
    failed = [one for one in steps if text_at(one, "conclusion") not in ("", "success", "skipped")]
    return WorkflowJob(
        name=text_at(found, "name"),
        status=text_at(found, "status"),
        conclusion=text_at(found, "conclusion"),
        failed_step=text_at(failed[0], "name") if failed else "",
        begun=bool(found.get("runner_id") or text_at(found, "runner_name") or steps),
    )


def _gate(found: Mapping[str, Any]) -> Gate:
    timer = found.get("wait_timer")
    return Gate(
        environment=text_at(found, "environment", "name"),
        people=bool(list_at(found, "reviewers")),
        timer=timer if isinstance(timer, int) else 0,
    )


def _number(found: Mapping[str, Any], key: str) -> int:
    value = found.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise Unexpected(f"there is no '{key}'")
    return value


def _texts(text: str) -> List[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [str(one) for one in found] if isinstance(found, list) else []
