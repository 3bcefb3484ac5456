"""Cards are made, moved and assigned."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.commands.cards.request import take_apart
from opsroom.errors import Code, Failure
from support.cards.creation import create
from support.cards.scripted_tracker import DOWN, LOST, Elsewhere
from support.expectations import expect, says
from support.worlds.world import World


class TestCreating:
    def test_the_first_line_is_the_summary(self, world: World, there: Elsewhere) -> None:
        answer = create(world, "checkout is broken.\n\nsince noon:\n```\n  x = 1\n```\n", "ops")
        (draft,) = there.made.values()
        expect(draft, summary="checkout is broken.", description="since noon:\n```\n  x = 1\n```")
        assert (
            answer["message"]
            == "alice created OPS-1 in ops: checkout is broken. https://t.example/OPS-1"
        )

    @pytest.mark.parametrize(
        ("text", "summary", "description"),
        [
            ("one", "one", ""),
            ("  one \t two\r\nthree\r\n", "one two", "three"),
            ("one\n\n\n  indented", "one", "  indented"),
            ("```\nTraceback\n  File\n```", "Traceback", "```\nTraceback\n  File\n```"),
            ("```", "A block of code", "```"),
        ],
    )
    def test_how_a_text_is_taken_apart(self, text: str, summary: str, description: str) -> None:
        assert take_apart(text.replace("\r\n", "\n")) == (summary, description)

    def test_a_long_first_line_goes_on_in_the_description_and_loses_nothing(self) -> None:
        words = [f"word{number}" for number in range(100)]
        summary, description = take_apart(" ".join(words) + "\nthe rest")
        assert len(summary) <= 250
        first, rest = summary.rstrip("…").split(), description.split("\n")[0].lstrip("… ").split()
        assert first + rest == words
        assert description.endswith("\nthe rest")
        summary, description = take_apart("x" * 1000)
        assert summary.count("x") + description.count("x") == 1000

    def test_30000_characters_arrive_whole(self, alone: World) -> None:
        words = "Schrödinger's 猫 | <b>*x*</b> https://a.example/?b=c \\u007b " * 500
        text = (
            "checkout\n"
            + "\n".join(words[start : start + 200] for start in range(0, 29_900, 200))[:29_900]
        )
        create(alone, text)
        assert (
            alone.ask("get_card", card="card-1")["description"][:15_000]
            == text.partition("\n")[2][:15_000]
        )

    def test_blanks_make_no_card(self, world: World, there: Elsewhere) -> None:
        assert create(world, " \n ", "ops")["code"] == "text_needed"
        assert there.calls == []
        assert world.events() == ["refused"]

    def test_it_is_made_in_the_persons_name_there(self, world: World, there: Elsewhere) -> None:
        world.config["web"] = "https://st2.example/"
        create(world, "one", "ops")
        create(world, "two", "ops", who="bob")
        create(world, "three", "web-team")
        alice, bob, unmapped = (one.author for one in there.made.values())
        expect(alice, shown="alice", identity="alice@ops", room="#dev")
        assert bob.identity == "bob@any"
        assert unmapped.identity == ""
        link = "https://st2.example/#/history/5f0000000000000000000001"
        assert alice.line == f"alice (in #dev) via opsroom, {link}"

    def test_somebody_unmapped_is_said_to_be_unmapped(self, world: World) -> None:
        says(create(world, "three", "web-team"), ends="alice has no web-team name in the config.")

    def test_a_stranger_stays_a_stranger(self, world: World, there: Elsewhere) -> None:
        answer = create(world, "one", "ops", who="mallory")
        (draft,) = there.made.values()
        expect(draft.author, shown="mallory (unknown here)", identity="")
        assert answer["message"].startswith("mallory (unknown here) created OPS-1")

    def test_without_an_address_the_execution_is_named(
        self, world: World, there: Elsewhere
    ) -> None:
        create(world, "one", "ops")
        (draft,) = there.made.values()
        assert draft.author.link == "execution 5f0000000000000000000001"

    def test_the_record_has_the_card_and_who_asked(self, world: World) -> None:
        create(world, "checkout is broken\nsecret details", "ops")
        asked, done = world.records()
        assert (asked.event.value, done.event.value, done.command) == (
            "asked",
            "card_created",
            "create card",
        )
        expect(done, person="alice", room="#dev", app="", environment="")
        kept = {name: done.facts[name] for name in ("tracker", "card", "url", "summary")}
        assert kept == {
            "tracker": "ops", "card": "OPS-1", "url": "https://t.example/OPS-1",
            "summary": "checkout is broken",
        }  # fmt: skip
        assert "secret details" not in repr(world.records())

    def test_cards_are_no_deployments_to_history_and_audit(self, world: World) -> None:
        create(world, "one", "ops")
        world.ask("get_card", card="OPS-99")
        answer = world.ask(
            "audit_report", since="2026", until=None, environment=None, format="json"
        )
        expect(answer, ok=True, changes=0, gaps=[])

    def test_expressions_in_an_answer_are_broken(self, alone: World) -> None:
        create(alone, "x {{ st2kv.system.enc }} <% $.x %>\n{{ st2kv.system.enc }}")
        for answer in (
            alone.ask("get_card", card="CARD-1"),
            alone.ask("find_cards", text="x", mine=False),
        ):
            assert "{{" not in repr(answer)
            assert "<%" not in repr(answer)


class TestMoving:
    def test_it_says_from_where_to_where(self, world: World) -> None:
        answer = world.ask("move_card", card="OPS-12", column="In  progress")
        assert answer["message"] == (
            "alice moved OPS-12 in ops from To do to In progress. https://t.example/OPS-12"
        )  # fmt: skip
        assert world.events() == ["asked", "card_moved"]
        assert world.records()[-1].facts["after"] == "In progress"

    def test_what_is_there_already_stays(self, world: World) -> None:
        answer = world.ask("move_card", card="OPS-12", column="To do")
        expect(answer, ok=True, changed=False)
        assert "is in To do already; nothing was done." in answer["message"]

    def test_after_a_lost_answer_it_is_moved_again(self, world: World, there: Elsewhere) -> None:
        there.script = [(True, LOST)]
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert answer["message"].startswith("alice moved OPS-12 in ops to Done.")
        assert len(there.calls) == 2

    def test_two_lost_answers_are_told_as_they_are(self, world: World, there: Elsewhere) -> None:
        there.script = [(True, LOST), (True, LOST)]
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert answer["code"] == "outcome_unknown"
        assert answer["message"].startswith("OPS-12 may or may not have been moved: ")
        assert answer["hint"] == "To see how it is: show card OPS-12"
        assert world.events() == ["asked", "unconfirmed"]

    @pytest.mark.parametrize(
        "then", [DOWN, Failure(Code.BAD_ANSWER, "503.", facts={"sent": False, "status": 503})]
    )
    def test_one_that_is_down_after_a_lost_answer_leaves_it_open_whether_it_was_moved(
        self, world: World, there: Elsewhere, then: Failure
    ) -> None:
        there.script = [(True, LOST), (False, then)]
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert answer["code"] == "outcome_unknown"
        assert world.events() == ["asked", "unconfirmed"]

    def test_a_tracker_that_is_down_is_a_failure(self, world: World, there: Elsewhere) -> None:
        there.script = [(False, DOWN)]
        assert world.ask("move_card", card="OPS-12", column="Done")["code"] == "unreachable"
        assert world.events() == ["asked", "failed"]

    def test_a_move_that_cannot_be_recorded_is_told_all_the_same(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise Failure(Code.STORE_FULL, "The disk is full.")

        monkeypatch.setattr("opsroom.commands.request.Request.end", full)
        answer = world.ask("move_card", card="OPS-12", column="Done")
        expect(answer, ok=True, recorded=False)
        assert "That could not be recorded: The disk is full." in answer["message"]


class TestAssigning:
    @pytest.mark.parametrize(
        ("who", "call"),
        [
            ("me", "ops assign OPS-12 alice@ops mapped"),
            ("Alice", "ops assign OPS-12 alice@ops mapped"),
            ("@bob", "ops assign OPS-12 bob@any mapped"),
            ("Zoë Müller", "ops assign OPS-12 Zoë Müller"),
            ("Nobody", "ops assign OPS-12 nobody"),
        ],
    )
    def test_whom_it_means(self, world: World, there: Elsewhere, who: str, call: str) -> None:
        answer = world.ask("assign_card", card="OPS-12", assignee=who)
        assert answer["ok"], answer
        assert there.calls == [call]
        assert world.events() == ["asked", "card_assigned"]

    def test_without_a_name_there_the_key_is_named(self, world: World, there: Elsewhere) -> None:
        answer = world.ask("assign_card", card="OPS-12", assignee="carol")
        assert (answer["code"], there.calls) == ("unknown_person", [])
        assert "people.carol.ops is missing" in answer["message"]

    def test_a_stranger_cannot_say_me(self, world: World) -> None:
        expect(
            world.ask("assign_card", "mallory", card="OPS-12", assignee="me"), code="unknown_person"
        )

    def test_the_board_of_our_own_knows_people_by_their_names(self, alone: World) -> None:
        create(alone)
        expect(alone.ask("assign_card", card="CARD-1", assignee="BOB"), ok=True, assignee="bob")


def test_a_board_of_our_own_does_everything(alone: World) -> None:
    assert create(alone, "checkout is broken\nsince noon")["card"] == "CARD-1"
    assert alone.ask("comment_card", card="CARD-1", text="it is the cache")["ok"]
    assert alone.ask("move_card", "bob", card="card-1", column="doing")["after"] == "Doing"
    assert alone.ask("assign_card", "bob", card="CARD-1", assignee="me")["assignee"] == "bob"
    shown = alone.ask("get_card", card="CARD-1")["message"]
    assert "Doing, assigned to bob, reported by alice" in shown
    assert "it is the cache" in shown
    assert alone.ask("find_cards", "bob", mine=True)["message"].endswith(
        "CARD-1 | Doing | bob | checkout is broken"
    )
    assert alone.events() == [
        "asked", "card_created", "asked", "card_commented", "asked", "card_moved", "asked",
        "card_assigned",
    ]  # fmt: skip
    assert alone.chain_holds()
