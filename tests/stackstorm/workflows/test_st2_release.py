"""The workflow release: how far it comes, who may, and what stops it."""

from __future__ import annotations

from support.stackstorm.client import StackStorm
from support.stackstorm.workflows import V1, V2, output, refs, tasks
from support.worlds.world import World

# A check of the config: it fails where a file named `broken` stands beside the database.
CHECK = """
from st2common.runners.base_action import Action
import pathlib

class Check(Action):
    def run(self, app, version, environment):
        broken = pathlib.Path(FOLDER) / "broken"
        return (not broken.exists(), {"app": app, "version": version, "environment": environment})
"""


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
        (post,) = [one for one in stackstorm.posts_in(room) if "To approve: approve change" in one]
        change = post.partition("approve change ")[2].split()[0]
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
