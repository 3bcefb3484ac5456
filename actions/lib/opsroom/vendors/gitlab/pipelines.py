"""The pipelines of a project on GitLab, and their jobs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ...http.content import Unexpected, an_object, objects, text_at
from ...http.response import Response
from ...http.vendor import Subject
from ...structs import dataclass
from ...times.iso import moment_of
from .client import PAGE, Client
from .options import path_of

# Of a hundred jobs each.
_MAX_PAGES = 5
# So many pipelines are asked which ones they started.
_MAX_ASKED = 10


@dataclass(frozen=True)
class Pipeline:
    """A pipeline. `name` is what `workflow: name` gives it, `project` the number of its project."""

    id: int
    status: str
    ref: str = ""
    sha: str = ""
    name: str = ""
    link: str = ""
    project: int = 0


@dataclass(frozen=True)
class Job:
    """A job of a pipeline.

    `user` is the login of who started it, or made the pipeline. `reason` is why it failed.
    `started` is in seconds since 1970, 0 where it has not begun. `child` is the pipeline that it
    started.
    """

    id: int
    name: str
    status: str
    user: str = ""
    reason: str = ""
    link: str = ""
    started: float = 0.0
    child: Optional[Pipeline] = None


class Pipelines:
    """The pipelines of one project. All of its requests share the client's deadline."""

    def __init__(self, client: Client, project: str) -> None:
        self.project = project
        self._client = client
        self._path = path_of(project)
        self._about = Subject("project", project)

    def user(self) -> str:
        """The login of the token's user."""
        response = self._client.get("/user", Subject("user", "of the token"))
        return self._client.read(response, lambda content: _required(content, "username"))

    def create(self, ref: str, inputs: Mapping[str, Any], variables: Mapping[str, str]) -> Pipeline:
        """Make a pipeline for a branch or tag; never sent twice.

        Raises Refusal where GitLab makes none; of inputs that the pipeline does not take it has the
        fact `unknown_inputs`. Raises Failure(rate_limited) after too many pipelines.
        """
        content: Dict[str, Any] = {"ref": ref}
        if inputs:
            content["inputs"] = dict(inputs)
        if variables:
            content["variables"] = [{"key": key, "value": one} for key, one in variables.items()]
        about = Subject("pipelines", self.project)
        return self._pipeline(self._client.post(f"{self._path}/pipeline", about, content))

    def pipeline(self, id: int) -> Pipeline:
        """A pipeline. Raises Failure(gone) where it was deleted."""
        about = Subject("pipeline", str(id))
        return self._pipeline(self._client.get(f"{self._path}/pipelines/{id}", about))

    def made_since(self, since: float, user: str, ref: str = "") -> List[Pipeline]:
        """The first hundred pipelines that a user made by the API since a moment (seconds since
        1970), the oldest first."""
        moment = datetime.fromtimestamp(since, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted = {"source": "api", "username": user, "created_after": moment, "sort": "asc"}
        return self._list({**wanted, **({"ref": ref} if ref else {})})

    def of_commit(self, sha: str, ref: str, most: int) -> List[Pipeline]:
        """The newest pipelines of a commit, on a branch or tag where one is given."""
        wanted = {"sha": sha, "per_page": str(most)}
        return self._list({**wanted, **({"ref": ref} if ref else {})})

    def jobs(self, pipeline: int, project: str = "", retried: bool = False) -> List[Job]:
        """The jobs of a pipeline but for those that start other pipelines; with `retried` also
        those that were run again. `project` is the number of another project."""
        path = f"{path_of(project) if project else self._path}/pipelines/{pipeline}/jobs"
        found: List[Job] = []
        for page in range(1, _MAX_PAGES + 1):
            params = {"per_page": str(PAGE), "page": str(page)}
            if retried:
                params["include_retried"] = "true"
            response = self._client.get(path, self._about, params)
            jobs = self._client.read(response, _jobs)
            found += jobs
            if len(jobs) < PAGE:
                break
        return found

    def children(self, pipeline: int, project: str = "") -> List[Pipeline]:
        """The pipelines that jobs of a pipeline started. `project` is the number of another
        project, whose pipelines the token may not be allowed to see: none then."""
        params = {"per_page": str(PAGE)}
        path = f"{path_of(project) if project else self._path}/pipelines/{pipeline}"
        hidden: Tuple[int, ...] = (403, 404) if project else ()
        # The name since GitLab 19.2, and the one before.
        accept = (*hidden, 404)
        response = self._client.get(f"{path}/trigger_jobs", self._about, params, accept=accept)
        if response.status == 404:
            response = self._client.get(f"{path}/bridges", self._about, params, accept=hidden)
        if response.status in hidden:
            return []
        return [one.child for one in self._client.read(response, _jobs) if one.child]

    def descendants(self, pipeline: Pipeline) -> Iterator[Pipeline]:
        """The pipelines that jobs of a pipeline started, and those that these started, level by
        level, each asked for when it is needed. Below the first level at most _MAX_ASKED pipelines
        are asked for theirs."""
        level, seen, left = self.children(pipeline.id), {pipeline.id}, _MAX_ASKED
        while level:
            yield from level
            deeper: List[Pipeline] = []
            for one in level:
                if not left:
                    continue
                seen.add(one.id)
                left -= 1
                other = one.project not in (0, pipeline.project)
                deeper += self.children(one.id, str(one.project) if other else "")
            level = [one for one in deeper if one.id not in seen]

    def variables_role(self) -> str:
        """The role that may set variables of pipelines, such as `no_one_allowed`; empty where
        GitLab does not say."""
        found = self._client.quietly(self._path)
        return text_at(found, "ci_pipeline_variables_minimum_override_role")

    def running(self, ref: str, user: str) -> List[Pipeline]:
        """The pipelines of a branch or tag that a user made by the API and that run."""
        wanted = {"source": "api", "username": user, "ref": ref, "status": "running"}
        return self._list(wanted)

    def cancel(self, pipeline: int) -> None:
        """Ask for the end of a pipeline. GitLab answers 200 whatever becomes of it."""
        about = Subject("pipeline", str(pipeline))
        self._client.post(f"{self._path}/pipelines/{pipeline}/cancel", about)

    # Jobs.

    def job(self, id: int) -> Job:
        """A job. Raises Failure(gone) where it was deleted."""
        about = Subject("job", str(id))
        return self._job(self._client.get(f"{self._path}/jobs/{id}", about))

    def play(self, job: Job, inputs: Mapping[str, Any]) -> Job:
        """Start a manual job; it keeps its number. It takes inputs since GitLab 18.10."""
        return self._act(job, "play", {"job_inputs": dict(inputs)} if inputs else None)

    def retry(self, job: Job) -> Job:
        """Run a job again that has ended; the new one has another number."""
        return self._act(job, "retry")

    def cancel_job(self, id: int) -> None:
        """Ask for the end of a job."""
        self._client.post(f"{self._path}/jobs/{id}/cancel", Subject("job", str(id)))

    def _act(self, job: Job, action: str, content: Any = None) -> Job:
        path = f"{self._path}/jobs/{job.id}/{action}"
        return self._job(self._client.post(path, Subject("job", job.name), content))

    # Reading.

    def _list(self, params: Mapping[str, str]) -> List[Pipeline]:
        every = {"per_page": str(PAGE), "order_by": "id", **params}
        response = self._client.get(f"{self._path}/pipelines", self._about, every)
        return self._client.read(
            response, lambda content: [_pipeline(one) for one in objects(content, "pipelines")]
        )

    def _pipeline(self, response: Response) -> Pipeline:
        return self._client.read(response, _pipeline)

    def _job(self, response: Response) -> Job:
        return self._client.read(response, _job)


def _pipeline(content: Any) -> Pipeline:
    found = an_object(content, "pipeline")
    return Pipeline(
        id=_number(found, "id"),
        status=_required(found, "status"),
        ref=text_at(found, "ref"),
        sha=text_at(found, "sha"),
        name=text_at(found, "name"),
        link=_link(found),
        project=_number(found, "project_id") if "project_id" in found else 0,
    )


def _jobs(content: Any) -> List[Job]:
    return [_job(one) for one in objects(content, "jobs")]


def _job(content: Any) -> Job:
    found = an_object(content, "job")
    child = found.get("downstream_pipeline")
    return Job(
        id=_number(found, "id"),
        name=_required(found, "name"),
        status=_required(found, "status"),
        user=text_at(found, "user", "username"),
        reason=text_at(found, "failure_reason"),
        link=_link(found),
        started=_moment(found, "started_at"),
        child=_pipeline(child) if child is not None else None,
    )


def _number(found: Mapping[str, Any], key: str) -> int:
    value = found.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unexpected(f"'{key}' is no number")
    return value


def _required(content: Any, key: str) -> str:
    value = text_at(content, key)
    if not value:
        raise Unexpected(f"'{key}' is no text")
    return value


def _link(found: Mapping[str, Any]) -> str:
    link = text_at(found, "web_url")
    return link if link.startswith(("https://", "http://")) else ""


def _moment(found: Mapping[str, Any], key: str) -> float:
    moment = moment_of(found.get(key))
    return moment.timestamp() if moment else 0.0
