"""The roles of rbac/, tried on a running StackStorm: what each may do, and what it may not.

Each role is tried as a user who has it and no other. Nothing is run that is allowed: a request with
a parameter that no action has is refused with 403 where the role does not reach, and with 400 where
it does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, Mapping, Set

import pytest
import yaml

from support.stackstorm.client import StackStorm

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.stem for path in (ROOT / "rbac/roles").glob("*.yaml"))
Who = Mapping[str, str]
# They are about the actions of this checkout, and fail where StackStorm has the roles of another.
pytestmark = pytest.mark.usefixtures("installed")
HOW = "see rbac/README.md; a user with this role alone is needed under rbac/assignments"


def granted(role: str) -> Set[str]:
    """The actions that the role's file grants, as references."""
    grants = yaml.safe_load((ROOT / f"rbac/roles/{role}.yaml").read_text())["permission_grants"]
    uids = [grant["resource_uid"].split(":") for grant in grants if "resource_uid" in grant]
    return {f"{pack}.{action}" for _, pack, action in uids}


@pytest.fixture(scope="module")
def users(stackstorm: StackStorm) -> Iterator[Dict[str, Who]]:
    """The headers of a user for each role that someone has alone."""
    answer = stackstorm.call("GET", "/rbac/role_assignments")
    if not answer.ok:
        pytest.skip(f"this StackStorm has no RBAC: {answer.status_code}")
    roles: Dict[str, Set[str]] = {}
    for one in answer.json():
        roles.setdefault(one["user"], set()).add(one["role"])
    alone = {next(iter(theirs)): user for user, theirs in sorted(roles.items()) if len(theirs) == 1}
    found: Dict[str, Who] = {}
    keys = []
    try:
        for role in ROLES:
            if role in alone:
                body = {"user": alone[role], "metadata": {"for": "the tests of opsroom"}}
                key = stackstorm.make("/apikeys", body)
                keys.append(key["id"])
                found[role] = {"St2-Api-Key": key["key"]}
        yield found
    finally:
        for key_id in keys:
            stackstorm.call("DELETE", f"/apikeys/{key_id}")


@pytest.fixture
def who(request: pytest.FixtureRequest, users: Dict[str, Who]) -> Who:
    """The user of the role that the test is about."""
    role = request.getfixturevalue("role")
    if role not in users:
        pytest.skip(f"nobody on this StackStorm has the role {role}; {HOW}")
    return users[role]


def may_run(stackstorm: StackStorm, who: Who, action: str) -> bool:
    """Whether a user may run an action; nothing is run."""
    body = {"action": action, "parameters": {"no_action_has_this": 1}}
    answer = stackstorm.call("POST", "/executions", body, who)
    assert answer.status_code in (400, 403), f"{action}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code == 400:
        assert "no_action_has_this" in answer.text
    return answer.status_code == 400


@pytest.mark.parametrize("role", ROLES)
class TestRole:
    def test_it_runs_exactly_the_actions_of_the_pack_that_it_grants(
        self, stackstorm: StackStorm, who: Who, role: str
    ) -> None:
        there = {one["ref"] for one in stackstorm.get("/actions?pack=opsroom&limit=100")}
        assert there
        may = {action for action in there if may_run(stackstorm, who, action)}
        assert may == there & granted(role)

    def test_it_runs_nothing_that_reaches_the_machines_or_the_packs(
        self, stackstorm: StackStorm, who: Who, role: str
    ) -> None:
        for action in (
            "core.local",
            "core.remote",
            "core.http",
            "packs.install",
            "chatops.post_result",
        ):
            if stackstorm.call("GET", f"/actions/{action}").ok:
                assert not may_run(stackstorm, who, action), action
        wanted = role != "opsroom_viewer"
        assert may_run(stackstorm, who, "chatops.post_message") is wanted

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/configs/opsroom", {"people": {}}),
            ("POST", "/packs/install", {"packs": ["opsroom_no_such_pack"]}),
            ("POST", "/packs/uninstall", {"packs": ["opsroom_no_such_pack"]}),
            ("POST", "/packs/register", {"packs": ["opsroom"], "types": ["policy"]}),
            (
                "PUT",
                "/keys/opsroom_test_of_roles",
                {"name": "opsroom_test_of_roles", "value": "x", "scope": "system"},
            ),
            ("POST", "/apikeys", {"user": "st2admin"}),
            ("GET", "/rbac/role_assignments", None),
            ("GET", "/configs/opsroom?show_secrets=true", None),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_it_changes_nothing_of_stackstorm_itself(
        self, stackstorm: StackStorm, who: Who, role: str, method: str, path: str, body: object
    ) -> None:
        assert stackstorm.call(method, path, body, who).status_code == 403

    def test_it_reads_no_system_key(self, stackstorm: StackStorm, who: Who, role: str) -> None:
        with stackstorm.secret("opsroom_test_of_roles", "hidden") as name:
            for query in ("", "?decrypt=true", "?scope=st2kv.system"):
                assert stackstorm.call("GET", f"/keys/{name}{query}", None, who).status_code == 403
            for scope in ("all", "system"):
                assert (
                    name
                    not in stackstorm.call(
                        "GET", f"/keys?scope={scope}&decrypt=true", None, who
                    ).text
                )

    def test_it_changes_no_action_and_no_alias_of_the_pack(
        self, stackstorm: StackStorm, who: Who, role: str
    ) -> None:
        for path, body in (
            ("/actions/opsroom.help", {"enabled": False}),
            ("/actionalias/opsroom.opsroom_help", {"enabled": False}),
        ):
            before = stackstorm.get(path)
            answer = stackstorm.call("PUT", path, {**before, **body}, who)
            assert answer.status_code == 403, f"{path}: {answer.status_code} {answer.text[:300]}"
            assert stackstorm.call("DELETE", path, None, who).status_code == 403


@pytest.mark.parametrize("role", ["opsroom_relay"])
def test_the_relay_finds_commands_and_passes_them_on(
    stackstorm: StackStorm, who: Who, role: str
) -> None:
    matched = stackstorm.call("POST", "/actionalias/match", {"command": "opsroom help"}, who)
    assert matched.status_code == 200
    assert stackstorm.call("GET", "/actionalias?limit=100", None, who).status_code == 200
    body = {
        "command": "opsroom help",
        "user": "alice",
        "source_channel": "#dev",
        "notification_route": "none",
    }
    passed_on = stackstorm.call("POST", "/aliasexecution/match_and_execute", body, who)
    assert passed_on.status_code == 201
    execution = passed_on.json()["results"][0]["execution"]["id"]
    assert stackstorm.ended(execution)["status"] in ("succeeded", "failed")


@pytest.mark.parametrize("role", ["opsroom_viewer", "opsroom_operator", "opsroom_release_manager"])
def test_people_find_the_actions_run_one_and_read_its_result(
    stackstorm: StackStorm, who: Who, role: str
) -> None:
    assert stackstorm.call("GET", "/actions?pack=opsroom&limit=100", None, who).status_code == 200
    assert stackstorm.call("GET", "/actions/opsroom.help", None, who).status_code == 200
    assert stackstorm.call("GET", "/runnertypes?name=python-script", None, who).status_code == 200
    begun = stackstorm.call("POST", "/executions", {"action": "opsroom.help"}, who)
    assert begun.status_code == 201
    assert stackstorm.ended(begun.json()["id"])["status"] in ("succeeded", "failed")
    assert stackstorm.call("GET", f"/executions/{begun.json()['id']}", None, who).status_code == 200
    listing = stackstorm.call("GET", "/executions?limit=1", None, who).status_code
    assert listing == (403 if role == "opsroom_viewer" else 200)


@pytest.mark.parametrize("role", ["opsroom_viewer"])
def test_a_viewer_cannot_speak_for_the_relay_or_cancel_what_others_run(
    stackstorm: StackStorm, who: Who, role: str
) -> None:
    assert (
        stackstorm.call("POST", "/actionalias/match", {"command": "opsroom help"}, who).status_code
        == 403
    )
    deploy = stackstorm.call("POST", "/executions", {"action": "opsroom.deploy"}, who)
    assert deploy.status_code == 403
    theirs = stackstorm.get("/executions?action=opsroom.deploy&limit=1")
    if theirs:
        assert (
            stackstorm.call("DELETE", f"/executions/{theirs[0]['id']}", None, who).status_code
            == 403
        )
