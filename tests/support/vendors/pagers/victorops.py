"""Splunk On-Call on 127.0.0.1: its API, its REST endpoint on a host of its own, one organisation
behind both."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping
from urllib.parse import unquote

from support.contracts.vendor import Routes, Vendor, answer, body_of, routed
from support.servers.http import Reply, Request

API_ID = "4db9c3ea"
API_KEY = "api-5ecret-4eeb5d430d2a"
ENDPOINT_KEY = "rest-5ecret-8f0d-1177"
_GENERIC = "/integrations/generic/20131114"


class VictorOps:
    """The vendor's side. `incidents` as its list shows them; `pending` are alerts that have not
    become one yet.

    `policies_left` is how often the list of policies may still be asked for; `slow`: alerts wait
    for `work_off`.
    """

    def __init__(self) -> None:
        self.incidents: List[Dict[str, Any]] = []
        self.details: Dict[str, Dict[str, Any]] = {}
        self.pending: List[Dict[str, Any]] = []
        self.alerts: List[Dict[str, Any]] = []
        self.rerouted: List[Dict[str, Any]] = []
        self.slow = False
        self.policies_left = 1
        self.error = ""
        self.users = ["alice", "bob", "zoe", "opsroom-bot"]
        self.teams = [
            {"name": "Web", "slug": "team-aaaa1111"},
            {"name": "Data", "slug": "team-bbbb2222"},
        ]
        self.policies = [
            {"policy": {"name": "Web Primary", "slug": "pol-web1"}, "team": self.teams[0]},
            {"policy": {"name": "Data Primary", "slug": "pol-data1"}, "team": self.teams[1]},
            {"policy": {"name": "Data Waiting Room", "slug": "pol-data2"}, "team": self.teams[1]},
        ]
        self.routing = {
            "web": ["pol-web1"],
            "everything": ["pol-web1", "pol-data1"],
            "ops@example.com": ["pol-web1"],
        }
        self.on_call: Dict[str, List[str]] = {"pol-web1": ["bob"], "pol-data1": ["zoe", "alice"]}
        self.shifts: Dict[str, List[Dict[str, Any]]] = {}

    def api(self) -> Vendor:
        return Vendor("victorops", self)

    def endpoint(self) -> Vendor:
        return Vendor("victorops-endpoint", self.take_alert)

    def add(self, **fields: Any) -> Dict[str, Any]:
        """An incident that was made elsewhere."""
        number = len(self.incidents) + 1
        incident = {
            "alertCount": 1,
            "currentPhase": "UNACKED",
            "entityDisplayName": "Disk is full",
            "entityId": f"9b7a2cad-{number}",
            "entityState": "CRITICAL",
            "incidentNumber": str(number),
            "routingKey": "web",
            "service": "Disk is full",
            "startTime": f"2026-11-23T14:{number:02d}:22Z",
            "pagedTeams": ["team-aaaa1111"],
            "pagedUsers": ["bob"],
            "pagedPolicies": [self.policies[0]],
            "transitions": [],
            **fields,
        }
        self.incidents.append(incident)
        return incident

    def work_off(self) -> None:
        """Make incidents of the alerts that were taken."""
        pending, self.pending = self.pending, []
        for alert in pending:
            self._alerted(alert)

    def take_alert(self, request: Request) -> Reply:
        key, routing_key = (
            unquote(one) for one in request.path[len(f"{_GENERIC}/alert/") :].split("/")
        )
        if key != ENDPOINT_KEY:
            return Reply(404, "")
        sent = body_of(request)
        self.alerts.append({**sent, "routing_key": routing_key})
        self.pending.append(self.alerts[-1])
        if not self.slow:
            self.work_off()
        return answer({"result": "success", "entity_id": sent["entity_id"]})

    def __call__(self, request: Request) -> Reply:
        if (request.headers["x-vo-api-id"], request.headers["x-vo-api-key"]) != (API_ID, API_KEY):
            return Reply(403, "Authentication failed", {"Content-Type": "text/plain"})
        _, _, path = request.path.partition("/api-public")
        return routed(request, path, self._routes()) or Reply(404, "Path not found")

    def _routes(self) -> Routes:
        return [
            (
                "GET",
                "/v1/incidents",
                lambda request: answer({"incidents": json.loads(json.dumps(self.incidents))}),
            ),
            ("POST", "/v1/incidents", self._create),
            ("PATCH", "/v1/incidents/(ack|resolve)", self._change),
            ("POST", "/v1/incidents/reroute", self._reroute),
            ("GET", "/v1/oncall/current", self._current),
            ("GET", "/v2/team/([^/]+)/oncall/schedule", self._schedule),
            ("GET", "/v1/user", self._users),
            ("GET", "/v1/team", lambda request: answer(self.teams)),
            ("GET", "/v1/policies", self._policies),
            ("GET", "/v1/org/routing-keys", self._routing_keys),
        ]

    def _create(self, request: Request) -> Reply:
        sent = body_of(request)
        if sent["userName"] not in self.users:
            return answer({"error": f"Could not find user {sent['userName']}"})
        slugs = [one["policy"]["slug"] for one in self.policies] + self.users
        unknown = [one["slug"] for one in sent["targets"] if one["slug"] not in slugs]
        if unknown:
            return answer({"error": f"No such target: {unknown[0]}."})
        paged = [one["slug"] for one in sent["targets"]]
        made = self.add(
            entityDisplayName=sent["summary"],
            service=sent["summary"],
            pagedUsers=[slug for slug in paged if slug in self.users],
            pagedPolicies=[one for one in self.policies if one["policy"]["slug"] in paged],
        )
        self.details[made["incidentNumber"]] = sent
        error = {"error": self.error} if self.error else {}
        return answer(
            {"incidentNumber": made["incidentNumber"], "entityId": made["entityId"], **error}
        )

    def _change(self, request: Request, verb: str) -> Reply:
        sent = body_of(request)
        if sent["userName"] not in self.users:
            return Reply(404, "User not found")
        results = []
        for number in sent["incidentNames"]:
            found = next((one for one in self.incidents if one["incidentNumber"] == number), None)
            phase = found["currentPhase"] if found else ""
            ready = phase == "UNACKED" or (phase == "ACKED" and verb == "resolve")
            if found and ready:
                found["currentPhase"] = "ACKED" if verb == "ack" else "RESOLVED"
            results.append(
                {
                    "incidentNumber": number,
                    "entityId": found["entityId"] if found else "",
                    "cmdAccepted": bool(found and ready),
                    "message": "" if found and ready else "Incident is not open",
                }
            )
        return answer({"results": results})

    def _reroute(self, request: Request) -> Reply:
        sent = body_of(request)
        statuses = []
        for one in sent["reroutes"]:
            targets = []
            for target in one["targets"]:
                known = (
                    self.users
                    if target["type"] == "User"
                    else [each["policy"]["slug"] for each in self.policies]
                )
                good = target["slug"] in known
                targets.append(
                    {
                        "slug": target["slug"],
                        "success": good,
                        "message": "" if good else "Unknown target",
                    }
                )
            self.rerouted.append(one)
            done = all(target["success"] for target in targets)
            statuses.append(
                {"incidentNumber": one["incidentNumber"], "success": done, "targetStatus": targets}
            )
        return answer({"statuses": statuses})

    def _current(self, request: Request) -> Reply:
        # As it is answered: the description of the API has onCallNow and onCallUser.
        found = []
        for team in self.teams:
            now = [
                {
                    "escalationPolicy": one["policy"],
                    "users": [
                        {"onCalluser": {"username": user}}
                        for user in self.on_call[one["policy"]["slug"]]
                    ],
                }
                for one in self.policies
                if one["team"] == team and one["policy"]["slug"] in self.on_call
            ]
            found.append({"team": team, "oncallNow": now})
        return answer({"teamsOnCall": found})

    def _schedule(self, request: Request, slug: str) -> Reply:
        team = next((one for one in self.teams if one["slug"] == slug), None)
        if team is None:
            return Reply(404, "Team not found")
        schedules = [
            {
                "policy": one["policy"],
                "overrides": [],
                "schedule": self.shifts.get(one["policy"]["slug"], []),
            }
            for one in self.policies
            if one["team"] == team
        ]
        return answer({"team": team, "schedules": schedules})

    def _users(self, request: Request) -> Reply:
        # A list in a list, as it is answered.
        users = [
            {
                "username": name,
                "firstName": name.title(),
                "lastName": "Builder",
                "email": f"{name}@example.com",
            }
            for name in self.users
        ]
        return answer({"users": [users]})

    def _policies(self, request: Request) -> Reply:
        if self.policies_left < 1:
            return Reply(403, "Usage limit exceeded", {"Content-Type": "text/plain"})
        self.policies_left -= 1
        return answer({"policies": self.policies})

    def _routing_keys(self, request: Request) -> Reply:
        keys = [
            {
                "routingKey": key,
                "isDefault": False,
                "targets": [{"policySlug": slug, "policyName": slug} for slug in to],
            }
            for key, to in self.routing.items()
        ]
        return answer({"routingKeys": keys})

    def _alerted(self, alert: Mapping[str, Any]) -> None:
        found = next(
            (
                one
                for one in self.incidents
                if one["entityId"] == alert["entity_id"] and one["currentPhase"] != "RESOLVED"
            ),
            None,
        )
        if alert["message_type"] == "CRITICAL":
            if found is not None:
                found["alertCount"] += 1
                return
            slugs = self.routing.get(alert["routing_key"], ["pol-web1"])
            self.add(
                entityId=alert["entity_id"],
                entityDisplayName=alert["entity_display_name"],
                service=alert["entity_display_name"],
                routingKey=alert["routing_key"],
                pagedPolicies=[one for one in self.policies if one["policy"]["slug"] in slugs],
                pagedUsers=[user for slug in slugs for user in self.on_call.get(slug, [])],
            )
        elif found is not None:
            found["currentPhase"] = {"ACKNOWLEDGEMENT": "ACKED", "RECOVERY": "RESOLVED"}[
                alert["message_type"]
            ]
