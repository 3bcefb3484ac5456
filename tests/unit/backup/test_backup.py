"""Backups: made while commands run, whole or not there, and put back only where they continue what
was noted."""

from __future__ import annotations

import json
import os
import shutil
import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator

import pytest

from opsroom.audit.heads import Head
from opsroom.audit.period import read_period
from opsroom.audit.report import make_report
from opsroom.backup import restore as restore_module
from opsroom.backup.__main__ import main
from opsroom.backup.make import make
from opsroom.backup.note import Note, note_path, read_note
from opsroom.backup.programs import run_client
from opsroom.backup.restore import Restored, restore
from opsroom.db.store import Store, open_store
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure, Refusal
from opsroom.records.chain import verify_chain
from opsroom.records.model import Event
from support.errors import failure_of
from support.records.large import fill_large
from support.records.postgres import programs
from support.records.stores import entry, fill, open_gates, rows, run

NOW = datetime(2026, 11, 30, 20, 31, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the server that the tests start: those of the system may be older."""
    with suppress(ImportError):
        monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")


def saved(url: str, tmp_path: Path) -> Path:
    return tmp_path / "backups" / make(read_address(url), tmp_path / "backups", NOW).file


def put_back(backup: Path, url: str, *heads: Head, because: str = "") -> Restored:
    return restore(backup, read_address(url), heads, because, by="root")


def refused(call, *arguments, **named) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*arguments, **named)
    assert caught.value.code is Code.NOT_ACCEPTED
    return caught.value


@contextmanager
def recording(store: Store) -> Iterator[list]:
    """Commands that record something, one after the other, meanwhile."""
    stop, done = threading.Event(), []

    def work() -> None:
        own = Store(store.address)
        while not stop.is_set():
            done.extend(fill(own, entry(deployment=f"meanwhile{len(done)}")))
        own.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def test_a_backup_of_a_large_record_holds_one_moment_while_commands_run(
    store, store_url, fresh_url, tmp_path
):
    fill_large(store, 100_000)
    with recording(store) as meanwhile:
        backup = saved(store_url, tmp_path)
    note = read_note(backup)
    assert note.intact
    assert 100_000 <= note.records <= 100_000 + len(meanwhile)
    assert rows(store, "SELECT hash FROM ledger WHERE seq = :seq", seq=note.head) == [
        (note.head_hash,)
    ]
    noted = Head(rows(store, "SELECT hash FROM ledger WHERE seq = 99000")[0][0], 99_000)
    assert put_back(backup, fresh_url, noted).missing == []
    again = open_store(fresh_url)
    with again.read() as on:
        found = verify_chain(on)
    assert (found.ok, found.records, found.head_hash) == (True, note.records, note.head_hash)
    assert fill(again, entry())[0].seq == note.head + 1
    again.close()


def test_what_is_kept_beside_the_record_comes_back_too(store, store_url, fresh_url, tmp_path):
    run(
        store,
        "INSERT INTO used_codes (person, counter, at) VALUES ('alice', 7, '2026-11-30T20:00:00')",
    )
    put_back(saved(store_url, tmp_path), fresh_url)
    again = open_store(fresh_url)
    assert rows(again, "SELECT person, counter FROM used_codes") == [("alice", 7)]
    again.close()


def test_a_noted_record_that_the_backup_lacks_is_not_given_up_silently(
    store, store_url, fresh_url, tmp_path
):
    fill(store, entry(), entry())
    backup = saved(store_url, tmp_path)
    later = fill(store, entry())[0]
    noted = Head(later.hash, later.seq, "2026-12-01")
    refusal = refused(put_back, backup, fresh_url, noted)
    assert refusal.message == (
        f"The backup {backup.name} ends with record 2, but record 3 was noted on 2026-12-01: what "
        "was recorded in between would be missing."
    )
    restored = put_back(backup, fresh_url, noted, because="The disk of the runner broke.")
    assert restored.missing == [noted]
    again = open_store(fresh_url)
    (record,) = rows(again, "SELECT event, requester, message, facts FROM ledger WHERE seq = 3")
    assert record[:2] == (Event.RESTORED.value, "root")
    assert "without the records up to 3: The disk of the runner broke." in record[2]
    assert json.loads(record[3])["missing"] == [{"record": 3, "hash": later.hash}]
    again.close()


def test_a_backup_of_another_record_is_refused(store, store_url, fresh_url, tmp_path):
    fill(store, entry(), entry())
    backup = saved(store_url, tmp_path)
    refusal = refused(put_back, backup, fresh_url, Head("ab" * 32, 1, "2026-11-01"))
    assert "Record 1, whose hash was noted on 2026-11-01, has another one now" in refusal.message
    # What pg_restore has put there already is of no use to anyone.
    if store.dialect == "postgresql":
        caught = failure_of(open_store, fresh_url)
        assert caught.code is Code.STORE_CLOSED
    else:
        assert not read_address(fresh_url).path or not Path(read_address(fresh_url).path).exists()


def test_a_rebuilt_record_shows_at_the_last_noted_hash(store, store_url, fresh_url, tmp_path):
    fill(store, entry(), entry())
    backup = saved(store_url, tmp_path)
    refusal = refused(put_back, backup, fresh_url, Head("ab" * 32, 2))
    assert "has another hash for record 2 than was noted" in refusal.message


@pytest.mark.parametrize("damage", ["shorter", "other bytes"])
def test_a_file_that_is_not_what_it_was_is_refused(store, store_url, fresh_url, tmp_path, damage):
    fill(store, entry())
    backup = saved(store_url, tmp_path)
    content = bytearray(backup.read_bytes())
    if damage == "shorter":
        del content[-10:]
    else:
        content[len(content) // 2] ^= 1
    backup.write_bytes(bytes(content))
    why = {"shorter": "size is", "other bytes": "content has another SHA-256"}[damage]
    assert why in refused(put_back, backup, fresh_url).message


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"opsroom_backup": 1}'])
def test_a_backup_without_a_note_is_none(store, store_url, fresh_url, tmp_path, content):
    backup = saved(store_url, tmp_path)
    if content is None:
        note_path(backup).unlink()
    else:
        note_path(backup).write_text(content)
    refused(put_back, backup, fresh_url)


def test_a_backup_is_never_restored_over_something(store, store_url, tmp_path):
    fill(store, entry())
    refusal = refused(put_back, saved(store_url, tmp_path), store_url)
    assert "is in use: a backup is restored beside it, never over it." in refusal.message
    assert rows(store, "SELECT count(*) FROM ledger") == [(1,)]


def test_a_broken_record_is_backed_up_and_named_as_broken(store, store_url, fresh_url, tmp_path):
    fill(store, entry(), entry())
    open_gates(store)
    run(store, "UPDATE ledger SET message = 'other' WHERE seq = 1")
    backup = saved(store_url, tmp_path)
    assert not read_note(backup).intact
    assert "The chain of" in refused(put_back, backup, fresh_url).message
    put_back(backup, fresh_url, because="It is all that there is.")
    again = open_store(fresh_url)
    ((message,),) = rows(again, "SELECT message FROM ledger WHERE seq = 3")
    assert message.endswith("record 2, whose chain is broken: It is all that there is.")
    again.close()


def test_one_sort_of_database_is_not_restored_into_the_other(store, store_url, tmp_path):
    backup = saved(store_url, tmp_path)
    other = (
        "postgresql://nobody@127.0.0.1:1/none"
        if store.dialect == "sqlite"
        else f"sqlite:///{tmp_path}/other.db"
    )
    assert "move that one" in refused(put_back, backup, other).hint


@pytest.mark.databases("sqlite")
def test_nothing_is_left_of_a_backup_that_failed(store, store_url, tmp_path, monkeypatch):
    def full(folder: Path, note: Note) -> None:
        raise Failure(Code.STORE_UNREACHABLE, "No space left on device.")

    monkeypatch.setattr("opsroom.backup.make.write_note", full)
    with pytest.raises(Failure):
        saved(store_url, tmp_path)
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.databases("sqlite")
def test_what_holds_no_record_is_not_backed_up(store, store_url, tmp_path):
    missing = f"sqlite:///{tmp_path}/none.db"
    assert "has no record of opsroom." in refused(saved, missing, tmp_path).message
    assert not (tmp_path / "none.db").exists()


@pytest.mark.databases("postgresql")
def test_tables_of_a_schema_that_nobody_looks_in_are_named(postgres, tmp_path):
    with postgres.database() as url, postgres.database() as other:
        with Store(read_address(url)).begin(writes=True) as on:
            name = read_address(url).options["dbname"]
            on.execute("CREATE SCHEMA ops", {})
            on.execute(f'ALTER DATABASE "{name}" SET search_path = ops', {})
        store = open_store(url)
        fill(store, entry())
        store.close()
        backup = saved(url, tmp_path)
        assert "are in the schema ops, where" in refused(put_back, backup, other).message


@pytest.mark.databases("postgresql")
def test_a_missing_program_is_named(store, store_url, tmp_path):
    caught = failure_of(
        make, read_address(store_url), tmp_path / "backups", NOW, programs=str(tmp_path)
    )
    assert f"pg_dump is not in {tmp_path}." in caught.message
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.databases("postgresql")
def test_a_restore_that_is_killed_leaves_a_database_that_nobody_uses(
    store, store_url, fresh_url, tmp_path, monkeypatch, capsys
):
    fill(store, entry(), entry())
    backup = saved(store_url, tmp_path)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(restore_module, "_verified", killed)
        with pytest.raises(KeyboardInterrupt):
            put_back(backup, fresh_url)
    caught = failure_of(open_store, fresh_url)
    assert caught.code is Code.STORE_CLOSED
    assert "its restoring was interrupted" in caught.message
    # Nothing opens what nothing has verified.
    for command in (["reopen"], ["make", "--folder", str(tmp_path / "more")]):
        assert main([*command, "--database", fresh_url]) == 2
        assert "nothing has verified it" in capsys.readouterr().err
    with pytest.raises(Failure, match="is being restored"):
        open_store(fresh_url)


@pytest.mark.databases("postgresql")
def test_the_password_is_no_argument_of_a_program(store, tmp_path, monkeypatch):
    script = tmp_path / "pg_dump"
    script.write_text('#!/bin/sh\necho "error: $* $PGPASSWORD" >&2\nexit 1\n')
    script.chmod(0o755)
    address = store.address
    with_password = type(address)(
        address.dialect, address.place, options={**address.options, "password": "s3cret-word"}
    )
    monkeypatch.setattr(Store, "address", with_password, raising=False)
    caught = failure_of(make, with_password, tmp_path / "backups", NOW, programs=str(tmp_path))
    assert caught.message.count("s3cret-word") == 1
    assert caught.message.endswith("s3cret-word")


@pytest.mark.databases("postgresql")
def test_the_passphrase_of_a_key_is_no_argument_of_a_program(store, tmp_path):
    script = tmp_path / "pg_dump"
    script.write_text('#!/bin/sh\necho "error: $* $(cat "$PGSERVICEFILE")" >&2\nexit 1\n')
    script.chmod(0o755)
    address = store.address
    given = {**address.options, "sslpassword": "s3cret-word"}
    caught = failure_of(
        run_client, "pg_dump", [], type(address)(address.dialect, "", options=given), str(tmp_path)
    )
    assert "service=opsroom" in caught.message
    assert caught.message.endswith("[opsroom] sslpassword=s3cret-word")
    assert caught.message.count("s3cret-word") == 1


def test_the_commands_do_what_they_say(store, store_url, fresh_url, tmp_path, capsys, monkeypatch):
    fill(store, entry(), entry())
    monkeypatch.setenv("OPSROOM_DATABASE", store_url)
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    assert main(["make", "--folder", str(tmp_path / "backups")]) == 0
    backup = Path(capsys.readouterr().out.splitlines()[0])
    assert main(["check", str(backup)]) == 0
    assert f"{backup} is whole; its chain holds" in capsys.readouterr().out
    assert main(["restore", str(backup), "--database", fresh_url]) == 0
    assert "No noted hash was compared" in capsys.readouterr().out
    shutil.copy(backup, tmp_path / "alone")
    assert main(["check", str(tmp_path / "alone")]) == 2
    assert "has no note beside it" in capsys.readouterr().err


@pytest.mark.databases("sqlite")
def test_a_report_says_that_later_records_may_be_missing(store, store_url, fresh_url, tmp_path):
    fill(store, entry())
    backup = saved(store_url, tmp_path)
    noted = Head(fill(store, entry())[0].hash, 2)
    put_back(backup, fresh_url, noted, because="The disk broke.")
    again = open_store(fresh_url)
    year = datetime.now(timezone.utc).year
    (gap,) = (
        one for one in make_report(again, read_period(str(year))).gaps if one.code == "restored"
    )
    assert "The disk broke." in gap.message
    assert gap.records == (2,)
    last_year = make_report(again, read_period(str(year - 1)))
    assert [one.code for one in last_year.gaps] == []
    again.close()
