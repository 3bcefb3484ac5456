"""A PagerDuty account in memory, behind `support.contracts.vendor.Vendor`: it answers as the vendor
documents and remembers.

with FakePagerDuty() as account:
    account.options(service="PWEB")       # a config that speaks to it
    account.rest, account.events          # the two Vendors
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any, Callable, Dict, List, Optional

from support.contracts.vendor import Vendor, answer, body_of
from support.servers.http import Reply, Request

TOKEN = "u+t0ken-Secret_ABCDEF"
ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"
OPEN_ALREADY = "Open incident with matching dedup key already exists on this service"
START = "2026-11-23T09:00:00Z"


def error(status: int, number: int, message: str, *errors: str, **headers: str) -> Reply:
    """An error as the REST API explains it."""
    return answer(
        {"error": {"message": message, "code": number, "errors": list(errors)}}, status, **headers
    )


def invalid_event(*errors: str) -> Reply:
    """An error as the Events API explains it."""
    message = "Event object is invalid"
    return answer({"status": "invalid event", "message": message, "errors": list(errors)}, 400)


class FakePagerDuty:
    """Users alice, bob, carol and the bot; a service PWEB (policy PPOL: bob by the schedule PSCH,
    then carol)."""

    def __init__(self) -> None:
        self.users: Dict[str, Dict[str, str]] = {
            "PALICE": {"name": "Alice Jones", "email": "alice@example.com"},
            "PBOB": {"name": "Bob Brown", "email": "bob@example.com"},
            "PCAROL": {"name": "Carol White", "email": "carol@example.com"},
            "PBOT": {"name": "opsroom", "email": "bot@example.com"},
        }
        self.services: Dict[str, Dict[str, str]] = {
            "PWEB": {"name": "Web", "policy": "PPOL"},
            "POTHER": {"name": "Website checks", "policy": "PEMPTY"},
        }
        # Each level: who is on call there, as (user, schedule or "").
        self.policies: Dict[str, Dict[str, Any]] = {
            "PPOL": {"name": "Web team", "levels": [[("PBOB", "PSCH")], [("PCAROL", "")]]},
            "PEMPTY": {"name": "Nobody", "levels": []},
        }
        self.schedules: Dict[str, Dict[str, Any]] = {
            "PSCH": {
                "name": "Web rota", "end": "2026-11-23T18:00:00Z", "type": "schedule_reference",
            }
        }  # fmt: skip
        self.incidents: List[Dict[str, Any]] = []
        self.responders: List[Dict[str, Any]] = []
        self.abilities = {"coordinated_responding"}
        self.routing_keys = {ROUTING_KEY: "PWEB"}
        # Events wait here until `settle`, when it is not immediate: the vendor answers before it
        # works on them.
        self.queue: List[Dict[str, Any]] = []
        self.immediate = True
        self.page_size = 100
        self.lock = threading.RLock()
        self.rest = Vendor("pagerduty-rest", self._rest)
        self.events = Vendor("pagerduty-events", self._events)

    def __enter__(self) -> FakePagerDuty:
        self._stack = ExitStack()
        self._stack.enter_context(self.rest)
        self._stack.enter_context(self.events)
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.__exit__(*details)

    def options(self, **more: Any) -> Dict[str, Any]:
        """The keys of a pager that speaks to this account; None leaves a key out."""
        every = {
            "token": TOKEN, "from": "bot@example.com", "service": "PWEB",
            "url": self.rest.url("").rstrip("/"), "events_url": self.events.url("").rstrip("/"),
            **more,
        }  # fmt: skip
        return {key: value for key, value in every.items() if value is not None}

    def settle(self) -> None:
        """Work on the events that wait."""
        with self.lock:
            waiting, self.queue = self.queue, []
            for event in waiting:
                self._work(event)

    def opened(self) -> List[Dict[str, Any]]:
        return [one for one in self.incidents if one["status"] != "resolved"]

    # The REST API.

    def _rest(self, request: Request) -> Reply:
        with self.lock:
            if request.headers.get("authorization") != f"Token token={TOKEN}":
                return error(401, 2006, "Authentication failed")
            if request.headers.get("accept") != "application/vnd.pagerduty+json;version=2":
                return error(400, 2000, "Not the version 2 of the API")
            parts = request.path.strip("/").split("/")
            routes: Dict[Any, Callable[[Request, List[str]], Reply]] = {
                ("GET", "incidents", 1): self._list_incidents,
                ("POST", "incidents", 1): self._create, ("GET", "incidents", 2): self._get,
                ("PUT", "incidents", 2): self._update,
                ("POST", "incidents", 3): self._request_responders,
                ("GET", "oncalls", 1): self._oncalls, ("GET", "users", 1): self._names,
                ("GET", "services", 1): self._names, ("GET", "schedules", 1): self._names,
                ("GET", "escalation_policies", 1): self._names,
                ("GET", "services", 2): self._service,
            }  # fmt: skip
            return routes[(request.method, parts[0], len(parts))](request, parts)

    def _page(self, key: str, rows: List[Dict[str, Any]], request: Request) -> Reply:
        offset = int(request.query.get("offset", ["0"])[0])
        limit = min(int(request.query.get("limit", ["25"])[0]), self.page_size)
        if offset + limit > 10000:
            return error(400, 2001, "Invalid Input Provided", "Offset and limit exceed 10000.")
        shown = rows[offset : offset + limit]
        more = len(rows) > offset + limit
        return answer({key: shown, "limit": limit, "offset": offset, "more": more, "total": None})

    def _names(self, request: Request, parts: List[str]) -> Reply:
        every: Dict[str, Dict[str, Any]] = {
            "users": self.users, "services": self.services,
            "schedules": self.schedules, "escalation_policies": self.policies,
        }  # fmt: skip
        query = request.query.get("query", [""])[0].lower()
        rows = [
            {
                "id": id, "type": parts[0], "name": one["name"], "summary": one["name"],
                "email": one.get("email"),
            }
            for id, one in every[parts[0]].items()
            if query in one["name"].lower() or query in str(one.get("email", "")).lower()
        ]  # fmt: skip
        return self._page(parts[0], rows, request)

    def _service(self, request: Request, parts: List[str]) -> Reply:
        service = self.services.get(parts[1])
        if service is None:
            return error(404, 2100, "Not Found")
        policy = {"id": service["policy"], "type": "escalation_policy_reference"}
        return answer(
            {"service": {"id": parts[1], "name": service["name"], "escalation_policy": policy}}
        )

    def _user(self, id: str) -> Dict[str, Any]:
        return {"id": id, "type": "user_reference", "summary": self.users[id]["name"]}

    def _oncalls(self, request: Request, parts: List[str]) -> Reply:
        rows = []
        for policy_id, policy in self.policies.items():
            for level, entries in enumerate(policy["levels"], start=1):
                for user, schedule in entries:
                    rota = self.schedules.get(schedule)
                    reference = rota and {
                        "id": schedule, "type": rota["type"], "summary": rota["name"],
                    }  # fmt: skip
                    rows.append(
                        {
                            "user": self._user(user), "schedule": reference,
                            "escalation_policy": {"id": policy_id, "summary": policy["name"]},
                            "escalation_level": level, "start": START if rota else None,
                            "end": rota["end"] if rota else None,
                        }
                    )  # fmt: skip
        for name, part in (
            ("user_ids", "user"),
            ("schedule_ids", "schedule"),
            ("escalation_policy_ids", None),
        ):
            wanted = request.query.get(f"{name}[]")
            key = part or "escalation_policy"
            if wanted:
                rows = [row for row in rows if (row[key] or {}).get("id") in wanted]
        return self._page("oncalls", rows, request)

    def _requester(self, request: Request) -> Optional[str]:
        wanted = request.headers.get("from", "").lower()
        return next((id for id, one in self.users.items() if one["email"].lower() == wanted), None)

    def _create(self, request: Request, parts: List[str]) -> Reply:
        requester = self._requester(request)
        if requester is None:
            return error(400, 1008, "Requester User Not Found")
        wanted = body_of(request)["incident"]
        service_id = wanted["service"]["id"]
        if service_id not in self.services:
            return error(400, 2002, "Arguments Caused Error", "Service not found")
        if "assignments" in wanted and "escalation_policy" in wanted:
            return error(
                400, 2001, "Invalid Input Provided",
                "Assignments and escalation policy exclude each other",
            )  # fmt: skip
        if len(wanted["title"]) > 1024 or "\n" in wanted["title"]:
            return error(400, 2001, "Invalid Input Provided", "Title is too long")
        key = wanted.get("incident_key")
        if any(
            one["incident_key"] == key and one["service"]["id"] == service_id
            for one in self.opened()
        ):
            return error(
                400, 2002, "Arguments Caused Error",
                "Open incident with matching dedup key already exists on this service",
            )  # fmt: skip
        policy = (
            wanted.get("escalation_policy", {}).get("id") or self.services[service_id]["policy"]
        )
        people = [one["assignee"]["id"] for one in wanted.get("assignments", [])]
        if any(one not in self.users for one in people) or policy not in self.policies:
            return error(400, 2002, "Arguments Caused Error", "Assignee not found")
        incident = self._add(wanted["title"], service_id, policy, people, key)
        incident["urgency"] = wanted.get("urgency", "low")
        incident["body"] = wanted["body"]
        incident["from"] = requester
        if [one["assignee"]["id"] for one in incident["assignments"]] == [requester]:
            incident["status"] = "acknowledged"
        return answer({"incident": self._shown(incident)}, 201)

    def _add(
        self,
        title: str,
        service: str,
        policy: str,
        people: List[str],
        key: Optional[str],
        alert: str = "",
    ) -> Dict[str, Any]:
        number = 1200 + len(self.incidents) + 1
        direct = bool(people)
        levels = self.policies[policy]["levels"]
        people = people or [user for user, _ in (levels[0] if levels else [])]
        incident: Dict[str, Any] = {
            "id": f"PI{number}",
            "type": "incident",
            "incident_number": number,
            "title": title,
            "summary": f"[#{number}] {title}",
            "html_url": f"https://acme.example.com/incidents/PI{number}",
            "created_at": START,
            "last_status_change_at": START,
            "status": "triggered",
            "incident_key": key,
            "alert_key": alert,
            "service": {
                "id": service,
                "type": "service_reference",
                "summary": self.services[service]["name"],
            },
            "escalation_policy": {"id": policy, "summary": self.policies[policy]["name"]},
            "assigned_via": "direct_assignment" if direct else "escalation_policy",
            "assignments": [{"at": START, "assignee": self._user(one)} for one in people],
        }
        self.incidents.append(incident)
        return incident

    def _shown(self, incident: Dict[str, Any]) -> Dict[str, Any]:
        return {
            key: value
            for key, value in incident.items()
            if key not in ("alert_key", "from", "body")
        }

    def _list_incidents(self, request: Request, parts: List[str]) -> Reply:
        query = request.query
        rows = list(self.incidents)
        if "incident_key" in query:
            key = query["incident_key"][0]
            rows = [one for one in rows if key in (one["incident_key"], one["alert_key"])]
        if "statuses[]" in query:
            rows = [one for one in rows if one["status"] in query["statuses[]"]]
        if "service_ids[]" in query:
            rows = [one for one in rows if one["service"]["id"] in query["service_ids[]"]]
        if "user_ids[]" in query:
            wanted = query["user_ids[]"]
            rows = [
                one
                for one in rows
                if any(each["assignee"]["id"] in wanted for each in one["assignments"])
            ]
        if query.get("sort_by", [""])[0].endswith(":desc"):
            rows.reverse()
        return self._page("incidents", [self._shown(one) for one in rows], request)

    def _at(self, id: str, numbers: bool = True) -> Optional[Dict[str, Any]]:
        known = (
            (lambda one: id in (one["id"], str(one["incident_number"])))
            if numbers
            else (lambda one: id == one["id"])
        )
        return next((one for one in self.incidents if known(one)), None)

    def _get(self, request: Request, parts: List[str]) -> Reply:
        incident = self._at(parts[1])
        return (
            answer({"incident": self._shown(incident)})
            if incident
            else error(404, 2100, "Not Found")
        )

    def _update(self, request: Request, parts: List[str]) -> Reply:
        requester, incident = self._requester(request), self._at(parts[1], numbers=False)
        if requester is None:
            return error(400, 1008, "Requester User Not Found")
        if incident is None:
            return error(404, 2100, "Not Found")
        wanted = body_of(request)["incident"]
        status = wanted.get("status")
        if status == "resolved" and incident["status"] == "resolved":
            return error(400, 1001, "Incident Already Resolved")
        if status == "acknowledged" and incident["status"] == "acknowledged":
            return error(400, 1002, "Incident Already Acknowledged")
        if status:
            # What is resolved is opened again by this, as the vendor documents.
            incident["status"] = status
            incident["last_status_change_at"] = "2026-11-23T09:03:00Z"
            incident["changed_by"] = requester
            incident["resolution"] = wanted.get("resolution")
            if status == "resolved":
                incident["assignments"] = []
        level = wanted.get("escalation_level")
        if level:
            entries = self.policies[incident["escalation_policy"]["id"]]["levels"][level - 1]
            incident["assignments"] = [
                {"at": START, "assignee": self._user(user)} for user, _ in entries
            ]
            incident["status"], incident["assigned_via"] = "triggered", "escalation_policy"
            incident["changed_by"] = requester
        return answer({"incident": self._shown(incident)})

    def _request_responders(self, request: Request, parts: List[str]) -> Reply:
        if "coordinated_responding" not in self.abilities:
            return error(
                402, 2012, "Account does not have the abilities to perform the action",
                "coordinated_responding",
            )  # fmt: skip
        wanted = body_of(request)
        if self._requester(request) is None or wanted["requester_id"] not in self.users:
            return error(400, 1008, "Requester User Not Found")
        incident = self._at(parts[1], numbers=False)
        if incident is None:
            return error(404, 2100, "Not Found")
        targets = [one["responder_request_target"] for one in wanted["responder_request_targets"]]
        self.responders += [
            {**one, "incident": incident["id"], "by": wanted["requester_id"]} for one in targets
        ]
        return answer(
            {
                "responder_request": {
                    "incident": {"id": incident["id"]},
                    "message": wanted["message"],
                }
            }
        )

    # The Events API v2.

    def _events(self, request: Request) -> Reply:
        with self.lock:
            event = body_of(request)
            if event["routing_key"] not in self.routing_keys:
                return invalid_event("'routing_key' is invalid")
            summary = event.get("payload", {}).get("summary", "")
            if len(summary) > 1024 or len(event.get("dedup_key", "")) > 255:
                return invalid_event("'payload.summary' is too long")
            self.queue.append(event)
            if self.immediate:
                self.settle()
            return answer(
                {
                    "status": "success",
                    "message": "Event processed",
                    "dedup_key": event["dedup_key"],
                },
                202,
            )

    def _work(self, event: Dict[str, Any]) -> None:
        there = next((one for one in self.opened() if one["alert_key"] == event["dedup_key"]), None)
        if event["event_action"] == "trigger":
            if there is None:
                service = self.routing_keys[event["routing_key"]]
                summary, policy = event["payload"]["summary"], self.services[service]["policy"]
                # An incident that comes from an alert has no key of its own.
                self._add(summary, service, policy, [], None, alert=event["dedup_key"])
        elif there is not None:
            there["status"] = {"acknowledge": "acknowledged", "resolve": "resolved"}[
                event["event_action"]
            ]
