"""The roles and policies for StackStorm: nothing is missing in them, and nothing is granted that
need not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Set

import pytest

from support.cases import cases
from support.expectations import expect
from support.metadata import metadata, read

ROOT = Path(__file__).resolve().parents[2]
ROLES: Dict[str, Any] = metadata("rbac/roles")
ACTIONS = metadata("actions")
IN_CHAT = {one["action_ref"].split(".")[1] for one in metadata("aliases").values()}
POLICIES = metadata("policies")
# What changes nothing that runs, and decides nothing.
READING = {
    *("find_cards", "get_card", "get_history", "get_version", "help", "list_changes", "list_locks"),
    "plan",
}
READING |= {"suggest"}
READING |= {
    *("get_on_call", "whoami", "doctor", "list_pages", "list_incidents", "report", "release_plan"),
    *("check_version", "check_green", "compare_environments", "compare_versions", "metrics"),
}
DEPLOYING = {
    *("approve_change", "confirm_change", "deploy", "deploy_set", "emergency_deploy", "promote"),
    "rollback",
}
DECIDING = {"approve_change", "reject_change", "review_change", "emergency_deploy"}
EVERYWHERE = {
    *("action_alias_list", "action_alias_match", "action_list", "execution_list"),
    *("execution_views_filters_list", "pack_list", "runner_type_list", "stream_view"),
}


def runs(role: str) -> Set[str]:
    """The actions of opsroom that a role may run."""
    grants = ROLES[role]["permission_grants"]
    uids = [grant["resource_uid"].split(":") for grant in grants if "resource_uid" in grant]
    return {uid[2] for uid in uids if uid[:2] == ["action", "opsroom"]}


@pytest.mark.parametrize("role", ROLES)
class TestRole:
    def test_it_is_named_after_its_file_and_prefixed(self, role: str) -> None:
        assert ROLES[role]["name"] == role
        assert role.startswith("opsroom_")
        assert ROLES[role]["enabled"] is True

    def test_it_grants_existing_actions_and_lists_and_nothing_else(self, role: str) -> None:
        for grant in ROLES[role]["permission_grants"]:
            if "resource_uid" not in grant:
                assert set(grant["permission_types"]) <= EVERYWHERE
                continue
            kind, pack, action = grant["resource_uid"].split(":")
            # To read the result of what one ran takes action_view, which action_execute does not
            # imply there. The relay gets results by the stream; what deploys it may look at, since
            # the next command asks whether it has ended.
            without = pack == "chatops" or (role == "opsroom_relay" and action not in DEPLOYING)
            view = [] if without else ["action_view"]
            assert grant["permission_types"] == ["action_execute", *view]
            assert kind == "action"
            assert (pack == "opsroom" and action in ACTIONS) or (pack, action) == (
                "chatops",
                "post_message",
            )


def test_the_relay_runs_what_chat_commands_lead_to_and_nothing_else() -> None:
    assert runs("opsroom_relay") == IN_CHAT
    everywhere = [
        grant
        for grant in ROLES["opsroom_relay"]["permission_grants"]
        if "resource_uid" not in grant
    ]
    assert [set(grant["permission_types"]) for grant in everywhere] == [
        {"action_alias_list", "action_alias_match", "stream_view"}
    ]


def test_a_viewer_changes_nothing_and_decisions_are_the_release_managers() -> None:
    assert runs("opsroom_viewer") == READING
    assert runs("opsroom_viewer") < runs("opsroom_operator") < runs("opsroom_release_manager")
    assert not DECIDING & runs("opsroom_operator")
    assert runs("opsroom_release_manager") >= DECIDING


def test_every_action_is_in_somebodys_role() -> None:
    assert runs("opsroom_release_manager") == set(ACTIONS)


def test_every_example_assigns_roles_that_exist_to_the_user_it_is_named_after() -> None:
    examples = sorted((ROOT / "rbac/assignments").glob("*.yaml.example"))
    assert examples
    for path in examples:
        assignment = read(path)
        assert assignment["username"] == path.name.split(".")[0]
        assert set(assignment["roles"]) <= set(ROLES)


@cases("name", POLICIES)
def test_a_policy_counts_by_parameters_that_its_action_has(name: str) -> None:
    policy = POLICIES[name]
    assert policy["name"] == f"{name}.concurrency"
    # Off: StackStorm counts what a dead runner left behind as running, and would cancel whatever
    # comes after it.
    assert policy["enabled"] is False
    expect(policy, pack="opsroom", resource_ref=f"opsroom.{name}")
    assert policy["policy_type"] == "action.concurrency.attr"
    parameters = policy["parameters"]
    required = {key for key, one in ACTIONS[name]["parameters"].items() if one.get("required")}
    assert set(parameters["attributes"]) <= required
    assert parameters["action"] == "cancel"
    assert parameters["threshold"] >= 2


def test_everything_that_deploys_has_the_second_belt() -> None:
    assert set(POLICIES) == {
        *("deploy", "deploy_set", "promote", "rollback", "emergency_deploy", "approve_change"),
        "confirm_change",
    }
