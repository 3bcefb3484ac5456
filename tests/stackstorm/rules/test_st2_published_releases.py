"""A release that is published is deployed, once; what is not signed is not."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest

from support.stackstorm.rules import DEPLOYING, Place, compact, listening, release, switched_on


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
        (post,) = place.wait_for_announcements(1)
        assert "deployed web v1.1.0 to test" in post
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
        (post,) = place.wait_for_announcements(1)
    assert sorted(codes[2:]) in (["deployed", "seen_already"], ["busy", "deployed"])
    assert "deployed web v1.1.0 to test" in post
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
