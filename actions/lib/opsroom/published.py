"""Releases that GitHub and GitLab tell of: which tag of which repository was published, and when. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Mapping, Optional

_MOMENT = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?\s*(Z|UTC|[+-]\d{2}:?\d{2})(?![\s\S])")


@dataclass(frozen=True)
class Published:
    """A tag of a repository (`OWNER/NAME`) that was published; `at` is None when that was not told."""

    repository: str
    tag: str
    at: Optional[datetime]


def by_github(headers: Mapping[str, str], body: Mapping[str, Any]) -> Optional[Published]:
    """None for everything but the publishing of a release: pings, pushes, edited releases, drafts."""
    release, repository = body.get("release"), body.get("repository")
    if headers.get("x-github-event") != "release" or body.get("action") != "published":
        return None
    if not isinstance(release, Mapping) or not isinstance(repository, Mapping) or release.get("draft"):
        return None
    return _published(repository.get("full_name"), release.get("tag_name"), release.get("published_at"))


def by_gitlab(headers: Mapping[str, str], body: Mapping[str, Any]) -> Optional[Published]:
    """None for everything but the creation of a release."""
    project = body.get("project")
    if headers.get("x-gitlab-event") != "Release Hook" or body.get("action") != "create":
        return None
    if body.get("object_kind") != "release" or not isinstance(project, Mapping):
        return None
    return _published(project.get("path_with_namespace"), body.get("tag"), body.get("created_at"))


def _published(repository: Any, tag: Any, at: Any) -> Optional[Published]:
    if not isinstance(repository, str) or not isinstance(tag, str):
        return None
    return Published(repository, tag, _moment(at))


def _moment(told: Any) -> Optional[datetime]:
    """As GitHub ("2026-11-23T14:02:00Z") and GitLab ("2026-11-23 14:02:00 UTC") write it."""
    found = _MOMENT.match(told) if isinstance(told, str) else None
    if found is None:
        return None
    day, clock, zone = found.groups()
    shift = "+0000" if zone in ("Z", "UTC") else zone.replace(":", "")
    try:
        return datetime.strptime(f"{day} {clock}{shift}", "%Y-%m-%d %H:%M:%S%z").astimezone(timezone.utc)
    except ValueError:
        return None
