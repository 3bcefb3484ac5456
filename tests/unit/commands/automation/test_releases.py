"""What workflows ask: where a release goes, whether a version runs, whether it has run for long
enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Set

import pytest

from opsroom.commands.automation import green
from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.expectations import expect
from support.worlds.ruled import Ruled, make_ruled
from support.worlds.world import World


class Place:
    """What runs on the source, told by the test; time that passes only when the test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.runs: Optional[str] = "v1.0.0"

    def ask(self, target: Any) -> Running:
        if self.runs is None:
            raise Failure(Code.UNREACHABLE, "the place cannot be reached.")
        return Running(self.runs)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place()
    monkeypatch.setattr(green, "ask", made.ask)
    monkeypatch.setattr(green, "clock", lambda: made.now)
    return made


class Watching:
    """As the workflow does it: each look gets what the one before handed back, and time passes as
    it says."""

    def __init__(self, world: World, place: Place) -> None:
        self.world, self.place, self.for_long = world, place, "30m"
        self.state: Dict[str, Any] = {}
        self.answers: List[Dict[str, Any]] = []

    def look(self) -> Dict[str, Any]:
        answer: Dict[str, Any] = self.world.ask(
            "check_green", app="web", environment="uat", for_long=self.for_long, **self.state
        )
        self.answers.append(answer)
        if answer["code"] == "not_yet":
            self.state = {
                key: answer[key] for key in ("version", "began", "first") if answer[key] is not None
            }
            self.place.now += answer["pause"]
        return answer

    def to_the_end(self) -> Dict[str, Any]:
        for _ in range(2000):
            if self.look()["code"] != "not_yet":
                break
        return self.answers[-1]


@pytest.fixture
def watching(world: World, place: Place) -> Watching:
    return Watching(world, place)


class TestPlan:
    def plan(self, world: World, **more: str) -> Dict[str, Any]:
        return world.ask("release_plan", app="web", version="v1.0.0", **more)

    def test_it_goes_through_all_in_the_order_of_the_config(self, world: World) -> None:
        world.config["environments"]["production"] = {}
        answer = self.plan(world)
        expect(answer, ok=True, code="release_plan")
        expect(answer, environments=["test", "uat", "production"], stops_before="")
        assert answer["message"] == "web v1.0.0 goes to test, uat and production."

    def test_no_environment_comes_before_the_one_that_it_is_after(self, world: World) -> None:
        # Sorted by name, as StackStorm's API writes a config. uat is after test for web only.
        world.config["environments"] = {
            "production": {"after": "test", "apps": {"web": {"after": "uat"}}},
            "test": {},
            "uat": {"apps": {"web": {"after": "test"}}},
        }
        assert self.plan(world)["environments"] == ["test", "uat", "production"]
        assert self.plan(world, upto="uat")["environments"] == ["test", "uat"]

    @pytest.mark.parametrize("rule", [{"approvals": 1}, {"confirm_within": "1m"}])
    def test_it_stops_where_somebody_has_to_agree(self, world: World, rule: Dict[str, Any]) -> None:
        world.config["environments"]["production"] = {"deployers": ["alice", "carol"], **rule}
        expect(self.plan(world), environments=["test", "uat"], stops_before="production")
        assert self.plan(world, upto="production")["environments"] == ["test", "uat", "production"]

    def test_it_stops_where_the_speaker_may_not_deploy_and_says_why(self, world: World) -> None:
        world.config["environments"]["production"] = {"deployers": ["carol"]}
        answer = self.plan(world)
        expect(answer, environments=["test", "uat"], stops_before="production")
        assert answer["message"] == (
            "web v1.0.0 goes to test and uat, and stops before production: alice may not deploy "
            "to production."
        )

    @pytest.mark.parametrize(
        ("closed", "code"),
        [({"deployers": ["carol"]}, "not_allowed"), ({"rooms": ["#ops"]}, "wrong_room")],
    )
    def test_as_far_as_one_that_is_closed_to_the_speaker_nothing_is_begun(
        self, world: World, closed: Dict[str, Any], code: str
    ) -> None:
        world.config["environments"]["production"] = closed
        answer = self.plan(world, upto="production")
        expect(answer, ok=False, code=code)
        assert answer["hint"]
        world.config["environments"]["test"] = closed
        assert self.plan(world)["code"] == code

    def test_the_rules_for_the_application_count(self, world: World) -> None:
        world.config["environments"]["uat"] = {"apps": {"web": {"confirm_within": "1m"}}}
        assert self.plan(world)["environments"] == ["test"]

    def test_it_goes_as_far_as_asked_and_where_the_application_is(self, world: World) -> None:
        assert self.plan(world, upto="UAT")["environments"] == ["test", "uat"]
        world.config["environments"]["production"] = {}
        world.config["apps"]["web"]["environments"] = ["test", "production"]
        assert self.plan(world)["environments"] == ["test", "production"]
        assert self.plan(world, upto="uat")["code"] == "not_in_environment"

    def test_where_the_first_one_needs_somebody_it_says_how_to_go_there(self, world: World) -> None:
        world.config["environments"]["test"] = {"confirm_within": "1m"}
        expect(self.plan(world), code="not_possible", hint="Say how far: upto=test")

    def test_the_check_comes_from_the_config(self, world: World) -> None:
        assert self.plan(world)["check"] == ""
        world.config["apps"]["web"]["check"] = "acme.smoke_test"
        assert self.plan(world)["check"] == "acme.smoke_test"
        world.config["apps"]["web"]["check"] = "<% ctx() %>"
        assert self.plan(world)["code"] == "settings_invalid"

    def test_names_and_versions_that_are_none_are_refused(self, world: World) -> None:
        assert world.ask("release_plan", app="wbe", version="v1.0.0")["code"] == "unknown_app"
        assert world.ask("release_plan", app="web", version="../etc")["code"] == "invalid_name"
        assert self.plan(world, upto="moon")["code"] == "unknown_environment"
        del world.config["apps"]["web"]["deploy"]
        assert self.plan(world)["code"] == "cannot_deploy"


GIVEN = {"app": "web", "version": "v1.0.0", "environment": "production"}


class TestFromOutside:
    """The example of production.md, asked for on the command line or by a workflow: in no room."""

    @pytest.fixture
    def ruled(self, tmp_path: Path) -> Ruled:
        made = make_ruled(tmp_path)
        people = made.world.config["people"]
        people["carol"]["st2"], people["dave"] = ["carol"], {"chat": ["dave"]}
        made.world.config["groups"] = {"release-managers": ["carol", "dave"]}
        made.world.config["environments"] = {
            "test": {}, "uat": {},
            "production": {
                "deployers": ["release-managers", "alice"], "rooms": ["#ops", "#late"],
                "approvals": 1,
                "approvers": ["release-managers"], "after": "uat", "emergency": ["carol"],
            },
        }  # fmt: skip
        return made

    def test_a_change_is_made_that_the_rooms_read_once_and_approve(self, ruled: Ruled) -> None:
        plan = {"app": "web", "version": "v1.0.0", "upto": "production"}
        assert ruled.rule("release_plan", "carol", **plan)["ok"]
        ruled.rule("deploy", "carol", **{**GIVEN, "environment": "uat"})
        answer = ruled.rule("deploy", "carol", **GIVEN)
        expect(answer, ok=True, code="waiting")
        assert answer["message"].endswith("It is posted in #ops and #late.")
        for room in ("#ops", "#late"):
            (said,) = [one for one in ruled.heard[room].said if "Change" in one]
            assert f"approve change {answer['change']} (dave, 1 needed" in said
        assert ruled.rule("deploy", "carol", **GIVEN)["change"] == answer["change"]
        assert len(ruled.heard["#ops"].said) == 1
        # Not by carol herself, not from elsewhere; by dave, in the room.
        change = {"change": answer["change"]}
        assert ruled.ask("approve_change", "carol", "#ops", **change)["code"] == "own_change"
        assert ruled.ask("approve_change", "dave", "#dev", **change)["code"] == "wrong_room"
        assert ruled.world.running("production") == ""
        assert ruled.ask("approve_change", "dave", "#ops", **change)["code"] == "deployed"
        assert ruled.world.running("production") == "v1.0.0"

    def test_promote_and_rollback_wait_too(self, ruled: Ruled) -> None:
        ruled.rule("deploy", "carol", **{**GIVEN, "environment": "uat"})
        given = {"app": "web", "source": "uat", "environment": "production"}
        assert ruled.rule("promote", "carol", **given)["code"] == "waiting"

    @pytest.mark.parametrize(
        ("rules", "code"),
        [
            ({"approvals": 0}, "wrong_room"),  # nobody in the room would have to agree
            ({"approvals": 0, "confirm_within": "1m"}, "wrong_room"),
            ({"rooms": []}, "wrong_room"),  # nowhere
            ({"deployers": ["alice"]}, "not_allowed"),
        ],
    )
    def test_what_no_room_approves_is_refused(
        self, ruled: Ruled, rules: Dict[str, Any], code: str
    ) -> None:
        ruled.world.config["environments"]["production"].update(rules)
        for action, given in (
            ("release_plan", {"app": "web", "version": "v1.0.0", "upto": "production"}),
            (
                "check_green",
                {"app": "web", "environment": "uat", "for_long": "30m", "target": "production"},
            ),
            ("deploy", GIVEN),
        ):
            answer = ruled.rule(action, "carol", **given)
            assert (answer["ok"], answer["code"]) == (False, code), action

    def test_everything_else_holds_only_in_the_rooms_as_ever(self, ruled: Ruled) -> None:
        reason = {"reason": "checkout is down"}
        assert ruled.rule("emergency_deploy", "carol", **GIVEN, **reason)["code"] == "wrong_room"
        expect(ruled.rule("lock", "carol", environment="production", **reason), code="wrong_room")
        ruled.ask("deploy", "alice", "#ops", **{**GIVEN, "environment": "uat"})
        change = ruled.ask("deploy", "alice", "#ops", **GIVEN)["change"]
        assert ruled.rule("approve_change", "carol", change=change)["code"] == "wrong_room"
        assert ruled.rule("reject_change", "carol", change=change, **reason)["code"] == "wrong_room"

    @pytest.mark.parametrize("room", ["#dev", ""])
    def test_another_room_of_the_chat_is_no_outside(self, ruled: Ruled, room: str) -> None:
        assert ruled.ask("deploy", "carol", room, **GIVEN)["code"] == "wrong_room"

    def test_when_approvals_are_no_longer_wanted_it_does_not_go_ahead(self, ruled: Ruled) -> None:
        ruled.rule("deploy", "carol", **{**GIVEN, "environment": "uat"})
        change = ruled.rule("deploy", "carol", **GIVEN)["change"]
        ruled.world.config["environments"]["production"]["approvals"] = 0
        assert ruled.ask("approve_change", "dave", "#ops", change=change)["code"] == "wrong_room"
        assert ruled.world.running("production") == ""


class TestCheckVersion:
    def check(self, world: World, version: str) -> Dict[str, Any]:
        return world.ask("check_version", app="web", version=version, environment="uat")

    def test_the_version_that_runs_is_there_and_another_is_not(self, world: World) -> None:
        world.deploy("v1.0.0")
        assert self.check(world, "v1.0.0")["ok"] is True
        assert self.check(world, "1.0.0")["verified"] is True
        other = self.check(world, "v1.1.0")
        expect(other, ok=False, code="not_verified", running="v1.0.0")
        assert other["message"] == "v1.0.0 runs as web on uat, and not v1.1.0."

    def test_it_fails_without_a_version_and_says_what_cannot_be_asked(self, world: World) -> None:
        expect(self.check(world, "v1.0.0"), message="nothing runs as web on uat, and not v1.0.0.")
        del world.config["apps"]["web"]["version"]
        expect(self.check(world, "v1.0.0"), ok=True, verified=False)


class TestGreen:
    def test_it_is_green_after_so_long_and_not_before(self, watching: Watching) -> None:
        began = watching.place.now
        expect(watching.to_the_end(), code="green", version="v1.0.0")
        assert watching.place.now - began == 1800
        # Twenty looks on the way, and the first one.
        assert len(watching.answers) == 21

    @pytest.mark.parametrize(
        ("for_long", "looks", "pauses"), [("10s", 3, {5}), ("2m", 21, {6}), ("24h", 21, {4320})]
    )
    def test_it_looks_neither_too_often_nor_too_seldom(
        self, watching: Watching, for_long: str, looks: int, pauses: Set[int]
    ) -> None:
        watching.for_long = for_long
        assert watching.to_the_end()["code"] == "green"
        assert len(watching.answers) == looks
        assert {one["pause"] for one in watching.answers[:-1]} == pauses

    def test_without_an_answer_the_time_begins_anew(self, watching: Watching) -> None:
        for _ in range(9):
            assert watching.look()["code"] == "not_yet"
        watching.place.runs = None
        expect(watching.look(), ok=True, code="not_yet", began=None)
        watching.place.runs = "v1.0.0"
        again = watching.place.now
        assert watching.to_the_end()["code"] == "green"
        assert watching.place.now - again >= 1800

    def test_another_version_ends_it(self, watching: Watching) -> None:
        watching.look()
        watching.place.runs = None
        watching.look()
        watching.place.runs = "v1.1.0"
        expect(watching.look(), ok=False, code="changed_meanwhile")

    def test_one_that_never_stays_up_is_given_up(self, watching: Watching) -> None:
        watching.place.runs = None
        began = watching.place.now
        assert watching.to_the_end()["code"] == "timed_out"
        assert 2 * 1800 + 900 < watching.place.now - began < 2 * 1800 + 900 + 300
        assert len(watching.answers) < 60

    def test_what_is_no_length_or_no_moment_is_refused(self, watching: Watching) -> None:
        for wrong in ("5s", "25h", "soon", "-1"):
            watching.for_long = wrong
            assert watching.look()["code"] == "invalid_time"
        given = {"app": "web", "environment": "uat", "for_long": "1m", "began": "yesterday"}
        assert watching.world.ask("check_green", **given)["code"] == "invalid_time"

    def test_a_moment_ahead_gains_no_time(self, watching: Watching) -> None:
        given = {
            "app": "web",
            "environment": "uat",
            "for_long": "1m",
            "began": str(watching.place.now + 999),
        }
        assert watching.world.ask("check_green", **given)["began"] == f"{watching.place.now:.0f}"

    def test_where_nothing_runs_it_waits_for_nothing(self, watching: Watching) -> None:
        watching.place.runs = ""
        assert watching.look()["code"] == "nothing_runs"


class TestPromotingWhatWasSeen:
    def test_exactly_that_version_is_promoted_and_another_is_refused(self, world: World) -> None:
        world.deploy("v1.0.0", "test")
        given = {"app": "web", "source": "test", "environment": "uat"}
        expect(world.ask("promote", **given, version="v1.1.0"), ok=False, code="changed_meanwhile")
        assert world.running("uat") == ""
        assert world.ask("promote", **given, version="v1.0.0")["code"] == "deployed"
