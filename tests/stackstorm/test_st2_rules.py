"""Rules on a running StackStorm: what is told, once; what is deployed, and by nothing that a rule
did before."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Set
from urllib.parse import urlencode

import pytest
import requests
import yaml

from support.stackstorm.client import ENDED, StackStorm, wait_for
from support.worlds.world import ROOT, World

RULES = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "rules").glob("*.yaml"))
}
SECRET = "the-secret-of-the-webhook"
KEY = b"the-key-that-gitlab-signs-with"
SIGNING = "whsec_" + base64.b64encode(KEY).decode()
DEPLOYING = ("deploy", "promote", "rollback", "approve_change", "deploy_release", "promote_card")


class Place:
    """A world with an announce room that no other test speaks in."""

    def __init__(self, storm: StackStorm, world: World) -> None:
        self.storm = storm
        self.world = world
        self.room = f"#rules-{secrets.token_hex(4)}"
        world.config.update(
            announce=self.room,
            webhooks={
                "github": {"secret": SECRET, "repositories": {"acme/web": "web"}},
                "gitlab": {
                    "token": SECRET,
                    "signing_token": SIGNING,
                    "projects": {"acme/web": "web"},
                },
            },
            trackers={"board": {"kind": "local", "project": "OPS"}},
        )
        world.config["environments"]["uat"] = {"after": "test", "ready_column": "Doing"}
        storm.configure(world.config)

    def announced(self) -> List[str]:
        return self.storm.posts_in(self.room)

    def wait_for_announcements(self, count: int) -> List[str]:
        wait_for(lambda: len(self.announced()) >= count, f"{count} announcements in {self.room}")
        return self.announced()

    def known(self, *actions: str) -> Set[str]:
        """The ids of the executions that there are."""
        return {one["id"] for action in actions for one in self.storm.newest(f"opsroom.{action}")}

    def new(self, action: str, known: Set[str], count: int = 1) -> List[Dict[str, Any]]:
        """Wait for so many executions of an action besides those that were known, to their end;
        oldest first."""

        def fresh() -> List[Dict[str, Any]]:
            return [
                one
                for one in reversed(self.storm.newest(f"opsroom.{action}"))
                if one["id"] not in known
            ]

        def ended() -> bool:
            return len(fresh()) >= count and all(one["status"] in ENDED for one in fresh())

        wait_for(ended, f"{count} runs of {action}")
        return fresh()

    def results(self, action: str, known: Set[str], count: int = 1) -> List[Dict[str, Any]]:
        """What these returned."""
        return [
            dict((one["result"] or {}).get("result") or {})
            for one in self.new(action, known, count)
        ]

    def announcing(self, execution: str) -> Dict[str, Any]:
        """Wait until the rule has announced, or not, what an execution did; its result."""

        def done() -> List[Dict[str, Any]]:
            every = self.storm.newest("opsroom.announce_deployments")
            mine = [
                one for one in every if (one.get("parameters") or {}).get("execution") == execution
            ]
            return [one for one in mine if one["status"] in ENDED]

        wait_for(done, f"the announcement of {execution}")
        return dict(done()[0]["result"]["result"])

    def emit(self, trigger: str, **payload: Any) -> None:
        """What a sensor does."""
        self.storm.make("/webhooks/st2", {"trigger": f"opsroom.{trigger}", "payload": payload})

    def publish(
        self, raw: bytes, kind: str = "application/json", secret: str = SECRET, delivery: str = ""
    ) -> str:
        """What GitHub sends, with the key for StackStorm in the address; returns that key, which is
        gone by then."""
        signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": kind,
            "X-GitHub-Event": "release",
            "X-GitHub-Delivery": delivery or secrets.token_hex(8),
            "X-Hub-Signature-256": signature,
        }
        return self.deliver("github", raw, headers)

    def publish_on_gitlab(self, raw: bytes, token: str = SECRET, key: bytes = KEY) -> None:
        """What GitLab sends, signed, and with the token that the webhook was given."""
        id, moment = secrets.token_hex(8), str(int(time.time()))
        digest = hmac.new(key, f"{id}.{moment}.".encode() + raw, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/18.2.0",
            "X-Gitlab-Event": "Release Hook",
            "X-Gitlab-Token": token,
            "webhook-id": id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        self.deliver("gitlab", raw, headers)

    def deliver(self, service: str, raw: bytes, headers: Dict[str, str]) -> str:
        """Send it with a key for StackStorm in the address; that key, which is gone by then."""
        address = f"{self.storm.url}/webhooks/opsroom/{service}"
        with self.storm.api_key(self.storm.get("/user")["username"]) as of:
            key = {"st2-api-key": of["St2-Api-Key"]}
            answer = requests.post(address, params=key, data=raw, headers=headers, timeout=30)
        assert answer.status_code == 202, answer.text[:500]
        return key["st2-api-key"]


@pytest.fixture
def place(stackstorm: StackStorm, world: World) -> Place:
    return Place(stackstorm, world)


@contextmanager
def switched_on(storm: StackStorm, name: str) -> Iterator[None]:
    rule = storm.get(f"/rules/opsroom.{name}")
    try:
        assert storm.call("PUT", f"/rules/{rule['id']}", {**rule, "enabled": True}).ok
        yield
    finally:
        storm.call("PUT", f"/rules/{rule['id']}", {**rule, "enabled": False})


@contextmanager
def listening(storm: StackStorm, service: str = "github") -> Iterator[None]:
    """The rule for GitHub or GitLab, once StackStorm's API knows its address.

    Only the list tells: StackStorm 3.9 finds no single webhook whose address has a slash in it.
    """

    def known() -> bool:
        return f"opsroom/{service}" in {
            str(one["parameters"]["url"]) for one in storm.get("/webhooks")
        }

    with switched_on(storm, f"deploy_{service}_releases"):
        wait_for(known, "the webhook")
        yield


def release(tag: str) -> Dict[str, Any]:
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = 'Größe & <b> "so" \\ {{ st2kv.system.x }} <% ctx() %> \u2028 \U0001f389 / \t\r\n'
    about = {
        "tag_name": tag,
        "draft": False,
        "published_at": at,
        "body": text,
        "id": 12345678901,
        "name": None,
    }
    return {
        "action": "published",
        "release": about,
        "repository": {"full_name": "acme/web", "topics": [], "size": 0},
    }


def compact(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.usefixtures("installed")
def test_every_rule_is_registered_as_its_file_says(stackstorm: StackStorm) -> None:
    there = {one["name"]: one for one in stackstorm.get("/rules?pack=opsroom&limit=100")}
    for name, rule in RULES.items():
        assert there[name]["enabled"] is rule["enabled"], name
        assert there[name]["action"]["ref"] == rule["action"]["ref"]


def test_a_deployment_that_was_not_asked_for_there_is_announced_once(place: Place) -> None:
    storm = place.storm
    done = storm.run(
        "opsroom.deploy", parameters={"app": "web", "version": "v1.0.0", "environment": "test"}
    )
    assert done["status"] == "succeeded"
    assert place.announcing(done["id"])["told"] == 1
    said = storm.say("deploy web v1.1.0 to test", "alice", place.room)
    assert place.announcing(said.id)["told"] == 0
    other = storm.say("deploy web v1.2.0 to test", "alice", "#elsewhere")
    assert place.announcing(other.id)["told"] == 1
    first, answer, last = place.wait_for_announcements(3)
    assert "deployed web v1.0.0 to test" in first
    assert answer == said.message
    # The answer has a link at its end, which StackStorm's workflow puts there.
    assert last == other.result["message"]
    assert other.message.startswith(last)


def test_while_it_is_quiet_nothing_is_told_and_everything_recorded(place: Place) -> None:
    storm = place.storm
    assert storm.say("quiet announcements for 30m", "alice", "#dev").code == "quiet"
    done = storm.run(
        "opsroom.deploy", parameters={"app": "web", "version": "v1.0.0", "environment": "test"}
    )
    assert place.announcing(done["id"])["told"] == 0
    assert place.announced() == []
    said = storm.say("loud announcements", "alice", "#dev")
    assert (said.code, said.result["missed"]) == ("loud", 1)
    assert place.world.events() == ["quiet", "asked", "started", "succeeded", "loud"]


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_release_is_deployed_once_announced_once_and_leads_to_nothing_else(
    place: Place, kind: str
) -> None:
    body = compact(release("v1.1.0"))
    raw = body if kind == "application/json" else urlencode({"payload": body}).encode()
    with listening(place.storm), switched_on(place.storm, "promote_ready_cards"):
        known = place.known(*DEPLOYING)
        place.publish(raw, kind, delivery="d-1")
        (result,) = place.results("deploy_release", known)
        assert (result["code"], result["environment"]) == ("deployed", "test")
        place.publish(raw, kind, delivery="d-2")
        again = place.new("deploy_release", known, 2)
        assert again[1]["result"]["result"]["code"] == "seen_already"
        for one in again:
            place.announcing(one["id"])
        (said,) = place.wait_for_announcements(1)
        assert "deployed web v1.1.0 to test" in said
        # What a rule did set off no other rule that deploys.
        assert place.known(*DEPLOYING) - known == {one["id"] for one in again}
    assert len(place.announced()) == 1
    assert place.world.running("test") == "v1.1.0"
    assert place.world.events() == ["asked", "started", "succeeded"]


def test_what_is_not_signed_is_refused_and_leaves_nothing(place: Place) -> None:
    with listening(place.storm):
        known = place.known("deploy_release")
        place.publish(compact(release("v1.1.0")), secret="another-secret-of-someone")
        assert place.results("deploy_release", known)[0]["code"] == "not_signed"
    assert place.world.running("test") == ""
    assert place.announced() == []


def test_a_release_on_gitlab_is_deployed_once_and_what_is_not_signed_is_not(place: Place) -> None:
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    about = {
        "description": 'Größe & <b> "so" {{ st2kv.system.x }}',
        "name": "v1.1.0",
        "tag": "v1.1.0",
        "id": 1,
    }
    project = {"id": 2, "name": "Web", "path_with_namespace": "acme/web", "ci_config_path": None}
    body = {
        **about,
        "created_at": now,
        "object_kind": "release",
        "action": "create",
        "project": project,
    }
    raw = (
        compact(body).replace(b"&", b"\\u0026").replace(b"<", b"\\u003c").replace(b">", b"\\u003e")
    )
    with listening(place.storm, "gitlab"):
        known = place.known("deploy_release")
        place.publish_on_gitlab(raw, key=b"another-key")
        place.publish_on_gitlab(raw, token="another-token-of-someone")
        assert [one["code"] for one in place.results("deploy_release", known, 2)] == [
            "not_signed",
            "not_signed",
        ]
        place.publish_on_gitlab(raw)
        place.publish_on_gitlab(raw)
        codes = [one["code"] for one in place.results("deploy_release", known, 4)]
        (said,) = place.wait_for_announcements(1)
    assert sorted(codes[2:]) in (["deployed", "seen_already"], ["busy", "deployed"])
    assert "deployed web v1.1.0 to test" in said
    assert place.world.events() == ["asked", "started", "succeeded"]


def test_of_a_delivery_every_user_may_read_all_but_the_key_in_its_address(place: Place) -> None:
    delivery = secrets.token_hex(8)
    with listening(place.storm):
        known = place.known("deploy_release")
        key = place.publish(
            compact(release("v1.1.0")), secret="another-secret-of-someone", delivery=delivery
        )
        place.results("deploy_release", known)
    kept = json.dumps(place.storm.get("/triggerinstances?trigger_type=core.st2.webhook&limit=20"))
    assert delivery in kept
    assert key not in kept


def test_drift_is_recorded_and_told_once_however_often_it_is_heard_of(place: Place) -> None:
    known, event = place.known("note_drift"), secrets.token_hex(16)
    where = {"app": "web", "environment": "uat"}
    for _ in range(2):
        place.emit(
            "version_unknown_change",
            **where,
            version="",
            version_before="v1.0.0",
            asked_at="",
            event=event,
        )
    assert sorted(one["code"] for one in place.results("note_drift", known, 2)) == [
        "noted",
        "nothing_new",
    ]
    (said,) = place.wait_for_announcements(1)
    assert said.startswith("web on uat runs nothing any more (before: v1.0.0)")
    assert place.world.events() == ["drift"]


def test_a_card_in_the_column_that_asks_for_it_promotes_once(place: Place) -> None:
    storm = place.storm
    storm.run(
        "opsroom.deploy", parameters={"app": "web", "version": "v1.1.0", "environment": "test"}
    )
    card = storm.run("opsroom.create_card", parameters={"text": "checkout is slow"})["result"][
        "result"
    ]["card"]
    known, event = place.known("promote_card"), secrets.token_hex(16)
    with switched_on(storm, "promote_ready_cards"):
        for _ in range(2):
            place.emit(
                "card_moved",
                tracker="board",
                card=card,
                **{"from": "To do"},
                to="Doing",
                at="",
                event=event,
            )
        codes = sorted(one["code"] for one in place.results("promote_card", known, 2))
    assert codes == ["deployed", "nothing_new"]
    assert place.world.running("uat") == "v1.1.0"
    said = place.wait_for_announcements(2)
    assert len([one for one in said if "promoted web v1.1.0" in one]) == 1


def test_a_column_with_an_expression_in_its_name_is_refused_and_evaluated_by_nobody(
    place: Place,
) -> None:
    storm = place.storm
    with storm.secret(f"opsroom_test_{secrets.token_hex(4)}", "topsecret") as key:
        text = "{{ st2kv('system." + key + "', decrypt=true) }}"
        known = place.known("promote_card")
        with switched_on(storm, "promote_ready_cards"):
            for to in (text, "the one behind it"):
                event = secrets.token_hex(16)
                place.emit(
                    "card_moved",
                    tracker="board",
                    card="OPS-1",
                    **{"from": ""},
                    to=to,
                    at="",
                    event=event,
                )
            # The first one leaves an execution that failed, or none at all.
            behind = lambda: [  # noqa: E731
                one for one in place.new("promote_card", known) if one["status"] == "succeeded"
            ]
            wait_for(behind, "the one behind it")
            runs = place.new("promote_card", known)
    assert "topsecret" not in json.dumps(runs)


def test_a_failed_deployment_wakes_the_team_of_the_application(place: Place) -> None:
    storm, config = place.storm, place.world.config
    config["pagers"] = {"log": {"kind": "local", "on_call": {"web-team": ["bob"]}}}
    config["apps"]["web"].update(page="web-team", verify_for="0s")
    config["apps"]["web"]["version"] = {"kind": "command", "command": ["echo", "v0"]}
    config["environments"]["test"] = {"page_on_failure": "app"}
    storm.configure(config)
    known = place.known("page_on_failure")
    with switched_on(storm, "page_on_failure"):
        done = storm.run(
            "opsroom.deploy", parameters={"app": "web", "version": "v1.0.0", "environment": "test"}
        )
        assert done["status"] == "failed"
        assert place.results("page_on_failure", known)[0]["code"] == "paged"
    (said,) = place.wait_for_announcements(1)
    assert said.startswith("The deploy of web v1.0.0 on test by")
