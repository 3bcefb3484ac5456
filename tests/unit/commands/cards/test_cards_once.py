"""A card is made once, no matter who repeats it, which answer is lost and which runner dies; and
what the record has of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsroom.db.sql import rows
from opsroom.db.store import open_store
from opsroom.errors import Code, Failure, Refusal
from support.cards.creation import create, world_with_tracker
from support.cards.scripted_tracker import DOWN, LOST, SLOW, Elsewhere
from support.expectations import expect
from support.pages.rooms import Clock
from support.records.late import away
from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path, there: Elsewhere) -> World:
    return world_with_tracker(tmp_path)


@pytest.fixture
def shared(tmp_path: Path, there: Elsewhere, store_url: str) -> World:
    """The same on each sort of database."""
    return world_with_tracker(tmp_path, store_url)


class TestRepeats:
    def test_a_card_takes_one_request_and_two_records(self, world: World, there: Elsewhere) -> None:
        expect(create(world), ok=True, code="card_created", card="OPS-1")
        assert there.calls == ["ops create"]
        assert world.events() == ["asked", "card_created"]
        assert {one.deployment for one in world.records()} == {world.records()[0].deployment}

    def test_the_same_within_a_minute_is_the_same(self, world: World, there: Elsewhere) -> None:
        create(world)
        answer = create(world)
        expect(answer, ok=True, code="card_there", card="OPS-1")
        assert answer["message"].startswith("OPS-1 already exists, since ")
        assert there.calls == ["ops create"]
        # The repeat is on the record, without a second card on it.
        assert world.events() == ["asked", "card_created", "asked", "refused"]
        assert world.records()[-1].code == "card_there"
        assert world.chain_holds()

    def test_blanks_around_it_make_no_other_card(self, world: World, there: Elsewhere) -> None:
        create(world, "it is broken\nvery")
        assert create(world, "  it is broken\r\nvery \n")["code"] == "card_there"
        assert len(there.made) == 1

    @pytest.mark.parametrize(("words", "who"), [("it is fixed", "alice"), ("it is broken", "bob")])
    def test_other_words_or_another_person_make_another_card(
        self, world: World, there: Elsewhere, words: str, who: str
    ) -> None:
        create(world)
        assert create(world, words, who=who)["code"] == "card_created"
        assert len(there.made) == 2

    def test_after_a_minute_it_is_another_card(self, world: World, there: Elsewhere) -> None:
        create(world)
        world.pass_time(seconds=61)
        assert create(world)["card"] == "OPS-2"
        assert (
            len({one.facts["mark"] for one in world.records() if one.event.value == "card_created"})
            == 2
        )

    def test_two_executions_at_once_make_one_card(self, shared: World, there: Elsewhere) -> None:
        answers = shared.at_once("create_card", *[{"text": "it is broken"}] * 6)
        assert len(there.made) == 1
        assert sorted({one["code"] for one in answers} - {"busy", "card_there"}) == ["card_created"]
        assert len([one for one in answers if one["code"] == "card_created"]) == 1


class TestLostAnswers:
    def test_a_card_whose_answer_was_lost_is_found_and_not_made_again(
        self, world: World, there: Elsewhere, clock: Clock
    ) -> None:
        there.script = [(True, LOST)]
        answer = create(world)
        expect(answer, ok=True, code="card_created", card="OPS-1")
        assert "was lost" in answer["message"]
        assert there.calls == ["ops create", "ops find"]
        assert world.records()[-1].facts["found_after_lost_answer"] is True

    def test_one_found_late_is_waited_for(
        self, world: World, there: Elsewhere, clock: Clock
    ) -> None:
        there.settles_within, there.script, there.looks = (
            8.0,
            [(True, LOST)],
            ["blind", "blind", "blind"],
        )
        assert create(world)["card"] == "OPS-1"
        assert len(there.made) == 1
        assert 3 < sum(clock.waited) < 8

    def test_only_what_is_not_there_when_it_has_settled_is_made_again_with_the_same_mark(
        self, world: World, there: Elsewhere, clock: Clock
    ) -> None:
        there.settles_within, there.script = 8.0, [(False, LOST)]
        assert create(world)["code"] == "card_created"
        assert sum(clock.waited) == 8.0
        assert there.calls.count("ops create") == 2
        assert len(there.made) == 1

    def test_a_slow_server_gets_time(self, world: World, there: Elsewhere, clock: Clock) -> None:
        there.script, there.looks = [(True, SLOW)], ["blind"] * 4
        assert create(world)["card"] == "OPS-1"
        assert there.calls.count("ops create") == 1

    def test_what_nobody_can_tell_is_said_and_recorded_and_looked_for_when_it_is_said_again(
        self, world: World, there: Elsewhere, clock: Clock
    ) -> None:
        there.script, there.looks = [(True, LOST)], [DOWN] * 50
        answer = create(world)
        expect(answer, ok=False, code="outcome_unknown")
        assert answer["message"].startswith(
            "The card in ops may or may not have been made: https://t.example closed"
        )
        assert sum(clock.waited) <= 15.0
        assert world.events() == ["asked", "unconfirmed"]
        there.looks, there.calls = [], []
        expect(create(world), code="card_created", card="OPS-1")
        assert there.calls == ["ops find"]
        assert world.events()[2:] == ["asked", "card_created"]

    @pytest.mark.parametrize(("look_for", "looks"), [("0s", 0), ("1s", 3), ("6s", 5), ("40s", 13)])
    def test_it_is_looked_for_as_long_as_the_config_says(
        self, world: World, there: Elsewhere, clock: Clock, look_for: str, looks: int
    ) -> None:
        world.config["trackers"]["ops"]["look_for"] = look_for
        there.script, there.looks = [(True, LOST)], [DOWN] * 50
        assert create(world)["code"] == "outcome_unknown"
        assert sum(clock.waited) <= float(look_for[:-1])
        assert there.calls.count("ops find") == looks

    def test_a_second_attempt_and_its_looks_fit_into_both_limits(
        self, world: World, there: Elsewhere, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.config["trackers"]["ops"].update(time_limit="4s", look_for="8s")
        there.script, there.looks = [(False, LOST), (False, LOST)], [None] * 5 + [DOWN] * 50
        make = Elsewhere.make

        def slow(kept: Any, mark: str, what: Any) -> None:
            clock.now += 4.0
            make(there, kept, mark, what)

        monkeypatch.setattr(there, "make", slow)
        began = clock.now
        assert create(world)["code"] == "outcome_unknown"
        assert there.calls.count("ops create") == 2
        assert clock.now - began <= 12.0

    def test_twice_in_doubt_is_the_end(self, world: World, there: Elsewhere, clock: Clock) -> None:
        there.script = [(False, LOST), (False, LOST)]
        answer = create(world)
        assert answer["code"] == "outcome_unknown"
        assert there.calls.count("ops create") == 2

    def test_where_it_cannot_be_found_out_it_is_not_sent_twice(
        self, world: World, there: Elsewhere, clock: Clock
    ) -> None:
        there.script, there.looks = (
            [(True, LOST)],
            [Refusal(Code.NOT_POSSIBLE, "It cannot be asked.")],
        )
        answer = create(world)
        assert answer["code"] == "outcome_unknown"
        assert "It cannot be asked." in answer["message"]
        assert there.calls == ["ops create", "ops find"]

    def test_there_is_no_second_attempt_when_there_is_no_time_for_it(
        self, world: World, there: Elsewhere, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there.script = [(False, SLOW)]

        def slow(kept: Any, mark: str, what: Any) -> None:
            clock.now += 20.0
            Elsewhere.make(there, kept, mark, what)

        monkeypatch.setattr(there, "make", slow)
        expect(create(world), code="timed_out", ok=False)
        assert there.calls.count("ops create") == 1
        assert world.events() == ["asked", "failed"]

    @pytest.mark.parametrize(
        ("error", "event"),
        [(DOWN, "failed"), (Refusal(Code.FIELDS_MISSING, "Jira wants a component."), "refused")],
    )
    def test_what_was_certainly_not_made_is_made_at_once_when_it_is_said_again(
        self, world: World, there: Elsewhere, error: Any, event: str
    ) -> None:
        there.script = [(False, error)]
        assert create(world)["code"] == error.code.value
        assert world.events() == ["asked", event]
        assert create(world)["code"] == "card_created"
        assert there.calls == ["ops create", "ops create"]

    def test_a_defect_leaves_the_outcome_open(self, world: World, there: Elsewhere) -> None:
        there.script = [(True, ZeroDivisionError("oops"))]
        assert create(world)["code"] == "crashed"
        assert world.events() == ["asked", "unconfirmed"]
        assert create(world)["card"] == "OPS-1"
        assert len(there.made) == 1


class TestRunnersThatDie:
    def die(self, world: World, where: str) -> None:
        """Let the process of a request end there."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(where, self.killed)
            with pytest.raises(SystemExit):
                create(world)

    @staticmethod
    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit("killed")

    def test_one_that_dies_after_it_leaves_a_card(self, world: World, there: Elsewhere) -> None:
        self.die(world, "opsroom.commands.exactly_once._made")
        assert create(world)["code"] == "busy"
        world.pass_time(seconds=91)
        expect(create(world), code="card_created", card="OPS-1")
        assert there.calls == ["ops create", "ops find"]

    def test_one_that_dies_before_it_leaves_none(self, world: World, there: Elsewhere) -> None:
        self.die(world, "opsroom.commands.exactly_once._make")
        world.pass_time(seconds=91)
        assert create(world)["card"] == "OPS-1"
        assert there.calls == ["ops find", "ops create"]

    @pytest.mark.parametrize("where", ["_made", "_make"])
    def test_one_that_is_killed_leaves_one_card(self, tmp_path: Path, where: str) -> None:
        world = make_world(tmp_path)
        world.config["trackers"] = {"board": {"kind": "local"}}
        process = world.spawn(
            "create_card",
            die_at=f"opsroom.commands.exactly_once:{where}:before",
            text="it is broken",
        )
        assert process.wait() == -9
        world.pass_time(seconds=91)
        assert create(world)["card"] == "CARD-1"
        assert create(world)["code"] == "card_there"
        found = world.ask("find_cards", text="broken", mine=False)
        assert len(found["cards"]) == 1

    def test_another_in_progress_is_said_and_recorded(self, world: World, there: Elsewhere) -> None:
        self.die(world, "opsroom.commands.exactly_once._make")
        answer = create(world)
        assert answer["message"].startswith("The card in ops is being made right now, since ")
        assert world.events() == ["asked", "asked", "refused"]


class TestTheRecord:
    def test_nothing_is_made_when_it_cannot_be_written(
        self, world: World, there: Elsewhere, tmp_path: Path
    ) -> None:
        world.database = f"sqlite:///{tmp_path / 'a file'}/opsroom.db"
        (tmp_path / "a file").write_text("no folder")
        answer = create(world)
        assert answer["code"] == "store_unreachable"
        assert there.calls == []

    def test_a_card_that_was_made_is_told_also_when_that_cannot_be_written(
        self, world: World, there: Elsewhere, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> None:
            raise Failure(Code.STORE_FULL, "The disk is full.")

        with monkeypatch.context() as patched:
            patched.setattr("opsroom.commands.exactly_once.done", full)
            answer = create(world)
        expect(answer, ok=True, code="card_created", recorded=False)
        assert "That could not be recorded: The disk is full." in answer["message"]
        assert sum(clock.waited) <= 11
        world.pass_time(seconds=91)
        assert create(world)["card"] == "OPS-1"
        assert len(there.made) == 1

    def test_a_database_that_comes_back_is_waited_for_and_has_it_once(
        self, world: World, there: Elsewhere, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with away(monkeypatch, 2, when=lambda: there.made):
            answer = create(world)
        expect(answer, code="card_created", recorded=True)
        assert world.events() == ["asked", "card_created"]

    def test_a_commit_whose_answer_was_lost_is_not_recorded_twice(
        self, world: World, there: Elsewhere, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with away(monkeypatch, 1, committed=True, when=lambda: there.made):
            assert create(world)["recorded"] is True
        assert world.events() == ["asked", "card_created"]

    def test_it_holds_no_description_and_no_secret(self, world: World, there: Elsewhere) -> None:
        world.config["people"]["bob"]["totp"] = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        create(world, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP leaked\nin the description")
        kept = repr(world.records())
        assert "in the description" not in kept
        assert "JBSWY3DPEHPK3PXP" not in kept
        store = open_store(world.database)
        with store.read() as on:
            assert "JBSWY3DPEHPK3PXP" not in repr(rows(on, "SELECT * FROM repeats"))
        assert next(iter(there.made.values())).description == "in the description"


def test_a_comment_is_made_once_too(world: World, there: Elsewhere, clock: Clock) -> None:
    there.script = [(True, LOST)]
    answer = world.ask("comment_card", card="ops-12", text="it is the cache")
    expect(answer, code="card_commented", card="OPS-12")
    assert world.ask("comment_card", card="OPS-12", text="it is the cache")["code"] == "card_there"
    assert there.calls == ["ops comment", "ops find"]
    assert world.events() == ["asked", "card_commented", "asked", "refused"]
