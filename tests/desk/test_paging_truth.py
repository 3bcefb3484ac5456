"""page: nobody is paged by a guess, and what an answer says of whom was reached is true and not cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from opsroom.desk import once
from opsroom.errors import Code, Failure
from opsroom.paging import Duty, Target
from support import scripted_pager
from support.paging import Clock, Rooms, make_rooms
from support.scripted_pager import DOWN, LOST, Side


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(once, "clock", made.read)
    monkeypatch.setattr(once, "wait", made.wait)
    return made


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> Dict[str, Side]:
    return scripted_pager.install(monkeypatch)


@pytest.fixture
def rooms(tmp_path: Path, sides: Dict[str, Side]) -> Rooms:
    return make_rooms(tmp_path, sides)


def long_chain(rooms: Rooms) -> None:
    """Six pagers, of which the first five are down and say so at length."""
    rooms.world.config["pagers"] = {f"pager{number}": {"kind": "scripted"} for number in range(6)}
    rooms.world.config["teams"] = {"web-team": {"phone": "+44 20 7946 0000"}}
    for number in range(6):
        side = rooms.side(f"pager{number}")
        side.default = Target("service", "PSVC", "Web")
        if number < 5:
            down = Failure(Code.UNREACHABLE, f"https://{'x' * 80} cannot be reached.", facts={"sent": False})
            side.script = [(False, down), (False, down)]


class TestNames:
    def test_me_is_nobody_else_for_somebody_whom_the_config_does_not_know(self, rooms: Rooms) -> None:
        rooms.side().knows = (Target("user", "PCARMEN", "Carmen Mendes"),)
        answer = rooms.page("me", by="zoe")
        assert (answer["ok"], answer["code"]) == (False, "unknown_who")
        assert rooms.side().alarms == []
        number = rooms.page()["number"]
        answer = rooms.ask("add_responder", "zoe", who="me", page=number)
        assert (answer["ok"], answer["code"]) == (False, "unknown_who")
        assert rooms.side().incidents[number].people == ("bob",)

    def test_a_person_of_the_config_is_not_somebody_whose_name_contains_theirs(self, rooms: Rooms) -> None:
        rooms.side("mail").knows = (Target("user", "U2", "Carola Tables"),)
        assert rooms.page("mail:carol")["code"] == "unknown_who"
        rooms.side("mail").knows = (Target("user", "U1", "Carol"),)
        assert rooms.page("mail:carol")["code"] == "paged"

    def test_a_name_is_not_guessed_while_a_pager_that_may_have_it_is_silent(self, rooms: Rooms) -> None:
        rooms.side("pagerduty").trouble["look_up"] = DOWN
        rooms.side("mail").knows = (Target("service", "X", "Payments test"),)
        answer = rooms.page("payments")
        assert (answer["ok"], answer["code"]) == (False, "which_who")
        assert answer["hint"].endswith("mail:service Payments test")
        assert rooms.side("mail").alarms == []
        assert rooms.page("mail:service Payments test")["code"] == "paged"

    def test_the_kind_before_a_name_counts_more_than_a_longer_name(self, rooms: Rooms) -> None:
        rooms.side().knows = (
            Target("service", "A", "Web"),
            Target("schedule", "B", "Web"),
            Target("service", "C", "Self service Web"),
        )
        assert rooms.page("pagerduty:service Web")["code"] == "paged"
        assert [one.target.id for one in rooms.side().alarms] == ["A"]

    def test_two_things_of_one_name_in_two_pagers_are_two_pages(self, rooms: Rooms) -> None:
        rooms.side("pagerduty").knows = (Target("service", "A", "Web EU"),)
        rooms.side("mail").knows = (Target("service", "B", "Web EU"),)
        assert rooms.page("pagerduty:Web EU")["code"] == "paged"
        assert rooms.page("mail:Web EU")["code"] == "paged"
        assert rooms.page("mail:Web EU")["code"] == "paged_already"
        assert (len(rooms.side().alarms), len(rooms.side("mail").alarms)) == (1, 1)

    def test_a_number_sign_after_the_pager_is_no_part_of_the_number(self, rooms: Rooms) -> None:
        number = rooms.page()["number"]
        assert rooms.ask("ack_page", page=f"pagerduty:#{number}")["code"] == "acknowledged"
        assert rooms.rows()[0]["state"] == "acknowledged"


class TestAnswers:
    def test_nobody_is_called_on_call_who_was_paged_by_name(self, rooms: Rooms) -> None:
        rooms.side().duties = (Duty("Bob Brown"),)
        rooms.side().knows = (Target("user", "PBOB", "Bob Brown"),)
        assert "paged Bob Brown through pagerduty" in rooms.page("Bob Brown")["message"]

    def test_that_it_was_not_sent_again_is_not_cut_off(self, rooms: Rooms, clock: Clock) -> None:
        long_chain(rooms)
        assert rooms.page()["code"] == "paged"
        again = rooms.page()
        assert again["code"] == "paged_already"
        assert "it was not sent again" in again["message"]
        assert "incident 1234" in again["message"]

    def test_which_pager_may_have_it_is_not_cut_off(self, rooms: Rooms, clock: Clock) -> None:
        long_chain(rooms)
        rooms.side("pager5").script = [(True, LOST)]
        rooms.side("pager5").can_look = False
        answer = rooms.page()
        assert answer["code"] == "page_unconfirmed"
        assert "pager5 cannot be asked whether it has it" in answer["message"]
        assert "+44 20 7946 0000" in answer["hint"]

    def test_a_page_that_is_not_confirmed_says_whom_to_phone(self, rooms: Rooms) -> None:
        from opsroom.paging import Delivery

        rooms.side().delivery = Delivery.UNCONFIRMED
        answer = rooms.page()
        assert answer["code"] == "page_unconfirmed"
        assert "Phone: +44 20 7946 0000" in answer["message"]
