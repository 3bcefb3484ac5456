"""A repository on GitLab: what names of versions stand for, and the commits between two of them."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import OpsroomError
from ...http.content import Unexpected, an_object, list_at, objects, text_at
from ...http.vendor import Subject
from ..commits import COMMIT, FULL_COMMIT, MAX_COMMITS, Described, Found, committed_at
from .client import PAGE, Client, message_of
from .options import path_of

_PROJECT_MISSING = "404 Project Not Found"


class Repository:
    """The repository of a project. All of its requests share the client's deadline."""

    def __init__(self, client: Client, project: str) -> None:
        self.name = project
        self._client = client
        self._path = f"{path_of(project)}/repository"
        self._about = Subject("project", project)

    def look_up(self, name: str) -> Optional[Found]:
        """What a name stands for: a tag before a branch, as git has it, and a commit last. None
        where there is no such thing.

        Up to three requests. Raises Failure where the repository cannot be read.
        """
        for kind in ("tag", "branch"):
            commit = self._named(kind, name)
            if commit:
                return Found(kind, commit)
        commit = self.commit(name)
        return Found("commit", commit) if commit else None

    def tag(self, name: str) -> str:
        """The full commit of a tag; empty where there is no such tag."""
        return self._named("tag", name)

    def commit(self, beginning: str) -> str:
        """The full commit that begins so; empty where there is none."""
        if not COMMIT.match(beginning):
            return ""
        found = self._at(f"/commits/{beginning.lower()}")
        commit = text_at(found, "id")
        # GitLab looks for a branch of this name as well.
        return commit if commit.startswith(beginning.lower()) else ""

    def names(self) -> Tuple[List[str], List[str]]:
        """The names of a hundred tags and a hundred branches, the latest first, to offer in place
        of an unknown one; none where they cannot be had."""
        newest = {"per_page": str(PAGE)}
        tags = self._client.quietly(f"{self._path}/tags", params=newest)
        branches = self._client.quietly(f"{self._path}/branches", params=newest)
        return _names(tags), _names(branches)

    def between(self, before: str, after: str, most: int = MAX_COMMITS) -> Tuple[Described, ...]:
        """The commits that `after` has and `before` has not, newest first, children before parents,
        at most `most`. Both are full commits.

        They are listed and not compared: a comparison has the changes of all files in it.
        """
        found: List[Described] = []
        for page in range(1, -(-most // PAGE) + 1):
            params = {
                "ref_name": f"{before}..{after}",
                "order": "topo",
                "per_page": str(PAGE),
                "page": str(page),
            }
            response = self._client.get(f"{self._path}/commits", self._about, params)
            commits = self._client.read(
                response, lambda content: [_described(one) for one in objects(content, "commits")]
            )
            found += commits
            if len(commits) < PAGE:
                break
        return tuple(found[:most])

    def has(self, commit: str, ancestor: str) -> Optional[Described]:
        """A commit, named by at least 7 digits, if it is `commit` (a full one) or before it; None
        otherwise."""
        params = [("refs[]", commit), ("refs[]", ancestor)]
        found = self._client.quietly(f"{self._path}/merge_base", params=params)
        if not text_at(found, "id").startswith(ancestor):
            return None
        try:
            return _described(found)
        except Unexpected:
            return None

    def _named(self, kind: str, name: str) -> str:
        plural = {"tag": "tags", "branch": "branches"}[kind]
        found = self._at(f"/{plural}/{quote(name, safe='')}")
        if found is None:
            return ""
        commit = text_at(found, "commit", "id")
        return commit if text_at(found, "name") == name else ""

    def _at(self, path: str) -> Optional[Mapping[str, Any]]:
        """What is at a path of the repository; None where there is nothing."""
        response = self._client.get(self._path + path, self._about, accept=(404,))
        if response.status == 404:
            # It is the project that is missing, or no answer of GitLab at all.
            if message_of(response) in ("", _PROJECT_MISSING):
                error: OpsroomError = self._client.error(response, self._about)
                error.facts["sent"] = False
                raise error
            return None
        found = self._client.read(response, lambda content: an_object(content, "object"))
        commit = text_at(found, "id") or text_at(found, "commit", "id")
        if not FULL_COMMIT.match(commit):
            raise response.unexpected("answered something without a commit")
        return found


def _names(content: Any) -> List[str]:
    rows = content if isinstance(content, list) else []
    return [name for name in (text_at(one, "name") for one in rows) if name]


def _described(commit: Any) -> Described:
    id = text_at(commit, "id")
    if not FULL_COMMIT.match(id):
        raise Unexpected("there is a commit without an id")
    parents = tuple(one for one in list_at(commit, "parent_ids") if isinstance(one, str))
    at = committed_at(text_at(commit, "committed_date"))
    message = text_at(commit, "message").strip()
    return Described(id, message, parents, text_at(commit, "author_name"), at)
