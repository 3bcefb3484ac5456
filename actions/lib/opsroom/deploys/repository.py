"""What the kinds have in common whose versions are tags, branches and commits of a repository at a
service: which commits a deployment brings, what is said of an unknown version, and what is handed
over to the scripts that deploy."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Protocol, Sequence, Tuple

from ..errors import Code, Refusal
from ..http.vendor import Client
from ..names import VERSION, check_version, either, listed, nearest, shown
from ..vendors.commits import Described
from . import Commit, Resolved, Target
from .remote import Assignment, Service
from .reverts import referred_to
from .values import plain

# Each of them is looked up separately.
_MAX_REVERTED = 10
_MAX_NAMES = 3


class Source(Protocol):
    """A repository at a service. All of it raises Failure where the service cannot be asked."""

    def between(self, before: str, after: str) -> Sequence[Described]:
        """The commits that `after` has and `before` has not, both full commits, newest first,
        children before parents, at most 500."""

    def has(self, commit: str, ancestor: str) -> Optional[Described]:
        """A commit, named by at least 7 digits, if it is `commit` (a full one) or before it; None
        otherwise."""


def commits_between(source: Source, before: str, after: str) -> Tuple[Commit, ...]:
    """The commits between two full ones, as `Historian.commits`: the new ones, then the older ones
    that they say to revert."""
    new = source.between(before, after)
    return (*_commits(new, True), *_commits(_reverted(source, before, new), False))


def unknown_version(version: str, place: str, tags: List[str], branches: List[str]) -> Refusal:
    """The refusal of a version that a repository, named `place`, does not have.

    `tags` and `branches` are names that it has, to offer in its place.
    """
    tags, branches = ([one for one in names if VERSION.match(one)] for names in (tags, branches))
    near = nearest(version, [*tags, *branches])
    offered = near or (tags or branches)[:_MAX_NAMES]
    if near:
        hint = f"Did you mean {either(near)}?"
    elif offered:
        hint = f"There are {listed(offered)}, for example."
    else:
        hint = "The repository has no tags and no branches that could be deployed."
    message = f"There is no tag, branch or commit {shown(version)} in {place}."
    return Refusal(Code.UNKNOWN_VERSION, message, hint, {"nearest": offered})


def moved_ref(ref: str, commit: str, before: str) -> Refusal:
    """The refusal of a branch or tag that was moved to `commit` since it was looked up."""
    message = f"{shown(ref)} is commit {commit[:12]} now, and was {before[:12]} a moment ago."
    return Refusal(Code.CHANGED_MEANWHILE, message, "Try again.")


def _commits(described: Iterable[Described], new: bool) -> List[Commit]:
    return [Commit(one.id, one.message, one.parents, new, one.author, one.at) for one in described]


def _reverted(source: Source, start: str, new: Iterable[Described]) -> List[Described]:
    """The commits of `start` that the new ones say to revert, and those that these revert."""
    found: List[Described] = []
    known = {one.id for one in new}
    messages = [one.message for one in new]
    asked = 0
    while messages:
        wanted = [
            id
            for id in (one.lower() for one in referred_to(messages))
            if not any(one.startswith(id) for one in known)
        ]
        wanted = wanted[: _MAX_REVERTED - asked]
        asked += len(wanted)
        older = [one for one in (source.has(start, id) for id in wanted) if one]
        found += older
        known.update(one.id for one in older)
        messages = [one.message for one in older]
    return found


class RepositoryService(Service):
    """A service whose versions are tags, branches and commits of a repository.

    A subclass sets `target`, `client`, `source` and, where any version can be deployed,
    `any_version`.
    """

    target: Target
    client: Client
    source: Any
    any_version = False

    def resolve(self, version: str) -> Resolved:
        """A tag stands for itself; a branch or a commit (7 digits or more) for the commit's first
        12 digits."""
        version = check_version(version)
        if self.any_version:
            return Resolved(version, version)
        self.client.begin()
        found = self.source.look_up(self.git_name(version))
        if found is None:
            raise unknown_version(version, self.source.name, *self.source.names())
        if found.kind == "tag":
            return Resolved(version, version, found.commit)
        if found.kind == "commit":
            self.check_commit(version)
        return Resolved(found.commit[:12], version, found.commit)

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """What would be in the way of a deployment, as `Advisor`."""
        return ()

    def git_name(self, version: str) -> str:
        """The tag, branch or commit that a version is."""
        return version

    def check_commit(self, version: str) -> None:
        """Raise Refusal where a commit cannot be deployed."""
        return None

    def check_unmoved(self, ref: str, commit: str) -> None:
        """Raise Refusal where a branch or tag was moved since it was looked up."""
        found = self.source.look_up(ref)
        if found is not None and found.commit != commit:
            raise moved_ref(ref, found.commit, commit)

    def place_values(self) -> Dict[str, str]:
        """What fills `{app}` and `{environment}`."""
        return {"app": self.target.app, "environment": self.target.environment}

    def values(self, assignment: Assignment) -> Dict[str, str]:
        """What fills all placeholders."""
        return {
            **self.place_values(),
            "version": check_version(assignment.version),
            "commit": assignment.commit,
            "requester": plain(assignment.requester),
            "deployment": assignment.deployment,
        }
