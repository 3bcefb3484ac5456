"""Cards and rules: a card that asks for a promotion, cards of what others deployed, and pages on
failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom import commands
from opsroom.commands.deployments.job import RunningJob
from opsroom.db.store import open_store
from opsroom.errors import Code, Failure
from support.expectations import expect
from support.records.late import away
from support.records.stores import open_gates, run
from support.worlds.ruled import Ruled, make_ruled
from support.worlds.world import git, runs

E1 = "0f" * 16
# The database is away for three transactions, or it is lost once a transaction is committed.
AWAY = pytest.mark.parametrize("trouble", [{"times": 3}, {"times": 1, "committed": True}])


@pytest.fixture
def ruled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ruled:
    monkeypatch.setattr(commands, "_PAUSE", 0.0)
    made = make_ruled(tmp_path)
    columns = ["To do", "Ready for UAT", "On UAT", "Done"]
    made.world.config["trackers"] = {
        "board": {"kind": "local", "project": "OPS", "columns": columns}
    }
    made.world.config["environments"]["uat"] = {"after": "test", "ready_column": "Ready for UAT"}
    for number in range(1, 4):
        made.ask("create_card", text=f"card number {number}")
    return made


def moved(
    ruled: Ruled, card: str = "OPS-1", to: str = "Ready for UAT", event: str = E1
) -> Dict[str, Any]:
    answer = ruled.rule("promote_card", tracker="board", card=card, to=to, event=event)
    ruled.follow()
    return answer


def comments(ruled: Ruled, card: str) -> List[str]:
    return [one["text"] for one in ruled.ask("get_card", card=card)["comments"]]


class TestPromoting:
    def test_the_column_promotes_what_runs_on_the_environment_before(self, ruled: Ruled) -> None:
        ruled.deploy("v1.1.0", "test", "#deploys")
        answer = moved(ruled, to="ready for uat")
        assert (answer["code"], ruled.world.running("uat")) == ("deployed", "v1.1.0")
        assert answer["cards_told"] == ["board:OPS-1"]
        assert "stanley promoted web v1.1.0 from test to uat" in comments(ruled, "OPS-1")[0]
        assert len(ruled.announced) == 1

    def test_the_same_event_promotes_once(self, ruled: Ruled) -> None:
        ruled.deploy("v1.1.0", "test", "#deploys")
        moved(ruled)
        ruled.deploy("v1.2.0", "test", "#deploys")
        assert moved(ruled)["code"] == "nothing_new"
        assert ruled.world.running("uat") == "v1.1.0"
        assert moved(ruled, event="1e" * 16)["code"] == "deployed"

    @AWAY
    def test_a_database_that_is_away_is_waited_for(
        self, ruled: Ruled, monkeypatch: pytest.MonkeyPatch, trouble: Any
    ) -> None:
        ruled.deploy("v1.1.0", "test", "#deploys")
        with away(monkeypatch, **trouble):
            assert moved(ruled)["code"] == "deployed"
        assert moved(ruled)["code"] == "nothing_new"

    @pytest.mark.parametrize("given", [{"to": "On UAT"}, {"to": ""}, {"to": "Ready for UAT!"}])
    def test_another_column_asks_for_nothing(self, ruled: Ruled, given: Dict[str, str]) -> None:
        ruled.deploy("v1.1.0", "test")
        assert moved(ruled, **given)["code"] == "nothing_new"
        assert ruled.world.running("uat") == ""

    def test_a_card_of_another_tracker_or_project_asks_for_nothing(self, ruled: Ruled) -> None:
        ruled.deploy("v1.1.0", "test")
        ruled.world.config["apps"]["web"]["cards"] = "board:OPS"
        assert (
            ruled.rule("promote_card", tracker="x", card="OPS-1", to="Ready for UAT", event=E1)[
                "code"
            ]
            == "nothing_new"
        )
        assert moved(ruled, card="SHOP-1")["code"] == "nothing_new"
        assert moved(ruled)["code"] == "deployed"

    def test_a_card_that_may_be_about_two_applications_deploys_neither(self, ruled: Ruled) -> None:
        ruled.deploy("v1.1.0", "test", "#deploys")
        ruled.world.with_app("api", **ruled.world.config["apps"]["web"])
        assert moved(ruled)["code"] == "not_possible"
        (said,) = ruled.announced
        assert "OPS-1 may be about web on uat and api on uat" in said

    def test_what_stands_in_the_way_is_told_once(self, ruled: Ruled) -> None:
        ruled.deploy("v1.1.0", "test", "#deploys")
        ruled.ask("lock", environment="uat", reason="load test")
        assert moved(ruled)["code"] == "locked"
        assert moved(ruled)["code"] == "nothing_new"
        (said,) = ruled.announced
        assert said.startswith(
            "OPS-1 was moved to Ready for UAT, but nothing was deployed: uat is locked by alice"
        )

    def test_the_user_of_the_rule_needs_the_rights_of_anybody(self, ruled: Ruled) -> None:
        ruled.deploy("v1.1.0", "test")
        ruled.world.config["environments"]["uat"]["deployers"] = ["alice"]
        assert moved(ruled)["code"] == "not_allowed"

    def test_a_card_moved_by_our_own_deployment_asks_for_nothing(self, ruled: Ruled) -> None:
        # Under a config of an earlier day: today's refuses one column for both.
        uat = ruled.world.config["environments"]["uat"]
        del uat["ready_column"]
        ruled.world.config["environments"]["test"] = {"move_cards": "Ready for UAT"}
        ruled.deploy("v1.1.0", "test", cards="OPS-1")
        assert ruled.ask("get_card", card="OPS-1")["status"] == "Ready for UAT"
        ruled.world.config["environments"]["test"] = {}
        uat["ready_column"] = "Ready for UAT"
        assert moved(ruled)["code"] == "nothing_new"
        assert ruled.world.running("uat") == ""
        # A person who moves it there, also through opsroom, means it.
        ruled.ask("move_card", card="OPS-1", column="To do")
        ruled.ask("move_card", card="OPS-1", column="Ready for UAT")
        assert moved(ruled, event="1e" * 16)["code"] == "deployed"

    def test_the_config_may_not_name_one_column_for_both(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["test"] = {"move_cards": "READY for UAT"}
        answer = moved(ruled)
        assert answer["code"] == "settings_invalid"
        assert "one deployment would lead to the next" in answer["message"]
        ruled.world.config["environments"]["test"] = {
            "apps": {"web": {"move_cards": "Ready for UAT"}}
        }
        assert moved(ruled)["code"] == "settings_invalid"

    def test_a_column_needs_an_environment_before(self, ruled: Ruled) -> None:
        del ruled.world.config["environments"]["uat"]["after"]
        assert moved(ruled)["problems"][0].startswith(
            "environments.uat.ready_column: expected after beside it"
        )


class TestUpdatingCards:
    def commit(self, ruled: Ruled, message: str, tag: str) -> None:
        git(ruled.world.folder / "repository", "commit", "--quiet", "--allow-empty", "-m", message)
        git(ruled.world.folder / "repository", "tag", tag)

    def update(self, ruled: Ruled, event: str = E1, **given: Any) -> Dict[str, Any]:
        known = {
            "app": "web",
            "environment": "uat",
            "version": "v1.3.0",
            "version_before": "v1.2.0",
            **given,
        }
        return ruled.rule("update_cards", event=event, **known)

    def test_cards_of_what_others_deployed_are_updated_and_moved_once(self, ruled: Ruled) -> None:
        ruled.world.config["environments"]["uat"]["move_cards"] = "On UAT"
        self.commit(ruled, "OPS-2: faster", "v1.3.0")
        for _ in range(2):
            self.update(ruled)
        (said,) = comments(ruled, "OPS-2")
        assert "Someone put web v1.3.0 on uat without opsroom (before: v1.2.0)" in said
        assert ruled.ask("get_card", card="OPS-2")["status"] == "On UAT"
        assert comments(ruled, "OPS-1") == []
        # Where it was moved by this, it asks for nothing.
        ruled.world.config["environments"]["uat"].update(move_cards="Done", ready_column="On UAT")
        ruled.deploy("v1.1.0", "test")
        assert moved(ruled, card="OPS-2", to="On UAT", event="1e" * 16)["code"] == "nothing_new"

    @AWAY
    def test_a_database_that_is_away_is_waited_for(
        self, ruled: Ruled, monkeypatch: pytest.MonkeyPatch, trouble: Any
    ) -> None:
        self.commit(ruled, "OPS-2: faster", "v1.3.0")
        with away(monkeypatch, **trouble):
            self.update(ruled)
        self.update(ruled)
        assert len(comments(ruled, "OPS-2")) == 1

    @pytest.mark.parametrize(
        "given", [{"version": ""}, {"version_before": ""}, {"version": "v1.2.0"}]
    )
    def test_without_news_no_card_is_told(self, ruled: Ruled, given: Dict[str, str]) -> None:
        assert (
            self.update(ruled, **{"version": "v1.1.0", "version_before": "v1.0.0", **given})["code"]
            == "nothing_new"
        )

    def test_a_version_that_the_repository_does_not_have_is_refused(self, ruled: Ruled) -> None:
        assert self.update(ruled, version="v9")["code"] == "unknown_version"


class TestPagingOnFailure:
    @pytest.fixture
    def paging(self, ruled: Ruled) -> Ruled:
        config = ruled.world.config
        config["pagers"] = {
            "log": {"kind": "local", "on_call": {"web-team": ["bob"], "night": "carol"}}
        }
        config["teams"] = {"web-team": {"log": "web-team"}}
        config["apps"]["web"].update(page="web-team", verify_for="0s")
        config["environments"]["uat"] = {"page_on_failure": "app"}
        return ruled

    def fail(self, ruled: Ruled) -> Dict[str, Any]:
        ruled.world.config["apps"]["web"]["version"] = runs("echo", "v0")
        ruled.ask("deploy", app="web", version="v1.0.0", environment="uat")
        return self.follow(ruled)

    def follow(self, ruled: Ruled) -> Dict[str, Any]:
        return ruled.rule("page_on_failure", execution=ruled.execution())

    def pages(self, ruled: Ruled) -> List[Any]:
        return list(ruled.ask("list_pages")["pages"])

    def test_the_team_of_the_application_is_paged_once(self, paging: Ruled) -> None:
        execution = paging.executions + 1
        expect(self.fail(paging), ok=True, code="paged")
        again = paging.rule("page_on_failure", execution=f"5f00000000000000{execution:08d}")
        assert again["code"] == "nothing_new"
        assert len(self.pages(paging)) == 1

    @AWAY
    def test_a_database_that_is_away_is_waited_for(
        self, paging: Ruled, monkeypatch: pytest.MonkeyPatch, trouble: Any
    ) -> None:
        follow = self.follow
        monkeypatch.setattr(self, "follow", lambda ruled: {})
        self.fail(paging)
        execution = paging.execution()
        with away(monkeypatch, **trouble):
            assert follow(paging)["code"] == "paged"
        again = paging.rule("page_on_failure", execution=execution)
        assert again["code"] == "nothing_new"
        assert len(self.pages(paging)) == 1

    def test_a_team_may_be_named_instead(self, paging: Ruled) -> None:
        paging.world.config["environments"]["uat"] = {"page_on_failure": "log:night"}
        assert "carol" in self.fail(paging)["message"]

    def test_nobody_is_paged_without_a_failure_or_a_name(self, paging: Ruled) -> None:
        paging.ask("deploy", app="web", version="v1.0.0", environment="uat")
        assert self.follow(paging)["code"] == "nothing_new"
        paging.ask("deploy", app="web", version="v9.9.9", environment="uat")
        assert self.follow(paging)["code"] == "nothing_new"
        paging.world.config["environments"]["uat"] = {}
        assert self.fail(paging)["code"] == "nothing_new"

    def test_nobody_is_paged_for_what_failed_before_it_began(self, paging: Ruled) -> None:
        paging.world.config["apps"]["web"]["version"] = runs("false")
        paging.ask("deploy", app="web", version="v1.0.0", environment="uat")
        assert self.follow(paging)["code"] == "nothing_new"

    def test_nobody_is_paged_for_what_someone_cancelled(
        self, paging: Ruled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check = RunningJob.check

        def cancelled(job: RunningJob) -> None:
            check(job)
            if job._step == "deploying":
                raise Failure(
                    Code.CANCELLED, "carol cancelled it.", facts={"cancelled_by": "carol"}
                )

        monkeypatch.setattr(RunningJob, "check", cancelled)
        paging.ask("deploy", app="web", version="v1.0.0", environment="uat")
        assert paging.world.events()[-2:] == ["started", "cancelled"]
        assert self.follow(paging)["code"] == "nothing_new"

    def test_when_nobody_can_be_paged_even_a_quiet_room_reads_it(self, paging: Ruled) -> None:
        paging.ask("quiet", length="30m")
        paging.world.config["environments"]["uat"] = {"page_on_failure": "nobody-knows"}
        assert not self.fail(paging)["ok"]
        (said,) = paging.announced
        assert said.startswith(
            "Nobody could be paged about this: The deploy of web v1.0.0 on uat by alice failed"
        )


class TestCheckingTheRecord:
    def spoil(self, ruled: Ruled) -> None:
        store = open_store(ruled.world.database)
        open_gates(store)
        run(store, "UPDATE ledger SET message = 'nothing happened' WHERE seq = 1")

    def test_a_record_that_holds_is_not_spoken_of(self, ruled: Ruled) -> None:
        assert ruled.rule("check_record")["code"] == "record_holds"
        assert ruled.announced == []

    def test_one_that_is_broken_is_told_daily_even_to_a_quiet_room(self, ruled: Ruled) -> None:
        ruled.ask("quiet", length="30m")
        self.spoil(ruled)
        for _ in range(2):
            expect(ruled.rule("check_record"), ok=False, code="record_broken")
        (said,) = ruled.announced
        assert said.startswith("The record is BROKEN")

    def test_the_team_is_paged_and_a_missing_one_is_noticed_before(self, ruled: Ruled) -> None:
        assert ruled.rule("check_record", wake=True)["code"] == "not_configured"
        ruled.world.config["pagers"] = {"log": {"kind": "local", "on_call": {"night": "carol"}}}
        ruled.world.config["audit"] = {"page": "log:night"}
        assert ruled.rule("check_record", wake=True)["ok"]
        assert ruled.ask("list_pages")["pages"] == []
        self.spoil(ruled)
        ruled.rule("check_record", wake=True)
        assert len(ruled.ask("list_pages")["pages"]) == 1
