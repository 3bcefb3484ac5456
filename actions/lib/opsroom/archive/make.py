"""Archiving: the records that are older than the period go into a file, which is read back from the
disk and verified; then, in one transaction, the chain says so and they leave the database.

Whatever ends it in between, the next run goes on: a file that is there under its name is whole, and
is used; one that is not is written anew.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from .. import pack_version
from ..db.sql import Transaction, execute, from_moment, insert, moment, queue_up, rows, scalar
from ..db.store import Store
from ..errors import Code, Failure, Refusal
from ..records.chain import GENESIS, HASHED, verify_chain
from ..records.chain.archives import Archive, columns, newest_archive
from ..records.ledger import append
from ..records.model import Entry, Event
from ..structs import dataclass
from .file import PREFIX, Header, file_name, pattern, read_archive, write_archive
from .remainder import remaining

# Commands wait while the records of one file are taken out: some seconds for as many.
MAX_RECORDS = 50_000
# Age counts up to where the record went on for as long: a clock that is years ahead is noticed by
# then.
FOLLOWED = timedelta(days=31)
_NEVER = "9999-12-31T23:59:59.999999+00:00"
_LOCK = ".opsroom-archive.lock"


@dataclass(frozen=True)
class Plan:
    """What is due: records `first` to `last`, written between `since` and `until`, of which `stays`
    remain in the database; in how many files. `before` is the moment up to which they are due."""

    first: int
    last: int
    since: str
    until: str
    stays: int
    files: int
    before: datetime


def due_before(keep: int, now: datetime, newest: datetime) -> datetime:
    """Up to when records are due: the first of the month, `keep` months ago.

    By the earlier of the clock and the newest record: a clock that is ahead archives nothing that
    is younger. Whole months, so that a run every night makes one file a month.
    """
    at = min(now, newest).astimezone(timezone.utc)
    month = at.year * 12 + at.month - 1 - keep
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=timezone.utc)


def plan(store: Store, keep: int, followed: timedelta = FOLLOWED) -> Optional[Plan]:
    """What would be archived now; None where nothing is due. Changes nothing. `keep` is in months;
    for `followed` see `due`.

    Raises Failure(store_...).
    """
    with store.read() as on:
        found = due(store, on, keep, followed)
        if found is None:
            return None
        first, last, before = found
        ends = rows(
            on,
            "SELECT seq, at FROM ledger WHERE seq IN (:first, :last) ORDER BY seq",
            first=first,
            last=last,
        )
        stays = sum(seq >= first for seq, _ in remaining(on, last))
        files = -(-(last - first + 1) // MAX_RECORDS)
        return Plan(first, last, ends[0]["at"], ends[-1]["at"], stays, files, before)


def make(
    store: Store, keep: int, folder: Path, by: str, followed: timedelta = FOLLOWED
) -> Iterator[Tuple[Archive, int]]:
    """Archive what is due into `folder`, which is made when missing, a file after the other: each
    archive, and how many records were taken out. `keep` is in months; for `followed` see `due`.

    Raises Refusal(not_accepted) while another process archives there, and for a file that is in the
    way; Refusal(record_broken) where the record is broken; Failure(store_...). Whatever is raised,
    no record is lost.
    """
    if store.address.read_only:
        message = f"The address of {store.place} is for reading only."
        raise Refusal(Code.NOT_ACCEPTED, message, "Name it without ?mode=ro.")
    with _alone(folder):
        _is_whole(store)
        while True:
            with store.read() as on:
                found = due(store, on, keep, followed)
            if found is None:
                return
            first, last, _ = found
            path = _existing(store, folder, first, last)
            if path is None:
                path = _write(store, folder, first, min(last, first + MAX_RECORDS - 1), by)
            # What the disk has, not what was meant to be written.
            header, digest = read_archive(path)
            yield take_out(store, header, path.name, digest, by)


def take_out(store: Store, header: Header, file: str, sha256: str, by: str) -> Tuple[Archive, int]:
    """Take the records of an archive out of the database, which says so in its chain before they
    go; all of it, or nothing. The archive, and how many records went.

    Raises Refusal(not_accepted) where they are not what the database has, and Failure(store_...).
    """
    with store.write() as on:
        queue_up(on)
        if on.dialect == "postgresql":
            on.execute("SET LOCAL statement_timeout = 0", {})
        _continues(on, header)
        stays = remaining(on, header.last)
        newest = scalar(on, "SELECT max(seq) FROM ledger")
        archive = Archive(
            **{name: getattr(header, name) for name in _OF_HEADER},
            file=file,
            sha256=sha256,
            made_at=moment(store.now(on)),
            made_by=by,
            record=newest + 1,
        )
        append(store, on, _entry(archive, stays))
        insert(on, "archives", columns(archive))
        gone = 0
        for first, last in _gaps([seq for seq, _ in stays], header.last):
            gone += execute(
                on, "DELETE FROM ledger WHERE seq BETWEEN :first AND :last", first=first, last=last
            )
        if scalar(on, "SELECT count(*) FROM ledger WHERE seq <= :last", last=header.last) != len(
            stays
        ):
            raise Failure(Code.STORE_FAILED, "The records were not taken out; nothing was changed.")
    return archive, gone


_OF_HEADER = ("first", "last", "previous_hash", "head_hash", "chain", "since", "until")


def _entry(archive: Archive, stays: Sequence[Tuple[int, str]]) -> Entry:
    what = (
        f"Record {archive.first}"
        if archive.first == archive.last
        else f"Records {archive.first} to {archive.last}"
    )
    return Entry(
        Event.ARCHIVED,
        command="archive",
        requester=archive.made_by,
        message=f"{what}, up to {archive.until[:10]}, are in the archive {archive.file}; "
        f"{len(stays)} of the archived records stay in the database.",
        facts={**archive.facts(), "kept": [list(one) for one in stays]},
    )


def due(
    store: Store, on: Transaction, keep: int, followed: timedelta = FOLLOWED
) -> Optional[Tuple[int, int, datetime]]:
    """The first and the last record that are due, and the moment before which they were written;
    None where none is. `keep` is in months.

    Age counts by the earlier of the clock and the record, and by a record only once the record went
    on for `followed` after it: what someone records by a clock that is ahead makes nothing old.
    """
    head = scalar(on, "SELECT max(seq) FROM ledger")
    newest = _last_before(on, _NEVER)
    sure = newest and _last_before(on, moment(from_moment(newest) - followed))
    if not sure:
        return None
    archive = newest_archive(on)
    first = archive.last + 1 if archive else 1
    before = due_before(keep, store.now(on), from_moment(sure) + followed)
    # In the chain no record is dated before the one before it.
    young = "SELECT seq FROM ledger WHERE seq >= :first AND at >= :before ORDER BY seq LIMIT 1"
    found = scalar(on, young, first=first, before=moment(before))
    last = min(found or head, head) - 1
    return (first, last, before) if last >= first else None


def _last_before(on: Transaction, at: str) -> str:
    """When the last record up to a moment was written; empty where there is none. Not what
    archiving itself wrote, by the clock that is in question."""
    query = "SELECT at FROM ledger WHERE event <> :archived AND at <= :at ORDER BY seq DESC LIMIT 1"
    return str(scalar(on, query, archived=Event.ARCHIVED.value, at=at) or "")


def _is_whole(store: Store) -> None:
    with store.read() as on:
        found = verify_chain(on)
    if not found.ok:
        raise Refusal(
            Code.RECORD_BROKEN,
            f"The record in {store.place} is broken: {found.breaks[0].message}",
            "Nothing was archived: a broken record stays where it can be looked at.",
        )


def _existing(store: Store, folder: Path, first: int, last: int) -> Optional[Path]:
    """The file that a run before wrote, and did not take out; None where there is none.

    Raises Refusal for one that is not whole, or is of another record.
    """
    found = sorted(folder.glob(pattern(first)))
    if not found:
        return None
    path = found[-1]
    header, _ = read_archive(path)
    with store.read() as on:
        known = scalar(on, "SELECT hash FROM ledger WHERE seq = :last", last=header.last)
    if len(found) > 1 or (known, first) != (header.head_hash, header.first):
        why = "is of other records" if len(found) == 1 else f"begins like {found[0].name}"
    elif header.last > last:
        why = f"holds records up to {header.last}, of which those after {last} are not due"
    else:
        return path
    message = f"{path} is in the way: it {why}."
    raise Refusal(Code.NOT_ACCEPTED, message, "Move it away, or name another folder.")


def _write(store: Store, folder: Path, first: int, last: int, by: str) -> Path:
    """Write the file of these records; it has its name when it is on the disk."""
    path = folder / file_name(first, last)
    part = folder / f".{path.name}.part"
    with store.read() as on, on.any_text():
        header = _header(store, on, first, last, by)
        query = (
            f"SELECT {', '.join(HASHED)}, hash FROM ledger"  # noqa: S608
            " WHERE seq BETWEEN :first AND :last ORDER BY seq"
        )
        # No cursor outlives its connection.
        with closing(on.stream(query, {"first": first, "last": last})) as found:
            write_archive(part, header, found)
    try:
        # It never takes the place of another one.
        os.link(part, path)
        part.unlink()
        _sync(folder)
    except OSError as error:
        raise _unusable(folder, error) from error
    return path


def _header(store: Store, on: Transaction, first: int, last: int, by: str) -> Header:
    before = newest_archive(on)
    found = {
        row["seq"]: row
        for row in rows(
            on,
            "SELECT seq, at, hash FROM ledger WHERE seq IN (:first, :last)",
            first=first,
            last=last,
        )
    }
    return Header(
        first=first,
        last=last,
        since=found[first]["at"],
        until=found[last]["at"],
        previous_hash=before.head_hash if before else GENESIS,
        head_hash=found[last]["hash"],
        chain=before.chain if before else found[first]["hash"],
        place=store.place,
        made_at=moment(store.now(on)),
        made_by=by,
        pack=pack_version(),
    )


def _continues(on: Transaction, header: Header) -> None:
    """Whether an archive is what the database has next, now that nobody else writes."""
    before = newest_archive(on)
    known: Dict[str, Any] = {
        "first": before.last + 1 if before else 1,
        "previous_hash": before.head_hash if before else GENESIS,
        "head_hash": scalar(on, "SELECT hash FROM ledger WHERE seq = :last", last=header.last),
    }
    number = scalar(
        on,
        "SELECT count(*) FROM ledger WHERE seq BETWEEN :first AND :last",
        first=header.first,
        last=header.last,
    )
    differs = [name for name, value in known.items() if getattr(header, name) != value]
    if differs or number != header.last - header.first + 1:
        message = (
            f"Records {header.first} to {header.last} are not what the database has now; nothing "
            "was taken out."
        )
        raise Refusal(Code.NOT_ACCEPTED, message, "Run it again.")


def _gaps(stays: List[int], last: int) -> Iterator[Tuple[int, int]]:
    """The ranges of numbers from 1 to `last` between those that stay."""
    first = 1
    for seq in chain(stays, [last + 1]):
        if seq > first:
            yield first, seq - 1
        first = seq + 1


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from archiving into the same folder; the kernel lets go when this one
    dies. What one before left half done is removed."""
    with ExitStack() as stack:
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"Another process is archiving into {folder}."
            raise Refusal(Code.NOT_ACCEPTED, message, "Wait for its end.") from error
        except OSError as error:
            raise _unusable(folder, error) from error
        for part in folder.glob(f".{PREFIX}*.part"):
            with suppress(OSError):
                part.unlink()
        yield


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> Failure:
    why = error.strerror or type(error).__name__
    message = f"The folder {folder} cannot be used ({why})."
    return Failure(Code.STORE_UNREACHABLE, message, "Name another with --folder.")
