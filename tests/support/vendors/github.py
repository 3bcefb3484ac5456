"""GitHub's issues as far as opsroom uses them: two repositories in memory, and what GitHub says of
mistakes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional, Tuple

from support.contracts.vendor import Vendor, answer, body_of, page_of
from support.servers.http import Reply, Request

TOKEN = "github_pat_5ecretSecret"
USER = "acme-bot"


class Github:
    """`github = Github(); with github.vendor() as vendor: ...`. Repositories acme/web and acme/api;
    alice-gh and bob-gh can be assigned. `github.issues["acme/web"]` are the issues,
    `github.comments["acme/web", 1]` the comments."""

    def __init__(self) -> None:
        self.issues: Dict[str, List[Dict[str, Any]]] = {"acme/web": [], "acme/api": []}
        self.comments: Dict[Tuple[str, int], List[Dict[str, Any]]] = {}
        self.assignable = ["alice-gh", "bob-gh"]
        self.may_assign = True
        # Whether the token's user is a maintainer, who may comment on what is locked.
        self.may_write = True
        self.disabled: List[str] = []
        # Read-only for everyone; `locked` of an issue is kept in the issue.
        self.archived: List[str] = []
        self.deleted: List[Tuple[str, int]] = []
        self.moved: List[str] = []
        self.searches: List[str] = []
        self._now = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=10)
        self._ids = 9000
        self.site = ""

    def vendor(self) -> Vendor:
        """The server; requests without the headers that GitHub wants are violations like those of
        the contract."""
        vendor = Vendor("github", self.handle)
        self.site = vendor.url("").rstrip("/")
        return vendor

    def issue(self, repository: str = "acme/web", **values: Any) -> Dict[str, Any]:
        """An issue that is there already."""
        number = len(self.issues[repository]) + 1
        known: Dict[str, Any] = {
            "id": 1000 + number,
            "number": number,
            "title": f"issue {number}",
            "body": None,
            "state": "open",
            "state_reason": None,
            "user": {"login": USER},
            "assignees": [],
            "comments": 0,
            "html_url": f"https://github.com/{repository}/issues/{number}",
            "repository_url": f"{self.site}/repos/{repository}",
            "created_at": self._tick(),
        }
        known.update(values)
        known.setdefault("updated_at", known["created_at"])
        self.issues[repository].append(known)
        return known

    def remark(
        self, repository: str, number: int, text: str, login: str = "carol-gh"
    ) -> Dict[str, Any]:
        """A comment that is there already."""
        self._ids += 1
        issue = self.issues[repository][number - 1]
        one = {
            "id": self._ids,
            "body": text,
            "user": {"login": login},
            "created_at": self._tick(),
            "updated_at": self._tick(),
            "html_url": f"{issue['html_url']}#issuecomment-{self._ids}",
        }
        self.comments.setdefault((repository, number), []).append(one)
        issue["comments"] += 1
        issue["updated_at"] = one["updated_at"]
        return one

    def handle(self, request: Request) -> Reply:
        """What GitHub would answer."""
        headers = request.headers
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "Bad credentials")
        assert headers.get("x-github-api-version") == "2022-11-28"
        assert headers.get("accept") == "application/vnd.github+json"
        assert headers.get("user-agent", "").startswith("opsroom/")
        if request.path == "/search/issues":
            return self._search(request)
        whole = re.match(r"^/repos/([^/]+/[^/]+)\Z", request.path)
        if whole and whole.group(1) in self.issues:
            return answer(
                {"full_name": whole.group(1), "archived": whole.group(1) in self.archived}
            )
        found = re.match(
            r"^/repos/([^/]+/[^/]+)/(issues|assignees)(?:/(\d+))?(?:/(\w+))?\Z", request.path
        )
        repository = found and next(
            (one for one in self.issues if one.casefold() == found.group(1).casefold()), None
        )
        if not found or not repository:
            return problem(404, "Not Found")
        if repository in self.moved:
            location = {"Location": f"{self.site}/repositories/1"}
            return answer(
                {"message": "Moved Permanently"},
                307 if request.method != "GET" else 301,
                **location,
            )
        if found.group(2) == "assignees":
            return answer([{"login": name} for name in self.assignable])
        if repository in self.archived and request.method != "GET":
            return problem(403, "Repository was archived so is read-only.")
        if repository in self.disabled:
            return problem(410, "Issues are disabled for this repo")
        if not found.group(3):
            return self._many(request, repository)
        number = int(found.group(3))
        if (repository, number) in self.deleted:
            return problem(410, "This issue was deleted")
        if not 1 <= number <= len(self.issues[repository]):
            return problem(404, "Not Found")
        verb: Dict[Optional[str], Callable[[Request, str, int], Reply]] = {
            None: self._one,
            "comments": self._comments,
            "assignees": self._assignees,
        }
        return verb[found.group(4)](request, repository, number)

    def _many(self, request: Request, repository: str) -> Reply:
        if request.method == "GET":
            assert request.query["state"] == ["all"]
            newest = sorted(self.issues[repository], key=lambda one: -one["number"])
            return answer(newest[: int(request.query["per_page"][0])])
        sent = body_of(request)
        if not sent["title"].strip():
            return problem(
                422,
                "Validation Failed",
                [{"resource": "Issue", "field": "title", "code": "missing_field"}],
            )
        too_long = _too_long(sent)
        return too_long or answer(
            self.issue(repository, title=sent["title"], body=sent.get("body")), 201
        )

    def _one(self, request: Request, repository: str, number: int) -> Reply:
        issue = self.issues[repository][number - 1]
        if request.method == "PATCH":
            sent = body_of(request)
            # "Ignored unless state is changed."
            if "state" in sent and sent["state"] != issue["state"]:
                issue.update(state=sent["state"], state_reason=sent.get("state_reason"))
            if "assignees" in sent and self.may_assign:
                issue["assignees"] = [{"login": one} for one in sent["assignees"]]
            issue["updated_at"] = self._tick()
        return answer(issue)

    def _comments(self, request: Request, repository: str, number: int) -> Reply:
        if request.method == "POST":
            sent = body_of(request)
            issue = self.issues[repository][number - 1]
            if issue.get("locked") and not self.may_write:
                return problem(403, "Unable to create comment because issue is locked.")
            return _too_long(sent) or answer(
                self.remark(repository, number, sent["body"], USER), 201
            )
        every = self.comments.get((repository, number), [])
        if "since" in request.query:
            every = [one for one in every if one["updated_at"] >= request.query["since"][0]]
        return answer(page_of(request, every))

    def _assignees(self, request: Request, repository: str, number: int) -> Reply:
        issue = self.issues[repository][number - 1]
        asked = [name.casefold() for name in body_of(request)["assignees"]]
        has = [one["login"] for one in issue["assignees"]]
        if self.may_assign and request.method == "DELETE":
            has = [one for one in has if one.casefold() not in asked]
        elif self.may_assign:
            # Whoever cannot be assigned is left out without a word.
            has += [one for one in self.assignable if one.casefold() in asked and one not in has]
        issue["assignees"] = [{"login": one} for one in has]
        return answer(issue, 200 if request.method == "DELETE" else 201)

    def _search(self, request: Request) -> Reply:
        words = request.query["q"][0]
        self.searches.append(words)
        text = "".join(re.findall(r'^"([^"]*)"', words)).casefold()
        rest = re.sub(r'^"[^"]*"', "", words)
        if " OR " in rest:
            assert request.query["advanced_search"] == ["true"]
        places = re.findall(r"\brepo:([^\s()]+)", rest)
        if any(place not in self.issues for place in places):
            said = (
                "The listed users and repositories cannot be searched either because the "
                "resources do not exist or "
            )
            return problem(
                422,
                "Validation Failed",
                [{"message": said + "you do not have permission to view them."}],
            )
        login = re.findall(r"\bassignee:(\S+)", rest)
        found = [one for place in places for one in self.issues[place] if "pull_request" not in one]
        found = [one for one in found if text in f"{one['title']} {one['body']}".casefold()]
        found = [
            one
            for one in found
            if not login or login[0] in [who["login"] for who in one["assignees"]]
        ]
        found = [one for one in found if "is:open" not in rest or one["state"] == "open"]
        found.sort(key=lambda one: one["updated_at"], reverse=True)
        page = found[: int(request.query["per_page"][0])]
        return answer({"total_count": len(found), "incomplete_results": False, "items": page})

    def _tick(self) -> str:
        self._now += timedelta(seconds=1)
        return self._now.strftime("%Y-%m-%dT%H:%M:%SZ")


def problem(status: int, message: str, errors: Optional[List[Any]] = None, **headers: str) -> Reply:
    """An error as GitHub tells it."""
    content: Dict[str, Any] = {
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
    }
    if errors is not None:
        content["errors"] = errors
    return answer(content, status, **headers)


def _too_long(sent: Dict[str, Any]) -> Optional[Reply]:
    long = [
        name
        for name, most in (("title", 256), ("body", 65_536))
        if len(sent.get(name) or "") > most
    ]
    if not long:
        return None
    said = f"{long[0]} is too long (maximum is 65536 characters)"
    return problem(
        422, "Validation Failed", [{"resource": "Issue", "code": "custom", "message": said}]
    )
