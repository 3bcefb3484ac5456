"""How many pages go out, and what is recorded of each."""

from __future__ import annotations

from typing import Any, List

import pytest

from opsroom.audit.collect import collect
from opsroom.audit.period import read_period
from opsroom.db.store import open_store
from support.expectations import expect, says
from support.pages.rooms import Rooms
from support.pages.scripted_pager import DOWN
from support.records.late import close_database


class TestLimit:
    def test_a_person_may_send_so_many_in_a_time(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 2, "within": "10m"}
        for number in range(2):
            assert rooms.page(who=["web-team", "bob"][number])["code"] == "paged"
        answer = rooms.page(message="once more")
        expect(answer, code="page_limit", outcome="refused")
        says(
            answer,
            begins="alice has sent 2 pages in the last 10 min, as many as the config allows; "
            "nobody was paged. The next one may go out after ",
        )
        assert answer["hint"] == "If it cannot wait: emergency page web-team: what is wrong"
        assert len(rooms.side().pages) == 2

    def test_a_refused_page_is_recorded_and_counts_for_nothing(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 1}
        rooms.page()
        rooms.page(message="once more")
        last = rooms.world.records()[-1]
        assert (last.event.value, last.code, last.facts["team"]) == (
            "refused",
            "page_limit",
            "web-team",
        )
        assert last.facts["text"] == "once more"
        assert len(rooms.rows()) == 1

    def test_a_team_gets_so_many_from_everybody_together(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 2}
        rooms.page(by="alice")
        rooms.page(by="bob")
        answer = rooms.page(by="carol")
        assert answer["message"].startswith("web-team has got 2 pages in the last 10 min")
        assert rooms.page("bob", by="carol")["code"] == "paged"

    def test_after_its_time_it_may_be_paged_again(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 1}
        rooms.page()
        rooms.pass_time(601)
        assert rooms.page(message="once more")["code"] == "paged"

    def test_a_page_that_was_taken_by_nobody_does_not_count(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 1}
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, DOWN)]
        rooms.page()
        assert rooms.page(message="once more")["code"] == "paged"

    def test_the_same_again_does_not_count(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 1}
        rooms.page()
        assert rooms.page()["code"] == "paged_already"

    def test_an_emergency_passes_it_is_flagged_and_announced(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 1}
        rooms.page()
        answer = rooms.page(message="once more", emergency=True)
        assert answer["code"] == "paged"
        assert rooms.side().pages[-1].urgent
        last = rooms.world.records()[-1]
        assert (last.event.value, last.command, last.facts["emergency"]) == (
            "paged",
            "page in an emergency",
            True,
        )
        (told,) = rooms.said("#deploys")
        assert told.startswith("Emergency: alice paged bob")

    def test_pages_at_the_same_moment_count_each_other(self, shared: Rooms) -> None:
        shared.world.config["page_limit"] = {"pages": 1}
        said = [{"who": "web-team", "message": f"number {number}"} for number in range(4)]
        answers = shared.world.at_once("page", *said)
        assert sorted(one["code"] for one in answers) == ["page_limit"] * 3 + ["paged"]


class TestRecord:
    def test_every_page_is_two_records_of_one_request(self, rooms: Rooms) -> None:
        rooms.page(urgent=True)
        asked, paged = rooms.world.records()
        assert (asked.event.value, paged.event.value, paged.code) == ("asked", "paged", "paged")
        assert asked.deployment == paged.deployment
        expect(paged, command="page", person="alice", room="#dev")
        kept = {
            key: paged.facts[key]
            for key in ("pager", "incident", "url", "target", "people", "team", "urgent")
        }
        assert kept == {
            "pager": "pagerduty", "incident": "I1234", "url": "https://p.example/1234",
            "target": "PSVC",
            "people": ["bob"], "team": "web-team", "urgent": True,
        }  # fmt: skip
        assert paged.facts["mark"] == rooms.side().pages[0].mark
        assert rooms.world.chain_holds()

    def test_the_auditors_report_is_about_deployments_and_complete(self, rooms: Rooms) -> None:
        rooms.page(emergency=True)
        rooms.page("nobody")
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, DOWN)]
        rooms.page(message="once more")
        for verb in ("ack_page", "escalate_page", "resolve_page"):
            rooms.ask(verb, page="1234")
        rooms.ask("add_responder", who="bob", page="1234")
        today = rooms.world.records()[0].at
        period = read_period(f"{today:%Y-%m}")
        store = open_store(rooms.world.database)
        with store.read() as connection:
            found = collect(connection, period)
        expect(found, changes=(), attempts=(), unreadable=())

    def test_a_database_that_cannot_be_used_keeps_nobody_asleep(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        close_database(monkeypatch)
        answer = rooms.page()
        expect(answer, ok=True, code="paged", recorded=False)
        says(
            answer, "It is not recorded yet (the next command does that), and no limit was checked"
        )
        assert "the database cannot be used." in answer["message"]
        assert len(rooms.side().pages) == 1
        assert rooms.side().pages[0].mark.startswith("ops")

    def test_without_the_record_the_chain_and_its_truth_are_the_same(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        close_database(monkeypatch)
        rooms.side().script = [(False, DOWN)]
        assert rooms.page()["pager"] == "mail"
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, DOWN)]
        assert rooms.page()["code"] == "not_paged"

    def test_secrets_of_the_config_stay_out_of_the_log_of_pages(self, rooms: Rooms) -> None:
        rooms.world.config["people"]["bob"]["totp"] = "JBSWY3DPEHPK3PXP"
        rooms.page(message="the key is JBSWY3DPEHPK3PXP")
        kept: List[Any] = [rooms.rows(), [one.facts for one in rooms.world.records()]]
        assert "JBSWY3DPEHPK3PXP" not in str(kept)
