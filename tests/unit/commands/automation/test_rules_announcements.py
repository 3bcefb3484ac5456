"""What rules tell the announce room: each outcome once, never what was said there, nothing while it
is quiet."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from opsroom.commands.automation import announcements as announcing
from opsroom.records.model import Event
from support.expectations import expect, says
from support.worlds.ruled import Ruled, make_ruled
from support.worlds.world import runs

pytestmark = pytest.mark.databases("sqlite")

E1 = "0f" * 16


@pytest.fixture
def ruled(tmp_path: Path, store_url: str) -> Ruled:
    return make_ruled(tmp_path, store_url)


def drift(ruled: Ruled, event: str = E1, **given: Any) -> Any:
    known = {
        "app": "web",
        "environment": "uat",
        "version": "v9",
        "version_before": "v1.0.0",
        **given,
    }
    return ruled.rule("note_drift", event=event, **known)


class TestAnnouncing:
    def test_a_deployment_asked_for_elsewhere_is_announced_once(self, ruled: Ruled) -> None:
        answer = ruled.deploy()
        assert ruled.announced == [answer["message"]]
        assert (
            ruled.rule("announce_deployments", execution="5f0000000000000000000001")["code"]
            == "nothing_new"
        )
        ruled.rule("announce_deployments")
        assert len(ruled.announced) == 1

    @pytest.mark.parametrize("room", ["#deploys", "deploys", "#Deploys"])
    def test_what_was_asked_for_in_that_room_is_not(self, ruled: Ruled, room: str) -> None:
        ruled.deploy(room=room)
        assert ruled.announced == []

    def test_one_from_the_command_line_or_by_a_rule_is(self, ruled: Ruled) -> None:
        ruled.rule("deploy", app="web", version="v1.0.0", environment="uat")
        ruled.follow()
        (said,) = ruled.announced
        assert said.startswith("stanley deployed web v1.0.0 to uat")

    def test_a_room_claimed_from_outside_of_chat_counts_for_nothing(self, ruled: Ruled) -> None:
        parameters = {"app": "web", "version": "v1.0.0", "environment": "uat", "requester": "alice"}
        ruled._run("deploy", {**parameters, "room": "#deploys", "st2_user": "mallory"})
        ruled.follow()
        assert len(ruled.announced) == 1

    def test_a_failure_is_announced_with_what_runs_now(self, ruled: Ruled) -> None:
        app = ruled.world.config["apps"]["web"]
        app["version"] = runs("echo", "v0")
        app["verify_for"] = "0s"
        assert not ruled.deploy()["ok"]
        (said,) = ruled.announced
        assert said.startswith("The deploy of web v1.0.0 on uat by alice failed")

    def test_what_failed_before_anything_was_touched_is_told_so(self, ruled: Ruled) -> None:
        ruled.world.config["apps"]["web"]["version"] = runs("false")
        ruled.deploy()
        (said,) = ruled.announced
        assert "failed before anything was touched" in said

    def test_a_refusal_is_between_those_who_asked_and_opsroom(self, ruled: Ruled) -> None:
        ruled.deploy("v9.9.9")
        ruled.deploy(environment="production")
        assert ruled.announced == []

    def test_a_deployed_change_is_announced_but_not_where_approved(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"] = {"approvals": 1}
        change = ruled.deploy()["change"]
        assert ruled.announced == []
        ruled.ask("approve_change", "bob", "#ops", change=change)
        ruled.follow()
        assert len(ruled.announced) == 1
        change = ruled.deploy("v1.1.0")["change"]
        ruled.ask("approve_change", "bob", "#deploys", change=change)
        ruled.follow()
        assert len(ruled.announced) == 1

    def test_one_asked_for_in_the_announce_room_is_told_by_the_approval(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"] = {"approvals": 1}
        change = ruled.deploy(room="#deploys")["change"]
        ruled.ask("approve_change", "bob", "#ops", change=change)
        ruled.follow()
        (said,) = ruled.announced
        assert "alice deployed web v1.0.0 to uat" in said

    def test_without_a_room_to_announce_in_nothing_is_done(self, ruled: Ruled) -> None:
        del ruled.world.config["announce"]
        ruled.deploy()
        assert ruled.rule("announce_deployments")["ok"]
        assert not [room for room, ear in ruled.heard.items() if room != "#dev" and ear.said]

    def test_without_a_config_the_rules_that_are_on_do_not_fail(self, ruled: Ruled) -> None:
        ruled.world.config.clear()
        for action in ("announce_deployments", "remind", "check_record"):
            assert ruled.rule(action)["ok"]

    def test_a_link_is_told_where_the_config_has_the_address(self, ruled: Ruled) -> None:
        ruled.world.config["web"] = "https://st2.example.com"
        ruled.deploy()
        assert ruled.announced[0].endswith(
            "https://st2.example.com/#/history/5f0000000000000000000001"
        )


class TestMissed:
    def test_what_no_rule_announced_is_announced_later_once(
        self, ruled: Ruled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = ruled.ask("deploy", app="web", version="v1.0.0", environment="uat")
        ruled.rule("announce_deployments")
        assert ruled.announced == []  # it may be on its way
        monkeypatch.setattr(announcing, "_JUST_NOW", announcing.timedelta(0))
        ruled.twice("announce_deployments")
        assert ruled.announced == [answer["message"]]

    def test_what_is_long_ago_is_no_news(
        self, ruled: Ruled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ruled.ask("deploy", app="web", version="v1.0.0", environment="uat")
        monkeypatch.setattr(announcing, "_JUST_NOW", announcing.timedelta(0))
        monkeypatch.setattr(announcing, "_NEWS", announcing.timedelta(0))
        ruled.rule("announce_deployments")
        assert ruled.announced == []

    @pytest.mark.databases("sqlite", "postgresql")
    def test_a_runner_that_died_is_told_where_it_was_asked_for(self, ruled: Ruled) -> None:
        ruled.world.config["announce"] = "#dev"
        ruled.deploy()
        died_at = "opsroom.commands.deployments.pipeline:verify:before"
        ruled.world.spawn_deploy(die_at=died_at).wait()
        before = len(ruled.heard["#dev"].said)
        ruled.rule("announce_deployments")
        assert ruled.heard["#dev"].said[before:] == []  # its claim still holds
        ruled.pass_time(minutes=2)
        ruled.twice("announce_deployments")
        (said,) = ruled.heard["#dev"].said[before:]
        assert said.startswith(
            "The deploy of web v1.1.0 on uat by bob was interrupted: its runner was lost after "
            "v1.1.0"
        )

    def test_while_the_chat_is_away_nothing_is_lost(self, ruled: Ruled) -> None:
        ruled.heard["#deploys"].deaf = True
        answer = ruled.deploy()
        ruled.heard["#deploys"].deaf = False
        ruled.rule("announce_deployments")
        assert ruled.announced == []
        ruled.pass_time(minutes=2)
        ruled.twice("announce_deployments")
        assert ruled.announced == [answer["message"]]


class TestQuiet:
    @pytest.mark.databases("sqlite", "postgresql")
    def test_announcements_are_quiet_for_a_time_and_come_back(self, ruled: Ruled) -> None:
        expect(ruled.ask("quiet", length="30m"), ok=True, code="quiet")
        ruled.deploy()
        assert ruled.announced == []
        ruled.pass_time(minutes=31)
        ruled.deploy("v1.1.0")
        assert len(ruled.announced) == 1
        assert "v1.1.0" in ruled.announced[0]

    def test_until_means_a_time_of_day_and_for_a_length(self, ruled: Ruled) -> None:
        ahead = datetime.now(timezone.utc) + timedelta(hours=2)
        for length in (f"until {ahead:%H}:00", f"{ahead:%H}:00"):
            assert f"{ahead:%H}:00 UTC" in ruled.ask("quiet", length=length)["message"]
        if ahead.hour > 12:
            # Up to 12 it may be either, and is asked back.
            says(ruled.ask("quiet", length=f"until {ahead:%H}h"), f"{ahead:%H}:00 UTC")
        both = ruled.ask("quiet", length="until 2h")
        assert both["code"] == "invalid_time"
        assert "may mean more than one time" in both["message"]
        assert ruled.ask("quiet", length="for 2h")["ok"]

    @pytest.mark.databases("sqlite", "postgresql")
    def test_what_was_not_told_is_not_told_afterwards_and_counted(self, ruled: Ruled) -> None:
        ruled.ask("quiet", length="30m")
        ruled.deploy()
        drift(ruled)
        expect(ruled.ask("loud", "bob"), code="loud", missed=2)
        ruled.pass_time(minutes=2)
        ruled.rule("announce_deployments")
        assert ruled.announced == []
        assert ruled.ask("loud")["message"] == "Announcements are not quiet; nothing was changed."

    def test_the_record_is_as_complete_as_ever(self, ruled: Ruled) -> None:
        ruled.ask("quiet", length="30m")
        ruled.deploy()
        drift(ruled)
        ruled.ask("loud")
        assert ruled.world.events() == ["quiet", "asked", "started", "succeeded", "drift", "loud"]
        assert ruled.world.chain_holds()

    def test_emergencies_are_never_silenced(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"] = {"emergency": ["carol"], "approvals": 1}
        ruled.ask("quiet", length="30m")
        given = {"app": "web", "version": "v1.0.0", "environment": "uat"}
        ruled.ask("emergency_deploy", "carol", **given, reason="checkout is down")
        ruled.follow()
        ruled.rule("announce_deployments")
        begun, ended = ruled.announced
        assert "in an emergency, past approval" in begun
        assert ended.startswith("carol deployed web v1.0.0 to uat in an emergency")

    @pytest.mark.parametrize("length", ["9h", "1d", "0m", "soon", "99999999m"])
    def test_more_than_eight_hours_or_no_time_is_refused(self, ruled: Ruled, length: str) -> None:
        assert ruled.ask("quiet", length=length)["code"] == "invalid_time"
        ruled.deploy()
        assert len(ruled.announced) == 1
        assert ruled.world.events()[0] == "refused"

    def test_somebody_whom_the_config_does_not_know_may_not(self, ruled: Ruled) -> None:
        for action, given in (("quiet", {"length": "30m"}), ("loud", {})):
            assert ruled.ask(action, "mallory", **given)["code"] == "not_allowed"

    def test_a_new_time_takes_the_place_of_the_old_one(self, ruled: Ruled) -> None:
        ruled.ask("quiet", length="8h")
        ruled.ask("quiet", "bob", length="5m")
        ruled.pass_time(minutes=6)
        ruled.deploy()
        assert len(ruled.announced) == 1


class TestDrift:
    def test_it_is_recorded_and_told_once(self, ruled: Ruled) -> None:
        expect(drift(ruled), ok=True, code="noted", told=True)
        assert drift(ruled)["code"] == "nothing_new"
        (said,) = ruled.announced
        assert said.startswith(
            "web on uat runs v9 now (before: v1.0.0), and nobody asked opsroom for that."
        )
        (record,) = ruled.world.records()
        expect(record, event=Event.DRIFT, app="web", environment="uat")
        assert (record.version_before, record.version, record.facts["event"]) == (
            "v1.0.0",
            "v9",
            E1,
        )

    def test_it_is_recorded_also_where_nothing_is_announced(self, ruled: Ruled) -> None:
        del ruled.world.config["announce"]
        drift(ruled)
        drift(ruled)
        assert ruled.world.events() == ["drift"]

    def test_nothing_running_any_more_is_told_so(self, ruled: Ruled) -> None:
        drift(ruled, version="")
        assert ruled.announced[0].startswith("web on uat runs nothing any more (before: v1.0.0)")

    def test_a_place_that_left_the_config_is_refused(self, ruled: Ruled) -> None:
        assert drift(ruled, app="shop")["code"] == "unknown_app"
        assert drift(ruled, version="{{ x }}")["code"] == "invalid_name"
        assert ruled.world.events() == []

    def test_it_is_no_deployment_to_which_one_could_roll_back(self, ruled: Ruled) -> None:
        ruled.deploy()
        ruled.deploy("v1.1.0")
        drift(ruled, version="v1.2.0", version_before="v1.1.0")
        assert ruled.ask("rollback", app="web", environment="uat")["version"] == "v1.0.0"

    def test_whether_it_answers_is_told_once_each(self, ruled: Ruled) -> None:
        for event, reachable in ((E1, False), (E1, False), ("1e" * 16, True)):
            ruled.rule("note_reach", app="web", environment="uat", reachable=reachable, event=event)
        assert ruled.announced == [
            "web on uat no longer reports its version. To ask it: version of web on uat",
            "web on uat reports its version again.",
        ]


class TestReminding:
    @pytest.mark.databases("sqlite", "postgresql")
    def test_a_lock_without_end_is_told_once_a_day(self, ruled: Ruled) -> None:
        ruled.ask("lock", environment="uat", reason="load test")
        ruled.rule("remind")
        ruled.pass_time(hours=25)
        ruled.twice("remind")
        (said,) = ruled.announced
        assert said == "uat is still locked by alice, for 1 d now: load test. To end it: unlock uat"
        ruled.pass_time(hours=24)
        ruled.rule("remind")
        assert len(ruled.announced) == 2

    def test_one_that_ends_by_itself_is_not_forgotten(self, ruled: Ruled) -> None:
        ruled.ask("lock", environment="uat", reason="load test for 3d")
        ruled.pass_time(hours=25)
        assert ruled.rule("remind")["code"] == "nothing_new"

    def test_many_are_told_in_one_message(self, ruled: Ruled) -> None:
        for environment in ("uat", "test"):
            ruled.ask("lock", environment=environment, reason="load test")
        ruled.pass_time(hours=25)
        assert ruled.rule("remind")["locks"] == 2
        (said,) = ruled.announced
        assert len(said.split("\n")) == 2

    @pytest.mark.databases("sqlite", "postgresql")
    def test_a_change_is_told_before_it_expires_and_when_it_has(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"] = {"approvals": 1, "approval_ttl": "30m"}
        change = ruled.deploy()["change"]
        before = len(ruled.heard["#dev"].said)
        assert ruled.rule("remind")["code"] == "nothing_new"
        ruled.pass_time(minutes=21)
        ruled.twice("remind")
        (said,) = ruled.announced
        assert said.startswith(f"Change {change} (web v1.0.0 on uat, asked by alice) expires at ")
        assert said.endswith(f"To approve: approve change {change}")
        assert ruled.heard["#dev"].said[before:] == [said]
        ruled.pass_time(minutes=10)
        ruled.twice("remind")
        told = f"Change {change} (web v1.0.0 on uat) expired: nobody approved it in time. "
        assert ruled.announced[1:] == [f"{told}Ask again: deploy web v1.0.0 to uat"]
        assert ruled.heard["#dev"].said[before + 1 :] == ruled.announced[1:]
        assert ruled.world.events()[-1] == "expired"

    def test_one_that_was_to_be_confirmed_at_once_needs_no_reminder(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"] = {"confirm_within": "60s"}
        ruled.deploy()
        assert ruled.rule("remind")["code"] == "nothing_new"

    def test_who_asked_in_the_announce_room_is_told_once(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"] = {"approvals": 1, "approval_ttl": "30m"}
        ruled.deploy(room="#deploys")
        ruled.pass_time(minutes=21)
        ruled.rule("remind")
        assert len(ruled.announced) == 1
