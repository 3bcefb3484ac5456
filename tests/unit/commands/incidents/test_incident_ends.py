"""Incidents are closed and listed."""

from __future__ import annotations

import re

from opsroom.errors import Failure
from opsroom.pagers import State
from support.cards.scripted_tracker import DOWN, Elsewhere
from support.expectations import expect
from support.pages import scripted_pager
from support.pages.incidents import WHAT, close, declare, step
from support.pages.rooms import Rooms


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
    cards.script = [(False, replace_code(DOWN))]
    id = declare(rooms)["incident"]
    step(rooms, id, "card", by="bob")
    (draft,) = cards.made.values()
    assert draft.author.shown == "alice"
    created = [one for one in rooms.world.records() if one.event.value == "card_created"]
    assert [one.requester for one in created] == ["alice"]


def replace_code(failure: Failure) -> Failure:
    """A failure of its own, so that facts of one test stay in it."""
    return Failure(failure.code, failure.message, facts=dict(failure.facts))
