"""The workflows on a running StackStorm: how far they come, who may, what is refused, and that
nothing is evaluated."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from support.stackstorm.client import StackStorm, wait_for
from support.worlds.world import World

V1, V2 = "v1.0.0", "v1.1.0"
# A check of the config: it fails where a file named `broken` stands beside the database.
CHECK = """
from st2common.runners.base_action import Action
import pathlib

class Check(Action):
    def run(self, app, version, environment):
        broken = pathlib.Path(FOLDER) / "broken"
        return (not broken.exists(), {"app": app, "version": version, "environment": environment})
"""


@pytest.fixture
def free(stackstorm: StackStorm, world: World) -> World:
    """A world whose production anyone may deploy to whom the config knows, with cards, pages and a
    room."""
    world.config["people"]["carol"]["st2"] = ["st2admin"]
    world.config.update(
        announce="#deploys",
        environments={
            "test": {},
            "uat": {"after": "test"},
            "production": {"deployers": ["carol"], "after": "uat"},
        },
        trackers={"board": {"kind": "local"}},
        pagers={"pager": {"kind": "local", "on_call": {"web-team": ["bob"]}}},
        teams={"web-team": {"pager": "web-team"}},
        incidents={"closed": "Done"},
    )
    world.config["apps"]["web"]["page"] = "web-team"
    stackstorm.configure(world.config)
    return world


def tasks(stackstorm: StackStorm, execution: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The executions inside of a workflow, oldest first."""
    found: List[Dict[str, Any]] = stackstorm.get(
        f"/executions?parent={execution['id']}&limit=100&sort_asc=True"
    )
    return sorted(found, key=lambda one: str(one["start_timestamp"]))


def refs(stackstorm: StackStorm, execution: Dict[str, Any]) -> List[str]:
    return [
        one["action"]["ref"]
        for one in tasks(stackstorm, execution)
        if one["action"]["ref"] != "core.noop"
    ]


def output(execution: Dict[str, Any]) -> Dict[str, Any]:
    found = (execution["result"] or {}).get("output")
    assert isinstance(found, dict), execution["result"]
    return found


class TestRelease:
    def test_it_goes_through_all_environments_in_their_order(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        done = stackstorm.run("opsroom.release", parameters={"app": "web", "version": V1})
        assert done["status"] == "succeeded", done["result"]
        assert output(done) == {
            "message": "web v1.0.0, runs on test, uat, production",
            "reached": ["test", "uat", "production"],
            "stopped_at": "",
            "stops_before": "",
            "code": "deployed",
        }
        assert (
            refs(stackstorm, done)
            == ["opsroom.release_plan"] + ["opsroom.deploy", "opsroom.check_version"] * 3
        )
        assert [free.running(one) for one in ("test", "uat", "production")] == [V1] * 3
        assert {one.requester for one in free.records()} == {"carol"}

    def test_it_stops_where_somebody_is_in_the_way_and_says_where(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        assert stackstorm.ask("lock uat: load test", "bob").code == "locked_now"
        done = stackstorm.run("opsroom.release", parameters={"app": "web", "version": V1})
        assert done["status"] == "failed"
        assert (
            output(done)["message"]
            == "web v1.0.0, deploy on uat ended with locked; it runs on test"
        )
        assert [free.running(one) for one in ("test", "uat", "production")] == [V1, "", ""]

    def test_it_stops_before_an_environment_where_somebody_has_to_agree(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        free.config["environments"]["production"].update(deployers=["carol", "alice"], approvals=1)
        stackstorm.configure(free.config)
        done = stackstorm.run("opsroom.release", parameters={"app": "web", "version": V1})
        assert done["status"] == "succeeded"
        assert (output(done)["reached"], output(done)["stops_before"]) == (
            ["test", "uat"],
            "production",
        )
        far = stackstorm.run(
            "opsroom.release", parameters={"app": "web", "version": V1, "upto": "production"}
        )
        assert far["status"] == "succeeded"
        assert (output(far)["code"], output(far)["stopped_at"]) == ("waiting", "production")
        assert free.running("production") == ""

    def test_somebody_without_rights_is_refused_by_the_action_inside_whatever_the_context_claims(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        free.config["people"]["carol"]["st2"] = ["carol"]
        stackstorm.configure(free.config)
        claim = {"user": "carol", "api_user": "carol", "source_channel": "#ops"}
        done = stackstorm.run(
            "opsroom.release",
            parameters={"app": "web", "version": V1, "upto": "production"},
            context=claim,
        )
        assert done["status"] == "failed"
        # Before anything is begun.
        assert (output(done)["reached"], output(done)["code"]) == ([], "not_allowed")
        assert output(done)["message"] == (
            "web v1.0.0, not begun (not_allowed); the result of the task plan says what would work"
        )
        assert [free.running(one) for one in ("test", "uat", "production")] == ["", "", ""]
        deployed = stackstorm.run(
            "opsroom.deploy",
            parameters={"app": "web", "version": V1, "environment": "production"},
            context=claim,
        )
        assert deployed["result"]["result"]["code"] == "not_allowed"
        assert {one.requester for one in free.records()} == {"st2admin"}

    def test_production_of_the_documents_is_asked_for_and_approved_in_its_room(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        room = f"#ops-{free.folder.parent.name}"
        free.config["people"]["dave"] = {"chat": ["dave"]}
        free.config["groups"] = {"release-managers": ["carol", "dave"]}
        free.config["environments"]["production"] = {
            "deployers": ["release-managers"], "approvers": ["release-managers"], "approvals": 1,
            "rooms": [room],
            "after": "uat",
        }  # fmt: skip
        stackstorm.configure(free.config)
        done = stackstorm.run(
            "opsroom.release", parameters={"app": "web", "version": V1, "upto": "production"}
        )
        assert done["status"] == "succeeded", done["result"]
        assert (output(done)["code"], output(done)["stopped_at"]) == ("waiting", "production")
        assert output(done)["reached"] == ["test", "uat"]
        (said,) = [one for one in stackstorm.posts_in(room) if "To approve: approve change" in one]
        change = said.partition("approve change ")[2].split()[0]
        assert stackstorm.ask(f"approve change {change}", "dave", room).code == "deployed"
        assert free.running("production") == V1

    def test_where_the_room_does_not_approve_nothing_is_begun_and_nobody_waits(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        free.config["environments"]["production"] = {"deployers": ["carol"], "rooms": ["#ops"]}
        stackstorm.configure(free.config)
        done = stackstorm.run(
            "opsroom.release", parameters={"app": "web", "version": V1, "upto": "production"}
        )
        assert (done["status"], output(done)["code"], output(done)["reached"]) == (
            "failed",
            "wrong_room",
            [],
        )
        assert free.running("test") == ""
        stackstorm.run(
            "opsroom.deploy", parameters={"app": "web", "version": V1, "environment": "uat"}
        )
        given = {"app": "web", "source": "test", "environment": "production", "for": "24h"}
        green = stackstorm.run("opsroom.promote_when_green", parameters=given)
        assert (green["status"], output(green)["code"]) == ("failed", "wrong_room")

    def test_the_check_of_the_config_runs_and_stops_it(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        code = CHECK.replace("FOLDER", repr(str(free.folder)))
        names = {
            name: {"type": "string", "required": True} for name in ("app", "version", "environment")
        }
        made = {
            "runner_type": "python-script",
            "entry_point": "smoke_of_a_test.py",
            "parameters": names,
        }
        with stackstorm.action("smoke_of_a_test", {"smoke_of_a_test.py": code}, **made) as ref:
            free.config["apps"]["web"]["check"] = ref
            stackstorm.configure(free.config)
            done = stackstorm.run(
                "opsroom.release", parameters={"app": "web", "version": V1, "upto": "test"}
            )
            assert done["status"] == "succeeded", done["result"]
            (check,) = [one for one in tasks(stackstorm, done) if one["action"]["ref"] == ref]
            assert check["parameters"] == {"app": "web", "version": V1, "environment": "test"}
            (free.folder / "broken").write_text("")
            bad = stackstorm.run("opsroom.release", parameters={"app": "web", "version": V2})
            assert (bad["status"], output(bad)["code"], output(bad)["stopped_at"]) == (
                "failed",
                "check_failed",
                "test",
            )
            assert free.running("uat") == ""


WRONG = [
    "{{ st2kv.system.x }}",
    "<% st2kv('system.x') %>",
    "{% raw %}",
    "a;b",
    "-x",
    "a\nb",
    "$(id)",
    "x" * 200,
]


@pytest.mark.parametrize(
    ("workflow", "given"),
    [
        ("release", {"app": "web", "version": V1, "upto": "uat"}),
        (
            "promote_when_green",
            {"app": "web", "source": "test", "environment": "uat", "for": "10s"},
        ),
        ("roll_back", {"app": "web", "environment": "uat"}),
        (
            "declare_incident",
            {"incident": "K7QX", "who": "web", "app": "web", "environment": "uat"},
        ),
        ("close_incident", {"incident": "K7QX"}),
    ],
)
def test_no_input_of_a_workflow_may_be_more_than_a_name(
    stackstorm: StackStorm, world: World, workflow: str, given: Dict[str, str]
) -> None:
    for name in given:
        for text in WRONG:
            body = {"action": f"opsroom.{workflow}", "parameters": {**given, name: text}}
            answer = stackstorm.call("POST", "/executions", body)
            assert answer.status_code == 400, (name, text, answer.text[:300])
    assert world.records() == []


class TestPromoteWhenGreen:
    def test_it_looks_again_and_again_without_a_runner_and_then_promotes(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        assert stackstorm.run(
            "opsroom.deploy", parameters={"app": "web", "version": V1, "environment": "test"}
        )
        given = {"app": "web", "source": "test", "environment": "uat", "for": "12s"}
        done = stackstorm.run("opsroom.promote_when_green", parameters=given)
        assert done["status"] == "succeeded", done["result"]
        told = output(done)
        assert (told["code"], told["version"]) == ("deployed", V1)
        # At 0, 5 and 10 seconds; on a busy machine a look may take so long that there are fewer.
        assert told["looks"] >= 2
        assert free.running("uat") == V1
        assert refs(stackstorm, done) == ["opsroom.check_green"] * told["looks"] + [
            "opsroom.promote"
        ]

    def test_another_version_on_the_source_ends_it(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        stackstorm.run(
            "opsroom.deploy", parameters={"app": "web", "version": V1, "environment": "test"}
        )
        given = {"app": "web", "source": "test", "environment": "uat", "for": "1m"}
        begun = stackstorm.make(
            "/executions", {"action": "opsroom.promote_when_green", "parameters": given}
        )

        def looked() -> bool:
            # Begun is not enough: a look that is slow would see only the version that comes next.
            looks = [
                one
                for one in tasks(stackstorm, begun)
                if one["action"]["ref"] == "opsroom.check_green"
            ]
            return any(one["status"] == "succeeded" for one in looks)

        wait_for(looked, "the end of the first look")
        stackstorm.run(
            "opsroom.deploy", parameters={"app": "web", "version": V2, "environment": "test"}
        )
        done = stackstorm.ended(begun["id"])
        assert (done["status"], output(done)["code"]) == ("failed", "changed_meanwhile")
        assert free.running("uat") == ""


class TestRollBack:
    def test_it_rolls_back_locks_and_tells_the_announce_room_once(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        for version in (V1, V2):
            stackstorm.run(
                "opsroom.deploy",
                parameters={"app": "web", "version": version, "environment": "test"},
            )
        room = f"#deploys-{free.folder.parent.name}"
        free.config["announce"] = room
        stackstorm.configure(free.config)
        done = stackstorm.run("opsroom.roll_back", parameters={"app": "web", "environment": "test"})
        assert done["status"] == "succeeded", done["result"]
        assert output(done) == {
            "message": f"web on test, rolled back to {V1}",
            "version": V1,
            "code": "deployed",
        }
        assert free.running("test") == V1
        assert stackstorm.ask("deploy web v1.1.0 to test", "bob").code == "locked"
        told = [one for one in stackstorm.posts_in(room) if "rolled back web" in one]
        assert len(told) == 1, told

    def test_where_there_is_nothing_before_it_fails_and_says_so(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        done = stackstorm.run("opsroom.roll_back", parameters={"app": "web", "environment": "test"})
        assert (done["status"], output(done)["code"]) == ("failed", "nothing_runs")


class TestIncidents:
    def test_chat_declares_the_workflow_finds_all_there_and_another_closes(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        answer = stackstorm.say("declare incident for web: checkout is down", "alice")
        assert answer.code == "declared", answer.result
        id, card = answer.result["incident"], answer.result["card"]
        assert answer.message.startswith(
            f"alice declared incident {id} for web: checkout is down. Card {card}"
        )
        again = stackstorm.run("opsroom.declare_incident", parameters={"incident": id})
        assert (again["status"], output(again)["message"]) == (
            "succeeded",
            f"incident {id}, all is there",
        )
        steps = [
            one
            for one in tasks(stackstorm, again)
            if one["action"]["ref"] == "opsroom.incident_step"
        ]
        assert [one["result"]["result"]["changed"] for one in steps] == [False] * 4
        shown = stackstorm.ask(f"show card {card}").result
        assert [one["text"] for one in shown["comments"]][-1].startswith(
            "Page 1 to web through pager"
        )
        assert len(stackstorm.ask("show pages").result["pages"]) == 1
        closed = stackstorm.run("opsroom.close_incident", parameters={"incident": id.lower()})
        assert output(closed)["message"] == f"incident {id}, all is closed"
        assert stackstorm.ask("show pages").result["pages"] == []
        assert stackstorm.ask(f"show card {card}").result["status"] == "Done"

    def test_a_workflow_declares_one_from_names_alone(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        given = {"app": "web", "environment": "production"}
        done = stackstorm.run("opsroom.declare_incident", parameters=given)
        assert done["status"] == "succeeded", done["result"]
        told = output(done)
        assert (told["lacks"], told["code"]) == ([], "")
        (row,) = stackstorm.ask("show incidents").result["incidents"]
        assert (row["incident"], row["text"]) == (
            told["incident"],
            "web on production needs someone to look at it",
        )
        assert row["card"]
        assert row["page"]

    def test_an_expression_in_its_text_is_refused_and_one_on_its_way_is_not_evaluated(
        self, stackstorm: StackStorm, free: World
    ) -> None:
        spell = "{{ st2kv('system.opsroom_incident_test', decrypt=true) }}"
        assert stackstorm.tell(f"declare incident for web: {spell}").status_code == 400
        with stackstorm.secret("opsroom_incident_test", "topsecret-of-the-store"):
            # As it would be left by another way in: the steps of the workflow hand on nothing but
            # the id.
            answer = stackstorm.ask(
                "declare incident for web: st2kv('system.opsroom_incident_test')"
            )
            done = stackstorm.run(
                "opsroom.declare_incident", parameters={"incident": answer.result["incident"]}
            )
            every = [done, *tasks(stackstorm, done)]
            assert not [one for one in every if "topsecret-of-the-store" in repr(one)]


def test_the_morning_report_is_told_once_a_day_and_not_without_a_room(
    stackstorm: StackStorm, free: World
) -> None:
    room = f"#morning-{free.folder.parent.name}"
    free.config["announce"] = room
    stackstorm.configure(free.config)
    first = stackstorm.run("opsroom.morning_report")
    assert first["status"] == "succeeded", first["result"]
    assert output(first) == {
        "message": "morning report, report, told",
        "code": "report",
        "told": True,
    }
    second = stackstorm.run("opsroom.morning_report")
    assert output(second)["told"] is False
    told = [one for one in stackstorm.posts_in(room) if one.startswith("Morning report")]
    assert len(told) == 1, told
    del free.config["announce"]
    stackstorm.configure(free.config)
    assert output(stackstorm.run("opsroom.morning_report"))["code"] == "nothing_new"


def test_the_rule_for_the_morning_is_on_and_every_workflow_has_its_tag(
    stackstorm: StackStorm, world: World
) -> None:
    rule = stackstorm.get("/rules/opsroom.morning_report")
    assert (rule["enabled"], rule["action"]["ref"]) == (True, "opsroom.morning_report")
    for name in (
        "release",
        "promote_when_green",
        "roll_back",
        "declare_incident",
        "close_incident",
        "morning_report",
    ):
        action = stackstorm.get(f"/actions/opsroom.{name}")
        assert {"name": "workflow", "value": "opsroom"} in action["tags"]
