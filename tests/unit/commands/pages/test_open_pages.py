"""After a page went out: acknowledging, resolving, escalating, calling more people, listing, and
watching."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsroom.pagers import Incident, State, Target
from support.expectations import expect, says
from support.pages.rooms import Rooms
from support.pages.scripted_pager import DOWN, LOST
from support.records.late import close_database

VERBS = {
    "ack_page": ("acknowledged", "acknowledge"),
    "resolve_page": ("resolved", "resolve"),
    "escalate_page": ("escalated", "escalate"),
}


def becomes(rooms: Rooms, state: State, number: str = "1234") -> None:
    """What someone did in the pager itself."""
    side = rooms.side()
    side.incidents[number] = replace(side.incidents[number], state=state)


class TestDeeds:
    @pytest.mark.parametrize("verb", VERBS)
    def test_it_is_done_in_the_pager_that_has_the_page(self, rooms: Rooms, verb: str) -> None:
        did, request = VERBS[verb]
        rooms.page()
        answer = rooms.ask(verb, "bob", page="1234")
        expect(answer, ok=True, code=did, number="1234")
        says(answer, "after it went out. ", begins=f"bob {did} page 1234 (web-team) in pagerduty, ")
        assert answer["message"].endswith("https://p.example/1234")
        assert rooms.side().calls == ["page PSVC", f"{request} I1234 bob"]
        last = rooms.world.records()[-1]
        expect(last, event=did, code=did, person="bob")
        expect(last.facts, pager="pagerduty", incident="I1234", team="web-team")
        assert rooms.world.chain_holds()

    def test_escalating_tells_who_is_on_it_now(self, rooms: Rooms) -> None:
        rooms.page()
        assert "On it: carol." in rooms.ask("escalate_page", page="1234")["message"]

    def test_somebody_more_is_called_by_their_name_in_that_pager(self, rooms: Rooms) -> None:
        rooms.page()
        answer = rooms.ask("add_responder", who="bob", page="1234")
        expect(answer, ok=True, code="responder_added")
        assert answer["message"].startswith("alice added bob to page 1234 (web-team) in pagerduty")
        assert rooms.side().incidents["1234"].people == ("bob", "bob")
        last = rooms.world.records()[-1]
        assert (last.event.value, last.facts["responder"]) == ("responder_added", "bob")

    def test_an_unknown_responder_is_looked_up_in_that_pager_only(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.side().knows = rooms.side("mail").knows = (Target("user", "PERIN", "Erin"),)
        assert rooms.ask("add_responder", who="erin", page="1234")["code"] == "responder_added"
        assert rooms.side("mail").calls == []
        answer = rooms.ask("add_responder", who="mail:erin", page="1234")
        expect(answer, code="unknown_who", hint="Name someone in pagerduty.")

    @pytest.mark.parametrize(
        "page", ["1234", "#1234", "I1234", "pagerduty:1234", "PagerDuty: 1234"]
    )
    def test_a_page_is_found_by_its_number_or_id(self, rooms: Rooms, page: str) -> None:
        rooms.page()
        assert rooms.ask("ack_page", page=page)["code"] == "acknowledged"

    def test_the_same_number_in_two_pagers_is_asked_back(self, rooms: Rooms) -> None:
        rooms.side("mail").first = 1234
        rooms.page()
        rooms.page("mail:web-team", "once more")
        answer = rooms.ask("ack_page", page="1234")
        expect(answer, code="which_pager", outcome="refused")
        assert answer["hint"] == "Say: ack page mail:1234 or ack page pagerduty:1234"
        assert rooms.ask("ack_page", page="mail:1234")["pager"] == "mail"

    def test_a_page_that_was_not_sent_from_here_needs_its_pager(self, rooms: Rooms) -> None:
        side = rooms.side()
        side.incidents["9"] = Incident("I9", "9", "from a machine", State.TRIGGERED)
        answer = rooms.ask("ack_page", page="9")
        expect(answer, code="which_pager", hint="Say: ack page pagerduty:9 or ack page mail:9")
        assert (
            rooms.ask("ack_page", page="pagerduty:9")["message"]
            == "alice acknowledged page 9 in pagerduty."
        )

    def test_the_only_pager_needs_not_to_be_named(self, rooms: Rooms) -> None:
        del rooms.world.config["pagers"]["mail"], rooms.world.config["teams"]["web-team"]["mail"]
        rooms.side().incidents["9"] = Incident("I9", "9", "from a machine", State.TRIGGERED)
        assert rooms.ask("resolve_page", page="9")["code"] == "resolved"

    def test_an_unknown_page_is_the_pagers_word_and_recorded(self, rooms: Rooms) -> None:
        answer = rooms.ask("ack_page", page="pagerduty:99")
        expect(answer, code="unknown_page", hint="To see them: show pages")
        assert rooms.world.events() == ["asked", "refused"]

    def test_a_page_that_is_over_is_said_to_be(self, rooms: Rooms) -> None:
        rooms.page()
        becomes(rooms, State.RESOLVED)
        expect(rooms.ask("ack_page", page="1234"), code="page_closed", outcome="refused")
        assert rooms.rows()[0]["state"] == "resolved"

    @pytest.mark.parametrize("verb", ["ack_page", "resolve_page"])
    def test_after_a_lost_answer_the_page_is_asked_for(self, rooms: Rooms, verb: str) -> None:
        rooms.page()
        rooms.side().script = [(True, LOST)]
        assert rooms.ask(verb, page="1234")["code"] == VERBS[verb][0]
        rooms.page(message="once more")
        rooms.side().script = [(False, LOST)]
        expect(rooms.ask(verb, page="1235"), code="unreachable", outcome="failed")

    def test_escalating_is_never_assumed_after_a_lost_answer(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.side().script = [(True, LOST)]
        assert rooms.ask("escalate_page", page="1234")["outcome"] == "failed"
        assert len([one for one in rooms.side().calls if one.startswith("escalate")]) == 1

    @pytest.mark.parametrize("verb", ["ack_page", "resolve_page"])
    def test_what_a_pager_cannot_do_is_noted_here(self, rooms: Rooms, verb: str) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        answer = rooms.ask(verb, "bob", page="77")
        expect(answer, ok=True, code=VERBS[verb][0], noted_here_only=True)
        assert "That is noted here only: This pager cannot" in answer["message"]
        assert rooms.rows()[0]["state"] == VERBS[verb][0]
        assert rooms.world.records()[-1].event.value == VERBS[verb][0]

    def test_what_cannot_be_noted_instead_is_refused(self, rooms: Rooms) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        expect(rooms.ask("escalate_page", page="77"), code="not_possible", outcome="refused")

    def test_the_room_of_the_page_is_told_when_it_is_another(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.ask("ack_page", "bob", "#ops", page="1234")
        (told,) = rooms.said("#dev")
        assert told.startswith("bob acknowledged page 1234 (web-team) in pagerduty")
        rooms.ask("resolve_page", "bob", "dev", page="1234")
        assert len(rooms.said("#dev")) == 1

    def test_a_database_that_cannot_be_used_keeps_nobody_from_answering(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rooms.page()
        close_database(monkeypatch)
        answer = rooms.ask("ack_page", page="pagerduty:1234")
        expect(answer, ok=True, code="acknowledged", recorded=False)
        assert (
            "It is not recorded yet (the next command does that): the database cannot be used."
            in answer["message"]
        )


class TestList:
    def test_open_pages_have_their_state_the_newest_first(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.page("bob", "search is down")
        becomes(rooms, State.ACKNOWLEDGED)
        lines = rooms.ask("list_pages")["message"].split("\n")
        assert lines[0] == "Open pages:"
        assert lines[1].startswith("1235 | triggered | bob | search is down | ")
        assert lines[2].startswith("1234 | acknowledged | web-team | checkout is down | ")
        assert lines[2].endswith(" | pagerduty")

    def test_what_is_over_in_the_pager_is_not_told(self, rooms: Rooms) -> None:
        rooms.page()
        becomes(rooms, State.RESOLVED)
        # A page that was just sent may not be in the pager's list yet.
        assert "1234" in rooms.ask("list_pages")["message"]
        rooms.pass_time(61)
        assert rooms.ask("list_pages")["message"] == "No page is open."

    def test_what_was_not_sent_from_here_is_told_too(self, rooms: Rooms) -> None:
        rooms.side().incidents["9"] = Incident(
            "I9", "9", "disk is full", State.TRIGGERED, target="DB"
        )
        answer = rooms.ask("list_pages")
        assert answer["message"] == "Open pages:\n9 | triggered | DB | disk is full | pagerduty"

    def test_of_one_team_only_its_own_are_told(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.page("bob", "search is down")
        rooms.side().incidents["9"] = Incident(
            "I9", "9", "disk is full", State.TRIGGERED, target="PSVC"
        )
        answer = rooms.ask("list_pages", who="web")
        assert [one["id"] for one in answer["pages"]] == ["1234", "9"]
        assert answer["message"].startswith("Open pages for web-team:\n")
        assert "incidents PSVC" in rooms.side().calls

    def test_a_pager_that_cannot_list_leaves_what_was_sent_from_here(self, rooms: Rooms) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        rooms.pass_time(61)
        assert (
            rooms.ask("list_pages")["message"]
            .split("\n")[1]
            .startswith("77 | triggered | web-team")
        )

    def test_a_pager_that_is_down_is_named(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.side().trouble["incidents"] = DOWN
        message = rooms.ask("list_pages")["message"]
        assert "1234 | triggered" in message
        assert "pagerduty could not be asked | https://p.example is unreachable" in message

    def test_it_changes_nothing(self, rooms: Rooms) -> None:
        rooms.page()
        becomes(rooms, State.ACKNOWLEDGED)
        before = rooms.rows()
        rooms.ask("list_pages")
        assert rooms.rows() == before
        assert rooms.world.events() == ["asked", "paged"]


class TestWatching:
    def test_nothing_configured_is_silent_and_well(self, rooms: Rooms) -> None:
        rooms.world.config = {}
        expect(rooms.ask("watch_pages"), ok=True, code="not_configured")

    def test_without_a_pager_no_database_is_opened(self, rooms: Rooms) -> None:
        rooms.world.config.update(pagers={}, teams={})
        rooms.world.database = f"sqlite:///{rooms.world.folder}/none/opsroom.db"
        expect(rooms.ask("watch_pages"), ok=True, code="watched")
        assert not (rooms.world.folder / "none").exists()

    def test_an_acknowledgement_is_told_once_in_its_room_and_recorded(self, rooms: Rooms) -> None:
        rooms.page()
        becomes(rooms, State.ACKNOWLEDGED)
        rooms.watch(420, times=2)
        assert rooms.said("#dev") == [
            "Page 1234 (web-team) was acknowledged in pagerduty after 7 min. On it: bob."
        ]  # fmt: skip
        assert rooms.world.events() == ["asked", "paged", "acknowledged"]
        records = rooms.world.records()
        assert records[-1].deployment == records[0].deployment
        assert (records[-1].command, records[-1].facts["found"]) == ("watch pages", True)

    def test_when_nobody_answers_that_is_told_once(self, rooms: Rooms) -> None:
        rooms.world.config["teams"]["web-team"]["watch"] = "5m"
        rooms.page()
        rooms.watch(299)
        assert rooms.said("#dev") == []
        rooms.watch(1, times=2)
        assert rooms.said("#dev") == [
            "Nobody has acknowledged page 1234 (web-team) after 5 min. To alert the next "
            "responders: escalate page 1234"
        ]
        assert rooms.world.events() == ["asked", "paged"]

    def test_an_answer_that_comes_late_is_told_all_the_same(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsroom.commands.pages.watch._SELDOM", 1)
        rooms.page()
        rooms.watch(301)
        becomes(rooms, State.ACKNOWLEDGED)
        rooms.watch()
        becomes(rooms, State.RESOLVED)
        rooms.watch(times=2)
        assert [one.split(" (")[0] for one in rooms.said("#dev")] == [
            "Nobody has acknowledged page 1234", "Page 1234", "Page 1234"
        ]  # fmt: skip
        assert rooms.world.events() == ["asked", "paged", "acknowledged", "resolved"]

    def test_what_was_answered_in_chat_is_not_told_again(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsroom.commands.pages.watch._SELDOM", 1)
        rooms.page()
        rooms.ask("ack_page", page="1234")
        rooms.watch(301)
        assert rooms.said("#dev") == []

    @pytest.mark.parametrize("watch", ["0s", "1h"])
    def test_a_team_has_its_own_time_and_may_have_none(self, rooms: Rooms, watch: str) -> None:
        rooms.world.config["teams"]["web-team"]["watch"] = watch
        rooms.page()
        rooms.watch(600)
        assert rooms.said("#dev") == []
        assert ("incident I1234" in rooms.side().calls) is (watch != "0s")

    def test_where_the_pager_cannot_tell_the_room_is_asked(self, rooms: Rooms) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        rooms.watch(301)
        assert rooms.said("#dev") == [
            "Nobody has acknowledged page 77 (web-team) here after 5 min, and mail cannot "
            "report it. "
            "If you are on it: ack page 77"
        ]
        rooms.ask("ack_page", page="77")
        rooms.watch(301)
        assert len(rooms.said("#dev")) == 1

    def test_a_pager_that_is_down_when_time_is_up_is_said(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.side().trouble["incident"] = DOWN
        rooms.watch(301)
        (told,) = rooms.said("#dev")
        assert told.startswith(
            "It is unknown after 5 min whether someone has acknowledged page 1234 (web-team): "
        )

    def test_a_page_from_no_room_is_told_where_things_are_announced(self, rooms: Rooms) -> None:
        rooms.ask("page", "alice", "", who="web-team", message="checkout is down")
        rooms.watch(301)
        assert len(rooms.said("#deploys")) == 1

    def test_of_two_runners_at_the_same_moment_one_tells(self, shared: Rooms) -> None:
        shared.page()
        shared.pass_time(301)
        rule = {"requester": "st2admin", "room": "", "st2_user": "st2admin"}
        told = [one["told"] for one in shared.world.at_once("watch_pages", rule, rule)]
        assert sorted(map(len, told)) == [0, 1]
