"""Incidents are declared once, with a card and a page, and closed and listed."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from opsroom.db.store import open_store
from opsroom.errors import Failure
from opsroom.pagers import Delivery, State
from support.cards import scripted_tracker
from support.cards.scripted_tracker import DOWN, LOST, Elsewhere
from support.expectations import expect, says
from support.pages import scripted_pager
from support.pages.incidents import WHAT, close, declare, step
from support.pages.rooms import Rooms
from support.records.late import close_database
from support.records.stores import run


class TestDeclaring:
    def test_one_message_makes_card_page_link_and_post(
        self, shared: Rooms, cards: Elsewhere
    ) -> None:
        answer = declare(shared)
        id = answer["incident"]
        expect(answer, ok=True, code="declared", fresh=True)
        assert answer["message"] == (
            f"alice declared incident {id} for web: {WHAT}. Card OPS-1 https://t.example/OPS-1. "
            f"Page 1234 through pagerduty. When it is over: close incident {id}: what it was"
        )
        (draft,) = cards.made.values()
        assert draft.summary == f"Incident {id}: {WHAT}"
        (page,) = shared.side().pages
        assert page.text == f"Incident {id}: {WHAT} Card: OPS-1 https://t.example/OPS-1"
        assert page.urgent
        (remark,) = cards.comments.values()
        expect(
            remark, card="OPS-1", text="Page 1234 to web through pagerduty: https://p.example/1234"
        )
        assert shared.said("#deploys") == [answer["message"]]
        assert shared.world.chain_holds()
        events = shared.world.events()
        assert [one for one in events if one != "asked"] == [
            "declared",
            "card_created",
            "paged",
            "card_commented",
        ]

    def test_who_reads_the_answer_in_that_very_room_reads_it_once(self, rooms: Rooms) -> None:
        id = declare(rooms, room="#deploys")["incident"]
        step(rooms, id, "tell")
        assert rooms.said("#deploys") == []

    def test_the_room_of_incidents_is_told_instead(self, rooms: Rooms) -> None:
        rooms.world.config["incidents"] = {"room": "#ops"}
        declare(rooms)
        assert (len(rooms.said("#ops")), rooms.said("#deploys")) == (1, [])

    def test_the_card_goes_where_the_config_wants_it(self, rooms: Rooms, cards: Elsewhere) -> None:
        rooms.world.config["incidents"] = {"project": "ops:INC"}
        assert declare(rooms)["card"] == "INC-1"

    def test_a_long_text_is_whole_on_the_card_only(self, rooms: Rooms, cards: Elsewhere) -> None:
        answer = declare(rooms, words="x y " * 900)
        (draft,) = cards.made.values()
        assert len(draft.summary) + len(draft.description) > 3500
        assert len(rooms.side().pages[0].text) < 800
        assert len(answer["message"]) <= 400

    def test_an_unknown_person_makes_nothing(self, rooms: Rooms, cards: Elsewhere) -> None:
        expect(declare(rooms, who="web-taem"), ok=False, code="unknown_who")
        assert (cards.made, rooms.side().pages, rooms.said("#deploys")) == ({}, [], [])
        assert rooms.ask("list_incidents")["message"] == "No incident is open."

    def test_without_one_of_them_the_other_is_made(self, rooms: Rooms, cards: Elsewhere) -> None:
        trackers = rooms.world.config.pop("trackers")
        alone = declare(rooms)
        expect(alone, ok=True, card="", page="1234")
        assert alone["message"].endswith("There is no card: no tracker is configured.")
        del (
            rooms.world.config["pagers"],
            rooms.world.config["teams"],
            rooms.world.config["apps"]["web"]["page"],
        )
        rooms.world.config["trackers"] = trackers
        other = declare(rooms, words="another one")
        expect(other, ok=True, card="OPS-1", page="")
        assert other["message"].endswith("Nobody was paged: no pager is configured.")

    def test_an_expression_reaches_neither_vendor(self, rooms: Rooms, cards: Elsewhere) -> None:
        # The pattern of the parameter refuses it; this is what happens where there is none, as in
        # the console.
        answer = declare(rooms, words="{{ st2kv.system.x }} <% ctx() %>")
        texts = [
            answer["message"],
            rooms.side().pages[0].text,
            next(iter(cards.made.values())).summary,
        ]
        assert not [one for one in texts if "{{" in one or "<%" in one]


class TestOnce:
    def test_the_same_words_are_the_same_incident(self, rooms: Rooms, cards: Elsewhere) -> None:
        first, second = declare(rooms), declare(rooms)
        expect(second, incident=first["incident"], code="declared", fresh=False)
        assert (len(cards.made), len(rooms.side().pages), len(cards.comments)) == (1, 1, 1)
        assert len(rooms.said("#deploys")) == 1

    def test_of_somebody_else_or_later_it_is_another(self, rooms: Rooms, cards: Elsewhere) -> None:
        first = declare(rooms)["incident"]
        assert declare(rooms, by="bob")["incident"] != first
        rooms.pass_time(3700)
        assert declare(rooms)["incident"] != first

    def test_every_step_may_be_repeated_by_anybody(self, rooms: Rooms, cards: Elsewhere) -> None:
        id = declare(rooms)["incident"]
        rooms.pass_time(2000)
        for name in ("card", "page", "link", "tell"):
            expect(step(rooms, id, name), code="incident_step", changed=False)
        assert (len(cards.made), len(rooms.side().pages), len(cards.comments)) == (1, 1, 1)
        assert len(rooms.said("#deploys")) == 1

    def test_of_many_at_once_there_is_one_incident(self, shared: Rooms, cards: Elsewhere) -> None:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: declare(shared), range(4)))
        assert len({one["incident"] for one in answers}) == 1
        assert (len(cards.made), len(shared.side().pages)) == (1, 1)
        # Who came while another was at it is told so, and may say it again.
        assert {one["code"] for one in answers} <= {"declared", "incident_incomplete"}
        assert declare(shared)["code"] == "declared"
        assert (len(cards.made), len(shared.side().pages), len(cards.comments)) == (1, 1, 1)

    def test_a_card_whose_answer_was_lost_is_found(self, rooms: Rooms, cards: Elsewhere) -> None:
        cards.script = [(True, LOST)]
        assert declare(rooms)["card"] == "OPS-1"
        assert len(cards.made) == 1

    def test_a_card_in_doubt_is_found_hours_later(self, rooms: Rooms, cards: Elsewhere) -> None:
        cards.script = [(True, LOST)]
        cards.looks = [DOWN] * 50
        answer = declare(rooms)
        expect(answer, code="incident_incomplete", card="", page="1234")
        cards.looks = []
        rooms.pass_time(7200)
        assert step(rooms, answer["incident"], "card")["card"] == "OPS-1"
        assert len(cards.made) == 1

    def test_a_page_whose_sender_died_is_not_sent_again(self, rooms: Rooms) -> None:
        id = declare(rooms)["incident"]
        store = open_store(rooms.world.database)
        run(store, "UPDATE incidents SET page = '', pager = '', page_url = ''")
        rooms.pass_time(2000)
        assert step(rooms, id, "page")["page"] == "1234"
        assert len(rooms.side().pages) == 1


class TestTrouble:
    def test_a_tracker_that_is_down_stops_no_page(self, rooms: Rooms, cards: Elsewhere) -> None:
        cards.script = [(False, DOWN)]
        answer = declare(rooms)
        id = answer["incident"]
        expect(answer, ok=False, code="incident_incomplete")
        assert answer["message"].startswith(f"Incident {id} is declared, but incomplete. No card: ")
        says(answer, "There is page 1234. Repeat the command: only what is missing is made.")
        assert len(rooms.said("#deploys")) == 1
        expect(declare(rooms), ok=True, incident=id, card="OPS-1")
        assert (len(cards.made), len(rooms.side().pages), len(cards.comments)) == (1, 1, 1)

    def test_pagers_that_are_down_leave_the_card(self, rooms: Rooms, cards: Elsewhere) -> None:
        for name in ("pagerduty", "mail"):
            rooms.side(name).trouble["page"] = scripted_pager.DOWN
        answer = declare(rooms)
        expect(answer, code="incident_incomplete", card="OPS-1")
        assert "Nobody is known to be paged: " in answer["message"]
        for name in ("pagerduty", "mail"):
            rooms.side(name).trouble.clear()
        assert declare(rooms)["page"] == "1234"

    def test_a_page_that_reaches_nobody_is_not_called_paged(self, rooms: Rooms) -> None:
        rooms.side().delivery = Delivery.UNCONFIRMED
        expect(declare(rooms), ok=False, code="incident_incomplete")
        declare(rooms)
        assert len(rooms.side().pages) == 1

    def test_a_defect_in_one_step_does_not_keep_the_others(
        self, rooms: Rooms, cards: Elsewhere, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scripted_tracker.ScriptedTracker, "create", lambda self, draft: 1 / 0)
        answer = declare(rooms)
        assert "No card: internal error in opsroom (ZeroDivisionError)." in answer["message"]
        assert answer["page"] == "1234"

    def test_without_the_database_the_page_goes_out_all_the_same(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        close_database(monkeypatch)
        answer = declare(rooms)
        expect(answer, ok=False, code="incident_incomplete")
        says(answer, begins="Only the page went out, the incident could not be kept: ")
        assert [one.text for one in rooms.side().pages] == [f"Incident: {WHAT}"]

    def test_an_unknown_incident_is_answered_with_the_open_ones(self, rooms: Rooms) -> None:
        id = declare(rooms)["incident"]
        expect(close(rooms, "ZZZZ"), code="unknown_incident", hint=f"Did you mean {id}?")


class TestClosing:
    def test_page_card_and_room_are_told_and_closed(self, shared: Rooms, cards: Elsewhere) -> None:
        id = declare(shared)["incident"]
        answer = close(shared, id.lower())
        expect(answer, ok=True, code="incident_closed", fresh=True)
        assert answer["message"].startswith(f"bob closed incident {id} ({WHAT}) after ")
        assert re.search(
            r"\) after \S+ \w+: it was the cache\. Page 1234 is resolved\. ", answer["message"]
        )
        assert answer["message"].endswith(" Its card is OPS-1 https://t.example/OPS-1.")
        assert shared.side().incidents["1234"].state is State.RESOLVED
        assert [one.text for one in cards.comments.values()][
            -1
        ] == "bob closed the incident: it was the cache"
        assert cards.there["OPS-1"].status == "Done"
        assert shared.said("#deploys")[-1] == answer["message"]
        assert shared.ask("list_incidents")["incidents"] == []
        assert shared.world.chain_holds()

    def test_closing_again_says_who_did_and_no_more(self, rooms: Rooms, cards: Elsewhere) -> None:
        id = declare(rooms)["incident"]
        close(rooms, id)
        rooms.pass_time(1000)
        said, comments = len(rooms.said("#deploys")), len(cards.comments)
        answer = close(rooms, id, by="carol", words="no, the database")
        assert answer["message"].startswith(f"It was already closed. bob closed incident {id}")
        assert answer["fresh"] is False
        assert (len(rooms.said("#deploys")), len(cards.comments)) == (said, comments)

    def test_what_stays_open_is_closed_the_next_time(self, rooms: Rooms, cards: Elsewhere) -> None:
        id = declare(rooms)["incident"]
        rooms.side().trouble["resolve"] = scripted_pager.DOWN
        answer = close(rooms, id)
        expect(answer, ok=False, code="incident_incomplete")
        assert "The page is not resolved: " in answer["message"]
        assert cards.there["OPS-1"].status == "Done"
        rooms.side().trouble.clear()
        again = close(rooms, id)
        assert (again["ok"], rooms.side().incidents["1234"].state) == (True, State.RESOLVED)
        assert [one.text for one in cards.comments.values()].count(
            "bob closed the incident: it was the cache"
        ) == 1

    def test_a_page_that_is_over_already_is_no_trouble(self, rooms: Rooms) -> None:
        id = declare(rooms)["incident"]
        rooms.ask("resolve_page", "bob", page="1234")
        assert close(rooms, id)["ok"]

    def test_a_closed_one_does_not_swallow_the_next_of_the_same_words(self, rooms: Rooms) -> None:
        first = declare(rooms)["incident"]
        close(rooms, first)
        assert declare(rooms)["incident"] != first

    def test_without_a_column_the_card_stays(self, rooms: Rooms, cards: Elsewhere) -> None:
        rooms.world.config["incidents"] = {}
        id = declare(rooms)["incident"]
        close(rooms, id)
        assert cards.there["OPS-1"].status == "Open"


class TestFromNamesAlone:
    def test_a_rule_declares_one_without_any_text(self, rooms: Rooms) -> None:
        answer = rooms.ask("note_incident", "alice", app="web", environment="production")
        expect(answer, code="declared", text="web on production needs someone to look at it")
        expect(answer, who="web", app="web")
        assert step(rooms, answer["incident"], "page")["page"] == "1234"

    def test_names_that_are_not_known_are_refused(self, rooms: Rooms) -> None:
        assert rooms.ask("note_incident", app="wbe", environment="uat")["code"] == "unknown_app"
        expect(
            rooms.ask("note_incident", app="web", environment="moon"), code="unknown_environment"
        )
        assert rooms.ask("note_incident", incident="ZZZZ")["code"] == "unknown_incident"

    def test_one_that_is_there_is_handed_on(self, rooms: Rooms) -> None:
        id = declare(rooms)["incident"]
        assert rooms.ask("note_incident", incident=id.lower())["incident"] == id


def test_what_is_open_is_listed_with_its_card_and_its_page(rooms: Rooms) -> None:
    id = declare(rooms)["incident"]
    told = rooms.ask("list_incidents")["message"].split("\n")
    assert told[0] == "Open incidents:"
    assert told[1].startswith(f"{id} | web | {WHAT} | by alice ")
    assert told[1].endswith(" | OPS-1 | page 1234")


def test_it_is_done_in_the_name_of_whoever_declared_it(rooms: Rooms, cards: Elsewhere) -> None:
    # A failure of its own, so that facts of one test stay in it.
    cards.script = [(False, Failure(DOWN.code, DOWN.message, facts=dict(DOWN.facts)))]
    id = declare(rooms)["incident"]
    step(rooms, id, "card", by="bob")
    (draft,) = cards.made.values()
    assert draft.author.shown == "alice"
    created = [one for one in rooms.world.records() if one.event.value == "card_created"]
    assert [one.requester for one in created] == ["alice"]
