"""Jira as far as opsroom uses it: two projects in memory, on Cloud (version 3 or 2) or Data
Center."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Set

from support.contracts.vendor import Routes, Vendor, answer, body_of, routed
from support.servers.http import Reply, Request
from support.vendors.jql import Condition

TOKEN = "ATATT3xFf5ecretT0ken"
USER = "bot@acme.example"
ALICE, BOB = "5b10a2844c20165700ede21g", "5b10ac8d82e05b22cc7d4ef5"

CONTRACTS = {"cloud3": "jira-cloud-3", "cloud2": "jira-cloud-2", "dc": "jira-datacenter"}
_CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}


class Jira:
    """`jira = Jira("cloud3"); with jira.vendor() as vendor: ...`. Projects OPS and WEB; alice and
    bob can be assigned.

    `issues` are the issues by key. `refused`: fields that are not on the screen. `required`: fields
    that a new issue needs, as createmeta describes them. `screen`: fields that the way to Done
    needs. `longest`: characters of a text.
    """

    def __init__(self, flavour: str) -> None:
        self.flavour = flavour
        self.cloud = flavour != "dc"
        self.issues: Dict[str, Dict[str, Any]] = {}
        self.comments: Dict[str, List[Dict[str, Any]]] = {}
        self.queries: List[str] = []
        self.refused: Set[str] = set()
        # Keys of issues and projects that are archived: read-only, and in no search.
        self.archived: Set[str] = set()
        self.required: Dict[str, Dict[str, Any]] = {}
        self.screen: Dict[str, Dict[str, Any]] = {}
        self.longest = 32_767
        self.types = {"Task": "10001", "Bug": "10002"}
        self.users = [
            {
                "accountId": ALICE, "name": "alice", "displayName": "Alice Adams",
                "emailAddress": "alice@acme.example",
            },
            {
                "accountId": BOB, "name": "bob", "displayName": "Bob Brown",
                "emailAddress": "bob@acme.example",
            },
            {
                "accountId": "a3", "name": "chris1", "displayName": "Chris Green",
                "emailAddress": "c1@acme.example",
            },
            {
                "accountId": "a4", "name": "chris2", "displayName": "Chris Green",
                "emailAddress": "c2@acme.example",
            },
        ]  # fmt: skip
        self._now = datetime(2026, 11, 23, 9, 0, tzinfo=timezone.utc)
        self._ids = 10_000

    def vendor(self) -> Vendor:
        """The server."""
        return Vendor(CONTRACTS[self.flavour], self.handle)

    def issue(self, project: str = "OPS", **values: Any) -> Dict[str, Any]:
        """An issue that is there already; `values` are fields."""
        self._ids += 1
        number = 1 + sum(1 for key in self.issues if key.startswith(project + "-"))
        key = f"{project}-{number}"
        fields: Dict[str, Any] = {
            "summary": key, "status": "To Do", "project": project, "assignee": None, "labels": [],
        }  # fmt: skip
        fields.update({"reporter": None, "description": None, **values})
        self.issues[key] = {
            "id": str(self._ids), "key": key, "fields": fields, "updated": self._tick(),
        }  # fmt: skip
        self.comments[key] = []
        return self.issues[key]

    def say(self, key: str, text: str, **values: Any) -> Dict[str, Any]:
        """A comment that is there already."""
        self._ids += 1
        made = {
            "id": str(self._ids), "body": text, "created": self._tick(), "author": self.users[1],
            **values,
        }  # fmt: skip
        self.comments[key].append(made)
        return made

    def plain(self, text: Any) -> str:
        """The letters of a text in either format."""
        return text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)

    # What follows is Jira's part.

    def handle(self, request: Request) -> Reply:
        reply = self._handle(request)
        headers = dict(reply.headers)
        if not self.cloud:
            # Data Center names how long to wait with every answer: 0 as long as there is no need
            # to.
            headers.update(
                {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "9", "Retry-After": "0"}
            )
        return Reply(reply.status, reply.body, headers)

    def _handle(self, request: Request) -> Reply:
        wanted = (
            "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
            if self.cloud
            else f"Bearer {TOKEN}"
        )
        if request.headers.get("authorization") != wanted:
            return Reply(401, "<html>Client must be authenticated to access this resource.</html>")
        path = request.path.partition("/api/")[2][1:]
        named = re.match(r"/issue/([^/]+)", path)
        key = named.group(1) if named else ""
        if request.method != "GET" and {key, key.rpartition("-")[0]} & self.archived:
            return problem(403, "You do not have permission to do this.")
        return routed(request, path, self._routes()) or problem(
            404, "null for uri: " + request.path
        )

    def _routes(self) -> Routes:
        return [
            ("POST", "/issue", self._create),
            ("GET", "/issue/createmeta/([^/]+)/issuetypes", self._types),
            ("GET", "/issue/createmeta/([^/]+)/issuetypes/([^/]+)", self._fields_of_type),
            ("GET", "/issue/([^/]+)", self._show),
            ("GET", "/issue/([^/]+)/comment", self._comments),
            ("POST", "/issue/([^/]+)/comment", self._comment),
            ("GET", "/issue/([^/]+)/transitions", self._transitions),
            ("POST", "/issue/([^/]+)/transitions", self._move),
            ("PUT", "/issue/([^/]+)/assignee", self._assign),
            ("GET", "/search/jql" if self.cloud else "/search", self._search),
            ("GET", "/user/assignable/search", self._assignable),
            ("GET", "/project/([^/]+)", self._project),
        ]

    def _project(self, request: Request, key: str) -> Reply:
        if key not in ("OPS", "WEB"):
            return problem(404, f"No project could be found with key '{key}'.")
        return answer({"id": "10000", "key": key, "archived": key in self.archived})

    def _create(self, request: Request) -> Reply:
        fields = body_of(request)["fields"]
        if fields["project"].get("key") in self.archived:
            return problem(403, "You do not have permission to create issues in this project.")
        errors = {name: f"Field '{name}' cannot be set. It is not on the appropriate screen, or "
         "unknown."
                  for name in fields if name in self.refused}  # fmt: skip
        if fields["project"].get("key") not in ("OPS", "WEB"):
            errors["project"] = "valid project is required"
        if (
            fields["issuetype"].get("name") not in self.types
            and fields["issuetype"].get("id") not in self.types.values()
        ):
            errors["issuetype"] = "The issue type selected is invalid."
        errors.update(
            {name: f"{field['name']} ist erforderlich." for name, field in self.required.items()}
        )
        if len(fields["summary"]) > 255:
            errors["summary"] = "Summary can't exceed 255 characters."
        errors.update(self._wrong_text("description", fields.get("description")))
        reporter = fields.get("reporter")
        if reporter and not self._user(reporter.get("id" if self.cloud else "name")):
            errors["reporter"] = "The reporter specified is not a user."
        if errors:
            return problem(400, **errors)
        values = {**fields, "project": fields["project"]["key"]}
        values["reporter"] = (
            self._user(reporter.get("id" if self.cloud else "name")) if reporter else None
        )
        made = self.issue(**values)
        return answer(
            {"id": made["id"], "key": made["key"], "self": f"https://x.example/{made['id']}"}, 201
        )

    def _wrong_text(self, name: str, text: Any) -> Dict[str, str]:
        if self.flavour == "cloud3":
            if said_in(text) > self.longest:
                return {name: "CONTENT_LIMIT_EXCEEDED"}
        elif text is not None and len(text.encode("utf-16-le")) // 2 > self.longest:
            return {
                name: "The entered text is too long. It exceeds the allowed limit of "
                f"{self.longest:,} characters."
            }
        return {}

    def _types(self, request: Request, project: str) -> Reply:
        if project not in ("OPS", "WEB"):
            return problem(400, f"No project could be found with key '{project}'.")
        types = [
            {"id": number, "name": name, "subtask": False} for name, number in self.types.items()
        ]
        return answer(
            {"issueTypes" if self.cloud else "values": types, "total": len(types), "startAt": 0}
        )

    def _fields_of_type(self, request: Request, project: str, number: str) -> Reply:
        known = {
            "summary": {"name": "Summary", "required": True},
            "reporter": {"name": "Reporter", "required": True},
            "priority": {"name": "Priority", "required": True, "hasDefaultValue": True},
        }
        fields = [
            {"fieldId": key, "key": key, **field}
            for key, field in {**known, **self.required}.items()
        ]
        return answer(
            {"fields" if self.cloud else "values": fields, "total": len(fields), "startAt": 0}
        )

    def _show(self, request: Request, key: str) -> Reply:
        known = self.issues.get(key)
        if known is None:
            return problem(404, "Issue does not exist or you do not have permission to see it.")
        wanted = request.query["fields"][0].split(",")
        shown = {
            "id": known["id"],
            "key": key,
            "fields": {name: self._field(known, name) for name in wanted},
        }
        if request.query.get("expand") == ["transitions"]:
            shown["transitions"] = self._ways(known)
        return answer(shown)

    def _field(self, issue: Dict[str, Any], name: str) -> Any:
        value = issue["fields"].get(name)
        if name == "status":
            return {"name": value, "statusCategory": {"key": _CATEGORIES[value]}}
        if name == "project":
            return {"key": value, **({"archived": True} if value in self.archived else {})}
        if name == "archiveddate":
            return "2026-11-01T10:00:00.000+0000" if issue["key"] in self.archived else None
        if name == "updated":
            return issue["updated"]
        if name == "comment":
            found = [self._said(one, properties=False) for one in self.comments[issue["key"]]]
            return {"comments": found[:20], "total": len(found), "maxResults": 20, "startAt": 0}
        return value

    def _said(self, comment: Dict[str, Any], properties: bool) -> Dict[str, Any]:
        return {
            key: value
            for key, value in comment.items()
            if key != "properties" or (properties and self.cloud)
        }

    def _comments(self, request: Request, key: str) -> Reply:
        if key not in self.issues:
            return problem(404, "Issue does not exist or you do not have permission to see it.")
        most = int(request.query.get("maxResults", ["50"])[0])
        found = list(self.comments[key])
        if request.query.get("orderBy") == ["-created"]:
            found.reverse()
        properties = "properties" in request.query.get("expand", [""])[0]
        said = [self._said(one, properties) for one in found[:most]]
        return answer({"comments": said, "total": len(found), "maxResults": most, "startAt": 0})

    def _comment(self, request: Request, key: str) -> Reply:
        if key not in self.issues:
            return problem(404, "Issue does not exist or you do not have permission to see it.")
        body = body_of(request)
        wrong = self._wrong_text("comment", body["body"])
        if wrong:
            return problem(400, **wrong)
        made = self.say(key, body["body"], properties=body.get("properties", []))
        return answer(self._said(made, properties=False), 201)

    def _ways(self, issue: Dict[str, Any], fields: bool = False) -> List[Dict[str, Any]]:
        now = issue["fields"]["status"]
        ways = [
            ("11", "Start work", "In Progress"),
            ("31", "Finish", "Done"),
            ("41", "Reopen", "To Do"),
        ]
        return [
            {"id": id, "name": name, "to": {"name": to},
             "hasScreen": bool(self.screen) and to == "Done",
             **({"fields": self.screen if to == "Done" else {}} if fields else {})}
            for id, name, to in ways if to != now
        ]  # fmt: skip

    def _transitions(self, request: Request, key: str) -> Reply:
        if key not in self.issues:
            return problem(404, "Issue does not exist or you do not have permission to see it.")
        ways = self._ways(self.issues[key], request.query.get("expand") == ["transitions.fields"])
        only = request.query.get("transitionId")
        return answer({"transitions": [way for way in ways if not only or way["id"] == only[0]]})

    def _move(self, request: Request, key: str) -> Reply:
        known, wanted = self.issues[key], body_of(request)["transition"]["id"]
        way = next((way for way in self._ways(known) if way["id"] == wanted), None)
        if way is None:
            return problem(400, "It is not on the appropriate screen for this operation.")
        if way["hasScreen"]:
            return problem(400, **dict.fromkeys(self.screen, "Bitte ausfüllen."))
        known["fields"]["status"] = way["to"]["name"]
        return Reply(204)

    def _assign(self, request: Request, key: str) -> Reply:
        if key not in self.issues:
            return problem(404, "Issue does not exist or you do not have permission to see it.")
        body = body_of(request)
        assert set(body) == {"accountId" if self.cloud else "name"}
        who = next(iter(body.values()))
        user = self._user(who) if who is not None else None
        if who is not None and user is None:
            return problem(400, assignee=f"User '{who}' cannot be assigned issues.")
        self.issues[key]["fields"]["assignee"] = user
        return Reply(204)

    def _assignable(self, request: Request) -> Reply:
        if request.query["issueKey"][0] not in self.issues:
            return problem(404, "Issue does not exist or you do not have permission to see it.")
        text = request.query["query" if self.cloud else "username"][0].lower()
        hidden = ("name",) if self.cloud else ("accountId",)
        found = [
            user
            for user in self.users
            if any(text in str(value).lower() for value in user.values())
        ]
        return answer(
            [{key: value for key, value in user.items() if key not in hidden} for user in found]
        )

    def _user(self, who: Any) -> Any:
        return next(
            (user for user in self.users if user["accountId" if self.cloud else "name"] == who),
            None,
        )

    def _search(self, request: Request) -> Reply:
        jql = request.query["jql"][0]
        self.queries.append(jql)
        condition = re.sub(r" ORDER BY updated DESC\Z", "", jql)
        try:
            matches = Condition(condition).matches
        except ValueError as wrong:
            return problem(400, f"Error in the JQL Query: {wrong}")
        for project in re.findall(
            r'"([^"]*)"', condition.partition(")")[0] if "project in" in condition else ""
        ):
            if project not in ("OPS", "WEB"):
                return problem(
                    400, f"The value '{project}' does not exist for the field 'project'."
                )
        found = [issue for issue in self.issues.values() if matches(self, issue)]
        found.sort(key=lambda one: str(one["updated"]), reverse=True)
        most = int(request.query.get("maxResults", ["50"])[0])
        page = [self._listed(one, request.query.get("fields")) for one in found[:most]]
        if self.cloud:
            last = len(found) <= most
            return answer(
                {"issues": page, "isLast": last, **({} if last else {"nextPageToken": "abc"})}
            )
        return answer({"issues": page, "total": len(found), "startAt": 0, "maxResults": most})

    def _listed(self, issue: Dict[str, Any], fields: Any) -> Dict[str, Any]:
        if not fields and self.cloud:
            return {"id": issue["id"]}
        return {
            "id": issue["id"],
            "key": issue["key"],
            "fields": {name: self._field(issue, name) for name in fields[0].split(",")},
        }

    def _tick(self) -> str:
        self._now += timedelta(seconds=1)
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.000%z")


def problem(status: int, *messages: str, **errors: str) -> Reply:
    """An error as Jira words it."""
    return answer({"errorMessages": list(messages), "errors": errors}, status)


def said_in(node: Any) -> int:
    """How long the text of a document is, as Jira counts."""
    if isinstance(node, dict):
        return len(node.get("text", "").encode("utf-16-le")) // 2 + said_in(node.get("content", []))
    return sum(said_in(one) for one in node) if isinstance(node, list) else 0
