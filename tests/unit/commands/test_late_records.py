"""The files of records that wait for the database: what is in them, and what is set aside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.db.sql import rows
from opsroom.db.store import open_store
from opsroom.records import outbox
from opsroom.records.outbox import waiting
from support.pages.rooms import Rooms, make_rooms
from support.pages.scripted_pager import Side
from support.records.late import busy, letters
from support.records.postgres import Postgres

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def rooms(
    tmp_path: Path, store_url: str, sides: Dict[str, Side], monkeypatch: pytest.MonkeyPatch
) -> Rooms:
    monkeypatch.setattr("opsroom.commands.exactly_once._RECORD_TIMEOUT", 0.0)
    monkeypatch.setattr("opsroom.commands.request._TIMEOUT", 0.0)
    # Where a database on a server keeps what is private.
    monkeypatch.setattr(
        "opsroom.action.default_database", lambda: f"sqlite:///{tmp_path}/own/opsroom.db"
    )
    rooms = make_rooms(tmp_path, sides, store_url)
    rooms.ask("list_pages")
    return rooms


def spoilt(content: Dict[str, Any], how: str) -> Any:
    entry = content["entries"][-1]
    if how == "an approval":
        entry["event"] = "approved"
    elif how == "a success":
        entry["event"] = "succeeded"
    elif how == "a column more":
        entry["hash"] = "0" * 64
    elif how == "a column less":
        del entry["requester"]
    elif how == "a number for a text":
        entry["requester"] = 7
    elif how == "much text":
        entry["message"] = "x" * 5000
    elif how == "facts that are a list":
        entry["facts"] = []
    elif how == "another id":
        content["id"] = "0" * 16
    elif how == "no time":
        content["at"] = "yesterday"
    elif how == "a time without a zone":
        content["at"] = "2026-11-23T10:00:00"
    elif how == "no records":
        content["entries"] = []
    elif how == "a column of pages that is none":
        content["page"]["mark) VALUES ('x'); --"] = ""
    elif how == "a deployment that is none":
        entry["deployment"] = "' OR 1 = 1"
    elif how == "a list":
        return [content]
    elif how == "a number without bounds":
        entry["seconds"] = 1e300
    elif how == "lists within lists":
        for _ in range(900):
            entry["facts"] = {"a": entry["facts"]}
    elif how == "a time before all time":
        content["at"] = "0001-01-01T00:00:00+14:00"
    elif how == "half a character":
        entry["message"] = "\ud800"
    elif how == "NUL":
        entry["message"] = "a\0b"
    elif how == "a page that is a list":
        content["page"] = ["mark", "state"]
    elif how == "a page without its mark":
        content["page"] = {"state": "resolved"}
    elif how == "a state with another column":
        content["page"] = {"mark": "m", "state": "resolved", "owner": "me"}
    elif how == "an answer that is none":
        content["repeat"] = {"key": "k", "mark": "m", "answer": "[]"}
    return content


@pytest.mark.parametrize(
    "how",
    [
        "an approval", "a success", "a column more", "a column less", "a number for a text",
        "much text",
        "facts that are a list", "another id", "no time", "a time without a zone", "no records",
        "a column of pages that is none", "a deployment that is none", "a list",
        "an answer that is none",
        "a number without bounds", "lists within lists", "a time before all time",
        "half a character", "NUL",
        "a page that is a list", "a page without its mark", "a state with another column",
    ],
)  # fmt: skip
def test_what_opsroom_did_not_write_is_set_aside(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    with busy(monkeypatch):
        rooms.page()
        rooms.page(message="another one")
    first = letters(rooms)[0]
    first.write_text(json.dumps(spoilt(json.loads(first.read_text()), how)))
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


def test_secrets_of_the_config_are_in_no_file(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_disk_that_takes_nothing_is_told_as_before(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "_write", full)
    with busy(monkeypatch):
        answer = rooms.page()
    assert answer["code"] == "paged"
    assert (
        "It is not recorded, and no limit was checked: the database is busy." in answer["message"]
    )


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
