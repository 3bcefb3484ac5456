"""A database that hangs, so that it neither answers nor fails: a human is woken anyway, and
soon."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, Iterator, List

import pytest

from opsroom.db.sql import rows
from opsroom.db.store import Store, open_store
from support.expectations import expect
from support.pages.rooms import Rooms, make_rooms
from support.pages.scripted_pager import DOWN, Side
from support.records.postgres import Postgres


@pytest.fixture
def rooms(tmp_path: Path, sides: Dict[str, Side], monkeypatch: pytest.MonkeyPatch) -> Rooms:
    monkeypatch.setattr("opsroom.deadline.LIMIT", 0.5)
    monkeypatch.setattr("opsroom.commands.exactly_once.LIMIT", 0.5)
    monkeypatch.setattr("opsroom.commands.exactly_once._RECORD_TIMEOUT", 0.0)
    monkeypatch.setattr("opsroom.commands.pages.chain.LIMIT", 0.5)
    made = make_rooms(tmp_path, sides)
    # The tables are there.
    made.ask("list_pages")
    return made


class Hanging:
    """From the transaction `first` on (counted from 1), each hangs: before it begins, or where it
    would commit."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, first: int, at_the_end: bool = False
    ) -> None:
        self.go_on = threading.Event()
        self.count = 0
        self.waiting: List[str] = []

        def hanging(
            real: Callable[[Store, bool], ContextManager[Any]],
        ) -> Callable[[Store, bool], ContextManager[Any]]:
            @contextmanager
            def begin(store: Store, writes: bool) -> Iterator[Any]:
                self.count += 1
                hangs = self.count >= first
                if hangs and not at_the_end:
                    assert self.go_on.wait(60)
                with real(store, writes) as connection:
                    yield connection
                    if hangs and at_the_end:
                        assert self.go_on.wait(60)

            return begin

        monkeypatch.setattr(Store, "begin", hanging(Store.begin))


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_page_goes_out_once_and_the_answer_comes(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, first: int, at_the_end: bool
) -> None:
    hanging = Hanging(monkeypatch, first, at_the_end)
    began = time.monotonic()
    answer = rooms.page()
    took = time.monotonic() - began
    hanging.go_on.set()
    assert took < 15
    expect(answer, ok=True, code="paged")
    assert len(rooms.side().pages) == 1
    assert answer["recorded"] is (hanging.count < first)
    if not answer["recorded"]:
        assert "It is not recorded" in answer["message"]


def test_an_end_is_recorded_once_while_it_is_being_committed(
    rooms: Rooms, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres.new_database()
    rooms.world.database = postgres.url(name)
    rooms.ask("list_pages")
    monkeypatch.setattr("opsroom.commands.exactly_once.LIMIT", 2.0)
    monkeypatch.setattr("opsroom.commands.exactly_once._RECORD_TIMEOUT", 10.0)
    real, count = Store.begin, itertools.count(1)

    @contextmanager
    def begin(store: Store, writes: bool) -> Iterator[Any]:
        # The version of the tables, the beginning, the end; the end stands still where the server
        # commits it, until the second attempt to write it down waits for it.
        third = next(count) == 3
        with real(store, writes) as on:
            yield on
            until = time.monotonic() + 30
            while third and not postgres.run(_WAITING) and time.monotonic() < until:
                time.sleep(0.02)

    monkeypatch.setattr(Store, "begin", begin)
    answer = rooms.page()
    monkeypatch.undo()
    assert (answer["code"], answer["recorded"], len(rooms.side().pages)) == ("paged", True, 1)
    assert next(count) > 4
    with open_store(rooms.world.database).read() as on:
        events = [row["event"] for row in rows(on, "SELECT event FROM ledger ORDER BY seq")]
    assert events == ["asked", "paged"]
    postgres.drop(name)


_WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_the_next_pager_is_tried_also_then(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms.side().script = [(False, DOWN)]
    # The first transactions are the version of the tables and the beginning.
    hanging = Hanging(monkeypatch, 3)
    answer = rooms.page()
    hanging.go_on.set()
    expect(answer, code="paged", pager="mail")


def test_the_log_gives_the_next_pager_its_turn(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.world.config["pagers"]["log"] = {"kind": "local", "on_call": {"web-team": ["bob"]}}
    rooms.world.config["teams"]["web-team"]["page"] = ["log", "mail"]
    hanging = Hanging(monkeypatch, 1)
    answer = rooms.page()
    hanging.go_on.set()
    expect(answer, code="paged", pager="mail")
    assert "log did not take it" in answer["message"]


def test_a_page_is_acknowledged_also_then(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    number = rooms.page()["number"]
    hanging = Hanging(monkeypatch, 1)
    answer = rooms.ask("ack_page", page=f"pagerduty:{number}")
    hanging.go_on.set()
    expect(answer, code="acknowledged", recorded=False)
    assert rooms.side().incidents[number].state.value == "acknowledged"


def test_what_hung_is_not_written_later(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging(monkeypatch, 1)
    rooms.page()
    hanging.go_on.set()
    for thread in threading.enumerate():
        if thread.name == "opsroom-database":
            thread.join(30)
    assert rooms.rows() == []
    assert rooms.world.events() == []
