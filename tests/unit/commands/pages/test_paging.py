"""page: who is reached, through which pager, once, within a limit, and what the room and the record
say of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.audit.collect import collect
from opsroom.audit.period import read_period
from opsroom.db.store import open_store
from opsroom.errors import Code, Failure
from opsroom.pagers import Delivery, OnCall, State, Target
from support.paging import Clock, Rooms, make_rooms
from support.scripted_pager import DOWN, LIMITED, LOST, SLOW, WRONG, Side
from support.stores import run
from support.world import run_action


@pytest.fixture
def shared(tmp_path: Path, sides: Dict[str, Side], store_url: str) -> Rooms:
    """The same on each sort of database."""
    return make_rooms(tmp_path, sides, store_url)


class TestAnswer:
    def test_it_says_who_was_reached_until_when_through_what_as_which_incident(
        self, rooms: Rooms
    ) -> None:
        answer = rooms.page()
        assert (answer["ok"], answer["code"]) == (True, "paged")
        assert answer["message"] == (
            "alice paged bob (on call until Mon 2099-11-23 18:00 UTC) for web-team through "
            "pagerduty, incident 1234. "
            "https://p.example/1234"
        )
        assert (answer["pager"], answer["incident"], answer["number"]) == (
            "pagerduty",
            "I1234",
            "1234",
        )
        assert answer["people"] == ["bob"]

    def test_it_takes_one_request_where_the_config_names_the_target(self, rooms: Rooms) -> None:
        rooms.page()
        assert rooms.side().calls == ["page PSVC"]
        assert rooms.side("mail").calls == []

    def test_the_pager_learns_who_asked_where_and_under_which_name_there(
        self, rooms: Rooms
    ) -> None:
        rooms.world.config["web"] = "https://st2.example.com"
        rooms.page(urgent=True)
        (page,) = rooms.side().pages
        assert (page.author.shown, page.author.room, page.author.identity) == (
            "alice",
            "#dev",
            "PALICE",
        )
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
        assert rooms.page()["message"].startswith(
            "alice paged PSVC for web-team through pagerduty, incident 1234."
        )

    def test_a_page_whose_outcome_is_not_known_is_never_called_sent(self, rooms: Rooms) -> None:
        side = rooms.side()
        side.delivery, side.notes = Delivery.UNCONFIRMED, ("It was accepted for processing.",)
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["outcome"]) == (
            False,
            "page_unconfirmed",
            "failed",
        )
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
        answer = rooms.page(message=words)
        assert (answer["code"], answer["outcome"]) == ("text_needed", "refused")
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
    def test_the_next_pager_is_tried_when_the_first_certainly_did_not_take_it(
        self, rooms: Rooms, trouble: Any
    ) -> None:
        rooms.side().script = [(False, trouble)]
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["pager"]) == (True, "paged", "mail")
        assert "through mail, incident 77." in answer["message"]
        assert "pagerduty did not take it: https://p.example" in answer["message"]
        assert answer["tried"][0]["code"] == trouble.code.value
        assert len(rooms.side("mail").pages) == 1
        assert rooms.rows()[0]["pager"] == "mail"

    def test_a_page_that_reaches_nobody_goes_on_to_the_next_pager(self, rooms: Rooms) -> None:
        rooms.side().delivery, rooms.side().notes = Delivery.NOBODY, ("alice is on call herself.",)
        answer = rooms.page()
        assert (answer["ok"], answer["pager"]) == (True, "mail")
        assert (
            "pagerduty took it and reaches nobody. alice is on call herself." in answer["message"]
        )

    def test_when_nobody_is_reached_anywhere_that_is_said_with_whom_to_phone(
        self, rooms: Rooms
    ) -> None:
        rooms.side().delivery = rooms.side("mail").delivery = Delivery.NOBODY
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["hint"]) == (
            False,
            "nobody_notified",
            "Phone: +44 20 7946 0000",
        )
        assert answer["message"].startswith(
            "The page to web-team reached nobody. pagerduty took it"
        )
        assert rooms.world.events() == ["asked", "failed"]

    def test_when_all_pagers_are_down_it_says_so_and_whom_to_phone(self, rooms: Rooms) -> None:
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, LIMITED)]
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["hint"]) == (
            False,
            "not_paged",
            "Phone: +44 20 7946 0000",
        )
        assert answer["message"].startswith(
            "Nobody was paged for web-team, neither pagerduty and mail took it."
        )
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
        assert (answer["ok"], answer["pager"]) == (True, "mail")
        assert "pagerduty did not take it: pagerduty did not answer within" in answer["message"]

    def test_a_defect_in_one_kind_does_not_keep_the_next_from_being_tried(
        self, rooms: Rooms, clock: Clock
    ) -> None:
        rooms.side().script = [(False, KeyError("incident"))]
        answer = rooms.page()
        assert (answer["ok"], answer["pager"]) == (True, "mail")
        assert "asking pagerduty failed (KeyError)" in answer["message"]

    def test_a_pager_without_a_word_in_the_config_is_asked_for_the_teams_name(
        self, rooms: Rooms
    ) -> None:
        del rooms.world.config["teams"]["web-team"]["pagerduty"]
        rooms.world.config["teams"]["web-team"]["page"] = ["pagerduty"]
        rooms.side().knows = (
            Target("service", "P9", "Web-Team"),
            Target("service", "P8", "web-team old"),
        )
        assert rooms.page()["pager"] == "pagerduty"
        assert rooms.side().calls == ["look_up web-team", "page P9"]

    def test_without_that_name_it_goes_where_the_pager_sends_what_is_for_nobody(
        self, rooms: Rooms
    ) -> None:
        del rooms.world.config["teams"]["web-team"]["pagerduty"]
        rooms.world.config["teams"]["web-team"]["page"] = ["pagerduty"]
        rooms.side().default = Target("service", "PALL", "Everything")
        assert rooms.page()["target"] == "Everything"

    def test_with_neither_nobody_is_paged_and_the_missing_key_is_named(self, rooms: Rooms) -> None:
        del rooms.world.config["teams"]["web-team"]["pagerduty"]
        rooms.world.config["teams"]["web-team"]["page"] = ["pagerduty"]
        answer = rooms.page()
        assert (answer["code"], answer["outcome"]) == ("unknown_who", "refused")
        assert (
            answer["hint"] == "An administrator can say who that is under teams.web-team.pagerduty."
        )


class TestOnce:
    def test_the_same_within_a_minute_is_the_same_incident(self, rooms: Rooms) -> None:
        rooms.page()
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["number"]) == (True, "paged_already", "1234")
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
    def test_other_words_people_and_urgency_are_another_page(
        self, rooms: Rooms, other: Dict[str, Any]
    ) -> None:
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

        def closed(url: str) -> None:
            raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

        def stands(context: Any, facts: Any) -> bool:
            monkeypatch.setattr("opsroom.db.store.open_store", closed)
            context.close()
            return True

        monkeypatch.setattr("opsroom.commands.pages.page._stands", stands)
        assert rooms.page()["code"] == "paged_already"
        assert len(rooms.side().pages) == 1

    def test_several_executions_at_once_page_once(self, shared: Rooms) -> None:
        ready, answers = threading.Barrier(5), []
        config = {**shared.world.config, "database": shared.world.database}

        def say() -> None:
            ready.wait()
            given = {"requester": "alice", "room": "#dev", "st2_user": "chatops_bot"}
            answers.append(
                run_action(
                    "page", config, {**given, "who": "web-team", "message": "checkout is down"}
                )
            )

        threads = [threading.Thread(target=say) for _ in range(5)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(shared.side().pages) == 1
        codes = sorted(one["code"] for one in answers)
        assert codes.count("paged") == 1
        assert set(codes) <= {"paged", "paged_already", "busy"}
        assert shared.world.chain_holds()


class TestLostAnswers:
    @pytest.mark.parametrize("lost", [LOST, SLOW])
    def test_a_page_that_went_out_is_found_and_not_sent_again(
        self, rooms: Rooms, clock: Clock, lost: Any
    ) -> None:
        rooms.side().script = [(True, lost)]
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["number"]) == (True, "paged", "1234")
        assert rooms.side().calls == ["page PSVC", "find PSVC"]
        assert rooms.side("mail").calls == []

    def test_a_page_that_is_certainly_not_there_goes_to_the_next_pager(
        self, rooms: Rooms, clock: Clock
    ) -> None:
        rooms.side().script = [(False, SLOW)]
        answer = rooms.page()
        assert (answer["ok"], answer["pager"]) == (True, "mail")
        # It was looked for until the server can no longer have been at it.
        assert sum(clock.waited) >= 6.0
        assert rooms.side().pages == []

    def test_a_page_that_shows_up_late_is_waited_for(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side()
        side.settles_within, side.script, side.looks = 8.0, [(True, LOST)], ["blind", "blind"]
        assert rooms.page()["number"] == "1234"
        assert rooms.side("mail").calls == []

    def test_where_that_cannot_be_asked_nothing_more_is_sent_and_somebody_is_phoned(
        self, rooms: Rooms, clock: Clock
    ) -> None:
        side = rooms.side()
        side.can_look, side.script = False, [(True, LOST)]
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["outcome"]) == (
            False,
            "page_unconfirmed",
            "failed",
        )
        assert answer["message"].startswith(
            "The page to web-team may have gone out and may not: https://p.example"
        )
        assert (
            "pagerduty cannot be asked whether it has it, so it is not sent again."
            in answer["message"]
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

    def test_saying_it_again_looks_again_and_sends_nothing(
        self, rooms: Rooms, clock: Clock
    ) -> None:
        side = rooms.side()
        side.can_look, side.script = False, [(True, LOST)]
        rooms.page()
        assert rooms.page()["code"] == "page_unconfirmed"
        assert [one for one in side.calls if one.startswith("page")] == ["page PSVC"]
        side.can_look = True
        answer = rooms.page()
        assert (answer["code"], answer["number"]) == ("paged", "1234")
        assert "The pager's answer was lost, but the page was found." in answer["message"]
        assert len(side.pages) == 1

    def test_a_pager_that_stays_silent_leaves_it_in_doubt(self, rooms: Rooms, clock: Clock) -> None:
        side = rooms.side()
        side.script, side.looks = [(False, LOST)], [DOWN] * 50
        assert rooms.page()["code"] == "page_unconfirmed"
        assert rooms.side("mail").calls == []

    def test_after_a_runner_died_the_pager_that_it_was_at_is_asked_first(
        self, rooms: Rooms, clock: Clock
    ) -> None:
        side = rooms.side("mail")
        rooms.side().script = [(False, DOWN)]
        rooms.page()
        assert len(side.pages) == 1
        # As if the runner had died before it could write down what came of it.
        store = open_store(rooms.world.database)
        run(store, "UPDATE repeats SET state = 'doing', ended_at = '', answer = ''")
        run(store, "UPDATE pages SET state = 'sending', incident = '', number = ''")
        rooms.pass_time(91)
        answer = rooms.page()
        assert (answer["code"], answer["pager"], answer["number"]) == ("paged", "mail", "77")
        assert len(side.pages) == 1
        assert [one for one in rooms.side().calls if one.startswith("page")] == ["page PSVC"]


class TestLimit:
    def test_a_person_may_send_so_many_in_a_time(self, rooms: Rooms) -> None:
        rooms.world.config["page_limit"] = {"pages": 2, "within": "10m"}
        for number in range(2):
            assert rooms.page(who=["web-team", "bob"][number])["code"] == "paged"
        answer = rooms.page(message="once more")
        assert (answer["code"], answer["outcome"]) == ("page_limit", "refused")
        assert answer["message"].startswith(
            "alice has sent 2 pages in the last 10 min, as many as the config allows; nobody was "
            "paged. "
            "The next one may go out after "
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
        ready, answers = threading.Barrier(4), []
        config = {**shared.world.config, "database": shared.world.database}

        def say(number: int) -> None:
            ready.wait()
            given = {
                "requester": "alice",
                "room": "#dev",
                "st2_user": "chatops_bot",
                "message": f"number {number}",
            }
            answers.append(run_action("page", config, {**given, "who": "web-team"}))

        threads = [threading.Thread(target=say, args=(number,)) for number in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(one["code"] for one in answers) == ["page_limit"] * 3 + ["paged"]


class TestRecord:
    def test_every_page_is_two_records_of_one_request(self, rooms: Rooms) -> None:
        rooms.page(urgent=True)
        asked, paged = rooms.world.records()
        assert (asked.event.value, paged.event.value, paged.code) == ("asked", "paged", "paged")
        assert asked.deployment == paged.deployment
        assert (paged.command, paged.person, paged.room) == ("page", "alice", "#dev")
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
        assert (found.changes, found.attempts, found.unreadable) == ((), (), ())

    def test_a_database_that_cannot_be_used_keeps_nobody_asleep(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

        def closed(url: str) -> None:
            raise away

        monkeypatch.setattr("opsroom.db.store.open_store", closed)
        answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["recorded"]) == (True, "paged", False)
        assert (
            "It is not recorded yet (the next command does that), and no limit was checked"
            in answer["message"]
        )
        assert "the database cannot be used." in answer["message"]
        assert len(rooms.side().pages) == 1
        assert rooms.side().pages[0].mark.startswith("ops")

    def test_without_the_record_the_chain_and_its_truth_are_the_same(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def closed(url: str) -> None:
            raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

        monkeypatch.setattr("opsroom.db.store.open_store", closed)
        rooms.side().script = [(False, DOWN)]
        assert rooms.page()["pager"] == "mail"
        rooms.side().script, rooms.side("mail").script = [(False, DOWN)], [(False, DOWN)]
        assert rooms.page()["code"] == "not_paged"

    def test_secrets_of_the_config_stay_out_of_the_log_of_pages(self, rooms: Rooms) -> None:
        rooms.world.config["people"]["bob"]["totp"] = "JBSWY3DPEHPK3PXP"
        rooms.page(message="the key is JBSWY3DPEHPK3PXP")
        kept: List[Any] = [rooms.rows(), [one.facts for one in rooms.world.records()]]
        assert "JBSWY3DPEHPK3PXP" not in str(kept)
