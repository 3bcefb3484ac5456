"""Deployments on GitLab: which job of which pipeline deployed what to an environment, and who may
deploy there."""

from __future__ import annotations

from typing import Any, Optional, Tuple
from urllib.parse import quote

from ...http.content import Unexpected, an_object, at, list_at, objects, text_at
from ...http.vendor import Subject
from ...structs import dataclass
from ...times.iso import moment_of
from ..commits import FULL_COMMIT
from .client import Client
from .options import path_of

# So many of the newest are looked at: one that began earlier may have ended later.
_NEWEST = 20


@dataclass(frozen=True)
class Deployment:
    """A deployment that succeeded.

    `is_tag`: whether `ref` is a tag; None where GitLab does not say. `pipeline` is the number of
    the pipeline that made it, 0 where none did. `ended` is in seconds since 1970.
    """

    id: int
    ref: str
    commit: str
    is_tag: Any = None
    pipeline: int = 0
    ended: float = 0.0


@dataclass(frozen=True)
class Protection:
    """Of an environment: how many approvals a deployment needs on GitLab, and who may deploy, as
    GitLab describes them."""

    approvals: int
    deployers: Tuple[str, ...]


def protection_of(client: Client, project: str, environment: str) -> Optional[Protection]:
    """How an environment is protected; None where it is not, where the edition of GitLab has no
    such thing, and where the token may not see it."""
    path = f"{path_of(project)}/protected_environments/{quote(environment, safe='')}"
    found = client.quietly(path)
    if text_at(found, "name") != environment:
        return None
    rules = [at(one, "required_approvals") for one in list_at(found, "approval_rules")]
    counts = [at(found, "required_approval_count"), sum(one for one in rules if _is_count(one))]
    levels = list_at(found, "deploy_access_levels")
    deployers = filter(None, (text_at(one, "access_level_description") for one in levels))
    return Protection(max(one for one in [*counts, 0] if _is_count(one)), tuple(deployers))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def newest_deployment(client: Client, project: str, environment: str) -> Optional[Deployment]:
    """The deployment to an environment that succeeded last; None where none did."""
    params = {
        "environment": environment,
        "status": "success",
        # GitLab sorts by their ends only those of a span of time.
        "order_by": "id",
        "sort": "desc",
        "per_page": str(_NEWEST),
    }
    about = Subject("project", project)
    response = client.get(f"{path_of(project)}/deployments", about, params)
    found = client.read(
        response, lambda content: [_deployment(one) for one in objects(content, "deployments")]
    )
    return max(found, key=lambda one: (one.ended, one.id)) if found else None


def _deployment(content: Any) -> Deployment:
    found = an_object(content, "deployment")
    id, commit, job = found.get("id"), text_at(found, "sha"), found.get("deployable")
    if not isinstance(id, int) or not FULL_COMMIT.match(commit):
        raise Unexpected("there is a deployment without a number or a commit")
    is_tag, pipeline = at(job, "tag"), at(job, "pipeline", "id")
    ended = moment_of(at(job, "finished_at") or found.get("updated_at") or found.get("created_at"))
    return Deployment(
        id=id,
        ref=text_at(found, "ref"),
        commit=commit,
        is_tag=is_tag if isinstance(is_tag, bool) else None,
        pipeline=pipeline if isinstance(pipeline, int) else 0,
        ended=ended.timestamp() if ended else 0.0,
    )
