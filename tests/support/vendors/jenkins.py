"""Jenkins as far as opsroom uses it: one job in memory, whose builds go through the states that a
test says."""

from __future__ import annotations

import base64
import re
import time
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import parse_qs, urlsplit

from support.contracts.vendor import Vendor, answer
from support.servers.http import Reply, Request

USER, TOKEN = "deployer", "11d3adb33f5ecretT0ken"
JOB = "web-deploy"
_ALLOWED = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()


class Jenkins:
    """`jenkins = Jenkins(); with jenkins.vendor() as vendor: ...`.

    Each look at an item or a build finds the next of `states`, and the last again and again: "why"
    texts while it waits in the queue, then None (building) and a result. `declared` are the
    parameters of the job; others are dropped, as Jenkins does. `now` is Jenkins' clock.
    """

    def __init__(self) -> None:
        self.declared = ["VERSION", "ENVIRONMENT", "OPSROOM_ID"]
        self.states: List[Optional[str]] = ["In the quiet period.", None, "SUCCESS"]
        self.items: Dict[int, Dict[str, Any]] = {}
        self.builds: Dict[int, Dict[str, Any]] = {}
        self.now: Callable[[], float] = time.time
        self.buildable = True
        self.refuses = False
        self.expired = False
        self.missing_right = ""
        self.with_password = False
        self.may_cancel = True
        # What a build that is stopped becomes; None where it goes on.
        self.after_stop: Optional[str] = "ABORTED"
        self.begins_when_cancelled = False
        # Items that left the queue are forgotten.
        self.forgets = False
        # Another root address than the one that is asked, as behind a proxy.
        self.root = "http://jenkins.internal:8080/ci"
        self._step: Dict[int, int] = {}
        self._begun_at: Dict[int, float] = {}

    def vendor(self) -> Vendor:
        """The server."""
        return Vendor("jenkins", self.handle)

    def queue(self, user: str = USER, **parameters: str) -> int:
        """An item of the queue; its id."""
        item = 39 + len(self.items)
        kept = [
            {"name": name, "value": value}
            for name, value in parameters.items()
            if name in self.declared
        ]
        actions = [{"parameters": kept}, {}, {"causes": [{"userId": user}]}]
        self.items[item] = {"id": item, "actions": actions, "build": 0, "cancelled": False}
        self._step[item] = 0
        return item

    def build(self, result: Optional[str] = "SUCCESS", user: str = USER, **parameters: str) -> int:
        """A build; its number."""
        item = self.queue(user, **parameters)
        return self._begin(item, result)

    def parameters_of(self, item: int) -> Dict[str, str]:
        """The parameters that Jenkins kept."""
        kept = self.items[item]["actions"][0]["parameters"]
        return {one["name"]: one["value"] for one in kept}

    def _begin(self, item: int, result: Optional[str] = None) -> int:
        number = 35 + len(self.builds)
        self.items[item]["build"] = number
        self.builds[number] = {
            "number": number,
            "queueId": item,
            "building": result is None,
            "result": result,
            "timestamp": int(self.now() * 1000),
            "url": f"{self.root}/job/{JOB}/{number}/",
            "actions": self.items[item]["actions"],
        }
        return number

    def _advance(self, item: int) -> None:
        found = self.items[item]
        build = self.builds.get(found["build"])
        if found["cancelled"] or (build and build["result"]):
            return
        state = self.states[min(self._step[item], len(self.states) - 1)]
        self._step[item] += 1
        if state is None or state.isupper():
            if build is None:
                build = self.builds[self._begin(item)]
                self._begun_at[build["number"]] = self.now()
            build.update(building=state is None, result=state)
        else:
            found["why"] = state

    # Answers.

    def handle(self, request: Request) -> Reply:
        """What Jenkins answers."""
        reply = self._answer(request)
        headers = {"X-Jenkins": "2.579", **reply.headers}
        return Reply(reply.status, reply.body, headers)

    def _answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != _ALLOWED or self.expired:
            return _page(401, "Unauthorized")
        if self.with_password and request.method == "POST":
            return _page(403, "No valid crumb was included in the request")
        if self.missing_right:
            return Reply(403, "<html>no</html>", {"X-Required-Permission": self.missing_right})
        path = urlsplit(request.path).path
        parts = path.strip("/").split("/")
        if parts[0] == "queue":
            return self._queue(request, parts[1:])
        if parts[:2] != ["job", JOB]:
            return _page(404, "Not Found")
        return self._job(request, parts[2:])

    def _queue(self, request: Request, rest: List[str]) -> Reply:
        if rest == ["api", "json"]:
            waiting = [
                one for one in self.items.values() if not one["build"] and not one["cancelled"]
            ]
            return answer({"items": [self._item(one) for one in waiting]})
        if rest[0] == "cancelItem":
            return self._cancel(int(request.query["id"][0]))
        item = int(rest[1])
        if item not in self.items:
            return _page(404, "Not Found")
        found = self.items[item]
        if not found["build"]:
            self._advance(item)
        if self.forgets and (found["build"] or found["cancelled"]):
            return _page(404, "Not Found")
        return answer(self._item(found))

    def _item(self, found: Dict[str, Any]) -> Dict[str, Any]:
        number = found["build"]
        return {
            "id": found["id"],
            "why": found.get("why"),
            "cancelled": found["cancelled"],
            "task": {"url": f"{self.root}/job/{JOB}/"},
            "executable": {"number": number, "url": f"{self.root}/x"} if number else None,
            "actions": found["actions"],
        }

    def _cancel(self, item: int) -> Reply:
        found = self.items.get(item)
        if not self.may_cancel:
            return _page(422, "Unprocessable")
        if self.begins_when_cancelled and found and not found["build"]:
            self._begin(item)
        if found is None or found["build"]:
            return _page(404, "Not Found")
        found["cancelled"] = True
        return Reply(204, "")

    def _job(self, request: Request, rest: List[str]) -> Reply:
        if rest == ["api", "json"]:
            definitions = [{"name": one} for one in self.declared]
            newest = sorted(self.builds.values(), key=lambda one: -one["number"])
            return answer(
                {
                    "buildable": self.buildable,
                    "property": [{}, {"parameterDefinitions": definitions}],
                    "builds": newest,
                }
            )
        if rest[0] in ("build", "buildWithParameters"):
            return self._trigger(request, with_parameters=rest[0] != "build")
        number = int(rest[0])
        if number not in self.builds:
            return _page(404, "Not Found")
        build = self.builds[number]
        if rest[1] == "stop":
            if build["building"] and self.after_stop:
                build.update(building=False, result=self.after_stop)
            return Reply(302, "", {"Location": build["url"]})
        # The look that finds it begun is not the next one.
        if self._begun_at.pop(number, None) is None:
            self._advance(build["queueId"])
        return answer(build)

    def _trigger(self, request: Request, with_parameters: bool) -> Reply:
        if not self.buildable:
            return _page(409, "is not buildable")
        if with_parameters and not self.declared:
            return _page(400, f"{JOB} is not parameterized")
        if self.refuses:
            return Reply(302, "", {"Location": "."})
        wanted = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        kept = {name: value for name, value in wanted.items() if name in self.declared}
        for item, found in self.items.items():
            waits = not found["build"] and not found["cancelled"]
            if waits and self.parameters_of(item) == kept:
                return Reply(303, "", {"Location": f"{self.root}/queue/item/{item}/"})
        return Reply(201, "", {"Location": f"{self.root}/queue/item/{self.queue(**kept)}/"})


def _page(status: int, text: str) -> Reply:
    assert re.match(r"[\w ]", text)
    return Reply(status, f"<html><h1>{text}</h1></html>", {"Content-Type": "text/html"})
