"""Deployments of GitHub: records that someone else's automation acts on and reports about."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ...errors import Code, Failure, Refusal
from ...http.content import Unexpected, an_object, objects, text, text_at
from ...http.vendor import Subject
from ...structs import dataclass
from ...times.iso import moment_of
from .client import PAGE, Client
from .errors import quoted
from .options import path_of

_DESCRIPTION = 140


@dataclass(frozen=True)
class Deployment:
    """A deployment of a commit, which was asked for as `ref`: a tag, a branch or a commit.

    `payload` is empty where it is no JSON object; `created` is in seconds since 1970.
    """

    id: int
    ref: str
    commit: str
    payload: Mapping[str, Any]
    created: float


@dataclass(frozen=True)
class Status:
    """What was reported about a deployment: `state` is "success", "in_progress" and the like."""

    id: int
    state: str
    description: str
    link: str


class Deployments:
    """The deployments of a repository. All of its requests share the client's deadline."""

    def __init__(self, client: Client, repository: str) -> None:
        self._client = client
        self._repository = repository
        self._path = f"{path_of(repository)}/deployments"

    def create(
        self,
        ref: str,
        environment: str,
        payload: Mapping[str, Any],
        description: str,
        status_checks: Optional[Sequence[str]],
    ) -> Deployment:
        """A new deployment; `status_checks` must be green on its commit, None for all of them. Of
        the description GitHub shows 140 characters.

        Raises Refusal(not_accepted) where one is not. Nothing is merged into the ref.
        """
        body: Dict[str, Any] = {
            "ref": ref,
            "environment": environment,
            "payload": dict(payload),
            "description": description[:_DESCRIPTION],
            # By default GitHub merges the default branch into the ref and deploys something else.
            "auto_merge": False,
        }
        if status_checks is not None:
            body["required_contexts"] = list(status_checks)
        about = Subject("deployment", f"of {ref} in {self._repository}")
        response = self._client.send("POST", self._path, about, json=body, accept=(409,))
        if response.status == 409:
            raise Refusal(
                Code.NOT_ACCEPTED,
                f"GitHub does not let {ref} be deployed{quoted(response)}.",
                f"Wait until its checks are green. {self._client.key}.status_checks says which "
                "count.",
                response.facts,
            )
        if response.status == 202:
            message = f"GitHub merged another branch into {ref}, and made no deployment."
            raise Failure(Code.DEPLOY_FAILED, message, facts={**response.facts, "sent": False})
        return self._client.read(response, _deployment)

    def newest(self, environment: str, most: int = PAGE) -> List[Deployment]:
        """The newest deployments to an environment, the newest first."""
        params = {"environment": environment, "per_page": str(most)}
        about = Subject("repository", self._repository)
        response = self._client.get(self._path, about, params)
        return self._client.read(
            response, lambda content: [_deployment(one) for one in objects(content, "deployments")]
        )

    def statuses(self, deployment: int) -> List[Status]:
        """What was reported about a deployment, the newest first. Raises Failure(gone)."""
        path = f"{self._path}/{deployment}/statuses"
        response = self._client.get(path, self._subject(deployment), {"per_page": str(PAGE)})
        found = self._client.read(
            response, lambda content: [_status(one) for one in objects(content, "statuses")]
        )
        return sorted(found, key=lambda one: one.id, reverse=True)

    def report(self, deployment: int, state: str, description: str) -> None:
        """Report about a deployment, in 140 characters."""
        body = {"state": state, "description": description[:_DESCRIPTION]}
        path = f"{self._path}/{deployment}/statuses"
        self._client.send("POST", path, self._subject(deployment), json=body)

    def _subject(self, deployment: int) -> Subject:
        return Subject("deployment", f"{deployment} of {self._repository}")


def _deployment(content: Any) -> Deployment:
    found = an_object(content, "deployment")
    created = moment_of(found.get("created_at"))
    if created is None:
        raise Unexpected("there is no 'created_at'")
    return Deployment(
        id=_number(found),
        ref=text(found, "ref", needed=True),
        commit=text(found, "sha", needed=True),
        payload=_payload(found.get("payload")),
        created=created.timestamp(),
    )


def _payload(value: Any) -> Mapping[str, Any]:
    """GitHub gives back what was sent: JSON, or a text that may hold some."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _status(found: Mapping[str, Any]) -> Status:
    return Status(
        id=_number(found),
        state=text(found, "state", needed=True),
        description=text_at(found, "description"),
        link=text_at(found, "log_url") or text_at(found, "target_url"),
    )


def _number(found: Mapping[str, Any]) -> int:
    value = found.get("id")
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unexpected("there is no 'id'")
    return value
