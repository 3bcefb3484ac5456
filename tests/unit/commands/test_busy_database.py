"""A database that is busy or away: what was made elsewhere meanwhile is recorded by the next
command, once, as late."""

from __future__ import annotations

import errno
import json
import os
import signal
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from opsroom.db.sql import rows
from opsroom.db.store import Store, open_store
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure
from opsroom.records import outbox
from opsroom.records.outbox import folder_of, waiting
from support.paging import Rooms, make_rooms
from support.postgres import Postgres
from support.scripted_pager import Side
from support.stores import run

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


def letters(rooms: Rooms) -> List[Path]:
    keep = [path for path in rooms.world.folder.rglob("kept") if path.is_dir()]
    folder = folder_of(keep[0], read_address(rooms.world.database)) if keep else Path("nowhere")
    return waiting(folder)


@contextmanager
def busy(monkeypatch: pytest.MonkeyPatch, since: int = 1) -> Iterator[None]:
    """From the writing transaction `since` on, others hold the database."""
    count = [0]

    def held(real: Callable[[Store, bool], Any]) -> Callable[[Store, bool], Any]:
        def begin(store: Store, writes: bool) -> Any:
            count[0] += writes
            if writes and count[0] >= since:
                raise Failure(
                    Code.STORE_BUSY, "The database is busy: others have been writing to it."
                )
            return real(store, writes)

        return begin

    with monkeypatch.context() as patched:
        patched.setattr(Store, "begin", held(Store.begin))
        yield


class TestPage:
    @pytest.mark.parametrize("since", [1, 2])
    @pytest.mark.databases("sqlite", "postgresql")
    def test_it_goes_out_and_the_next_command_records_it(
        self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, since: int
    ) -> None:
        with busy(monkeypatch, since):
            answer = rooms.page()
        assert (answer["ok"], answer["code"], answer["recorded"]) == (True, "paged", False)
        assert "It is not recorded yet (the next command does that)" in answer["message"]
        assert "the database is busy" in answer["message"]
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


def test_an_acknowledgement_is_recorded_by_the_next_command(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = rooms.page()["number"]
    with busy(monkeypatch):
        answer = rooms.ask("ack_page", "bob", page=f"pagerduty:{number}")
    assert (answer["code"], answer["recorded"]) == ("acknowledged", False)
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
def test_a_late_acknowledgement_does_not_open_a_page_again(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = rooms.page()["number"]
    with busy(monkeypatch):
        assert rooms.ask("ack_page", "bob", page=number)["ok"]
    run(open_store(rooms.world.database), "UPDATE pages SET state = 'resolved'")
    rooms.ask("list_locks")
    assert [row["state"] for row in rooms.rows()] == ["resolved"]


def test_what_the_database_refuses_stays_and_holds_up_nothing(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_file_that_cannot_be_read_today_is_read_later(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert (report["ok"], report["complete"], report["attempts"]) == (True, True, 1)
    assert rooms.world.events() == ["asked", "failed"]
    last = rooms.world.records()[-1]
    assert (last.code, "recorded_late" in last.facts) == ("store_busy", True)
    # The way is free, at once.
    assert rooms.world.claims() == 0
    assert rooms.ask("deploy", app="web", version="v1.0.0", environment="uat")["code"] == "deployed"


@pytest.mark.databases("sqlite", "postgresql")
def test_they_are_taken_over_in_order_and_once_also_by_many(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_command_that_dies_between_recording_and_removing_records_it_once(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
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
