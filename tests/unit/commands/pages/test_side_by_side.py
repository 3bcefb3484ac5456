"""Two transactions about the same page at the same moment: one waits for the other, and neither for
both."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator

import pytest

from opsroom.commands.pages.open_page import _closed
from opsroom.db.sql import execute, queue_up, rows
from opsroom.db.store import Store, open_store
from opsroom.pagers import Incident, State
from opsroom.records import pages
from support.expectations import expect
from support.pages.rooms import Rooms, make_rooms
from support.pages.scripted_pager import Side
from support.records.postgres import Postgres

_WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"


@pytest.fixture
def rooms(tmp_path: Path, sides: Dict[str, Side], postgres: Postgres) -> Iterator[Rooms]:
    made = make_rooms(tmp_path, sides)
    name = postgres.new_database()
    made.world.database = postgres.url(name)
    yield made
    postgres.drop(name)


def beside(postgres: Postgres, store: Store, mark: str, work: Callable[[], Any]) -> Any:
    """What comes of `work`, begun while another transaction has its turn and changes the same page
    only then."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    with store.write() as on:
        queue_up(on)
        execute(on, "UPDATE repeats SET deployment = deployment WHERE mark = :mark", mark=mark)
        thread.start()
        until = time.monotonic() + 30
        while not postgres.run(_WAITING) and time.monotonic() < until:
            time.sleep(0.02)
        assert pages.update_page(on, mark, room="#other")
    thread.join(30)
    assert len(answers) == 1
    return answers[0]


def test_watching_and_changing_a_page_do_not_deadlock(rooms: Rooms, postgres: Postgres) -> None:
    rooms.page()
    (row,) = rooms.rows()
    known = rooms.side().incidents
    for id, one in list(known.items()):
        known[id] = Incident(**{**vars(one), "state": State.ACKNOWLEDGED})
    store = open_store(rooms.world.database)
    answer = beside(postgres, store, row["mark"], lambda: rooms.ask("watch_pages", "st2admin", ""))
    expect(answer, ok=True, code="watched")
    assert rooms.world.events() == ["asked", "paged", "acknowledged"]
    expect(rooms.rows()[0], room="#other", state="acknowledged")


def test_closing_and_changing_a_page_do_not_deadlock(rooms: Rooms, postgres: Postgres) -> None:
    rooms.page()
    mark = rooms.rows()[0]["mark"]
    store = open_store(rooms.world.database)
    found: Any = SimpleNamespace(row=SimpleNamespace(mark=mark))
    context: Any = SimpleNamespace(store=store)
    assert beside(postgres, store, mark, lambda: _closed(context, found)) is None
    expect(rooms.rows()[0], room="#other", state="resolved")
    with store.read() as on:
        assert rows(on, "SELECT * FROM repeats WHERE mark = :mark", mark=mark) == []
