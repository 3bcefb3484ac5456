"""deploy, promote and rollback: what is done, what is said, and what is recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List

import pytest

from support.worlds.world import World, git, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_version_is_put_in_place_checked_recorded_and_answered(world: World) -> None:
    answer = world.ask("deploy", app="web", version="v1.2.0", environment="uat")
    assert answer["ok"]
    assert answer["code"] == "deployed"
    assert answer["message"].startswith("alice deployed web v1.2.0 to uat, verified, in ")
    assert world.running() == "v1.2.0"
    assert world.events() == ["asked", "started", "succeeded"]
    last = world.records()[-1]
    assert (last.requester, last.person, last.chat_name, last.room) == (
        "alice",
        "alice",
        "alice",
        "#dev",
    )
    assert (last.st2_user, last.execution_id) == ("chatops_bot", "5f0000000000000000000001")
    assert (last.command, last.app, last.environment, last.version_before, last.version) == (
        "deploy", "web", "uat", "", "v1.2.0",
    )  # fmt: skip
    assert last.facts["verified"] is True
    assert last.facts["commit"] == git(world.folder / "repository", "rev-parse", "v1.2.0")
    assert world.claims() == 0
    assert world.chain_holds()


def test_the_answer_says_from_which_version(world: World) -> None:
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    answer = world.ask("deploy", "bob", app="web", version="v1.1.0", environment="uat")
    assert "bob deployed web v1.1.0 to uat (before: v1.0.0), verified" in answer["message"]
    assert answer["version_before"] == "v1.0.0"


def test_the_same_version_is_not_deployed_twice_unless_asked_to(world: World) -> None:
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    again = world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    assert (again["ok"], again["code"]) == (True, "already_there")
    assert "redeploy web v1.0.0 to uat" in again["message"]
    assert world.events()[-2:] == ["asked", "refused"]
    redone = world.ask("deploy", app="web", version="v1.0.0", environment="uat", redeploy=True)
    assert redone["code"] == "deployed"
    assert redone["message"].startswith("alice redeployed web v1.0.0 to uat")


def test_a_branch_is_recorded_as_the_commit_it_stood_for_and_moves_on(world: World) -> None:
    first = world.ask("deploy", app="web", version="main", environment="uat")
    assert first["version"] == git(world.folder / "repository", "rev-parse", "main")[:12]
    (world.folder / "repository" / "VERSION").write_text("newer\n")
    git(world.folder / "repository", "commit", "--quiet", "-am", "newer")
    second = world.ask("deploy", app="web", version="main", environment="uat")
    assert second["code"] == "deployed"
    assert world.running() == "newer"


def test_promoting_deploys_what_runs_there(world: World) -> None:
    world.ask("deploy", app="web", version="v1.1.0", environment="test")
    answer = world.ask("promote", "bob", app="web", source="test", environment="uat")
    assert answer["message"].startswith("bob promoted web v1.1.0 from test to uat, verified")
    assert world.running("uat") == "v1.1.0"
    assert world.records()[-1].command == "promote"


def test_promoting_does_not_follow_a_tag_that_was_moved_since(world: World) -> None:
    world.ask("deploy", app="web", version="v1.1.0", environment="test")
    git(world.folder / "repository", "tag", "--force", "v1.1.0", "v1.2.0")
    answer = world.ask("promote", app="web", source="test", environment="uat")
    assert answer["code"] == "changed_meanwhile"
    assert "deploy web " in answer["hint"]
    assert world.running("uat") == ""


@pytest.mark.parametrize(
    ("source", "code"),
    [("uat", "already_there"), ("test", "nothing_runs"), ("tset", "unknown_environment")],
)
def test_promoting_from_nowhere_is_refused(world: World, source: str, code: str) -> None:
    assert world.ask("promote", app="web", source=source, environment="uat")["code"] == code
    assert world.events() == ["asked", "refused"]


def test_rolling_back_goes_one_further_back_each_time(world: World) -> None:
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        world.ask("deploy", app="web", version=version, environment="uat")
    answer = world.ask("rollback", app="web", environment="uat")
    assert answer["message"].startswith(
        "alice rolled back web to v1.1.0 on uat (before: v1.2.0), verified"
    )
    assert world.ask("rollback", app="web", environment="uat")["version"] == "v1.0.0"
    assert world.running() == "v1.0.0"
    last = world.ask("rollback", app="web", environment="uat")
    assert last["code"] == "nothing_before"
    assert last["hint"] == "Name the version: deploy web VERSION to uat"


def test_a_version_that_was_put_in_place_but_not_verified_can_be_rolled_back(world: World) -> None:
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    told = world.config["apps"]["web"]["version"]
    script = world.folder / "says_first"
    world.with_app(
        "web",
        **{**world.config["apps"]["web"], "version": _says(script, "v1.0.0"), "verify_for": "0s"},
    )
    failed = world.ask("deploy", app="web", version="v1.1.0", environment="uat")
    assert failed["code"] == "not_verified"
    world.with_app("web", **{**world.config["apps"]["web"], "version": told})
    back = world.ask("rollback", app="web", environment="uat")
    assert (back["code"], back["version"]) == ("deployed", "v1.0.0")


def _says(script: Path, version: str) -> dict:  # type: ignore[type-arg]
    script.write_text(f"print('{version}')")
    return {"kind": "command", "command": [sys.executable, str(script)]}


def test_a_version_that_never_shows_up_is_a_failure_that_says_what_runs(world: World) -> None:
    world.with_app(
        "api",
        verify_for="1s",
        deploy={"kind": "command", "command": [sys.executable, "-c", "print('did nothing')"]},
        version=_says(world.folder / "old.py", "3.0.0"),
    )
    answer = world.ask("deploy", app="api", version="3.1.0", environment="test")
    assert (answer["ok"], answer["outcome"], answer["code"]) == (False, "failed", "not_verified")
    assert "api on test still reports 3.0.0" in answer["message"]
    assert answer["running"] == "3.0.0"
    assert world.events() == ["asked", "started", "failed"]
    assert world.claims() == 0


def test_a_command_that_fails_is_answered_with_its_last_words_and_what_runs(world: World) -> None:
    world.with_app(
        "api",
        deploy={
            "kind": "command",
            "command": [sys.executable, "-c", "print('disk on fire'); raise SystemExit(3)"],
        },
        version=_says(world.folder / "old.py", "3.0.0"),
    )
    answer = world.ask("deploy", app="api", version="3.1.0", environment="test")
    assert answer["code"] == "deploy_failed"
    assert "disk on fire" in answer["message"]
    assert "3.0.0 runs there now." in answer["message"]
    assert world.records()[-1].code == "deploy_failed"


def test_without_a_version_source_the_answer_admits_that_nothing_was_verified(world: World) -> None:
    world.with_app("api", deploy={"kind": "command", "command": [sys.executable, "-c", "pass"]})
    answer = world.ask("deploy", app="api", version="3.1.0", environment="test")
    assert answer["code"] == "deployed"
    assert "not verified" in answer["message"]
    assert answer["verified"] is False
    world.ask("deploy", app="api", version="3.2.0", environment="test")


def test_a_source_that_does_not_answer_stops_a_deployment_before_anything_is_touched(
    world: World,
) -> None:
    world.with_app(
        "api",
        deploy={
            "kind": "command",
            "command": [sys.executable, "-c", f"open({str(world.folder / 'touched')!r}, 'w')"],
        },
        version={"kind": "http", "url": "http://127.0.0.1:9/version", "time_limit": "10s"},
    )
    answer = world.ask("deploy", app="api", version="3.1.0", environment="test")
    assert answer["code"] == "unreachable"
    assert not (world.folder / "touched").exists()
    assert world.events() == ["asked", "failed"]
    assert world.claims() == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"app": "wbe", "version": "v1.0.0", "environment": "uat"}, "unknown_app"),
        ({"app": "web", "version": "v1.0.0", "environment": "uta"}, "unknown_environment"),
        ({"app": "web", "version": "v9.9.9", "environment": "uat"}, "unknown_version"),
        ({"app": "web", "version": "1.2 now", "environment": "uat"}, "invalid_name"),
        ({"app": "web", "version": "../../etc", "environment": "uat"}, "invalid_name"),
        ({"app": "web", "version": "--upload-pack=x", "environment": "uat"}, "invalid_name"),
        ({"app": "web", "version": "v1.0.0", "environment": "production"}, "not_allowed"),
    ],
)
def test_a_refusal_is_recorded_and_touches_nothing(
    world: World, given: dict[str, str], code: str
) -> None:
    answer = world.ask("deploy", **given)
    assert (answer["ok"], answer["outcome"], answer["code"]) == (False, "refused", code)
    assert world.events() == ["asked", "refused"]
    assert world.records()[-1].code == code
    assert not list((world.folder / "srv").glob("*/*/current"))


def test_rights_follow_the_person_and_the_room(world: World) -> None:
    given = {"app": "web", "version": "v1.0.0", "environment": "production"}
    assert world.ask("deploy", "carol", room="#dev", **given)["code"] == "wrong_room"
    assert (
        world.ask("deploy", "carol", user="mallory", room="#ops", **given)["code"] == "not_allowed"
    )
    assert world.ask("deploy", "carol", room="#ops", **given)["code"] == "deployed"


def test_an_application_that_does_not_live_there_is_refused(world: World) -> None:
    world.with_app("api", environments=["test"])
    answer = world.ask("deploy", app="api", version="v1", environment="uat")
    assert (answer["code"], answer["hint"]) == ("not_in_environment", "It is configured for test.")


def test_what_the_config_does_not_tell_is_said(world: World) -> None:
    world.with_app("api")
    assert (
        world.ask("deploy", app="api", version="v1", environment="uat")["code"] == "cannot_deploy"
    )
    assert world.ask("get_version", app="api", environment="uat")["code"] == "cannot_tell_version"


def test_a_long_deployment_tells_the_room_what_it_is_doing(world: World) -> None:
    flag = world.folder / "told"
    body = "import os, time\nprint('copying {{ files }}', flush=True)\n"
    body += f"while not os.path.exists({str(flag)!r}): time.sleep(0.05)"
    world.config["progress"] = {"after": "0s", "every": "1s", "most": 2}
    world.with_app(
        "api",
        deploy={"kind": "command", "command": [sys.executable, "-c", body], "time_limit": "60s"},
    )
    said: List[str] = world.room.said

    class Room:
        def say(self, text: str) -> None:
            said.append(text)
            if "copying" in text:
                flag.write_text("")

        def live(self, text: str) -> None:
            pass

    world.room = Room()  # type: ignore[assignment]
    assert world.ask("deploy", app="api", version="3.1.0", environment="test")["code"] == "deployed"
    told = next(one for one in said if "copying" in one)
    assert told.startswith("alice is deploying api 3.1.0 to test: copying { { files } } (")


def test_a_plan_tells_what_would_happen_and_changes_nothing(world: World) -> None:
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    before = world.events()
    plan = world.ask("plan", app="web", version="v1.2.0", environment="uat")
    assert plan["code"] == "plan"
    assert plan["message"].split("\n")[0] == "web on uat would go from v1.0.0 to v1.2.0."
    assert "deploy web v1.2.0 to uat" in plan["message"]
    assert plan["allowed"] is True
    assert world.running() == "v1.0.0"
    assert world.events() == before


def test_a_plan_names_everything_that_is_in_the_way(world: World) -> None:
    plan = world.ask("plan", app="web", version="v1.2.0", environment="production")
    assert [one["code"] for one in plan["obstacles"]] == ["not_allowed", "wrong_room"]
    assert plan["allowed"] is False


def test_a_secret_that_a_program_prints_reaches_neither_the_room_nor_the_record(
    world: World,
) -> None:
    body = (
        "import os, time\nfor _ in range(3): print('token is', os.environ['TOKEN'], "
        "flush=True)\nraise SystemExit(3)"
    )
    world.config["progress"] = {"after": "0s", "every": "1s", "most": 5}
    world.with_app(
        "api",
        deploy={
            "kind": "command",
            "command": [sys.executable, "-c", body],
            "secret_environ": {"TOKEN": "s3cr3t-<%value%>"},
        },
    )
    answer = world.ask("deploy", app="api", version="3.1.0", environment="test")
    assert "token is ***" in answer["message"]
    told = [*world.room.said, *world.room.lines, *map(str, world.records()), str(answer)]
    assert "token is" in " ".join(world.room.lines)
    assert not any("s3cr3t" in one for one in told)
