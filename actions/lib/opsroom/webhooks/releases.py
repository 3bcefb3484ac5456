"""Releases that GitHub and GitLab tell of: which tag of which repository was published, and when.
Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Mapping, Optional

_MOMENT = re.compile(
    r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?\s*(Z|UTC|[+-]\d{2}:?\d{2})(?![\s\S])"
)


# Between the making of a release and its date, where nobody has given it one.
_AT_ONCE = timedelta(seconds=5)


@dataclass(frozen=True)
class Published:
    """A tag of a repository (`OWNER/NAME`) that was published; `at` is None when that was not told.

    `prerelease` is what GitHub's author has marked as one. `due` is the date that GitLab's author
    has given it.
    """

    repository: str
    tag: str
    at: Optional[datetime]
    prerelease: bool = False
    due: Optional[datetime] = None

    def is_upcoming(self, now: datetime) -> bool:
        """Whether it is dated in the future. A release that is not dated gets the moment at which
        it was made, by a clock that need not be ours."""
        return (
            self.due is not None
            and self.due > now
            and (self.at is None or self.due > self.at + _AT_ONCE)
        )


def by_github(headers: Mapping[str, str], body: Mapping[str, Any]) -> Optional[Published]:
    """None for everything but the publishing of a release: pings, pushes, drafts, releases that are
    edited, withdrawn or deleted, and tags that are no texts."""
    release, repository = body.get("release"), body.get("repository")
    if headers.get("x-github-event") != "release" or body.get("action") != "published":
        return None
    if (
        not isinstance(release, Mapping)
        or not isinstance(repository, Mapping)
        or release.get("draft")
    ):
        return None
    published = _published(
        repository.get("full_name"), release.get("tag_name"), release.get("published_at")
    )
    # Whatever is no clear "no" holds it back.
    return published and replace(
        published, prerelease=release.get("prerelease", False) is not False
    )


def by_gitlab(headers: Mapping[str, str], body: Mapping[str, Any]) -> Optional[Published]:
    """None for everything but the creation of a release. One that is dated back is as old as its
    date."""
    project = body.get("project")
    if headers.get("x-gitlab-event") != "Release Hook" or body.get("action") != "create":
        return None
    if body.get("object_kind") != "release" or not isinstance(project, Mapping):
        return None
    published = _published(
        project.get("path_with_namespace"), body.get("tag"), body.get("created_at")
    )
    if published is None or body.get("released_at") is None:
        return published
    due = _moment(body["released_at"])
    if due is None or published.at is None:
        return replace(published, at=None)
    return replace(published, at=min(due, published.at), due=due)


def _published(repository: Any, tag: Any, at: Any) -> Optional[Published]:
    # A number would be no version for certain: StackStorm has read it before, and 1.10 was 1.1
    # then.
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
        return datetime.strptime(f"{day} {clock}{shift}", "%Y-%m-%d %H:%M:%S%z").astimezone(
            timezone.utc
        )
    except ValueError:
        return None
