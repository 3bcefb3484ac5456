"""page: nobody is paged by a guess, and what an answer says of whom was reached is true and not cut
off."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from opsroom.db.store import open_store
from opsroom.errors import Code, Failure
from opsroom.pagers import Delivery, OnCall, State, Target
from support.expectations import expect, says
from support.pages.rooms import Clock, Rooms
from support.pages.scripted_pager import DOWN, LOST, SLOW
from support.records.stores import rows, run
from support.servers.http import HttpServer
from support.vendors.pagers.pagerduty import ROUTING_KEY, FakePagerDuty


def long_chain(rooms: Rooms) -> None:
    """Six pagers, of which the first five are down and say so at length."""
    rooms.world.config["pagers"] = {f"pager{number}": {"kind": "scripted"} for number in range(6)}
    rooms.world.config["teams"] = {"web-team": {"phone": "+44 20 7946 0000"}}
    for number in range(6):
        side = rooms.side(f"pager{number}")
        side.default = Target("service", "PSVC", "Web")
        if number < 5:
            down = Failure(
                Code.UNREACHABLE, f"https://{'x' * 80} cannot be reached.", facts={"sent": False}
            )
            side.script = [(False, down), (False, down)]


class TestNames:
    def test_me_is_nobody_else_for_an_unknown_person(self, rooms: Rooms) -> None:
        rooms.side().knows = (Target("user", "PCARMEN", "Carmen Mendes"),)
        expect(rooms.page("me", by="zoe"), ok=False, code="unknown_who")
        assert rooms.side().pages == []
        number = rooms.page()["number"]
        answer = rooms.ask("add_responder", "zoe", who="me", page=number)
        expect(answer, ok=False, code="unknown_who")
        assert rooms.side().incidents[number].people == ("bob",)

    def test_a_person_is_nobody_whose_name_contains_theirs(self, rooms: Rooms) -> None:
        rooms.side("mail").knows = (Target("user", "U2", "Carola Tables"),)
        assert rooms.page("mail:carol")["code"] == "unknown_who"
        rooms.side("mail").knows = (Target("user", "U1", "Carol"),)
        assert rooms.page("mail:carol")["code"] == "paged"

    def test_a_name_is_not_guessed_while_a_pager_is_silent(self, rooms: Rooms) -> None:
        rooms.side("pagerduty").trouble["look_up"] = DOWN
        rooms.side("mail").knows = (Target("service", "X", "Payments test"),)
        answer = rooms.page("payments")
        expect(answer, ok=False, code="which_who")
        assert answer["hint"].endswith("mail:service Payments test")
        assert rooms.side("mail").pages == []
        assert rooms.page("mail:service Payments test")["code"] == "paged"

    def test_the_kind_before_a_name_counts_more_than_a_longer_name(self, rooms: Rooms) -> None:
        rooms.side().knows = (
            Target("service", "A", "Web"),
            Target("schedule", "B", "Web"),
            Target("service", "C", "Self service Web"),
        )
        assert rooms.page("pagerduty:service Web")["code"] == "paged"
        assert [one.target.id for one in rooms.side().pages] == ["A"]

    def test_two_things_of_one_name_in_two_pagers_are_two_pages(self, rooms: Rooms) -> None:
        rooms.side("pagerduty").knows = (Target("service", "A", "Web EU"),)
        rooms.side("mail").knows = (Target("service", "B", "Web EU"),)
        assert rooms.page("pagerduty:Web EU")["code"] == "paged"
        assert rooms.page("mail:Web EU")["code"] == "paged"
        assert rooms.page("mail:Web EU")["code"] == "paged_already"
        assert (len(rooms.side().pages), len(rooms.side("mail").pages)) == (1, 1)

    def test_a_number_sign_after_the_pager_is_no_part_of_the_number(self, rooms: Rooms) -> None:
        number = rooms.page()["number"]
        assert rooms.ask("ack_page", page=f"pagerduty:#{number}")["code"] == "acknowledged"
        assert rooms.rows()[0]["state"] == "acknowledged"


class TestAnswers:
    def test_nobody_is_called_on_call_who_was_paged_by_name(self, rooms: Rooms) -> None:
        rooms.side().on_call = (OnCall("Bob Brown"),)
        rooms.side().knows = (Target("user", "PBOB", "Bob Brown"),)
        assert "paged Bob Brown through pagerduty" in rooms.page("Bob Brown")["message"]

    def test_that_it_was_not_sent_again_is_not_cut_off(self, rooms: Rooms, clock: Clock) -> None:
        long_chain(rooms)
        assert rooms.page()["code"] == "paged"
        again = rooms.page()
        assert again["code"] == "paged_already"
        says(again, "it was not sent again", "incident 1234")

    def test_which_pager_may_have_it_is_not_cut_off(self, rooms: Rooms, clock: Clock) -> None:
        long_chain(rooms)
        rooms.side("pager5").script = [(True, LOST)]
        rooms.side("pager5").can_look = False
        answer = rooms.page()
        assert answer["code"] == "page_unconfirmed"
        assert "pager5 cannot be asked whether it has it" in answer["message"]
        assert "+44 20 7946 0000" in answer["hint"]

    def test_a_page_that_is_not_confirmed_says_whom_to_phone(self, rooms: Rooms) -> None:
        rooms.side().delivery = Delivery.UNCONFIRMED
        answer = rooms.page()
        assert answer["code"] == "page_unconfirmed"
        assert "Phone: +44 20 7946 0000" in answer["message"]


class TestWatching:
    def test_a_page_whose_answer_was_lost_is_watched_too(self, rooms: Rooms, clock: Clock) -> None:
        rooms.side().script, rooms.side().can_look = [(True, LOST)], False
        rooms.side().can_act = False
        mark = rooms.page()["mark"]
        rooms.watch(301, times=2)
        assert [one.split(" (")[0] for one in rooms.said("#dev")] == [
            f"It is still unknown whether page {mark}"
        ]
        assert f"ack page {mark}" in rooms.said("#dev")[0]

    def test_many_pages_that_nobody_ever_answers_do_not_hide_a_new_one(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsroom.commands.pages.watch._SELDOM", 1)
        rooms.world.config["page_limit"] = {"pages": 0}
        rooms.side("mail").can_act = False
        for number in range(55):
            rooms.page("mail:web-team", message=f"text {number}")
        rooms.pass_time(600)
        rooms.watch(times=4)
        assert len(rooms.said("#dev")) == 55
        number = rooms.page()["number"]
        rooms.watch()
        rooms.side().incidents[number] = replace(
            rooms.side().incidents[number], state=State.ACKNOWLEDGED
        )
        rooms.watch()
        assert rooms.said("#dev")[-1].startswith(
            f"Page {number} (web-team) was acknowledged in pagerduty"
        )

    @pytest.mark.parametrize("there", [True, False])
    def test_a_page_whose_runner_died_is_told_once(self, rooms: Rooms, there: bool) -> None:
        number = rooms.page()["number"]
        store = open_store(rooms.world.database)
        # As kill -9 leaves it.
        run(
            store,
            "UPDATE pages SET state = 'sending', incident = '', number = '', watch_until = ''",
        )
        ((mark,),) = rows(store, "SELECT mark FROM pages")
        if there:
            rooms.side().incidents[number] = replace(rooms.side().incidents[number], id=mark)
        rooms.watch()
        assert rooms.said("#dev") == []
        rooms.watch(130, times=2)
        assert len(rooms.said("#dev")) == 1
        said = rooms.said("#dev")[0]
        assert said.startswith("The command by which alice paged web-team was stopped 2 min ")
        assert (f"incident {number}" in said) is there
        assert ("it is unknown whether the page went out" in said) is not there
        assert rooms.world.events()[-1] == ("paged" if there else "unconfirmed")
        rooms.watch(301)
        # Found, it is watched like any other.
        assert len(rooms.said("#dev")) == (2 if there else 1)
        assert rooms.world.chain_holds()


class TestFollowingUp:
    @pytest.mark.parametrize("lost", [LOST, SLOW])
    def test_a_lost_escalation_is_no_certain_failure(self, rooms: Rooms, lost: Failure) -> None:
        rooms.page()
        rooms.side().script = [(True, lost)]
        answer = rooms.ask("escalate_page", page="1234")
        assert answer["ok"] is False
        says(answer, begins="Whether alice escalated page 1234 (web-team) is not known: ")
        assert rooms.world.events()[-1] == "unconfirmed"
        rooms.side().script = [(False, DOWN)]
        assert "refused" in rooms.ask("escalate_page", page="1234")["message"]
        assert rooms.world.events()[-1] == "failed"

    def test_an_integration_of_a_team_acknowledges_and_resolves(self, rooms: Rooms) -> None:
        with FakePagerDuty() as account:
            account.routing_keys["R0TEAM0KEY0000000000000000000000"] = "PWEB"
            config = rooms.world.config
            options = account.options(token=None, service=None, routing_key=ROUTING_KEY)
            known = {key: one for key, one in options.items() if key not in ("from", "url")}
            config["pagers"] = {"pd": {"kind": "pagerduty", **known}}
            config["teams"] = {
                "web-team": {"pd": {"routing_key": "R0TEAM0KEY0000000000000000000000"}}
            }
            mark = rooms.page()["incident"]
            assert rooms.ask("ack_page", page=mark)["ok"]
            assert rooms.ask("resolve_page", page=mark)["ok"]
            bodies = [json.loads(one.body) for one in account.events.requests]
        assert [one["event_action"] for one in bodies] == ["trigger", "acknowledge", "resolve"]
        assert {one["routing_key"] for one in bodies} == {"R0TEAM0KEY0000000000000000000000"}


def test_where_no_encrypted_connection_comes_about_the_next_pager_is_tried(rooms: Rooms) -> None:
    with HttpServer() as plain:
        address = plain.url("/hook").replace("http:", "https:")
        rooms.world.config["pagers"]["hook"] = {"kind": "webhook", "url": address}
        rooms.world.config["teams"]["web-team"].update(page=["hook", "mail"], hook="web")
        answer = rooms.page()
    expect(answer, code="paged", pager="mail")
    assert "hook did not take it" in answer["message"]
