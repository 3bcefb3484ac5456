"""Cards whose runner dies, and what the record has of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from opsroom.db.sql import rows
from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure
from support.cards.creation import create, world_with_tracker
from support.cards.scripted_tracker import LOST, Elsewhere
from support.expectations import expect
from support.pages.rooms import Clock
from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path, there: Elsewhere) -> World:
    return world_with_tracker(tmp_path)


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
        write, left = Store.write, [2]

        def away_for_a_while(store: Store) -> Any:
            if there.made and left[0]:
                left[0] -= 1
                raise Failure(Code.STORE_UNREACHABLE, "The database is away.")
            return write(store)

        monkeypatch.setattr(Store, "write", away_for_a_while)
        expect(create(world), code="card_created", recorded=True)
        assert world.events() == ["asked", "card_created"]

    def test_a_commit_whose_answer_was_lost_is_not_recorded_twice(
        self, world: World, there: Elsewhere, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from contextlib import contextmanager

        write, left = Store.write, [1]

        @contextmanager
        def answer_lost(store: Store) -> Iterator[Any]:
            with write(store) as connection:
                yield connection
            if there.made and left[0]:
                left[0] -= 1
                raise Failure(Code.STORE_UNREACHABLE, "The database went away.")

        monkeypatch.setattr(Store, "write", answer_lost)
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
