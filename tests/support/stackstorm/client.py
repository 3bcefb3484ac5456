"""A running StackStorm, talked to as a chat relay, an administrator and anyone else talk to it.

`storm.say("deploy web v1.0.0 to uat", "alice")` is what hubot does with a message, and waits for
the text that the room reads. Which StackStorm: `ST2_API_URL` and `ST2_AUTH_TOKEN`, as for st2's own
client; the token is an administrator's. `OPSROOM_TEST_RELAY` names the relay's StackStorm user
(default `chatops_bot`).
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

import pytest
import requests

TIMEOUT = 120.0
RELAY = os.environ.get("OPSROOM_TEST_RELAY", "chatops_bot")
# Between two questions to the API, in seconds: the machine that answers them does the work, too. On
# a busy one everything takes longer, and the questions become fewer.
PAUSE, MAX_PAUSE = 0.1, 0.5
ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
# A route that no rule answers on.
NO_ROOM = "opsroom_tests_only"
# The description of whatever is there for one test, by which it is known if that test is killed.
FOR_ONE_TEST = "For one test of opsroom; to be removed."

Json = Dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A message that StackStorm took, and what came of it.

    `execution` is the ended execution, `ack` what the relay says at once (empty for nothing),
    `posted` the parameters of the `chatops.post_message` that stock `chatops.post_result`, or the
    rule answer_at_once, made: `message`, `channel`, `extra` and more; empty after `StackStorm.ask`,
    which does not wait for it.
    """

    execution: Json
    ack: str
    posted: Json

    @property
    def id(self) -> str:
        return str(self.execution["id"])

    @property
    def status(self) -> str:
        return str(self.execution["status"])

    @property
    def result(self) -> Json:
        """What the action returned; empty when it returned nothing."""
        result = (self.execution.get("result") or {}).get("result")
        return result if isinstance(result, dict) else {}

    @property
    def code(self) -> str:
        return str(self.result.get("code", ""))

    @property
    def message(self) -> str:
        """What the room reads."""
        return str(self.posted["message"])


class StackStorm:
    """The API of one StackStorm. `relay` is an API key of the relay's user, `route` what the relay
    wants answers by."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.admin = {"X-Auth-Token": token}
        self.relay: Dict[str, str] = {}
        self.route = "hubot"

    def call(
        self, method: str, path: str, body: Any = None, who: Optional[Mapping[str, str]] = None
    ) -> requests.Response:
        """One request, as the administrator unless told otherwise."""
        headers = self.admin if who is None else who
        return requests.request(
            method, self.url + path, json=body, headers=dict(headers), timeout=60
        )

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.ok, f"GET {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def make(self, path: str, body: Any) -> Any:
        answer = self.call("POST", path, body)
        assert answer.ok, f"POST {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    # Executions.

    def run(self, action: str, who: Optional[Mapping[str, str]] = None, **more: Any) -> Json:
        """Run an action as `st2 run` does, to its end. `parameters` and `context` as the API takes
        them."""
        answer = self.call("POST", "/executions", {"action": action, **more}, who)
        assert answer.status_code == 201, f"{action}: {answer.status_code} {answer.text[:500]}"
        return self.ended(answer.json()["id"])

    def execution(self, execution_id: str) -> Json:
        found: Json = self.get(f"/executions/{execution_id}")
        return found

    def ended(self, execution_id: str, timeout: float = TIMEOUT) -> Json:
        """Wait for the end of an execution."""
        wait_for(
            lambda: self.execution(execution_id)["status"] in ENDED,
            f"the end of {execution_id}",
            timeout,
        )
        return self.execution(execution_id)

    def newest(self, action: str, limit: int = 50) -> List[Json]:
        """The newest executions of an action, newest first."""
        wanted = "include_attributes=parameters,status,result,context,parent"
        found: List[Json] = self.get(
            f"/executions?action={action}&limit={limit}&sort_desc=True&{wanted}"
        )
        return found

    # Chat.

    def tell(
        self, text: str, who: str = "alice", room: str = "#dev", route: str = ""
    ) -> requests.Response:
        """Hand a message over as a relay does; what StackStorm answers at once. `route` is where
        the answer goes, by default to this relay's rooms."""
        body = {
            "command": text,
            "user": who,
            "source_channel": room,
            "notification_route": route or self.route,
        }
        return self.call("POST", "/aliasexecution/match_and_execute", body, self.relay)

    def begin(self, text: str, who: str = "alice", room: str = "#dev", route: str = "") -> Json:
        """Hand over a message that is taken; the first answer: `execution`, and `message` as
        acknowledgement."""
        answer = self.tell(text, who, room, route)
        assert answer.status_code == 201, f"{text!r}: {answer.status_code} {answer.text[:500]}"
        (begun,) = answer.json()["results"]
        return dict(begun)

    def say(self, text: str, who: str = "alice", room: str = "#dev") -> Answer:
        """Hand over a message and wait until the room has the answer."""
        return self.finish(self.begin(text, who, room))

    def ask(self, text: str, who: str = "alice", room: str = "#dev") -> Answer:
        """Hand over a message and wait for the end of the execution only. No rule posts the
        answer: on a busy machine that workflow takes longer than the command."""
        begun = self.begin(text, who, room, NO_ROOM)
        return Answer(self.ended(begun["execution"]["id"]), "", {})

    def finish(self, begun: Json) -> Answer:
        """Wait for the end of what `begin` began, and for its answer in the room."""
        execution = self.ended(begun["execution"]["id"])
        acknowledged = (
            begun.get("message", "") if begun["actionalias"]["ack"].get("enabled", True) else ""
        )
        return Answer(execution, acknowledged, self.answer_to(execution["id"]))

    def answer_to(self, execution_id: str) -> Json:
        """The parameters of the message that was posted as the answer to an execution; fails when
        there are two."""
        (answering,) = self.answers_to(execution_id)
        assert answering["status"] == "succeeded", f"the room got no answer: {answering['result']}"
        if answering["action"]["ref"] == "chatops.post_message":
            return dict(answering["parameters"])
        children = self.get(f"/executions?parent={answering['id']}&limit=10")
        (message,) = [one for one in children if one["action"]["ref"] == "chatops.post_message"]
        return dict(message["parameters"])

    def answers_to(self, execution_id: str) -> List[Json]:
        """The ended executions of the rules that answer to an execution, once StackStorm is done
        with its rules."""
        found: List[Json] = []
        newest = "/triggerinstances?trigger=core.st2.generic.notifytrigger&limit=60&sort_desc=True"

        def notified() -> bool:
            found[:] = [
                one
                for one in self.get(newest)
                if one["payload"].get("execution_id") == execution_id
            ]
            return bool(found) and found[0]["status"] in ("processed", "processing_failed")

        wait_for(notified, f"the rules about the end of {execution_id}", TIMEOUT)
        assert len(found) == 1, f"the end of {execution_id} was told {len(found)} times"
        enforced = self.get(f"/ruleenforcements?trigger_instance={found[0]['id']}&limit=10")
        failed = [one for one in enforced if one["status"] != "succeeded"]
        assert not failed, f"rules could not answer: {failed}"
        return [self.ended(one["execution_id"]) for one in enforced]

    def posts_in(self, room: str) -> List[str]:
        """What was posted in a room, oldest first."""
        posts = [
            one
            for one in self.newest("chatops.post_message")
            if one["parameters"].get("channel") == room
        ]
        return [str(one["parameters"]["message"]) for one in reversed(posts)]

    # The pack's config.

    def config(self) -> Optional[Json]:
        """The config of the pack, None where there is none."""
        answer = self.call("GET", "/configs/opsroom?show_secrets=true")
        return None if answer.status_code == 404 else dict(answer.json()["values"] or {})

    def configure(self, config: Mapping[str, Any]) -> None:
        """Put another config in place."""
        answer = self.call("PUT", "/configs/opsroom", dict(config))
        assert answer.ok, f"the config was not taken: {answer.status_code} {answer.text[:1000]}"

    # Things that are there for one test.

    @contextmanager
    def secret(self, name: str, value: str) -> Iterator[str]:
        """An encrypted key of the datastore; yields its name."""
        assert self.call("GET", f"/keys/{name}").status_code == 404, (
            f"there is a key {name} already"
        )
        body = {"name": name, "value": value, "secret": True, "scope": "system"}
        answer = self.call("PUT", f"/keys/{name}", body)
        assert answer.ok, f"the key was not stored: {answer.status_code} {answer.text[:500]}"
        try:
            yield name
        finally:
            self.call("DELETE", f"/keys/{name}")

    @contextmanager
    def api_key(self, user: str) -> Iterator[Dict[str, str]]:
        """The headers that make a request that user's."""
        made = self.make("/apikeys", {"user": user, "metadata": {"for": "the tests of opsroom"}})
        try:
            yield {"St2-Api-Key": made["key"]}
        finally:
            self.call("DELETE", f"/apikeys/{made['id']}")

    @contextmanager
    def action(self, name: str, files: Mapping[str, str], **metadata: Any) -> Iterator[str]:
        """One more action in the pack; yields its reference. `files` maps a path below `actions/`
        to its text."""
        data_files = [{"file_path": path, "content": content} for path, content in files.items()]
        about = {"pack": "opsroom", "name": name, "enabled": True, "description": FOR_ONE_TEST}
        made = self.make("/actions", {**about, "data_files": data_files, **metadata})
        try:
            yield str(made["ref"])
        finally:
            self._remove("actions", str(made["ref"]))

    @contextmanager
    def policy(self, ref: str, kind: str, **parameters: Any) -> Iterator[None]:
        """One more policy, on an action."""
        name = f"{ref.rpartition('.')[2]}.for_a_test"
        about = {"pack": "opsroom", "name": name, "enabled": True, "description": FOR_ONE_TEST}
        made = self.make(
            "/policies",
            {**about, "resource_ref": ref, "policy_type": kind, "parameters": parameters},
        )
        try:
            yield
        finally:
            self._remove("policies", str(made["ref"]))

    @contextmanager
    def alias(self, **alias: Any) -> Iterator[None]:
        """One more alias."""
        about = {"pack": "opsroom", "enabled": True, "description": FOR_ONE_TEST}
        made = self.make("/actionalias", {**about, **alias})
        try:
            yield
        finally:
            self._remove("actionalias", str(made["ref"]))

    def clear_away(self) -> None:
        """Remove the actions, aliases and policies of tests that were killed before they could do
        it themselves."""
        for kind in ("policies", "actionalias", "actions"):
            for one in self.get(f"/{kind}?pack=opsroom&limit=100"):
                if one.get("description") == FOR_ONE_TEST:
                    self._remove(kind, str(one["ref"]))

    def _remove(self, kind: str, ref: str) -> None:
        """Take an action, an alias or a policy away, also while StackStorm's API is being
        restarted."""

        def gone() -> bool:
            try:
                answer = self.call(
                    "DELETE",
                    f"/{kind}/{ref}",
                    {"remove_files": True} if kind == "actions" else None,
                )
            except requests.RequestException:
                return False
            return answer.ok or answer.status_code == 404

        wait_for(gone, f"the removal of {ref}", timeout=30.0)


def connect() -> StackStorm:
    """The StackStorm of the environment variables. Skips, saying so, where there is none."""
    url, token = os.environ.get("ST2_API_URL", ""), os.environ.get("ST2_AUTH_TOKEN", "")
    if not url or not token:
        pytest.skip("no StackStorm to test with: ST2_API_URL and ST2_AUTH_TOKEN are not set")
    storm = StackStorm(url, token)
    try:
        answer = storm.call("GET", "/user")
    except requests.RequestException as error:
        pytest.skip(f"no StackStorm to test with: {url} does not answer ({type(error).__name__})")
    assert answer.ok, (
        f"StackStorm at {url} does not accept the token: {answer.status_code} {answer.text[:300]}"
    )
    user = answer.json()
    rbac = user.get("rbac") or {}
    assert not rbac.get("enabled") or rbac.get("is_admin"), (
        f"the token is {user['username']}'s, not an administrator's"
    )
    return storm


def wait_for(condition: Callable[[], object], what: str, timeout: float = TIMEOUT) -> None:
    """Return soon after the condition holds, a tenth later at most than it took; fail when it never
    does."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < timeout, f"never came: {what}"
        time.sleep(min(MAX_PAUSE, max(PAUSE, waited / 10)))


def forget(path: str) -> None:
    """Remove a file if there is one and it may be removed."""
    with suppress(OSError):
        os.unlink(path)
