"""Releases that webhooks tell of: only a genuine, new one of a known repository is deployed, as
anyone else would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict, Iterator, Optional
from urllib.parse import parse_qs, urlencode

import pytest

from opsroom import commands
from support.expectations import expect, says
from support.records.late import away
from support.servers.http import HttpServer, Reply
from support.worlds.ruled import Ruled, make_ruled

SECRET = "the-secret-of-the-webhook"
GITLAB = "the-token-of-gitlab"
KEY = base64.b64encode(b"32 bytes of which nobody knows..").decode()
INSTANCE = "5f00000000000000000000aa"


class Hooks:
    """What came in, as StackStorm keeps it, and a rule that hands on its id."""

    def __init__(self, ruled: Ruled, server: HttpServer) -> None:
        self.ruled = ruled
        self.server = server

    def rule(
        self, headers: Dict[str, str], body: Any, service: str = "github", user: str = "stanley"
    ) -> Dict[str, Any]:
        payload = {"headers": headers, "headers_lower": {}, "body": body}
        answer = {"id": INSTANCE, "trigger": "core.1", "payload": payload, "status": "processed"}
        self.server.on(f"/v1/triggerinstances/{INSTANCE}", Reply(body=json.dumps(answer)))
        result = self.ruled.rule("deploy_release", user, service=service, instance=INSTANCE)
        self.ruled.follow()
        return result

    def github(
        self, secret: str = SECRET, delivery: str = "d-1", event: str = "release", **more: Any
    ) -> Dict[str, Any]:
        body = release(**more)
        return self.rule(signed(body, secret, event, delivery), body)

    def gitlab(
        self, token: str = GITLAB, event: str = "Release Hook", more: Any = None, **body: Any
    ) -> Dict[str, Any]:
        """`more`: headers besides those of the event and the token."""
        headers = {"X-Gitlab-Event": event, "X-Gitlab-Token": token, **(more or {})}
        return self.rule(headers, gitlab_release(**body), "gitlab")


def digest_of(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def signed(
    body: Any, secret: str = SECRET, event: str = "release", delivery: str = "d-1"
) -> Dict[str, str]:
    """The headers with which GitHub delivers it."""
    raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return {
        "X-Hub-Signature-256": digest_of(raw, secret),
        "X-Github-Event": event,
        "X-Github-Delivery": delivery,
    }


def release(
    tag: Any = "v1.0.0",
    repository: str = "acme/web",
    action: str = "published",
    age: float = 0,
    **about_it: Any,
) -> Any:
    at = (datetime.now(timezone.utc) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {
        "tag_name": tag,
        "draft": False,
        "published_at": at,
        "body": "{{ st2kv.system.x }} <b>ä</b>",
        **about_it,
    }
    return {"action": action, "release": about, "repository": {"full_name": repository}}


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    ruled = make_ruled(tmp_path)
    ruled.world.config["webhooks"] = {
        "github": {"secret": SECRET, "repositories": {"acme/web": "web"}},
        "gitlab": {"token": GITLAB, "projects": {"acme/web": "web"}, "environment": "uat"},
    }
    with HttpServer() as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "token-of-the-execution")
        yield Hooks(ruled, server)


def test_a_published_release_goes_to_the_first_environment_and_is_announced(hooks: Hooks) -> None:
    expect(hooks.github(), ok=True, code="deployed", environment="test")
    assert hooks.ruled.world.running("test") == "v1.0.0"
    (said,) = hooks.ruled.announced
    assert said.startswith("stanley deployed web v1.0.0 to test")
    assert hooks.server.requests[0].headers["x-auth-token"] == "token-of-the-execution"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"secret": "another-secret-of-someone"}, "not_signed"),
        ({"event": "push"}, "nothing_new"),
        ({"event": "create"}, "nothing_new"),
        ({"event": "delete"}, "nothing_new"),
        ({"event": "ping"}, "nothing_new"),
        *(
            ({"action": one}, "nothing_new")
            for one in ("created", "edited", "deleted", "unpublished", "prereleased")
        ),
        ({"draft": True}, "nothing_new"),
        ({"prerelease": True}, "nothing_new"),
        ({"prerelease": "false"}, "nothing_new"),
        ({"prerelease": None}, "nothing_new"),
        ({"tag": 1.1}, "nothing_new"),
        ({"tag": None}, "nothing_new"),
        ({"tag": ["v1.0.0"]}, "nothing_new"),
        ({"repository": "mallory/web"}, "unknown_app"),
        ({"tag": "v9.9.9"}, "unknown_version"),
        ({"tag": "../../etc"}, "invalid_name"),
        ({"tag": "{{ st2kv.system.x }}"}, "invalid_name"),
        ({"age": 90000.0}, "seen_already"),
    ],
)
def test_anything_else_deploys_nothing(hooks: Hooks, given: Dict[str, Any], code: str) -> None:
    assert hooks.github(**given)["code"] == code
    assert hooks.ruled.world.running("test") == ""
    assert "started" not in hooks.ruled.world.events()


@pytest.mark.parametrize("service", ["github", "gitlab"])
@pytest.mark.parametrize("trouble", [{"times": 3}, {"times": 1, "committed": True}])
def test_a_database_that_is_away_is_waited_for(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch, service: str, trouble: Any
) -> None:
    monkeypatch.setattr(commands, "_PAUSE", 0.0)
    with away(monkeypatch, **trouble):
        assert getattr(hooks, service)()["code"] == "deployed"


def test_what_is_not_signed_leaves_no_trace_that_could_be_filled_up(hooks: Hooks) -> None:
    hooks.github(secret="another-secret-of-someone")
    assert hooks.ruled.world.events() == []
    assert hooks.ruled.announced == []
    # Nor does it spoil the genuine one of the same name.
    assert hooks.github()["code"] == "deployed"


def test_a_delivery_that_comes_again_is_refused_also_under_another_name(hooks: Hooks) -> None:
    body = release()
    headers = signed(body)
    assert hooks.rule(headers, body)["code"] == "deployed"
    hooks.ruled.deploy("v1.1.0", "test", "#deploys")
    for delivery in ("d-1", "d-2"):
        expect(hooks.rule({**headers, "X-Github-Delivery": delivery}, body), code="seen_already")
    assert hooks.ruled.world.running("test") == "v1.1.0"
    assert hooks.github(delivery="d-1", tag="v1.2.0")["code"] == "seen_already"


def test_the_user_of_the_rule_needs_the_rights_of_anybody(hooks: Hooks) -> None:
    hooks.ruled.world.config["environments"]["test"] = {"deployers": ["alice"]}
    assert hooks.github()["code"] == "not_allowed"
    (said,) = hooks.ruled.announced
    assert said.startswith(
        "v1.0.0 of web, published on GitHub, was not deployed to test: stanley may not deploy "
        "to test."
    )
    hooks.ruled.world.config["environments"]["test"] = {"deployers": ["stanley"]}
    assert hooks.github(delivery="d-2", tag="v1.1.0")["code"] == "deployed"


def test_locks_hold_it_back_and_the_room_reads_why(hooks: Hooks) -> None:
    hooks.ruled.ask("lock", environment="test", reason="load test")
    assert hooks.github()["code"] == "locked"
    assert "test is locked by alice" in hooks.ruled.announced[0]
    assert hooks.ruled.world.running("test") == ""


def test_where_approval_is_wanted_it_waits_and_the_room_reads_how_to_approve(hooks: Hooks) -> None:
    hooks.ruled.world.config["environments"]["test"] = {"approvals": 1}
    answer = hooks.github()
    assert answer["code"] == "waiting"
    assert f"approve change {answer['change']}" in hooks.ruled.announced[0]
    assert hooks.ruled.ask("approve_change", change=answer["change"])["code"] == "deployed"


def test_a_form_of_github_is_understood_too(hooks: Hooks) -> None:
    raw = urlencode({"payload": json.dumps(release(), indent=1)})
    headers = {"x-hub-signature-256": digest_of(raw.encode()), "x-github-event": "release"}
    assert hooks.rule(headers, parse_qs(raw))["code"] == "deployed"


def test_a_pre_release_is_left_alone_until_the_config_wants_it(hooks: Hooks) -> None:
    answer = hooks.github(prerelease=True)
    assert answer["message"] == (
        "acme/web v1.0.0 is a pre-release; nothing was done. To deploy such releases too: "
        "webhooks.github.prereleases."
    )
    assert hooks.ruled.announced == []
    hooks.ruled.world.config["webhooks"]["github"]["prereleases"] = True
    assert hooks.github(prerelease=True)["code"] == "deployed"


@pytest.mark.parametrize(
    ("due", "code"),
    [
        (timedelta(0), "deployed"),
        (timedelta(seconds=2), "deployed"),
        (timedelta(minutes=10), "nothing_new"),
        (timedelta(days=30), "nothing_new"),
        (timedelta(hours=-2), "deployed"),
        (timedelta(days=-30), "seen_already"),
        (None, "seen_already"),
    ],
)
def test_the_date_of_a_release_of_gitlab_counts(
    hooks: Hooks, due: Optional[timedelta], code: str
) -> None:
    at = (
        "soon"
        if due is None
        else (datetime.now(timezone.utc) + due).strftime("%Y-%m-%d %H:%M:%S UTC")
    )
    answer = hooks.gitlab(released_at=at)
    assert answer["code"] == code
    assert hooks.ruled.world.running("uat") == ("v1.0.0" if code == "deployed" else "")
    if code == "nothing_new":
        says(answer, "is dated ", ends="webhooks.gitlab.upcoming.")
        hooks.ruled.world.config["webhooks"]["gitlab"]["upcoming"] = True
        assert hooks.gitlab(released_at=at)["code"] == "deployed"


@pytest.mark.parametrize("event", ["Tag Push Hook", "Push Hook", "Pipeline Hook", "System Hook"])
@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_only_a_new_release_counts_on_gitlab(hooks: Hooks, event: str, action: str) -> None:
    assert hooks.gitlab(event=event, action=action)["code"] == "nothing_new"
    if action != "create":
        assert hooks.gitlab(action=action)["code"] == "nothing_new"


def gitlab_release(**more: Any) -> Dict[str, Any]:
    at = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    project = {"path_with_namespace": "acme/web"}
    return {
        "object_kind": "release",
        "action": "create",
        "tag": "v1.0.0",
        "created_at": at,
        "project": project,
        **more,
    }


def test_gitlab_is_known_by_its_token(hooks: Hooks) -> None:
    assert hooks.gitlab("another")["code"] == "not_signed"
    expect(hooks.gitlab(), code="deployed", environment="uat")


def test_where_both_are_set_gitlab_has_to_sign_as_well(hooks: Hooks) -> None:
    hooks.ruled.world.config["webhooks"]["gitlab"]["signing_token"] = f"whsec_{KEY}"
    body = gitlab_release()
    assert hooks.gitlab(**body)["code"] == "not_signed"
    moment = str(int(datetime.now(timezone.utc).timestamp()))
    raw = f"m-1.{moment}.".encode() + json.dumps(body, separators=(",", ":")).encode()
    digest = base64.b64encode(hmac.new(base64.b64decode(KEY), raw, hashlib.sha256).digest())
    signature = {
        "webhook-id": "m-1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{digest.decode()}",
    }
    assert hooks.gitlab("another", more=signature, **body)["code"] == "not_signed"
    assert hooks.gitlab(more=signature, **body)["code"] == "deployed"


@pytest.mark.parametrize(
    ("webhooks", "where"),
    [
        ({"github": {"repositories": {"acme/web": "web"}}}, "webhooks.github.secret"),
        ({"github": {"secret": "short"}}, "webhooks.github.secret"),
        (
            {"github": {"secret": SECRET, "repositories": {"acme/web": "shop"}}},
            "webhooks.github.repositories.acme/web",
        ),
        (
            {"github": {"secret": SECRET, "repositories": {"web": "web"}}},
            "webhooks.github.repositories.web",
        ),
        ({"github": {"secret": SECRET, "environment": "moon"}}, "webhooks.github.environment"),
        ({"github": {"secret": SECRET, "token": "x"}}, "webhooks.github.token"),
        ({"github": {"secret": SECRET, "prereleases": "maybe"}}, "webhooks.github.prereleases"),
        ({"github": {"secret": SECRET, "upcoming": True}}, "webhooks.github.upcoming"),
        ({"gitlab": {"token": "the-token-of-gitlab", "upcoming": 1}}, "webhooks.gitlab.upcoming"),
        ({"gitlab": {}}, "webhooks.gitlab.token"),
        ({"gitlab": {"signing_token": "no-whsec-in-front-of-it"}}, "webhooks.gitlab.signing_token"),
        ({"gitea": {}}, "webhooks.gitea"),
    ],
)
def test_mistakes_are_named_by_their_key(
    hooks: Hooks, webhooks: Dict[str, Any], where: str
) -> None:
    hooks.ruled.world.config["webhooks"] = webhooks
    answer = hooks.ruled.rule("remind")
    assert answer["code"] == "settings_invalid"
    assert [one for one in answer["problems"] if one.startswith(f"{where}: ")]
    assert SECRET not in json.dumps(answer)
    assert "no-whsec" not in json.dumps(answer)


def test_a_reference_in_place_of_which_nobody_put_the_secret_is_none(hooks: Hooks) -> None:
    reference = "{{ st2kv.system.opsroom_github_webhook }}"
    hooks.ruled.world.config["webhooks"]["github"]["secret"] = reference
    assert hooks.github(secret=reference)["code"] == "not_signed"


def test_without_a_webhook_in_the_config_nothing_is_believed(hooks: Hooks) -> None:
    del hooks.ruled.world.config["webhooks"]
    assert hooks.github()["code"] == "not_configured"


@pytest.mark.parametrize(
    "reply", [Reply(404), Reply(body=b"[]"), Reply(body=b'{"payload": 1}'), Reply(403)]
)
def test_without_the_payload_of_stackstorm_nothing_is_done(hooks: Hooks, reply: Reply) -> None:
    hooks.server.on(f"/v1/triggerinstances/{INSTANCE}", reply)
    answer = hooks.ruled.rule("deploy_release", service="github", instance=INSTANCE)
    assert not answer["ok"]
    assert hooks.ruled.world.events() == []
