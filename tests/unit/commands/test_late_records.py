"""The files of records that wait for the database: what is in them, and what is set aside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from opsroom.db.sql import rows
from opsroom.db.store import open_store
from opsroom.records import outbox
from opsroom.records.outbox import waiting
from support.expectations import says
from support.pages.rooms import Rooms
from support.pages.scripted_pager import Side
from support.records.late import busy, late_rooms, letters
from support.records.postgres import Postgres

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def rooms(
    tmp_path: Path, store_url: str, sides: Dict[str, Side], monkeypatch: pytest.MonkeyPatch
) -> Rooms:
    return late_rooms(tmp_path, store_url, sides, monkeypatch)


def deep(facts: Any) -> Any:
    for _ in range(900):
        facts = {"a": facts}
    return facts


# What may be wrong with a letter that opsroom did not write: given are its content, and its last
# record.
SPOILT: Dict[str, Callable[[Dict[str, Any], Dict[str, Any]], Any]] = {
    "an approval": lambda content, last: last.update(event="approved"),
    "a success": lambda content, last: last.update(event="succeeded"),
    "a column more": lambda content, last: last.update(hash="0" * 64),
    "a column less": lambda content, last: last.pop("requester"),
    "a number for a text": lambda content, last: last.update(requester=7),
    "much text": lambda content, last: last.update(message="x" * 5000),
    "half a character": lambda content, last: last.update(message="\ud800"),
    "NUL": lambda content, last: last.update(message="a\0b"),
    "facts that are a list": lambda content, last: last.update(facts=[]),
    "lists within lists": lambda content, last: last.update(facts=deep(last["facts"])),
    "a deployment that is none": lambda content, last: last.update(deployment="' OR 1 = 1"),
    "a number without bounds": lambda content, last: last.update(seconds=1e300),
    "another id": lambda content, last: content.update(id="0" * 16),
    "no time": lambda content, last: content.update(at="yesterday"),
    "a time without a zone": lambda content, last: content.update(at="2026-11-23T10:00:00"),
    "a time before all time": lambda content, last: content.update(at="0001-01-01T00:00:00+14:00"),
    "no records": lambda content, last: content.update(entries=[]),
    "a column of pages that is none": lambda content, last: content["page"].update(
        {"mark) VALUES ('x'); --": ""}
    ),
    "a page that is a list": lambda content, last: content.update(page=["mark", "state"]),
    "a page without its mark": lambda content, last: content.update(page={"state": "resolved"}),
    "a state with another column": lambda content, last: content.update(
        page={"mark": "m", "state": "resolved", "owner": "me"}
    ),
    "an answer that is none": lambda content, last: content.update(
        repeat={"key": "k", "mark": "m", "answer": "[]"}
    ),
}


@pytest.mark.parametrize("how", [*SPOILT, "a list"])
def test_what_opsroom_did_not_write_is_set_aside(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    with busy(monkeypatch):
        rooms.page()
        rooms.page(message="another one")
    first = letters(rooms)[0]
    content = json.loads(first.read_text())
    if how == "a list":
        content = [content]
    else:
        SPOILT[how](content, content["entries"][-1])
    first.write_text(json.dumps(content))
    rooms.ask("list_locks")
    assert letters(rooms) == []
    assert [path.suffix for path in first.parent.iterdir()] == [".rejected"]
    # The next one is not held up by it.
    assert [one.facts["text"] for one in rooms.world.records() if one.event.value == "paged"] == [
        "another one"
    ]
    assert rooms.world.chain_holds()


@pytest.mark.parametrize(
    "how", ["not JSON", "empty", "a link", "a folder", "writable for others", "a fifo", "huge"]
)
def test_a_file_that_is_none_of_opsroom_is_set_aside(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, how: str, tmp_path: Path
) -> None:
    with busy(monkeypatch):
        rooms.page()
    path = letters(rooms)[0]
    content = path.read_text()
    if how in ("not JSON", "empty", "huge"):
        path.write_text(
            {"not JSON": content[:-2], "empty": "", "huge": " " * outbox.MAX_BYTES + content}[how]
        )
    elif how == "writable for others":
        path.chmod(0o666)
    else:
        path.unlink()
        (tmp_path / "content").write_text(content)
        {"a link": lambda: path.symlink_to(tmp_path / "content"), "a folder": path.mkdir,
         "a fifo": lambda: os.mkfifo(path)}[how]()  # fmt: skip
    assert rooms.ask("list_locks")["ok"]
    assert letters(rooms) == []
    assert rooms.world.events() == []


def test_secrets_are_in_no_file(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms.world.config["people"]["bob"]["totp"] = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    with busy(monkeypatch):
        rooms.page(message="the key is JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert "JBSWY3DP" not in letters(rooms)[0].read_text()
    assert letters(rooms)[0].stat().st_mode & 0o777 == 0o600
    assert letters(rooms)[0].parent.stat().st_mode & 0o777 == 0o700


def test_two_databases_have_an_outbox_each(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, postgres: Postgres, tmp_path: Path
) -> None:
    with busy(monkeypatch):
        rooms.page()
    other = (
        f"sqlite:///{tmp_path}/{'opsroom' if 'sqlite' in rooms.world.database else 'own'}/other.db"
    )
    mine, rooms.world.database = rooms.world.database, other
    rooms.ask("list_locks")
    assert rooms.world.events() == []
    rooms.world.database = mine
    assert len(letters(rooms)) == 1


def test_a_full_disk_is_told_as_before(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "_write", full)
    with busy(monkeypatch):
        answer = rooms.page()
    assert answer["code"] == "paged"
    says(answer, "It is not recorded, and no limit was checked: the database is busy.")


def test_a_store_that_may_only_be_read_takes_nothing_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    open_store(url).close()
    folder = tmp_path / "outbox"
    folder.mkdir()
    (folder / f"{1:020d}-{'0' * 16}.json").write_text("{}")
    assert outbox.drain(open_store(f"{url}?mode=ro"), folder) == 0
    assert len(waiting(folder)) == 1
    with open_store(url).read() as on:
        assert rows(on, "SELECT 1 AS one FROM ledger") == []
