"""Changes that opsroom 0.3.0 stored and that are still open after an upgrade: each is carried out
as it was approved."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from opsroom.db.sql import update
from opsroom.db.store import open_store
from opsroom.records.changes import find
from support.worlds.guarded import approve, wait_for
from support.worlds.world import World


def as_stored_by_0_3_0(world: World, change: str, did: str, doing: str) -> None:
    """Give a change the facts that 0.3.0 stored: two sentences in place of where it comes from."""
    store = open_store(world.database)
    with store.write() as connection:
        found = find(connection, change)
        assert found is not None
        facts: Dict[str, Any] = {key: one for key, one in found.facts.items() if key != "source"}
        facts.update(did=did, doing=doing)
        update(connection, "changes", {"facts": json.dumps(facts)}, {"id": change})


@pytest.mark.parametrize(
    ("redeploy", "did", "doing"),
    [(False, "deployed", "deploying"), (True, "redeployed", "redeploying")],
    ids=["deploy", "redeploy"],
)
def test_a_deployment_is_carried_out_once_approved(
    world: World, redeploy: bool, did: str, doing: str
) -> None:
    if redeploy:  # although the version runs already
        assert approve(world, wait_for(world))["code"] == "deployed"
    change = wait_for(world, redeploy=redeploy)
    what = "web {version} to production"
    as_stored_by_0_3_0(world, change, f"{did} {what}", f"{doing} {what}")
    answer = approve(world, change)
    assert answer["code"] == "deployed"
    assert answer["message"].startswith(f"alice {did} web v1.1.0 to production")
    assert redeploy or ", verified" in answer["message"]


def test_a_promotion_says_where_the_version_comes_from(world: World) -> None:
    assert world.deploy("v1.1.0")["ok"]
    asked = world.ask("promote", app="web", source="uat", environment="production")
    what = "web {version} from uat to production"
    as_stored_by_0_3_0(world, asked["change"], f"promoted {what}", f"promoting {what}")
    answer = approve(world, asked["change"])
    assert answer["code"] == "deployed"
    assert answer["message"].startswith("alice promoted web v1.1.0 from uat to production")


def test_a_rollback_still_locks_afterwards_and_ignores_the_order(world: World) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        assert approve(world, wait_for(world, version))["code"] == "deployed"
    world.config["environments"]["production"].update(after="uat", lock_after_rollback=True)
    asked = world.ask("rollback", app="web", environment="production")
    what = "web to {version} on production"
    as_stored_by_0_3_0(world, asked["change"], f"rolled back {what}", f"rolling back {what}")
    answer = approve(world, asked["change"])
    assert answer["code"] == "deployed"
    assert "rolled back web to v1.0.0 on production" in answer["message"]
    locks = world.ask("list_locks", environment="production")["locks"]
    assert [one["environment"] for one in locks] == ["production"]
