"""In whose name a card is made or changed."""

from __future__ import annotations

from typing import Any

import pytest

from support.cards.creation import create
from support.cards.scripted_tracker import Elsewhere
from support.expectations import expect
from support.worlds.world import World


class TestWhoseItIs:
    @pytest.mark.parametrize(
        ("typed", "tracker", "project"),
        [
            ("OPS", "ops", "OPS"),
            ("ops", "ops", ""),
            ("Ops:OPS", "ops", "OPS"),
            ("ops:NEW", "ops", "NEW"),
            ("wEb", "web-team", "WEB"),
            ("WEB-TEAM", "web-team", ""),
            ("web-team:ops", "web-team", "OPS"),
        ],
    )
    def test_a_project_leads_to_its_tracker(
        self, world: World, there: Elsewhere, typed: str, tracker: str, project: str
    ) -> None:
        # A tracker's own name comes first, then an application's, then what the trackers read.
        if typed == "OPS":
            world.config["trackers"] = {
                "desk": world.config["trackers"]["ops"],
                **world.config["trackers"],
            }
            del world.config["trackers"]["ops"]
            tracker = "desk"
        expect(create(world, project=typed), tracker=tracker, project=project)

    def test_one_tracker_is_the_one(self, alone: World) -> None:
        expect(create(alone), code="card_created", card="CARD-1", tracker="board")

    def test_of_several_one_is_asked_for_by_a_command_that_works(self, world: World) -> None:
        answer = create(world)
        expect(answer, code="which_tracker", ok=False)
        assert answer["hint"] == "Say where, for example: create card in ops: TEXT"
        assert create(world, project="ops")["ok"]

    def test_two_that_are_as_sure_are_asked_back_by_name(self, world: World) -> None:
        world.config["trackers"]["web-team"]["project"] = "OPS"
        world.config["apps"]["web"].pop("cards")
        answer = world.ask("get_card", card="OPS-12")
        expect(answer, code="which_tracker", hint="Say which: ops:OPS-12 or web-team:OPS-12")
        assert world.ask("get_card", card="ops:OPS-12")["code"] == "card"

    def test_who_is_sure_comes_before_who_could_be(self, world: World) -> None:
        assert world.ask("get_card", card="ops-12")["tracker"] == "ops"

    def test_two_that_could_be_are_asked_back(self, world: World) -> None:
        assert world.ask("get_card", card="ZZZ-12")["code"] == "which_tracker"

    def test_what_is_no_card_is_said_to_be_none(self, world: World) -> None:
        answer = world.ask("get_card", card="the red one")
        assert (answer["code"], answer["message"]) == (
            "unknown_card", "'the red one' is not a card of any tracker (ops and web-team).",
        )  # fmt: skip
        assert world.ask("get_card", card="nowhere:OPS-12")["code"] == "unknown_card"

    def test_what_is_no_project_is_said_to_be_none(self, world: World) -> None:
        answer = create(world, project="somewhere else")
        expect(answer, code="unknown_project", hint="Say ops, web-team or web, or TRACKER:PROJECT.")

    def test_without_any_tracker_it_says_what_takes_one_line(self, alone: World) -> None:
        del alone.config["trackers"]
        answer = create(alone)
        assert answer["code"] == "no_tracker"
        assert answer["hint"].endswith("one line under trackers: board: {kind: local}")

    @pytest.mark.parametrize(
        ("cards", "complaint"),
        [
            ("nope it is", "which fits none"),
            ("ZZZ", "'ZZZ' may be ops:ZZZ or web-team:ZZZ"),
            ("web", None),
        ],
    )
    def test_cards_of_an_app_fit_one_place(self, world: World, cards: str, complaint: Any) -> None:
        world.config["apps"]["web"]["cards"] = cards
        answer = world.ask("help")
        assert answer["ok"] is (complaint is None)
        if complaint:
            assert answer["code"] == "settings_invalid"
            assert answer["problems"][0].startswith("apps.web.cards: expected ")
            assert complaint in answer["problems"][0]


def test_what_a_tracker_keeps_is_beside_the_database(world: World, there: Elsewhere) -> None:
    world.ask("get_card", card="OPS-12")
    assert there.keep == world.folder / "db" / "kept"
    assert not there.keep.exists()
    world.database = "postgresql://opsroom:secret@127.0.0.1:1/opsroom"
    world.ask("get_card", card="OPS-12")
    assert there.keep.name == "kept"
    assert "secret" not in str(there.keep)
