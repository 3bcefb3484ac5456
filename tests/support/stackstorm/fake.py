"""A StackStorm's API as far as deployments use it, played by a server on 127.0.0.1."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List

from support.servers.http import HttpServer, Reply, Request


class FakeStackStorm(HttpServer):
    """`storm.executions` has what was started, by id. `storm.goes(id)` is called at each look at a
    running one."""

    def __init__(self) -> None:
        super().__init__()
        self.executions: Dict[str, Dict[str, Any]] = {}
        self.tasks: Dict[str, List[Dict[str, Any]]] = {}
        self.goes: Callable[[Dict[str, Any]], None] = lambda execution: None
        self.refuses = ""
        self.may_list = True
        self.may_end = True
        self.may_view = True
        self.troubles: List[Any] = []

    @property
    def api(self) -> str:
        return self.url("/v1")

    def add(
        self, id: str, action: str = "acme.deploy", status: str = "running", **context: Any
    ) -> Dict[str, Any]:
        made = {
            "id": id,
            "action": {"ref": action},
            "status": status,
            "context": context,
            "result": None,
        }
        self.executions[id] = made
        return made

    def _note(self, request: Request) -> Any:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return self._reply

    def _reply(self, request: Request) -> Reply:
        trouble = next((one for one in self.troubles if one[0] == request.method), None)
        if trouble:
            self.troubles.remove(trouble)
            if not trouble[2]:
                return trouble[1]
        reply = self._answer(request)
        return Reply(reply.status, reply.body, drop=trouble[1].drop) if trouble else reply

    def _answer(self, request: Request) -> Reply:
        if (
            request.headers.get("x-auth-token", "") != "t0ken"
            and request.headers.get("st2-api-key", "") != "k3y"
        ):
            return Reply(401, '{"faultstring": "Unauthorized"}')
        parts = request.path.split("/")[3:]
        if request.method == "POST":
            if self.refuses:
                return Reply(400, json.dumps({"faultstring": self.refuses}))
            body = json.loads(request.body)
            made = self.add(f"e{len(self.executions) + 1}", body["action"], "requested")
            made["parameters"] = body["parameters"]
            made["context"] = json.loads(request.headers.get("st2-context", "{}"))
            return Reply(201, json.dumps(made))
        if parts and parts[0] not in self.executions:
            return Reply(404, '{"faultstring": "not found"}')
        if request.method == "PUT":
            if not self.may_end:
                return Reply(
                    403,
                    '{"faultstring": "User doesn\'t have required permission '
                    '\\"execution_stop\\""}',
                )
            if self.executions[parts[0]]["status"] != "running":
                return Reply(400, '{"faultstring": "Execution is already in completed state."}')
            self.executions[parts[0]].update(json.loads(request.body))
            return Reply(200, json.dumps(self.executions[parts[0]]))
        if request.method == "DELETE":
            self.executions[parts[0]]["status"] = "canceled"
            return Reply(200, json.dumps(self.executions[parts[0]]))
        if not parts and not self.may_list:
            return Reply(
                403,
                '{"faultstring": "User doesn\'t have required permission \\"execution_list\\""}',
            )
        if parts and not self.may_view:
            return Reply(
                403,
                '{"faultstring": "User doesn\'t have required permission \\"execution_view\\""}',
            )
        if parts:
            self.goes(self.executions[parts[0]])
            return Reply(200, json.dumps(self.executions[parts[0]]))
        if "parent" in request.query:
            return Reply(200, json.dumps(self.tasks.get(request.query["parent"][0], [])))
        found = list(reversed(list(self.executions.values())))
        for key, value in (
            ("action", lambda one: one["action"]["ref"]),
            ("status", lambda one: one["status"]),
        ):
            found = [
                one
                for one in found
                if key not in request.query or value(one) == request.query[key][0]
            ]
        return Reply(200, json.dumps(found))

    def trouble(self, method: str, reply: Reply, after: bool = False) -> None:
        """The next request of that method gets this reply; with `after`, it is carried out and its
        answer lost."""
        self.troubles.append((method, reply, after))
