"""Who is meant by a name, and who is on call: in a fixed order, exact before partial, asked back,
never paged."""

from __future__ import annotations

from typing import Any, List

import pytest

from opsroom.pagers import OnCall, Target
from support.expectations import expect, says
from support.pages.rooms import Rooms
from support.pages.scripted_pager import DOWN, UNTIL


def pages(rooms: Rooms) -> List[str]:
    sent = [(name, one.split(" ", 1)) for name, side in rooms.sides.items() for one in side.calls]
    return [f"{name} {to}" for name, (verb, to) in sent if verb == "page"]


class TestOrder:
    @pytest.mark.parametrize("who", ["web", "WEB", "web-team", "Web-Team", " web "])
    def test_an_application_and_its_team_come_first(self, rooms: Rooms, who: str) -> None:
        rooms.world.config["people"]["web"] = {"pagerduty": "PWEB"}
        rooms.side().knows = (Target("user", "PX", "web"), Target("user", "PY", "web-team"))
        rooms.page(who)
        assert pages(rooms) == ["pagerduty PSVC"]

    def test_a_team_wins_over_a_person_of_that_name(self, rooms: Rooms) -> None:
        rooms.world.config["teams"]["bob"] = {"pagerduty": "PTEAM"}
        rooms.page("bob")
        assert pages(rooms) == ["pagerduty PTEAM"]

    def test_a_team_of_an_application_only_is_looked_up(self, rooms: Rooms) -> None:
        rooms.world.config["apps"]["web"]["page"] = "shop"
        rooms.side().knows = (Target("service", "PSHOP", "Shop"),)
        rooms.page("web")
        assert pages(rooms) == ["pagerduty PSHOP"]

    def test_a_person_is_paged_where_a_pager_can_reach_them(self, rooms: Rooms) -> None:
        rooms.page("Bob")
        del rooms.world.config["people"]["bob"]["pagerduty"]
        rooms.page("bob", "once more")
        assert pages(rooms) == ["pagerduty PBOB", "mail bob@example.com"]

    def test_the_name_of_a_kind_stands_for_every_pager_of_it(self, rooms: Rooms) -> None:
        rooms.world.config["people"]["carol"] = {"chat": ["carol"], "scripted": "PCAROL"}
        rooms.page("carol")
        assert pages(rooms) == ["pagerduty PCAROL"]

    def test_a_person_without_a_pager_is_refused_with_the_key(self, rooms: Rooms) -> None:
        answer = rooms.page("carol")
        expect(answer, code="unknown_who", outcome="refused")
        assert answer["message"] == "No pager can reach carol; nobody was paged."
        assert "people.carol" in answer["hint"]

    def test_me_is_whoever_asks(self, rooms: Rooms) -> None:
        rooms.page("me", by="bob")
        assert pages(rooms) == ["pagerduty PBOB"]

    def test_then_come_the_pagers_own_names(self, rooms: Rooms) -> None:
        rooms.side("mail").knows = (Target("schedule", "S1", "Night watch"),)
        answer = rooms.page("night watch")
        assert pages(rooms) == ["mail S1"]
        assert answer["message"].startswith("alice paged bob (on call until")

    def test_what_equals_the_name_counts_before_what_contains_it(self, rooms: Rooms) -> None:
        rooms.side().knows = (
            Target("service", "P1", "Night watch old"),
            Target("service", "P2", "Night watch EU"),
        )
        rooms.side("mail").knows = (Target("schedule", "S1", "Night watch"),)
        rooms.page("night watch")
        assert pages(rooms) == ["mail S1"]

    def test_one_that_contains_the_name_is_taken(self, rooms: Rooms) -> None:
        rooms.side().knows = (Target("service", "P1", "Night watch EU"),)
        rooms.page("night")
        assert pages(rooms) == ["pagerduty P1"]

    def test_a_named_pager_is_the_only_one_that_is_asked(self, rooms: Rooms) -> None:
        rooms.side().knows = rooms.side("mail").knows = (Target("service", "P1", "Night watch"),)
        rooms.page("mail:night watch")
        assert rooms.side().calls == []
        assert pages(rooms) == ["mail P1"]

    def test_a_named_pager_takes_the_name_in_the_config(self, rooms: Rooms) -> None:
        rooms.page("mail:web-team")
        rooms.page("mail:bob")
        assert pages(rooms) == ["mail web@example.com", "mail bob@example.com"]


class TestAskedBack:
    def test_several_are_never_guessed(self, rooms: Rooms) -> None:
        rooms.side().knows = (Target("service", "P1", "Night"),)
        rooms.side("mail").knows = (Target("schedule", "S1", "Night"),)
        answer = rooms.page("night")
        expect(answer, code="which_who", outcome="refused")
        assert answer["message"] == (
            "'night' could be service Night in pagerduty and schedule Night in mail; nobody was "
            "paged."
        )
        assert answer["hint"] == (
            "Say which instead of the name alone, such as pagerduty:service Night or "
            "mail:schedule Night"
        )
        assert pages(rooms) == []
        assert rooms.world.events() == ["refused"]

    def test_what_was_offered_works(self, rooms: Rooms) -> None:
        rooms.side().knows = (
            Target("service", "P1", "Night"),
            Target("schedule", "P2", "Night"),
            Target("escalation_policy", "P3", "Night"),
        )
        assert rooms.page("pagerduty:night")["code"] == "which_who"
        rooms.page("pagerduty:escalation policy Night")
        rooms.page("pagerduty:service night")
        assert pages(rooms) == ["pagerduty P3", "pagerduty P1"]

    def test_an_application_and_another_team_of_one_name_are_asked_back(self, rooms: Rooms) -> None:
        rooms.world.config["teams"]["web"] = {"pagerduty": "POTHER"}
        answer = rooms.page("web")
        assert answer["code"] == "which_who"
        says(answer, "web is an application, for which web-team is paged, and web is a team.")
        assert pages(rooms) == []

    def test_an_application_that_pages_the_team_of_its_own_name_is_not(self, rooms: Rooms) -> None:
        rooms.world.config["teams"]["web"] = {"pagerduty": "POTHER"}
        rooms.world.config["apps"]["web"]["page"] = "web"
        rooms.page("web")
        assert pages(rooms) == ["pagerduty POTHER"]

    def test_an_unknown_name_is_answered_with_the_nearest(self, rooms: Rooms) -> None:
        answer = rooms.page("web-taem")
        assert answer["code"] == "unknown_who"
        assert answer["message"] == "There is nobody to page called 'web-taem'; nobody was paged."
        assert answer["hint"] == "Did you mean web-team?"

    def test_where_nobody_was_to_be_paged_that_is_not_said(self, rooms: Rooms) -> None:
        for action, given in (
            ("get_on_call", {"who": "web-taem"}),
            ("list_pages", {"who": "web-taem"}),
        ):
            answer = rooms.ask(action, **given)
            expect(answer, code="unknown_who", message="There is nobody to page called 'web-taem'.")

    def test_an_application_without_a_team_is_told_how_to_get_one(self, rooms: Rooms) -> None:
        del rooms.world.config["apps"]["web"]["page"]
        answer = rooms.page("web")
        assert (
            answer["hint"]
            == "It is an application; an administrator can say who is paged for it under "
            "apps.web.page."
        )

    def test_an_unknown_pager_is_answered_with_the_nearest(self, rooms: Rooms) -> None:
        expect(rooms.page("pagrduty:Night"), code="unknown_pager", hint="Did you mean pagerduty?")

    def test_half_of_a_pagers_command_pages_nobody(self, rooms: Rooms) -> None:
        rooms.side().knows = (Target("service", "P1", "PagerDuty test"),)
        expect(rooms.page("pagerduty", "Web"), code="unknown_who", hint="Say whom: pagerduty:NAME")
        assert pages(rooms) == []

    def test_without_any_pager_the_way_to_one_is_told(self, rooms: Rooms) -> None:
        rooms.world.config.update(pagers={}, teams={})
        answer = rooms.page()
        expect(answer, code="no_pager", outcome="refused")
        assert "pager: {kind: local}" in answer["hint"]

    def test_a_pager_that_is_down_hides_nobody_in_another(self, rooms: Rooms) -> None:
        rooms.side().trouble["look_up"] = DOWN
        rooms.side("mail").knows = (Target("schedule", "S1", "Night"),)
        answer = rooms.page("night")
        assert answer["code"] == "paged"
        says(answer, "pagerduty could not be asked for the name: https://p.example is unreachable")

    def test_when_it_could_only_be_in_one_that_is_down_that_is_said(self, rooms: Rooms) -> None:
        rooms.side().trouble["look_up"] = DOWN
        answer = rooms.page("night")
        expect(answer, code="unreachable", outcome="failed")
        assert "pagerduty could not be asked: https://p.example is unreachable" in answer["message"]
        assert rooms.world.events() == ["failed"]


class TestOnCall:
    def test_it_tells_who_until_when_and_who_comes_next(self, rooms: Rooms) -> None:
        rooms.side().on_call = (
            OnCall("carol", level=2),
            OnCall("bob", UNTIL, through="Web primary"),
        )
        answer = rooms.ask("get_on_call", who="web-team?")
        expect(answer, ok=True, code="on_call")
        assert answer["message"] == (
            "On call for web-team in pagerduty: bob until Mon 2099-11-23 18:00 UTC (Web "
            "primary); then carol."
        )
        assert pages(rooms) == []

    def test_a_pager_that_has_no_notion_of_duty_is_passed_over(self, rooms: Rooms) -> None:
        rooms.side().can_act = False
        assert rooms.ask("get_on_call", who="web")["pager"] == "mail"

    def test_where_none_has_that_is_said(self, rooms: Rooms) -> None:
        rooms.side().can_act = rooms.side("mail").can_act = False
        expect(rooms.ask("get_on_call", who="web"), code="not_possible", outcome="refused")

    def test_nobody_on_call_is_said_with_whom_to_phone(self, rooms: Rooms) -> None:
        rooms.side().on_call = ()
        answer = rooms.ask("get_on_call", who="web")
        expect(
            answer, message="Nobody is on call for web-team in pagerduty. Phone: +44 20 7946 0000"
        )

    def test_without_a_name_every_team_is_told_in_a_table(self, rooms: Rooms) -> None:
        rooms.world.config["teams"]["search"] = {"page": ["mail"], "mail": "search@example.com"}
        rooms.world.config["teams"]["billing"] = {"page": ["pagerduty"]}
        rooms.side("mail").on_call = (OnCall("dave"), OnCall("erin", level=2))
        answer = rooms.ask("get_on_call")
        assert answer["message"].split("\n") == [
            "On call:",
            "web-team | bob until Mon 2099-11-23 18:00 UTC | pagerduty",
            "search | dave | mail",
            "billing | unknown: pagerduty knows no 'billing'.",
        ]
        assert [one.get("pager") for one in answer["teams"]] == ["pagerduty", "mail", None]

    def test_a_config_without_teams_is_asked_by_name(self, rooms: Rooms) -> None:
        rooms.world.config["teams"] = {}
        del rooms.world.config["apps"]["web"]["page"]
        answer = rooms.ask("get_on_call")
        assert (answer["code"], answer["hint"]) == (
            "unknown_who", "Ask for one by the name that a pager has for it: on call for NAME"
        )  # fmt: skip

    def test_asking_leaves_no_record_and_needs_no_database(self, rooms: Rooms) -> None:
        rooms.world.database = f"sqlite:///{rooms.world.folder}/none/opsroom.db"
        rooms.ask("get_on_call")
        assert not (rooms.world.folder / "none").exists()


def test_a_long_name_or_one_of_another_alphabet_is_only_a_name(rooms: Rooms) -> None:
    for who in ("x" * 128, "Überwachung", "Checkout & Payments (EU)", "a'b\"c"):
        answer: Any = rooms.page(who)
        assert answer["code"] == "unknown_who"
