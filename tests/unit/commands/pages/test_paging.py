"""Whom a page reaches, and what the room reads of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from opsroom.pagers import Delivery, OnCall, Target
from support.expectations import expect, says
from support.pages.rooms import Clock, Rooms
from support.pages.scripted_pager import DOWN, LIMITED, WRONG


class TestAnswer:
    def test_it_says_who_was_reached_through_what_until_when(self, rooms: Rooms) -> None:
        answer = rooms.page()
        expect(answer, ok=True, code="paged")
        assert answer["message"] == (
            "alice paged bob (on call until Mon 2099-11-23 18:00 UTC) for web-team through "
            "pagerduty, incident 1234. "
            "https://p.example/1234"
        )
        expect(answer, pager="pagerduty", incident="I1234", number="1234", people=["bob"])

    def test_it_takes_one_request_where_the_config_names_the_target(self, rooms: Rooms) -> None:
        rooms.page()
        assert rooms.side().calls == ["page PSVC"]
        assert rooms.side("mail").calls == []

    def test_the_pager_learns_who_asked_and_where(self, rooms: Rooms) -> None:
        rooms.world.config["web"] = "https://st2.example.com"
        rooms.page(urgent=True)
        (page,) = rooms.side().pages
        expect(page.author, shown="alice", room="#dev", identity="PALICE")
        assert page.author.email == "alice@example.com"
        assert page.author.line == (
            "alice (in #dev) via opsroom, "
            "https://st2.example.com/#/history/5f0000000000000000000001"
        )
        assert page.urgent
        assert page.text == "checkout is down"

    def test_the_end_of_duty_is_told_in_the_configs_time_zone(self, rooms: Rooms) -> None:
        rooms.world.config["timezone"] = "Europe/Paris"
        assert "on call until Mon 2099-11-23 19:00 Europe/Paris" in rooms.page()["message"]

    def test_only_the_first_to_be_reached_are_told(self, rooms: Rooms) -> None:
        rooms.side().on_call = (
            OnCall("bob", level=1),
            OnCall("dave", level=1),
            OnCall("carol", level=2),
        )
        assert rooms.page()["message"].startswith(
            "alice paged bob and dave (on call) for web-team through pagerduty"
        )

    def test_without_a_word_on_who_is_reached_the_target_is_named(self, rooms: Rooms) -> None:
        rooms.side().on_call = ()
        says(rooms.page(), begins="alice paged PSVC for web-team through pagerduty, incident 1234.")

    def test_a_page_whose_outcome_is_not_known_is_never_called_sent(self, rooms: Rooms) -> None:
        side = rooms.side()
        side.delivery, side.notes = Delivery.UNCONFIRMED, ("It was accepted for processing.",)
        answer = rooms.page()
        expect(answer, ok=False, code="page_unconfirmed", outcome="failed")
        assert answer["message"] == (
            "pagerduty took alice's page to web-team (incident 1234); whether it reaches "
            "someone is not known. "
            "Phone: +44 20 7946 0000. https://p.example/1234 It was accepted for processing."
        )
        assert rooms.world.events() == ["asked", "unconfirmed"]
        # It may be out there: it is watched, and not sent through another pager.
        assert rooms.side("mail").calls == []
        assert rooms.rows()[0]["watch_until"] != ""

    @pytest.mark.parametrize("words", ["", "   ", "\n"])
    def test_a_page_needs_words(self, rooms: Rooms, words: str) -> None:
        expect(rooms.page(message=words), code="text_needed", outcome="refused")
        assert rooms.side().calls == []
        assert rooms.world.events() == ["refused"]

    def test_a_long_text_is_cut_where_everybody_sees_it(self, rooms: Rooms) -> None:
        answer = rooms.page(message="word " * 500)
        (page,) = rooms.side().pages
        assert len(page.text) <= 1024
        assert page.text.endswith("word [cut: 1520 more characters]")
        assert answer["message"].endswith("The text was cut after 979 characters.")

    def test_nothing_in_the_text_pings_or_is_evaluated(self, rooms: Rooms) -> None:
        rooms.page(message="look @channel <!here> {{ st2kv.system.x }} <% x %>")
        (page,) = rooms.side().pages
        assert "@channel" not in page.text
        assert "{{" not in page.text
        assert "<%" not in page.text
        assert "<!here>" not in page.text


class TestChain:
    @pytest.mark.parametrize("trouble", [DOWN, LIMITED, WRONG])
    def test_the_next_is_tried_after_a_certain_failure(self, rooms: Rooms, trouble: Any) -> None:
        rooms.side().script = [(False, trouble)]
        answer = rooms.page()
        expect(answer, ok=True, code="paged", pager="mail")
        says(answer, "through mail, incident 77.", "pagerduty did not take it: https://p.example")
        assert answer["tried"][0]["code"] == trouble.code.value
        assert len(rooms.side("mail").pages) == 1
        assert rooms.rows()[0]["pager"] == "mail"

    def test_a_page_that_reaches_nobody_goes_on_to_the_next_pager(self, rooms: Rooms) -> None:
        rooms.side().delivery, rooms.side().notes = Delivery.NOBODY, ("alice is on call herself.",)
        answer = rooms.page()
        expect(answer, ok=True, pager="mail")
        says(answer, "pagerduty took it and reaches nobody. alice is on call herself.")

    def test_when_nobody_is_reached_it_says_whom_to_phone(self, rooms: Rooms) -> None:
        rooms.side().delivery = rooms.side("mail").delivery = Delivery.NOBODY
        answer = rooms.page()
        expect(answer, ok=False, code="nobody_notified", hint="Phone: +44 20 7946 0000")
        says(answer, begins="The page to web-team reached nobody. pagerduty took it")
        assert rooms.world.events() == ["asked", "failed"]

    def test_when_all_pagers_are_down_it_says_so_and_whom_to_phone(self, rooms: Rooms) -> None:
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, LIMITED)]
        answer = rooms.page()
        expect(answer, ok=False, code="not_paged", hint="Phone: +44 20 7946 0000")
        says(answer, begins="Nobody was paged for web-team, neither pagerduty and mail took it.")
        assert rooms.rows() == []
        assert rooms.world.records()[-1].code == "not_paged"

    def test_after_a_certain_failure_the_same_may_be_said_again_at_once(self, rooms: Rooms) -> None:
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, DOWN)]
        rooms.page()
        assert rooms.page()["code"] == "paged"

    def test_the_order_is_that_of_the_team(self, rooms: Rooms) -> None:
        rooms.world.config["teams"]["web-team"]["page"] = ["mail", "pagerduty"]
        assert rooms.page()["pager"] == "mail"

    def test_a_pager_that_hangs_is_left_behind_in_time_for_the_next(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsroom.commands.pages.page.TOTAL", 5.0)
        monkeypatch.setattr("opsroom.commands.pages.chain.MIN_SECONDS", 0.2)
        monkeypatch.setattr("opsroom.commands.pages.page.MIN_SECONDS", 0.2)
        monkeypatch.setattr("opsroom.commands.pages.chain._STILL_AT_IT_WHEN_SLOW", 0.1)
        rooms.side().gate = threading.Event()
        try:
            answer = rooms.page()
        finally:
            rooms.side().gate.set()
        expect(answer, ok=True, pager="mail")
        assert "pagerduty did not take it: pagerduty did not answer within" in answer["message"]

    def test_a_defect_in_one_kind_stops_no_other(self, rooms: Rooms, clock: Clock) -> None:
        rooms.side().script = [(False, KeyError("incident"))]
        answer = rooms.page()
        expect(answer, ok=True, pager="mail")
        assert "asking pagerduty failed (KeyError)" in answer["message"]

    def test_a_pager_without_a_target_is_asked_for_the_teams_name(self, rooms: Rooms) -> None:
        del rooms.world.config["teams"]["web-team"]["pagerduty"]
        rooms.world.config["teams"]["web-team"]["page"] = ["pagerduty"]
        rooms.side().knows = (
            Target("service", "P9", "Web-Team"),
            Target("service", "P8", "web-team old"),
        )
        assert rooms.page()["pager"] == "pagerduty"
        assert rooms.side().calls == ["look_up web-team", "page P9"]

    def test_without_that_name_it_goes_to_the_pagers_default(self, rooms: Rooms) -> None:
        del rooms.world.config["teams"]["web-team"]["pagerduty"]
        rooms.world.config["teams"]["web-team"]["page"] = ["pagerduty"]
        rooms.side().default = Target("service", "PALL", "Everything")
        assert rooms.page()["target"] == "Everything"

    def test_with_neither_nobody_is_paged_and_the_missing_key_is_named(self, rooms: Rooms) -> None:
        del rooms.world.config["teams"]["web-team"]["pagerduty"]
        rooms.world.config["teams"]["web-team"]["page"] = ["pagerduty"]
        answer = rooms.page()
        expect(answer, code="unknown_who", outcome="refused")
        expect(answer, hint="An administrator can say who that is under teams.web-team.pagerduty.")
