"""What a backup, a restore and a move refuse, so that nothing is lost by a slip: a file of hashes
that is not there, what a dead process left, a command that makes a database meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest

from opsroom.audit.heads import Head
from opsroom.backup import restore as restoring
from opsroom.backup.__main__ import main
from opsroom.backup.make import make
from opsroom.backup.move import move
from opsroom.backup.note import read_note
from opsroom.backup.restore import restore
from opsroom.db.store import open_store
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from support.errors import refusal_of
from support.records.large import fill_large
from support.records.stores import entry, fill, rows

pytestmark = pytest.mark.databases("sqlite")

NOW = datetime(2026, 11, 30, 20, 31, tzinfo=timezone.utc)


@pytest.fixture
def backup(store, store_url: str, tmp_path: Path) -> Path:
    fill(store, entry(), entry())
    return tmp_path / "backups" / make(read_address(store_url), tmp_path / "backups", NOW).file


@pytest.fixture
def fresh(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/restored/opsroom.db"


def file_of(url: str) -> Path:
    return Path(read_address(url).path)


def put_back(backup: Path, url: str, *heads: Head, because: str = ""):
    return restore(backup, read_address(url), heads, because, by="root")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "{} does not exist."),
        ("", "{} has no noted hash."),
        ("# hashes of another\n", "{} has no noted hash."),
        ("ab12\n", "Line 1 of {} is no noted hash."),
        (f"2026-11-30 1 {'a' * 64}\n2026 2 ab", "Line 2 of {} is no noted hash."),
    ],
)
def test_a_file_of_hashes_that_says_nothing_is_refused(
    backup, fresh, tmp_path, capsys, content, why
):
    heads = tmp_path / "heads.txt"
    if content is not None:
        heads.write_text(content)
    command = ["restore", str(backup), "--database", fresh, "--heads", str(heads)]
    assert main(command) == 2
    assert why.format(heads) in capsys.readouterr().err
    assert not file_of(fresh).exists()


def test_a_file_of_hashes_that_fits_is_compared(backup, fresh, tmp_path, capsys):
    note, heads = read_note(backup), tmp_path / "heads.txt"
    heads.write_text(f"# hashes of it\n2026-11-30 {note.head} {note.head_hash}\n\n")
    command = ["restore", str(backup), "--database", fresh, "--heads", str(heads)]
    assert main(command) == 0
    assert "No noted hash" not in capsys.readouterr().out


def test_a_number_without_its_hash_is_refused(backup, fresh, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["restore", str(backup), "--database", fresh, "--record", "2"])
    assert caught.value.code == 2
    assert "--head, which is missing" in capsys.readouterr().err


def test_a_noted_hash_without_a_number_is_recorded_as_missing(backup, fresh):
    lost = Head("ab" * 32)
    with pytest.raises(Refusal):
        put_back(backup, fresh, lost)
    assert put_back(backup, fresh, lost, because="The disk broke.").missing == [lost]
    again = open_store(fresh)
    ((message, facts),) = rows(again, "SELECT message, facts FROM ledger WHERE seq = 3")
    again.close()
    assert "without 1 hashes that were noted of it: The disk broke." in message
    assert json.loads(facts)["missing"] == [{"record": 0, "hash": lost.hash}]


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_what_a_dead_process_left_does_not_get_into_the_restored_one(backup, fresh, ending):
    left = file_of(fresh).with_name(file_of(fresh).name + ending)
    left.parent.mkdir()
    left.write_bytes(b"pages of another database")
    caught = refusal_of(put_back, backup, fresh)
    assert f"is in use ({left.name} lies there)" in caught.message
    assert list(left.parent.iterdir()) == [left]


def test_a_database_that_a_command_makes_meanwhile_is_not_replaced(backup, fresh, monkeypatch):
    verified = restoring._verified

    def meanwhile(*given):
        store = open_store(fresh)
        fill(store, entry())
        store.close()
        return verified(*given)

    monkeypatch.setattr(restoring, "_verified", meanwhile)
    caught = refusal_of(put_back, backup, fresh)
    assert "is in use" in caught.message
    store = open_store(fresh)
    assert rows(store, "SELECT count(*) FROM ledger") == [(1,)]
    store.close()


def test_behind_a_link_the_file_is_where_the_link_leads_to(backup, fresh, tmp_path):
    link, disk = file_of(fresh), tmp_path / "disk" / "opsroom.db"
    link.parent.mkdir()
    link.symlink_to(disk)
    put_back(backup, fresh)
    assert link.is_symlink()
    assert disk.stat().st_mode & 0o777 == 0o640


def test_a_reason_that_cannot_be_recorded_leaves_no_database(backup, fresh, monkeypatch):
    def full(*given):
        raise Failure(Code.STORE_FULL, "The disk is full.")

    monkeypatch.setattr(restoring, "append", full)
    with pytest.raises(Failure):
        put_back(backup, fresh, Head("ab" * 32, 9), because="The disk broke.")
    assert list(file_of(fresh).parent.iterdir()) == []


def test_a_restored_database_is_read_while_others_write(backup, fresh):
    put_back(backup, fresh)
    with closing(sqlite3.connect(file_of(fresh))) as on:
        assert on.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_closed_database_is_restored_as_closed(store_url, backup, fresh, tmp_path, capsys):
    move(store_url, f"sqlite:///{tmp_path}/new.db")
    closed = tmp_path / make(read_address(store_url), tmp_path, NOW).file
    caught = refusal_of(put_back, closed, fresh, because="The disk broke.")
    assert "is of a database that was closed" in caught.message
    assert main(["restore", str(closed), "--database", fresh]) == 0
    assert "reopen lets it be used" in capsys.readouterr().out


def test_two_backups_in_one_second_do_not_exchange_their_notes(store, store_url, tmp_path):
    fill(store, entry())
    first = make(read_address(store_url), tmp_path, NOW)
    fill(store, entry())
    with pytest.raises(Refusal):
        make(read_address(store_url), tmp_path, NOW)
    os.rename(tmp_path / first.file, tmp_path / f".{first.file}.part")
    caught = refusal_of(make, read_address(store_url), tmp_path, NOW)
    assert "exists already, or is being made" in caught.message
    os.rename(tmp_path / f".{first.file}.part", tmp_path / first.file)
    assert read_note(tmp_path / first.file).records == 1


def test_a_database_that_does_not_exist_is_not_made(store_url, tmp_path, capsys):
    missing = f"sqlite:///{tmp_path}/none.db"
    assert main(["move", "--database", missing, "--to", f"sqlite:///{tmp_path}/new.db"]) == 2
    assert main(["reopen", "--database", missing]) == 2
    assert capsys.readouterr().err.count("none.db has no record of opsroom.") == 2
    assert not (tmp_path / "none.db").exists()
    assert not (tmp_path / "new.db").exists()


def test_the_new_address_may_come_from_the_environment(store_url, tmp_path, monkeypatch):
    monkeypatch.setenv("OPSROOM_NEW_DATABASE", f"sqlite:///{tmp_path}/new.db")
    assert main(["move", "--database", store_url]) == 0
    open_store(f"sqlite:///{tmp_path}/new.db").close()


def test_nothing_is_moved_where_the_old_one_cannot_close(store, store_url, tmp_path, monkeypatch):
    def refused(*given):
        raise Failure(Code.STORE_READ_ONLY, "The user may not do that.")

    fill(store, entry())
    monkeypatch.setattr("opsroom.backup.move.close_database", refused)
    with pytest.raises(OpsroomError):
        move(store_url, f"sqlite:///{tmp_path}/new.db")
    new = open_store(f"sqlite:///{tmp_path}/new.db")
    assert rows(new, "SELECT count(*) FROM ledger") == [(0,)]
    new.close()


def test_a_disk_that_is_full_is_that_of_the_folder(store, store_url, tmp_path):
    fill_large(store, 2000)
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
        "from opsroom.backup.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = ["make", "--folder", str(tmp_path / "full"), "--database", store_url]
    ended = subprocess.run(
        [sys.executable, "-c", script, *command],
        env={**os.environ, "PYTHONPATH": str(Path(restoring.__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert f"the copy of {file_of(store_url)} in {tmp_path / 'full'}" in ended.stderr
    assert list((tmp_path / "full").iterdir()) == []
