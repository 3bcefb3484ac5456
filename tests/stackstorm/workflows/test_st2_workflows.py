"""The other workflows: what they do, what is refused, and that nothing is evaluated."""

from __future__ import annotations

from typing import Dict

import pytest

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.workflows import V1, V2, output, refs, tasks
from support.worlds.world import World

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
        result = output(done)
        assert (result["code"], result["version"]) == ("deployed", V1)
        # At 0, 5 and 10 seconds; on a busy machine a look may take so long that there are fewer.
        assert result["looks"] >= 2
        assert free.running("uat") == V1
        assert refs(stackstorm, done) == ["opsroom.check_green"] * result["looks"] + [
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
        posts = [one for one in stackstorm.posts_in(room) if "rolled back web" in one]
        assert len(posts) == 1, posts

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
        result = output(done)
        assert (result["lacks"], result["code"]) == ([], "")
        (row,) = stackstorm.ask("show incidents").result["incidents"]
        assert (row["incident"], row["text"]) == (
            result["incident"],
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
    posts = [one for one in stackstorm.posts_in(room) if one.startswith("Morning report")]
    assert len(posts) == 1, posts
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
