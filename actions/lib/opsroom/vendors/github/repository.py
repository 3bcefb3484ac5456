"""A repository on GitHub: what names of versions stand for, and the commits between two of them."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...http.content import Unexpected, an_object, list_at, object_at, objects, text_at
from ...http.vendor import Subject
from ..commits import COMMIT, FULL_COMMIT, MAX_COMMITS, Described, Found, committed_at
from .client import PAGE, Client
from .errors import message_of
from .options import path_of


class Repository:
    """One repository, as `owner/name`. All of its requests share the client's deadline."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._client = client
        self._path = path_of(name)
        self._about = Subject("repository", name)

    def look_up(self, name: str) -> Optional[Found]:
        """What a name stands for: a tag before a branch, as git has it, and a commit last. None
        where there is no such thing.

        Up to three requests. Raises Failure where the repository cannot be read.
        """
        ways = [("tag", f"tags/{name}"), ("branch", f"heads/{name}")]
        if COMMIT.match(name):
            ways.append(("commit", name.lower()))
        for kind, ref in ways:
            commit = self.commit(ref)
            if commit:
                return Found(kind, commit)
        return None

    def commit(self, ref: str) -> str:
        """The full commit of `tags/NAME`, `heads/NAME` or the beginning of a commit; empty where
        there is none.

        Raises Failure where the repository cannot be read.
        """
        path = f"{self._path}/commits/{quote(ref, safe='')}"
        response = self._client.send(
            "GET",
            path,
            Subject("commit", f"{ref} of {self.name}"),
            accept=(404, 409, 422),
            # One commit and no more: with the plain media type come the changes of all its files.
            headers={"Accept": "application/vnd.github.sha"},
        )
        if response.ok:
            found = response.text.strip()
            if not FULL_COMMIT.match(found):
                raise response.unexpected("answered something that is no commit")
            return found
        # 422: "No commit found for SHA"; 409: the repository is empty. 404 is what GitHub says both
        # for a commit that is not there and for a repository that the token may not see.
        if response.status == 404 and not message_of(response).startswith("No commit found"):
            self._must_exist()
        return ""

    def names(self) -> Tuple[List[str], List[str]]:
        """The names of a hundred tags and a hundred branches, to offer in place of an unknown one;
        none where they cannot be had."""
        tags, branches = (
            self._client.quietly(f"{self._path}/{kind}", params={"per_page": str(PAGE)})
            for kind in ("tags", "branches")
        )
        return _names(tags), _names(branches)

    def between(self, before: str, after: str, most: int = MAX_COMMITS) -> Tuple[Described, ...]:
        """The commits that `after` has and `before` has not, newest first, children before parents,
        at most `most`; none where GitHub does not know one of the two.

        Both are commits or names of tags. GitHub lists them from the oldest on, a hundred a page,
        and says on each how many there are.
        """
        path = f"{self._path}/compare/{quote(before, safe='')}...{quote(after, safe='')}"
        first = self._compared(path, 1)
        if first is None:
            return ()
        total, commits = first
        last = -(-total // PAGE)
        start = max(1, last - -(-most // PAGE))
        pages = [commits] if start == 1 else []
        for number in range(max(2, start), last + 1):
            page = self._compared(path, number)
            pages.append(page[1] if page else ())
        found = [one for page in pages for one in page]
        return _sorted(found)[:most]

    def has(self, commit: str, ancestor: str) -> Optional[Described]:
        """A commit, named by at least 7 digits, if it is `commit` (a full one) or before it; None
        otherwise."""
        path = f"{self._path}/compare/{quote(ancestor, safe='')}...{quote(commit, safe='')}"
        content = self._client.quietly(path, params={"per_page": "1", "page": "2"})
        if text_at(content, "status") not in ("ahead", "identical"):
            return None
        try:
            return _described(object_at(content, "base_commit"))
        except Unexpected:
            return None

    def _compared(self, path: str, page: int) -> Optional[Tuple[int, Tuple[Described, ...]]]:
        """How many commits there are, and those of a page. None where one of the two is unknown."""
        params = {"per_page": str(PAGE), "page": str(page)}
        response = self._client.send("GET", path, self._about, params=params, accept=(404,))
        if response.status == 404:
            self._must_exist()
            return None
        return self._client.read(response, _comparison)

    def _must_exist(self) -> None:
        """Raise Failure(gone) where it is the repository that the token may not see."""
        self._client.send("GET", self._path, self._about)


def _names(content: Any) -> List[str]:
    rows = content if isinstance(content, list) else []
    return [name for name in (text_at(one, "name") for one in rows) if name]


def _comparison(content: Any) -> Tuple[int, Tuple[Described, ...]]:
    found = an_object(content, "comparison")
    total = found.get("total_commits")
    if not isinstance(total, int) or isinstance(total, bool):
        raise Unexpected("there is no number of commits")
    return total, tuple(map(_described, objects(found.get("commits"), "commits")))


def _described(commit: Mapping[str, Any]) -> Described:
    id = text_at(commit, "sha")
    if not FULL_COMMIT.match(id):
        raise Unexpected("there is a commit without an id")
    parents = tuple(text_at(one, "sha") for one in list_at(commit, "parents"))
    message = text_at(commit, "commit", "message").strip()
    author = text_at(commit, "commit", "author", "name")
    at = committed_at(text_at(commit, "commit", "committer", "date"))
    return Described(id, message, parents, author, at)


def _sorted(oldest_first: List[Described]) -> Tuple[Described, ...]:
    """Newest first and children before parents: GitHub sorts by date, and clocks differ."""
    known = {one.id: one for one in oldest_first}
    children = dict.fromkeys(known, 0)
    for one in known.values():
        for parent in set(one.parents) & set(known):
            children[parent] += 1
    ready = [one for one in known.values() if not children[one.id]]  # the newest comes last
    found: List[Described] = []
    while ready:
        one = ready.pop()
        found.append(one)
        for parent in one.parents:
            if parent in children:
                children[parent] -= 1
                if not children[parent]:
                    ready.append(known[parent])
    return tuple(found)
