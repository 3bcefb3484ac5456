"""A database that is busy: what was done is recorded late, in order, once."""

from __future__ import annotations

import errno
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.db.store import open_store
from opsroom.errors import Code, Failure
from opsroom.records import outbox
from support.expectations import expect, says
from support.pages.rooms import Rooms
from support.pages.scripted_pager import Side
from support.records.late import busy, late_rooms, letters
from support.records.stores import run

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def rooms(
    tmp_path: Path, store_url: str, sides: Dict[str, Side], monkeypatch: pytest.MonkeyPatch
) -> Rooms:
    return late_rooms(tmp_path, store_url, sides, monkeypatch)


class TestPage:
    @pytest.mark.parametrize("since", [1, 2])
    @pytest.mark.databases("sqlite", "postgresql")
    def test_it_goes_out_and_the_next_command_records_it(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, since: int
    ) -> None:
        with busy(monkeypatch, since):
            answer = rooms.page()
        expect(answer, ok=True, code="paged", recorded=False)
        says(answer, "It is not recorded yet (the next command does that)", "the database is busy")
        assert len(letters(rooms)) == 1
        assert rooms.ask("list_locks")["ok"]
        assert letters(rooms) == []
        assert rooms.world.events() == ["asked", "paged"]
        late = rooms.world.records()[-1].facts["recorded_late"]
        assert datetime.fromisoformat(late["at"]) <= rooms.world.records()[-1].at
        assert rooms.world.chain_holds()
        # The number that people type is known, and who pages for the same within a minute is told
        # that it went out.
        assert [row["number"] for row in rooms.rows()] == [answer["number"]]
        assert rooms.ask("ack_page", page=answer["number"])["code"] == "acknowledged"

    def test_the_same_words_do_not_page_twice_where_the_guard_was_written(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with busy(monkeypatch, 2):
            rooms.page()
        rooms.ask("list_locks")
        assert rooms.page()["code"] == "paged_already"
        assert len(rooms.side().pages) == 1

    def test_who_finds_it_by_its_mark_before_the_outbox_is_emptied_records_it_once(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with busy(monkeypatch, 2):
            rooms.page()
        rooms.pass_time(91)
        assert rooms.page()["ok"]
        assert rooms.world.events().count("paged") == 1
        assert len(rooms.side().pages) == 1
        assert letters(rooms) == []

    def test_that_nobody_took_it_is_recorded_too(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        down = Failure(Code.UNREACHABLE, "It cannot be reached.")
        rooms.side().script, rooms.side("mail").script = [(False, down)], [(False, down)]
        with busy(monkeypatch):
            assert rooms.page()["code"] == "not_paged"
        rooms.ask("list_locks")
        assert rooms.world.events() == ["asked", "failed"]


def test_an_acknowledgement_is_recorded_next(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    number = rooms.page()["number"]
    with busy(monkeypatch):
        answer = rooms.ask("ack_page", "bob", page=f"pagerduty:{number}")
    expect(answer, code="acknowledged", recorded=False)
    assert "the database is busy" in answer["message"]
    rooms.ask("list_locks")
    assert rooms.world.events() == ["asked", "paged", "asked", "acknowledged"]
    assert rooms.world.records()[-1].requester == "bob"


@pytest.mark.parametrize(
    ("deed", "state"), [("ack_page", "acknowledged"), ("resolve_page", "resolved")]
)
@pytest.mark.databases("sqlite", "postgresql")
def test_what_was_done_to_a_page_is_in_the_list_too(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, deed: str, state: str
) -> None:
    number = rooms.page()["number"]
    with busy(monkeypatch):
        assert rooms.ask(deed, "bob", page=number)["ok"]
    assert [row["state"] for row in rooms.rows()] == ["triggered"]
    kept = {path: path.read_bytes() for path in letters(rooms)}
    rooms.ask("list_locks")
    assert [(row["state"], row["told"]) for row in rooms.rows()] == [(state, state)]
    # A second command that had read the file takes nothing back that came later.
    run(open_store(rooms.world.database), "UPDATE pages SET state = 'triggered'")
    for path, content in kept.items():
        path.write_bytes(content)
        path.chmod(0o600)
    rooms.ask("list_locks")
    assert [row["state"] for row in rooms.rows()] == ["triggered"]
    assert rooms.world.events().count(state) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_a_late_answer_does_not_open_a_page(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    number = rooms.page()["number"]
    with busy(monkeypatch):
        assert rooms.ask("ack_page", "bob", page=number)["ok"]
    run(open_store(rooms.world.database), "UPDATE pages SET state = 'resolved'")
    rooms.ask("list_locks")
    assert [row["state"] for row in rooms.rows()] == ["resolved"]


def test_what_is_refused_holds_up_nothing(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(monkeypatch):
        rooms.page()
        rooms.page(message="another one")
    first, real = letters(rooms)[0], outbox._record

    def refusing(store: Any, on: Any, letter: Any, id: str, at: str) -> None:
        if id in first.name:
            raise Failure(Code.STORE_FAILED, "The database refuses this.")
        real(store, on, letter, id, at)

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_record", refusing)
        assert rooms.ask("list_locks")["ok"]
    assert letters(rooms) == [first]
    rooms.ask("list_locks")
    assert letters(rooms) == []
    assert len([one for one in rooms.world.records() if one.event.value == "paged"]) == 2


def test_what_cannot_be_read_is_read_later(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(monkeypatch):
        rooms.page()

    def broken(path: Path) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_read", broken)
        assert rooms.ask("list_locks")["ok"]
    assert len(letters(rooms)) == 1
    rooms.ask("list_locks")
    assert rooms.world.events() == ["asked", "paged"]


@pytest.mark.parametrize("since", [2, 3])
@pytest.mark.databases("sqlite", "postgresql")
def test_a_deployment_that_met_a_busy_database_is_told_so_by_the_report(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, since: int
) -> None:
    """Between "asked" and the claim, and between the claim and the start."""
    with busy(monkeypatch, since):
        answer = rooms.ask("deploy", app="web", version="v1.0.0", environment="uat")
    assert answer["code"] == "store_busy"
    assert answer["message"].startswith("The database is busy")
    assert rooms.world.running() == ""
    month = f"{rooms.world.records()[0].at:%Y-%m}"
    report = rooms.ask("audit_report", since=month, until="", environment="", format="json")
    expect(report, ok=True, complete=True, attempts=1)
    assert rooms.world.events() == ["asked", "failed"]
    last = rooms.world.records()[-1]
    assert (last.code, "recorded_late" in last.facts) == ("store_busy", True)
    # The way is free, at once.
    assert rooms.world.claims() == 0
    assert rooms.ask("deploy", app="web", version="v1.0.0", environment="uat")["code"] == "deployed"


@pytest.mark.databases("sqlite", "postgresql")
def test_many_take_them_over_in_order_once(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(monkeypatch):
        for number in range(5):
            assert rooms.page(message=f"checkout is down {number}")["code"] == "paged"
    assert len(letters(rooms)) == 5
    lookers = (
        [rooms.world.spawn("list_locks") for _ in range(4)]
        if "own" not in str(letters(rooms)[0])
        else []
    )
    for one in lookers:
        one.wait()
    rooms.ask("list_locks")
    texts = [one.facts["text"] for one in rooms.world.records() if one.event.value == "paged"]
    assert texts == [f"checkout is down {number}" for number in range(5)]
    assert letters(rooms) == []
    assert rooms.world.chain_holds()


def test_a_command_that_dies_records_it_once(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(monkeypatch):
        rooms.page()
    kept = {path: path.read_bytes() for path in letters(rooms)}
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Path, "unlink", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        try:
            rooms.ask("list_locks")
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert {path: path.read_bytes() for path in letters(rooms)} == kept
    assert rooms.world.events() == ["asked", "paged"]
    rooms.ask("list_locks")
    assert rooms.world.events() == ["asked", "paged"]
    assert letters(rooms) == []
