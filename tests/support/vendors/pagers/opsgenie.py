"""Opsgenie on 127.0.0.1: takes requests, works them off when their outcome is asked for, and knows
a small account."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Callable, Dict, List, Optional, Tuple

from support.contracts.vendor import Routes, Vendor, answer, body_of, routed
from support.servers.http import Reply, Request

KEY = "int-5ecret-0f-the-integration"
READ_KEY = "acc-5ecret-0f-the-account"


class Opsgenie:
    """The vendor's side. `alerts` are the alerts by id; `slow` how often an outcome is asked for
    before it is known.

    `outcome` replaces what becomes of the next request: (isSuccess, status), and nothing is done
    when it is no success.
    """

    def __init__(self) -> None:
        self.alerts: Dict[str, Dict[str, Any]] = {}
        self.slow = 1
        self.outcome: Optional[Tuple[bool, str]] = None
        self.teams = [
            {"id": str(uuid.UUID(int=1)), "name": "web"},
            {"id": str(uuid.UUID(int=2)), "name": "Web Ops"},
        ]
        self.escalations = [{"id": str(uuid.UUID(int=3)), "name": "web_escalation"}]
        self.schedules: List[Dict[str, Any]] = [
            {
                "id": str(uuid.UUID(int=4)),
                "name": "web_schedule",
                "enabled": True,
                "ownerTeam": self.teams[0],
            }
        ]
        self.users = [
            {"id": str(uuid.UUID(int=5)), "username": "bob@example.com", "fullName": "Bob Builder"},
            {"id": str(uuid.UUID(int=6)), "username": "zoe@example.com", "fullName": "Zoë Webb"},
        ]
        self.on_call = {"web_schedule": ["bob@example.com"]}
        self._requests: Dict[str, Dict[str, Any]] = {}

    def vendor(self, base: str = "") -> Vendor:
        self._base = base
        return Vendor("opsgenie", self, base=base)

    def add(self, **fields: Any) -> Dict[str, Any]:
        """An alert that was made elsewhere."""
        number = len(self.alerts) + 1
        alert = {
            "id": f"{uuid.UUID(int=1000 + number)}-149586063{number:04d}",
            "tinyId": str(1700 + number),
            "alias": f"elsewhere-{number}",
            "message": "Disk is full",
            "status": "open",
            "acknowledged": False,
            "count": 1,
            "createdAt": f"2026-11-23T14:{number:02d}:11.846Z",
            "owner": "",
            "responders": [{"type": "team", "id": self.teams[0]["id"]}],
            **fields,
        }
        self.alerts[alert["id"]] = alert
        return alert

    def open(self) -> List[Dict[str, Any]]:
        return [one for one in self.alerts.values() if one["status"] == "open"]

    def __call__(self, request: Request) -> Reply:
        path = request.path[len(self._base) :]
        wanted = (
            READ_KEY
            if path.startswith(("/v2/schedules", "/v2/users", "/v2/teams", "/v2/escalations"))
            else KEY
        )
        said = request.headers.get("authorization")
        if said != f"GenieKey {wanted}":
            known = said in (f"GenieKey {KEY}", f"GenieKey {READ_KEY}")
            message = "You are not authorized" if known else "Could not authenticate"
            return answer(
                {"message": message, "took": 0.001, "requestId": "r"}, 403 if known else 401
            )
        nothing = answer({"message": "No such path", "took": 0.001, "requestId": "r"}, 404)
        return routed(request, path, self._routes()) or nothing

    def _routes(self) -> Routes:
        return [
            ("POST", "/v2/alerts", self._create),
            ("GET", "/v2/alerts", self._search),
            ("GET", "/v2/alerts/requests/([^/]+)", self._outcome),
            ("GET", "/v2/alerts/([^/]+)", self._read),
            ("POST", "/v2/alerts/([^/]+)/(acknowledge|close|responders|escalate)", self._act),
            ("GET", "/v2/teams", lambda request: data(self.teams)),
            ("GET", "/v2/escalations", lambda request: data(self.escalations)),
            ("GET", "/v2/schedules", lambda request: data(self.schedules)),
            ("GET", "/v2/schedules/([^/]+)/on-calls", self._on_calls),
            ("GET", "/v2/users", self._users),
        ]

    def _taken(self, action: str, work: Callable[[], Tuple[bool, str, str]]) -> Reply:
        id = str(uuid.uuid4())
        self._requests[id] = {"action": action, "work": work, "asked": 0}
        if not self.slow:
            self._work(id)
        return answer({"result": "Request will be processed", "took": 0.302, "requestId": id}, 202)

    def _work(self, id: str) -> Dict[str, Any]:
        job = self._requests[id]
        if "done" not in job:
            if self.outcome:
                (success, status), self.outcome = self.outcome, None
                alert = job["work"]()[2] if success else ""
            else:
                success, status, alert = job["work"]()
            job["done"] = {
                "success": success,
                "action": job["action"],
                "isSuccess": success,
                "status": status,
                "alertId": alert,
                "alias": "",
            }
        done: Dict[str, Any] = job["done"]
        return done

    def work_off(self) -> None:
        """Do all that was taken, as happens sooner or later whether someone asks or not."""
        for id in self._requests:
            self._work(id)

    def _outcome(self, request: Request, id: str) -> Reply:
        job = self._requests.get(id)
        if job is None:
            return answer({"message": "Request not found", "took": 0.001, "requestId": "r"}, 404)
        job["asked"] += 1
        if job["asked"] <= self.slow:
            return answer({"message": "Request not found", "took": 0.001, "requestId": "r"}, 404)
        return data(self._work(id))

    def _create(self, request: Request) -> Reply:
        sent = body_of(request)
        wrong = limits(sent)
        if wrong:
            content = {
                "message": "Request body is not processable.",
                "errors": wrong,
                "took": 0.001,
                "requestId": "r",
            }
            return answer(content, 422)

        def work() -> Tuple[bool, str, str]:
            same = [one for one in self.open() if one["alias"] == sent.get("alias")]
            if same:
                same[0]["count"] += 1
                return True, "Alert is deduplicated", same[0]["id"]
            responders = [self._known(one) for one in sent.get("responders", [])]
            if None in responders:
                return False, "Responder does not exist", ""
            keys = ("message", "alias", "description", "priority", "source", "details", "tags")
            made = self.add(
                **{key: sent[key] for key in keys if key in sent}, responders=responders
            )
            return True, "Created alert", made["id"]

        return self._taken("Create", work)

    def _known(self, responder: Dict[str, str]) -> Optional[Dict[str, str]]:
        lists: Dict[str, List[Dict[str, Any]]] = {
            "team": self.teams,
            "user": self.users,
            "escalation": self.escalations,
            "schedule": self.schedules,
        }
        for one in lists[responder["type"]]:
            for key in ("id", "name", "username"):
                if key in responder and one.get(key) == responder[key]:
                    return {"type": responder["type"], "id": one["id"]}
        return None

    def _alert(self, request: Request, id: str) -> Optional[Dict[str, Any]]:
        key = {"tiny": "tinyId", "alias": "alias", "id": "id"}[
            request.query.get("identifierType", ["id"])[0]
        ]
        return next((one for one in reversed(list(self.alerts.values())) if one[key] == id), None)

    def _read(self, request: Request, id: str) -> Reply:
        alert = self._alert(request, id)
        if alert is None:
            return answer(
                {"message": "Alert with id [x] does not exist.", "took": 0.001, "requestId": "r"},
                404,
            )
        return data(alert)

    def _act(self, request: Request, id: str, action: str) -> Reply:
        sent = body_of(request)

        def work() -> Tuple[bool, str, str]:
            alert = self._alert(request, id)
            if alert is None:
                return False, "Alert does not exist", ""
            if alert["status"] == "closed":
                return False, "Alert is already closed", alert["id"]
            if action == "acknowledge":
                if alert["acknowledged"]:
                    return False, "Alert is already acknowledged", alert["id"]
                alert.update(acknowledged=True, owner=sent["user"])
            elif action == "close":
                alert["status"] = "closed"
            elif action == "escalate":
                alert["escalated"] = sent["escalation"]["id"]
            else:
                responder = self._known(sent["responder"])
                if responder is None:
                    return False, "Responder does not exist", alert["id"]
                alert["responders"].append(responder)
            alert["note"] = sent.get("note", "")
            return True, f"Alert {action} done", alert["id"]

        return self._taken(action, work)

    def _search(self, request: Request) -> Reply:
        query = request.query.get("query", [""])[0]
        found = [
            one
            for one in self.alerts.values()
            if "status: open" not in query or one["status"] == "open"
        ]
        named = re.search(r'(teams|responders): "([^"]*)"', query)
        if named:
            every = [*self.teams, *self.users, *self.schedules, *self.escalations]
            ids = [
                one["id"]
                for one in every
                if named.group(2) in (one.get("name"), one.get("username"))
            ]
            found = [one for one in found if any(who["id"] in ids for who in one["responders"])]
        found.sort(key=lambda one: one["createdAt"], reverse=request.query["order"] == ["desc"])
        return data(found[: int(request.query["limit"][0])])

    def _on_calls(self, request: Request, id: str) -> Reply:
        key = request.query.get("scheduleIdentifierType", ["id"])[0]
        schedule = next((one for one in self.schedules if one[key] == id), None)
        if schedule is None:
            return answer(
                {"message": "Schedule does not exist", "took": 0.001, "requestId": "r"}, 404
            )
        return data(
            {"_parent": {"id": schedule["id"]}, "onCallRecipients": self.on_call[schedule["name"]]}
        )

    def _users(self, request: Request) -> Reply:
        begin, count = int(request.query["offset"][0]), int(request.query["limit"][0])
        return data(self.users[begin : begin + count])


def data(content: Any) -> Reply:
    return answer(
        {"data": json.loads(json.dumps(content)), "took": 0.012, "requestId": str(uuid.uuid4())}
    )


def limits(alert: Dict[str, Any]) -> Dict[str, str]:
    """What the vendor's page of the API says of lengths, counted as Java does."""
    most = {
        "message": 130,
        "alias": 512,
        "description": 15000,
        "user": 100,
        "source": 100,
        "entity": 512,
    }
    wrong = {}
    for name, limit in most.items():
        if len(alert.get(name, "").encode("utf-16-le")) // 2 > limit:
            wrong[name] = f"{name} can not be longer than {limit} characters."
    return wrong
