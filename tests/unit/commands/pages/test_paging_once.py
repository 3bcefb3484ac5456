"""A page goes out once, also when its answer is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict

import pytest

from opsroom.db.store import open_store
from opsroom.pagers import State
from support.expectations import expect, says
from support.pages.rooms import Clock, Rooms
from support.pages.scripted_pager import DOWN, LOST, SLOW
from support.records.late import close_database
from support.records.stores import run


class TestOnce:
    def test_the_same_within_a_minute_is_the_same_incident(self, rooms: Rooms) -> None:
        rooms.page()
        answer = rooms.page()
        expect(answer, ok=True, code="paged_already", number="1234")
        assert "it was not sent again. To page again, word it differently." in answer["message"]
        assert len(rooms.side().pages) == 1
        assert rooms.world.events() == ["asked", "paged", "asked", "refused"]

    @pytest.mark.parametrize(
        "other",
        [
            {"message": "search is down"},
            {"by": "bob"},
            {"who": "bob"},
            {"urgent": True},
            {"emergency": True},
        ],
    )
    def test_other_words_make_another_page(self, rooms: Rooms, other: Dict[str, Any]) -> None:
        rooms.page()
        assert rooms.page(**other)["code"] == "paged"
        assert len(rooms.side().pages) == 2

    def test_an_application_and_its_team_are_the_same(self, rooms: Rooms) -> None:
        rooms.page("web")
        assert rooms.page("Web-Team")["code"] == "paged_already"

    def test_after_a_minute_it_is_another_page(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.pass_time(61)
        assert rooms.page()["number"] == "1235"

    def test_after_it_was_resolved_here_it_is_another_page(self, rooms: Rooms) -> None:
        rooms.page()
        rooms.ask("resolve_page", page="1234")
        assert (rooms.page()["code"], len(rooms.side().pages)) == ("paged", 2)

    def test_after_it_was_resolved_over_there_it_is_another_page(self, rooms: Rooms) -> None:
        rooms.page()
        side = rooms.side()
        side.incidents["1234"] = replace(side.incidents["1234"], state=State.RESOLVED)
        assert rooms.page()["code"] == "paged"
        assert rooms.world.events() == ["asked", "paged", "asked", "paged"]

    def test_a_database_that_goes_away_while_that_is_asked_pages_nobody_again(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rooms.page()

        def stands(context: Any, facts: Any) -> bool:
            close_database(monkeypatch)
            context.close()
            return True

        monkeypatch.setattr("opsroom.commands.pages.page._stands", stands)
        assert rooms.page()["code"] == "paged_already"
        assert len(rooms.side().pages) == 1

    def test_several_executions_at_once_page_once(self, shared: Rooms) -> None:
        said = {"who": "web-team", "message": "checkout is down"}
        answers = shared.world.at_once("page", *[said] * 5)
        assert len(shared.side().pages) == 1
        codes = sorted(one["code"] for one in answers)
        assert codes.count("paged") == 1
        assert set(codes) <= {"paged", "paged_already", "busy"}
        assert shared.world.chain_holds()


class TestLostAnswers:
    @pytest.mark.parametrize("lost", [LOST, SLOW])
    def test_what_went_out_is_not_sent_again(self, rooms: Rooms, clock: Clock, lost: Any) -> None:
        rooms.side().script = [(True, lost)]
        expect(rooms.page(), ok=True, code="paged", number="1234")
        assert rooms.side().calls == ["page PSVC", "find PSVC"]
        assert rooms.side("mail").calls == []

    def test_what_is_not_there_goes_to_the_next_pager(self, rooms: Rooms, clock: Clock) -> None:
        rooms.side().script = [(False, SLOW)]
        expect(rooms.page(), ok=True, pager="mail")
        # It was looked for until the server can no longer have been at it.
        assert sum(clock.waited) >= 6.0
        assert rooms.side().pages == []

    def test_a_page_that_shows_up_late_is_waited_for(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side()
        side.settles_within, side.script, side.looks = 8.0, [(True, LOST)], ["blind", "blind"]
        assert rooms.page()["number"] == "1234"
        assert rooms.side("mail").calls == []

    def test_what_cannot_be_asked_is_not_sent_again(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side()
        side.can_look, side.script = False, [(True, LOST)]
        answer = rooms.page()
        expect(answer, ok=False, code="page_unconfirmed", outcome="failed")
        says(
            answer,
            "pagerduty cannot be asked whether it has it, so it is not sent again.",
            begins="The page to web-team may have gone out and may not: https://p.example",
        )
        assert answer["hint"].startswith(
            "Phone: +44 20 7946 0000. To page again anyway, word it differently."
        )
        assert rooms.side("mail").calls == []
        assert rooms.world.events() == ["asked", "unconfirmed"]
        (row,) = rooms.rows()
        assert row["state"] == "doubtful"
        # It is listed by its mark, and may be answered by it.
        assert row["mark"] in [one["id"] for one in rooms.ask("list_pages")["pages"]]
        side.can_act = False
        assert rooms.ask("ack_page", page=row["mark"])["noted_here_only"] is True

    def test_a_repeat_looks_again_and_sends_nothing(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side()
        side.can_look, side.script = False, [(True, LOST)]
        rooms.page()
        assert rooms.page()["code"] == "page_unconfirmed"
        assert [one for one in side.calls if one.startswith("page")] == ["page PSVC"]
        side.can_look = True
        answer = rooms.page()
        expect(answer, code="paged", number="1234")
        assert "The pager's answer was lost, but the page was found." in answer["message"]
        assert len(side.pages) == 1

    def test_a_pager_that_stays_silent_leaves_it_in_doubt(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side()
        side.script, side.looks = [(False, LOST)], [DOWN] * 50
        assert rooms.page()["code"] == "page_unconfirmed"
        assert rooms.side("mail").calls == []

    def test_the_pager_of_a_dead_runner_is_asked_first(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side("mail")
        rooms.side().script = [(False, DOWN)]
        rooms.page()
        assert len(side.pages) == 1
        # As if the runner had died before it could write down what came of it.
        store = open_store(rooms.world.database)
        run(store, "UPDATE repeats SET state = 'doing', ended_at = '', answer = ''")
        run(store, "UPDATE pages SET state = 'sending', incident = '', number = ''")
        rooms.pass_time(91)
        expect(rooms.page(), code="paged", pager="mail", number="77")
        assert len(side.pages) == 1
        assert [one for one in rooms.side().calls if one.startswith("page")] == ["page PSVC"]
