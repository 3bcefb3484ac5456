"""deploy, promote and rollback: what is done, what is said, and what is recorded."""

from __future__ import annotations

from typing import Dict, List

import pytest

from support.expectations import expect, says
from support.worlds.world import World, git, python


def test_a_version_is_put_in_place_checked_recorded_and_answered(world: World) -> None:
    answer = world.deploy("v1.2.0")
    expect(answer, ok=True, code="deployed")
    assert answer["message"].startswith("alice deployed web v1.2.0 to uat, verified, in ")
    assert world.running() == "v1.2.0"
    assert world.events() == ["asked", "started", "succeeded"]
    last = world.records()[-1]
    expect(last, requester="alice", person="alice", chat_name="alice", room="#dev")
    expect(last, st2_user="chatops_bot", execution_id="5f0000000000000000000001")
    expect(
        last, command="deploy", app="web", environment="uat", version_before="", version="v1.2.0"
    )
    assert last.facts["verified"] is True
    assert last.facts["commit"] == git(world.folder / "repository", "rev-parse", "v1.2.0")
    assert world.claims() == 0
    assert world.chain_holds()


def test_the_answer_says_from_which_version(world: World) -> None:
    world.deploy("v1.0.0")
    answer = world.deploy("v1.1.0", who="bob")
    assert "bob deployed web v1.1.0 to uat (before: v1.0.0), verified" in answer["message"]
    assert answer["version_before"] == "v1.0.0"


def test_the_same_version_is_not_deployed_twice_unless_asked_to(world: World) -> None:
    world.deploy("v1.0.0")
    again = world.deploy("v1.0.0")
    expect(again, ok=True, code="already_there")
    assert "redeploy web v1.0.0 to uat" in again["message"]
    assert world.events()[-2:] == ["asked", "refused"]
    redone = world.deploy("v1.0.0", redeploy=True)
    assert redone["code"] == "deployed"
    assert redone["message"].startswith("alice redeployed web v1.0.0 to uat")


def test_a_branch_is_recorded_as_the_commit_it_stood_for_and_moves_on(world: World) -> None:
    first = world.deploy("main")
    assert first["version"] == git(world.folder / "repository", "rev-parse", "main")[:12]
    (world.folder / "repository" / "VERSION").write_text("newer\n")
    git(world.folder / "repository", "commit", "--quiet", "-am", "newer")
    second = world.deploy("main")
    assert second["code"] == "deployed"
    assert world.running() == "newer"


def test_promoting_deploys_what_runs_there(world: World) -> None:
    world.deploy("v1.1.0", "test")
    answer = world.ask("promote", "bob", app="web", source="test", environment="uat")
    assert answer["message"].startswith("bob promoted web v1.1.0 from test to uat, verified")
    assert world.running("uat") == "v1.1.0"
    assert world.records()[-1].command == "promote"


def test_promoting_does_not_follow_a_tag_that_was_moved_since(world: World) -> None:
    world.deploy("v1.1.0", "test")
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
        world.deploy(version)
    answer = world.ask("rollback", app="web", environment="uat")
    says(answer, begins="alice rolled back web to v1.1.0 on uat (before: v1.2.0), verified")
    assert world.ask("rollback", app="web", environment="uat")["version"] == "v1.0.0"
    assert world.running() == "v1.0.0"
    last = world.ask("rollback", app="web", environment="uat")
    expect(last, code="nothing_before", hint="Name the version: deploy web VERSION to uat")


def test_a_version_that_was_put_in_place_but_not_verified_can_be_rolled_back(world: World) -> None:
    world.deploy("v1.0.0")
    told = world.config["apps"]["web"]["version"]
    world.with_app(
        "web",
        **{**world.config["apps"]["web"], "version": python("print('v1.0.0')"), "verify_for": "0s"},
    )
    failed = world.deploy("v1.1.0")
    assert failed["code"] == "not_verified"
    world.with_app("web", **{**world.config["apps"]["web"], "version": told})
    expect(world.ask("rollback", app="web", environment="uat"), code="deployed", version="v1.0.0")


def test_a_version_that_never_shows_up_is_a_failure_that_says_what_runs(world: World) -> None:
    world.with_app(
        "api",
        verify_for="1s",
        deploy=python("print('did nothing')"),
        version=python("print('3.0.0')"),
    )
    answer = world.deploy("3.1.0", "test", app="api")
    expect(answer, ok=False, outcome="failed", code="not_verified")
    assert "api on test still reports 3.0.0" in answer["message"]
    assert answer["running"] == "3.0.0"
    assert world.events() == ["asked", "started", "failed"]
    assert world.claims() == 0


def test_a_command_that_fails_is_answered_with_its_last_words_and_what_runs(world: World) -> None:
    world.with_app(
        "api",
        deploy=python("print('disk on fire'); raise SystemExit(3)"),
        version=python("print('3.0.0')"),
    )
    answer = world.deploy("3.1.0", "test", app="api")
    assert answer["code"] == "deploy_failed"
    says(answer, "disk on fire", "3.0.0 runs there now.")
    assert world.records()[-1].code == "deploy_failed"


def test_without_a_version_source_the_answer_admits_that_nothing_was_verified(world: World) -> None:
    world.with_app("api", deploy=python("pass"))
    answer = world.deploy("3.1.0", "test", app="api")
    assert answer["code"] == "deployed"
    assert "not verified" in answer["message"]
    assert answer["verified"] is False
    world.deploy("3.2.0", "test", app="api")


def test_a_source_that_does_not_answer_stops_a_deployment_early(world: World) -> None:
    world.with_app(
        "api",
        deploy=python(f"open({str(world.folder / 'touched')!r}, 'w')"),
        version={"kind": "http", "url": "http://127.0.0.1:9/version", "time_limit": "10s"},
    )
    answer = world.deploy("3.1.0", "test", app="api")
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
def test_a_refusal_touches_nothing(world: World, given: Dict[str, str], code: str) -> None:
    expect(world.ask("deploy", **given), ok=False, outcome="refused", code=code)
    assert world.events() == ["asked", "refused"]
    assert world.records()[-1].code == code
    assert not list((world.folder / "srv").glob("*/*/current"))


def test_rights_follow_the_person_and_the_room(world: World) -> None:
    given = {"app": "web", "version": "v1.0.0", "environment": "production"}
    assert world.ask("deploy", "carol", room="#dev", **given)["code"] == "wrong_room"
    expect(world.ask("deploy", "carol", user="mallory", room="#ops", **given), code="not_allowed")
    assert world.ask("deploy", "carol", room="#ops", **given)["code"] == "deployed"


def test_an_application_that_does_not_live_there_is_refused(world: World) -> None:
    world.with_app("api", environments=["test"])
    answer = world.deploy("v1", app="api")
    expect(answer, code="not_in_environment", hint="It is configured for test.")


def test_what_the_config_does_not_tell_is_said(world: World) -> None:
    world.with_app("api")
    expect(world.deploy("v1", app="api"), code="cannot_deploy")
    assert world.ask("get_version", app="api", environment="uat")["code"] == "cannot_tell_version"


def test_a_long_deployment_tells_the_room_what_it_is_doing(world: World) -> None:
    flag = world.folder / "told"
    body = "import os, time\nprint('copying {{ files }}', flush=True)\n"
    body += f"while not os.path.exists({str(flag)!r}): time.sleep(0.05)"
    world.config["progress"] = {"after": "0s", "every": "1s", "most": 10}
    world.with_app("api", deploy=python(body, time_limit="60s"))
    said: List[str] = world.room.said

    class Room:
        def say(self, text: str) -> None:
            said.append(text)
            if "copying" in text:
                flag.write_text("")

        def live(self, text: str) -> None:
            pass

    world.room = Room()
    assert world.deploy("3.1.0", "test", app="api")["code"] == "deployed"
    told = next(one for one in said if "copying" in one)
    assert told.startswith("alice is deploying api 3.1.0 to test: copying { { files } } (")


def test_a_plan_tells_what_would_happen_and_changes_nothing(world: World) -> None:
    world.deploy("v1.0.0")
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


def test_a_printed_secret_reaches_neither_the_room_nor_the_record(world: World) -> None:
    body = (
        "import os, time\nfor _ in range(3): print('token is', os.environ['TOKEN'], "
        "flush=True)\nraise SystemExit(3)"
    )
    world.config["progress"] = {"after": "0s", "every": "1s", "most": 5}
    world.with_app("api", deploy=python(body, secret_environ={"TOKEN": "s3cr3t-<%value%>"}))
    answer = world.deploy("3.1.0", "test", app="api")
    assert "token is ***" in answer["message"]
    told = [*world.room.said, *world.room.lines, *map(str, world.records()), str(answer)]
    assert "token is" in " ".join(world.room.lines)
    assert not any("s3cr3t" in one for one in told)
