"""After a page went out: acknowledging, resolving, escalating, calling more people, listing, and
watching."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.errors import Code, Failure
from opsroom.pagers import Incident, State, Target
from support.pages.rooms import Rooms, make_rooms
from support.pages.scripted_pager import DOWN, LOST, Side
from support.worlds.world import run_action

VERBS = {
    "ack_page": ("acknowledged", "acknowledge"),
    "resolve_page": ("resolved", "resolve"),
    "escalate_page": ("escalated", "escalate"),
}


@pytest.fixture
def shared(tmp_path: Path, sides: Dict[str, Side], store_url: str) -> Rooms:
    """The same on each sort of database."""
    return make_rooms(tmp_path, sides, store_url)


def becomes(rooms: Rooms, state: State, number: str = "1234") -> None:
    """What someone did in the pager itself."""
    side = rooms.side()
    side.incidents[number] = replace(side.incidents[number], state=state)


class TestDeeds:
    @pytest.mark.parametrize("verb", VERBS)
    def test_it_is_done_in_the_pager_that_has_the_page_told_and_recorded(
        self, rooms: Rooms, verb: str
    ) -> None:
        did, request = VERBS[verb]
        rooms.page()
        answer = rooms.ask(verb, "bob", page="1234")
        assert (answer["ok"], answer["code"], answer["number"]) == (True, did, "1234")
        assert answer["message"].startswith(f"bob {did} page 1234 (web-team) in pagerduty, ")
        assert "after it went out. " in answer["message"]
        assert answer["message"].endswith("https://p.example/1234")
        assert rooms.side().calls == ["page PSVC", f"{request} I1234 bob"]
        last = rooms.world.records()[-1]
        assert (last.event.value, last.code, last.person) == (did, did, "bob")
        assert (last.facts["pager"], last.facts["incident"], last.facts["team"]) == (
            "pagerduty",
            "I1234",
            "web-team",
        )
        assert rooms.world.chain_holds()

    def test_escalating_tells_who_is_on_it_now(self, rooms: Rooms) -> None:
        rooms.page()
        assert "On it: carol." in rooms.ask("escalate_page", page="1234")["message"]

    def test_somebody_more_is_called_by_their_name_in_that_pager(self, rooms: Rooms) -> None:
        rooms.page()
        answer = rooms.ask("add_responder", who="bob", page="1234")
        assert (answer["ok"], answer["code"]) == (True, "responder_added")
        assert answer["message"].startswith("alice added bob to page 1234 (web-team) in pagerduty")
        assert rooms.side().incidents["1234"].people == ("bob", "bob")
        last = rooms.world.records()[-1]
        assert (last.event.value, last.facts["responder"]) == ("responder_added", "bob")

    def test_whoever_the_config_does_not_know_is_looked_up_in_that_pager_only(
        self, rooms: Rooms
    ) -> None:
        rooms.page()
        rooms.side().knows = rooms.side("mail").knows = (Target("user", "PERIN", "Erin"),)
        assert rooms.ask("add_responder", who="erin", page="1234")["code"] == "responder_added"
        assert rooms.side("mail").calls == []
        answer = rooms.ask("add_responder", who="mail:erin", page="1234")
        assert (answer["code"], answer["hint"]) == ("unknown_who", "Name someone in pagerduty.")

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
        assert (answer["code"], answer["outcome"]) == ("which_pager", "refused")
        assert answer["hint"] == "Say: ack page mail:1234 or ack page pagerduty:1234"
        assert rooms.ask("ack_page", page="mail:1234")["pager"] == "mail"

    def test_a_page_that_was_not_sent_from_here_needs_its_pager(self, rooms: Rooms) -> None:
        side = rooms.side()
        side.incidents["9"] = Incident("I9", "9", "from a machine", State.TRIGGERED)
        answer = rooms.ask("ack_page", page="9")
        assert (answer["code"], answer["hint"]) == (
            "which_pager", "Say: ack page pagerduty:9 or ack page mail:9"
        )  # fmt: skip
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
        assert (answer["code"], answer["hint"]) == ("unknown_page", "To see them: show pages")
        assert rooms.world.events() == ["asked", "refused"]

    def test_a_page_that_is_over_is_said_to_be(self, rooms: Rooms) -> None:
        rooms.page()
        becomes(rooms, State.RESOLVED)
        answer = rooms.ask("ack_page", page="1234")
        assert (answer["code"], answer["outcome"]) == ("page_closed", "refused")
        assert rooms.rows()[0]["state"] == "resolved"

    @pytest.mark.parametrize("verb", ["ack_page", "resolve_page"])
    def test_a_lost_answer_is_made_up_for_by_asking_where_the_page_stands(
        self, rooms: Rooms, verb: str
    ) -> None:
        rooms.page()
        rooms.side().script = [(True, LOST)]
        assert rooms.ask(verb, page="1234")["code"] == VERBS[verb][0]
        rooms.page(message="once more")
        rooms.side().script = [(False, LOST)]
        answer = rooms.ask(verb, page="1235")
        assert (answer["code"], answer["outcome"]) == ("unreachable", "failed")

    def test_escalating_is_never_assumed_after_a_lost_answer(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.side().script = [(True, LOST)]
        assert rooms.ask("escalate_page", page="1234")["outcome"] == "failed"
        assert len([one for one in rooms.side().calls if one.startswith("escalate")]) == 1

    @pytest.mark.parametrize("verb", ["ack_page", "resolve_page"])
    def test_what_a_pager_knows_nothing_of_is_noted_here_and_said_so(
        self, rooms: Rooms, verb: str
    ) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        answer = rooms.ask(verb, "bob", page="77")
        assert (answer["ok"], answer["code"], answer["noted_here_only"]) == (
            True,
            VERBS[verb][0],
            True,
        )
        assert "That is noted here only: This pager cannot" in answer["message"]
        assert rooms.rows()[0]["state"] == VERBS[verb][0]
        assert rooms.world.records()[-1].event.value == VERBS[verb][0]

    def test_what_cannot_be_noted_instead_is_refused(self, rooms: Rooms) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        answer = rooms.ask("escalate_page", page="77")
        assert (answer["code"], answer["outcome"]) == ("not_possible", "refused")

    def test_the_room_that_the_page_came_from_is_told_when_it_is_another(
        self, rooms: Rooms
    ) -> None:
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

        def closed(url: str) -> None:
            raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

        monkeypatch.setattr("opsroom.db.store.open_store", closed)
        answer = rooms.ask("ack_page", page="pagerduty:1234")
        assert (answer["ok"], answer["code"], answer["recorded"]) == (True, "acknowledged", False)
        assert (
            "It is not recorded yet (the next command does that): the database cannot be used."
            in answer["message"]
        )


class TestList:
    def test_open_pages_are_told_with_their_state_in_the_pager_the_newest_first(
        self, rooms: Rooms
    ) -> None:
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
        answer = rooms.ask("watch_pages")
        assert (answer["ok"], answer["code"]) == (True, "not_configured")

    def test_without_a_pager_no_database_is_opened(self, rooms: Rooms) -> None:
        rooms.world.config.update(pagers={}, teams={})
        rooms.world.database = f"sqlite:///{rooms.world.folder}/none/opsroom.db"
        answer = rooms.ask("watch_pages")
        assert (answer["ok"], answer["code"]) == (True, "watched")
        assert not (rooms.world.folder / "none").exists()

    def test_an_acknowledgement_is_told_once_in_the_room_of_the_page_and_recorded(
        self, rooms: Rooms
    ) -> None:
        rooms.page()
        becomes(rooms, State.ACKNOWLEDGED)
        rooms.pass_time(180)
        assert rooms.ask("watch_pages", "st2admin", "")["code"] == "watched"
        rooms.ask("watch_pages", "st2admin", "")
        assert rooms.said("#dev") == [
            "Page 1234 (web-team) was acknowledged in pagerduty after 3 min. On it: bob."
        ]  # fmt: skip
        assert rooms.world.events() == ["asked", "paged", "acknowledged"]
        records = rooms.world.records()
        assert records[-1].deployment == records[0].deployment
        assert (records[-1].command, records[-1].facts["found"]) == ("watch pages", True)

    def test_when_nobody_answers_that_is_told_once_with_the_way_to_the_next(
        self, rooms: Rooms
    ) -> None:
        rooms.world.config["teams"]["web-team"]["watch"] = "5m"
        rooms.page()
        rooms.pass_time(299)
        rooms.ask("watch_pages", "st2admin", "")
        assert rooms.said("#dev") == []
        rooms.pass_time(1)
        rooms.ask("watch_pages", "st2admin", "")
        rooms.ask("watch_pages", "st2admin", "")
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
        rooms.pass_time(301)
        rooms.ask("watch_pages", "st2admin", "")
        becomes(rooms, State.ACKNOWLEDGED)
        rooms.ask("watch_pages", "st2admin", "")
        becomes(rooms, State.RESOLVED)
        rooms.ask("watch_pages", "st2admin", "")
        rooms.ask("watch_pages", "st2admin", "")
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
        rooms.pass_time(301)
        rooms.ask("watch_pages", "st2admin", "")
        assert rooms.said("#dev") == []

    @pytest.mark.parametrize("watch", ["0s", "1h"])
    def test_a_team_has_its_own_time_and_may_have_none(self, rooms: Rooms, watch: str) -> None:
        rooms.world.config["teams"]["web-team"]["watch"] = watch
        rooms.page()
        rooms.pass_time(600)
        rooms.ask("watch_pages", "st2admin", "")
        assert rooms.said("#dev") == []
        assert ("incident I1234" in rooms.side().calls) is (watch != "0s")

    def test_where_the_pager_cannot_tell_the_room_is_asked(self, rooms: Rooms) -> None:
        rooms.side("mail").can_act = False
        rooms.page("mail:web-team")
        rooms.pass_time(301)
        rooms.ask("watch_pages", "st2admin", "")
        assert rooms.said("#dev") == [
            "Nobody has acknowledged page 77 (web-team) here after 5 min, and mail cannot "
            "report it. "
            "If you are on it: ack page 77"
        ]
        rooms.ask("ack_page", page="77")
        rooms.pass_time(301)
        rooms.ask("watch_pages", "st2admin", "")
        assert len(rooms.said("#dev")) == 1

    def test_a_pager_that_is_down_when_time_is_up_is_said(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.side().trouble["incident"] = DOWN
        rooms.pass_time(301)
        rooms.ask("watch_pages", "st2admin", "")
        (told,) = rooms.said("#dev")
        assert told.startswith(
            "It is unknown after 5 min whether someone has acknowledged page 1234 (web-team): "
        )

    def test_a_page_from_no_room_is_told_where_things_are_announced(self, rooms: Rooms) -> None:
        rooms.ask("page", "alice", "", who="web-team", message="checkout is down")
        rooms.pass_time(301)
        rooms.ask("watch_pages", "st2admin", "")
        assert len(rooms.said("#deploys")) == 1

    def test_of_two_runners_at_the_same_moment_one_tells(self, shared: Rooms) -> None:
        shared.page()
        shared.pass_time(301)
        ready, told = threading.Barrier(2), []
        config = {**shared.world.config, "database": shared.world.database}

        def look() -> None:
            ready.wait()
            answer = run_action(
                "watch_pages", config, {"requester": "st2admin", "room": "", "st2_user": "st2admin"}
            )
            told.append(answer["told"])

        threads: List[Any] = [threading.Thread(target=look) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(map(len, told)) == [0, 1]
