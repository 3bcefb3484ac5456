"""Rules on a running StackStorm: what sets them off, and what came of it."""

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

import requests

from support.stackstorm.client import ENDED, StackStorm, wait_for
from support.worlds.world import World

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
