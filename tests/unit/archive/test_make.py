"""Archiving: what is older than the period leaves the database for a file, and nothing else."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from datetime import datetime, timedelta, timezone

import pytest

from opsroom.archive import make as making
from opsroom.archive.file import read_archive
from opsroom.archive.make import due_before, plan
from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure, Refusal
from opsroom.records.chain import GENESIS
from opsroom.records.chain.archives import archives, newest_archive
from opsroom.records.model import Event
from support.cases import cases
from support.errors import refusal_of
from support.records.archived import KEEP, NOW, archive, newest_event, numbers, verified, years
from support.records.large import fill_large
from support.records.ledgers import Book
from support.records.stores import entry, fill, open_gates, rows, run


def test_what_is_older_than_the_period_is_in_a_file(store, tmp_path):
    years(store)
    before = rows(store, "SELECT hash FROM ledger ORDER BY seq")
    (one,) = archive(store, tmp_path)
    # 2016 to 2019 are four deployments of web and two of api: 18 records.
    assert (one.first, one.last) == (1, 18)
    assert (one.previous_hash, one.head_hash) == (GENESIS, before[17][0])
    hashes = []
    header, digest = read_archive(tmp_path / one.file, lambda _, hash_, text: hashes.append(hash_))
    assert hashes == [hash_ for (hash_,) in before[:18]]
    assert (header.place, header.made_by, header.chain) == (store.place, "root", before[0][0])
    assert (digest, one.chain) == (one.sha256, before[0][0])
    assert one.until < "2019-11" < rows(store, "SELECT at FROM ledger WHERE seq = 19")[0][0]


def test_the_chain_says_what_was_taken_out_and_holds(store, tmp_path):
    years(store)
    (one,) = archive(store, tmp_path)
    ((event, who, message),) = rows(
        store, "SELECT event, requester, message FROM ledger ORDER BY seq DESC LIMIT 1"
    )
    assert (event, who) == ("archived", "root")
    assert message.startswith(f"Records 1 to 18, up to 2019-03-01, are in the archive {one.file};")
    report = verified(store)
    assert (report.breaks, report.archive, report.head) == ((), one, one.record)
    assert report.records == len(numbers(store))
    assert fill(store, entry())[0].seq == one.record + 1
    assert verified(store).ok


def test_the_next_archive_continues_and_takes_what_is_needed_no_more(store, tmp_path):
    book = years(store)
    (first,) = archive(store, tmp_path)
    book.at("2029-06-01T10:00:00").deployed("a2029", "v1.2017", "v1.2029", app="api")
    book.deployed("a2030", "v1.2029", "v1.2030", app="api")
    (second,) = archive(store, tmp_path)
    assert (second.first, second.previous_hash) == (first.last + 1, first.head_hash)
    assert (second.chain, second.record) == (first.chain, max(numbers(store)))
    with store.read() as on:
        assert archives(on) == [first, second]
        assert newest_archive(on) == second
    left = rows(store, f"SELECT DISTINCT deployment FROM ledger WHERE seq <= {second.last}")
    # The last one of api up to 2022, and what it replaced, is still that of 2017.
    assert {one for (one,) in left} == {"a2017", "w2022"}
    assert verified(store).ok


def test_nothing_is_archived_twice_or_before_it_is_due(store, tmp_path):
    years(store)
    with store.read() as on:
        assert newest_archive(on) is None
    archive(store, tmp_path)
    before = numbers(store)
    assert archive(store, tmp_path) == []
    assert (numbers(store), newest_event(store)) == (before, Event.ARCHIVED)


def test_a_plan_changes_nothing_and_says_what_would_be_done(store, tmp_path):
    years(store)
    before = numbers(store)
    found = plan(store, KEEP)
    assert found is not None
    assert (found.first, found.last, found.stays, found.files) == (1, 18, 6, 1)
    assert (found.since[:10], found.until[:10]) == ("2016-03-01", "2019-03-01")
    assert (numbers(store), list(tmp_path.glob("opsroom-archive*"))) == (before, [])
    assert plan(store, 12 * 100) is None


@cases(
    ("now", "newest", "expected"),
    [
        ("2026-11-30", "2026-11-29", "2019-11-01"),
        ("2026-11-01", "2026-11-01", "2019-11-01"),
        ("2027-01-31", "2027-01-31", "2020-01-01"),
        # A clock that is ahead.
        ("2099-01-01", "2026-11-29", "2019-11-01"),
        # A record of a clock that was ahead.
        ("2026-11-30", "2099-01-01", "2019-11-01"),
    ],
)
def test_whole_months_are_due_by_the_earlier_clock(now: str, newest: str, expected: str) -> None:
    at = [datetime.fromisoformat(one).replace(tzinfo=timezone.utc) for one in (now, newest)]
    assert due_before(KEEP, *at) == datetime.fromisoformat(expected).replace(tzinfo=timezone.utc)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("days", [400, 4000, 36_500])
def test_a_clock_that_is_ahead_makes_nothing_old_for_a_month(store, tmp_path, days):
    years(store)
    assert [one.last for one, _ in making.make(store, KEEP, tmp_path, "root")] == [18]
    ahead = NOW + timedelta(days=days)
    store.now = lambda on: ahead
    fill(store, entry(), entry())
    assert list(making.make(store, KEEP, tmp_path, "root")) == []
    with store.read() as on:
        assert plan(store, KEEP) is None
        assert making.due(store, on, KEEP, timedelta())
    # Nobody noticed: it is what time it is.
    store.now = lambda on: ahead + timedelta(days=32)
    fill(store, entry())
    assert len(list(making.make(store, KEEP, tmp_path, "root"))) == 1


@pytest.mark.databases("sqlite")
def test_nothing_is_due_in_a_record_of_less_than_a_month(store, tmp_path):
    book = Book(store).at("2016-03-01T10:00:00")
    book.write(Event.ASKED)
    store.now = lambda on: NOW
    assert list(making.make(store, KEEP, tmp_path, "root")) == []
    store.now = lambda on: book.clock + timedelta(days=20)
    fill(store, entry())
    store.now = lambda on: NOW
    assert list(making.make(store, KEEP, tmp_path, "root")) == []


def test_the_last_record_never_goes(store, tmp_path):
    book = years(store)
    last = max(numbers(store))
    book.at("2099-01-01T10:00:00")
    # Nothing was recorded since 2026, so that nothing of that year is old.
    for _ in range(2):
        assert [one.until for one in archive(store, tmp_path) if one.until > "2019-11"] == []
    assert last in numbers(store)


def test_a_broken_record_is_not_archived(store, tmp_path):
    years(store)
    open_gates(store)
    run(store, "UPDATE ledger SET message = 'other' WHERE seq = 30")
    caught = refusal_of(archive, store, tmp_path)
    assert caught.code is Code.RECORD_BROKEN
    assert "Record 30 was changed" in caught.message
    assert not list(tmp_path.glob("opsroom-archive*"))


def test_what_the_disk_spoiled_is_seen_before_anything_goes(store, tmp_path, monkeypatch):
    years(store)
    write = making._write

    def spoil(*arguments):
        path = write(*arguments)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(bytes(content))
        return path

    monkeypatch.setattr(making, "_write", spoil)
    caught = refusal_of(archive, store, tmp_path)
    assert caught.code is Code.RECORD_BROKEN
    assert numbers(store) == list(range(1, 41))
    assert verified(store).archive is None


def test_records_that_did_not_go_undo_all_of_it(store, tmp_path, monkeypatch):
    years(store)
    monkeypatch.setattr(making, "_gaps", lambda stays, last: [(1, 3)])
    with pytest.raises(Failure, match="The records were not taken out; nothing was changed"):
        archive(store, tmp_path)
    assert numbers(store) == list(range(1, 41))
    assert verified(store).archive is None


def test_what_was_taken_out_is_not_taken_out_again(store, tmp_path):
    years(store)
    (one,) = archive(store, tmp_path)
    header, digest = read_archive(tmp_path / one.file)
    before = numbers(store)
    with pytest.raises(Refusal, match="are not what the database has now"):
        making.take_out(store, header, one.file, digest, "root")
    assert numbers(store) == before


@pytest.mark.databases("sqlite")
def test_a_file_under_another_name_is_not_used(store, tmp_path):
    years(store)
    archive(store, tmp_path, 96)
    store.close()
    before = shutil.copy(store.address.path, tmp_path / "before.db")
    first, second = archive(store, tmp_path, 84)[0], archive(store, tmp_path, 60)[0]
    assert first.last + 1 == second.first
    (tmp_path / first.file).unlink()
    (tmp_path / second.file).rename(tmp_path / first.file)
    again = open_store(f"sqlite:///{before}")
    with pytest.raises(Refusal, match="is in the way: it is of other records"):
        archive(again, tmp_path, 60)
    again.close()


@pytest.mark.databases("sqlite")
def test_nothing_is_written_for_a_database_that_is_only_read(store, store_url, tmp_path):
    years(store)
    reader = open_store(f"{store_url}?mode=ro")
    with pytest.raises(Refusal, match=r"is for reading only"):
        archive(reader, tmp_path / "files")
    reader.close()
    assert not (tmp_path / "files").exists()


@pytest.mark.databases("sqlite")
def test_a_file_with_more_than_is_due_is_not_used(store, tmp_path):
    years(store)
    making._write(store, tmp_path, 1, 27, "root")
    caught = refusal_of(archive, store, tmp_path)
    assert "it holds records up to 27, of which those after 18 are not due." in (caught.message)
    assert numbers(store) == list(range(1, 41))


@pytest.mark.databases("sqlite")
def test_a_full_disk_loses_nothing(store, tmp_path, monkeypatch):
    years(store)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failure, match="No space left on device"):
        archive(store, tmp_path)
    # Nothing keeps it full.
    assert [one.name for one in tmp_path.glob(".*.part")] == []
    monkeypatch.undo()
    assert numbers(store) == list(range(1, 41))
    assert len(archive(store, tmp_path)) == 1


def test_two_archive_into_one_folder_one_after_the_other(store, tmp_path):
    years(store)
    run_ = making.make(store, KEEP, tmp_path, "root")
    with making._alone(tmp_path), pytest.raises(Refusal) as caught:
        next(run_)
    assert "Another process is archiving" in caught.value.message
    assert len(archive(store, tmp_path)) == 1


def test_many_records_go_in_files_of_a_bearable_size(store, tmp_path, monkeypatch):
    years(store)
    monkeypatch.setattr(making, "MAX_RECORDS", 7)
    found = plan(store, KEEP)
    assert found is not None
    assert found.files == 3
    done = archive(store, tmp_path)
    assert [(one.first, one.last) for one in done] == [(1, 7), (8, 14), (15, 18)]
    assert verified(store).ok


def test_commands_go_on_meanwhile(store, tmp_path, monkeypatch):
    fill_large(store, 20_000)
    monkeypatch.setattr(making, "MAX_RECORDS", 6_000)
    store.now = lambda on: datetime(2033, 1, 1, tzinfo=timezone.utc)
    fill(store, entry())
    stop, done, failed = threading.Event(), [], []

    def work() -> None:
        own = Store(store.address)
        own.now = store.now
        while not stop.is_set():
            try:
                done.extend(fill(own, entry(deployment=f"meanwhile{len(done)}")))
            except Failure as failure:
                failed.append(failure)
        own.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        made = archive(store, tmp_path)
    finally:
        stop.set()
        thread.join()
    assert [one.last for one in made] == [6_000, 12_000, 18_000, 20_000]
    assert failed == []
    assert done
    report = verified(store)
    assert (report.ok, report.head) == (True, 20_001 + len(done) + len(made))


@pytest.mark.databases("sqlite")
def test_a_file_in_the_way_is_named(store, tmp_path):
    years(store)
    name = "opsroom-archive-0000000001-0000000018.jsonl.gz"
    (tmp_path / name).write_text("{}")
    caught = refusal_of(archive, store, tmp_path)
    assert caught.message.startswith(f"{tmp_path / name} is damaged")
    assert numbers(store) == list(range(1, 41))


@pytest.mark.databases("sqlite")
def test_another_record_s_file_is_not_taken_for_this_one_s(store, tmp_path, store_url):
    other = open_store(f"sqlite:///{tmp_path}/other.db")
    Book(other).at("2016-01-01T00:00:00").deployed("x")
    Book(other).at("2026-01-01T00:00:00").deployed("y")
    archive(other, tmp_path / "files")
    other.close()
    years(store)
    caught = refusal_of(archive, store, tmp_path / "files")
    assert "is in the way: it is of other records." in caught.message
    assert len(numbers(store)) == 40
