"""Releases that GitHub and GitLab report: which tag of which repository was published, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Mapping, Optional

from ..structs import dataclass
from ..times.iso import moment_of

# How far the date of a release that nobody dated may be from when it was made.
_AT_ONCE = timedelta(seconds=5)


@dataclass(frozen=True)
class Published:
    """A published tag of a repository (`OWNER/NAME`); `at` is None when the report names no time.

    `prerelease`: its author on GitHub marked it as one. `due`: the date that its author on GitLab
    gave it.
    """

    repository: str
    tag: str
    at: Optional[datetime]
    prerelease: bool = False
    due: Optional[datetime] = None

    def is_upcoming(self, now: datetime) -> bool:
        """Whether it is dated in the future. GitLab dates a release without a date by its own
        clock, which may be ahead of ours."""
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
    # Anything but a clear "no" holds it back.
    return published and replace(
        published, prerelease=release.get("prerelease", False) is not False
    )


def by_gitlab(headers: Mapping[str, str], body: Mapping[str, Any]) -> Optional[Published]:
    """None for everything but the creation of a release. One that is dated back counts from its
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
    due = moment_of(body["released_at"])
    if due is None or published.at is None:
        return replace(published, at=None)
    return replace(published, at=min(due, published.at), due=due)


def _published(repository: Any, tag: Any, at: Any) -> Optional[Published]:
    # A number is not surely a version: StackStorm has parsed it before, and 1.10 was 1.1 then.
    if not isinstance(repository, str) or not isinstance(tag, str):
        return None
    return Published(repository, tag, moment_of(at))
