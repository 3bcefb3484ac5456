"""Putting a backup back: into a database that is not there or empty, and only where it continues
what was noted of the record elsewhere, unless someone says why not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Optional, Sequence
from urllib.parse import quote

from ..audit.heads import Head, verify_record
from ..db.sql import execute, scalar
from ..db.store import CLOSED, HEAD, REFUSED, RESTORING, Store, open_store, upgrade_closed
from ..db.url import Address
from ..errors import Code, Failure, OpsroomError, Refusal
from ..records.chain.archives import newest_archive
from ..records.ledger import append
from ..records.model import Entry, Event
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .closure import close_database, reopen_database
from .note import Note, read_note
from .programs import run_client


@dataclass(frozen=True)
class _Reason:
    """Why a backup is restored though something is missing or broken; `because` is empty where
    nobody gave a reason, and then nothing may be."""

    note: Note
    missing: Sequence[Head]
    because: str
    by: str


@dataclass(frozen=True)
class Restored:
    """What was put back, and the noted hashes (newest last) that are not in it."""

    note: Note
    missing: Sequence[Head]


def restore(
    backup: Path,
    address: Address,
    heads: Sequence[Head],
    because: str = "",
    by: str = "",
    programs: str = "",
) -> Restored:
    """Put a backup into the database at `address`.

    `heads` are hashes that were noted outside of the database. Where one of them is of a record
    that the backup does not have, what was recorded since then would be missing without a trace:
    `because` has to say why that is right, and becomes a record, in the name of `by`.

    Raises Refusal(not_accepted) for a backup that is not whole, whose chain is broken, or that does
    not continue the noted hashes; for a database that holds something; and Failure(store_...).
    """
    note = read_note(backup)
    if note.dialect != address.dialect:
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"{backup} is of {_NAMES.get(note.dialect, note.dialect)}, {address.place} is of "
            f"{_NAMES[address.dialect]}.",
            "Restore it into the same sort of database, and move that one.",
        )
    if not note.intact and not because:
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"The chain of {backup} was broken when the backup was made.",
            "Use an older backup, or say with --because why it is to be restored.",
        )
    if because and note.revision.startswith(CLOSED):
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"{backup} is of a database that was closed: the reason could not be recorded in it.",
            "Restore it without --because, or use an older backup.",
        )
    missing = [one for one in heads if _missing(one, note)]
    if missing and not because:
        raise _refused(note, max(missing, key=lambda one: one.record))
    known = [one for one in heads if one not in missing]
    reason = _Reason(note, missing, because, by)
    if address.dialect == "sqlite":
        lost = _into_file(backup, address, known, reason)
    else:
        lost = _into_server(backup, address, known, reason, programs)
    return Restored(note, [*missing, *lost])


_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _missing(head: Head, note: Note) -> bool:
    """Whether the note alone shows that the backup does not have a noted record."""
    if not head.record:
        # Which one it is shows in the record itself.
        return False
    if head.record > note.head:
        return True
    return head.record == note.head and head.hash.lower() != note.head_hash


def _refused(note: Note, head: Head) -> Refusal:
    at = f" on {head.at}" if head.at else ""
    if head.record == note.head:
        what = f"has another hash for record {head.record} than was noted{at}"
    else:
        what = (
            f"ends with record {note.head}, but record {head.record} was noted{at}: what was "
            "recorded in between would be missing"
        )
    return Refusal(
        Code.NOT_ACCEPTED,
        f"The backup {note.file} {what}.",
        "Use a newer backup. If there is none, say with --because what happened; that is recorded.",
    )


def _into_file(
    backup: Path, address: Address, heads: Sequence[Head], reason: _Reason
) -> Sequence[Head]:
    """Put the file there once it is verified, the reason in it."""
    # Behind a link the database is where the link leads to.
    path = Path(os.path.realpath(address.path))
    _refuse_files(path, address)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".restore-") as folder:
            temporary = Path(folder, "opsroom.db")
            shutil.copyfile(backup, temporary)
            found = _verified(Address("sqlite", str(backup), str(temporary)), heads)
            if found.breaks and not reason.because:
                raise _another(backup, found)
            _record(f"sqlite:///{quote(str(temporary))}", reason, found)
            # The backup is one file; a database that is used has its log beside it, so that those
            # who read and those who write do not wait for each other.
            with closing(sqlite3.connect(temporary)) as on:
                on.execute("PRAGMA journal_mode=WAL")
            os.chmod(temporary, 0o640)
            _sync(temporary)
            _appear(temporary, path, address)
            _sync(path.parent)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failure(
            Code.STORE_UNREACHABLE,
            f"{backup} cannot be copied to {address.path} ({why}).",
            "Look at the folder's owner and disk.",
        ) from error
    return found.lost


def _refuse_files(path: Path, address: Address) -> None:
    """Also what a dead process left beside a database: SQLite would take it for a part of the new
    one."""
    for ending in ("", "-wal", "-journal"):
        one = path.with_name(path.name + ending)
        if one.exists() and one.stat().st_size:
            raise _in_use(address, f" ({one.name} lies there)" if ending else "")


def _appear(temporary: Path, path: Path, address: Address) -> None:
    """Give the file its name, unless a command has made a database there meanwhile."""
    _refuse_files(path, address)
    with suppress(FileNotFoundError):
        path.unlink()
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise _in_use(address) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _into_server(
    backup: Path,
    address: Address,
    heads: Sequence[Head],
    reason: _Reason,
    programs: str,
) -> Sequence[Head]:
    store = Store(address)
    try:
        with store.read() as on:
            tables = scalar(on, _TABLES)
    finally:
        store.close()
    if tables:
        raise _in_use(address)
    _restore_closed(backup, address, reason.note, programs)
    try:
        found = _verified(address, heads)
        if found.breaks and not reason.because:
            raise _another(backup, found, " The database is closed, so that no command uses it.")
    except OpsroomError:
        with suppress(OpsroomError):
            _open(address, REFUSED)
        raise
    if not reason.note.revision.startswith(CLOSED):
        entry = _reason_entry(reason, found)
        if entry is not None and reason.note.revision != HEAD:
            # Of an earlier version: it is brought up to date before anything is recorded.
            upgrade_closed(address)
        _open(address, "", entry)
    return found.lost


def _restore_closed(backup: Path, address: Address, note: Note, programs: str) -> None:
    """Put everything there but the version of the tables, and then that, as one that is closed:
    nobody goes on with what is not verified, or lacks the record that something is missing, also
    when this process is killed."""
    listed = run_client("pg_restore", ["--list", str(backup)], address, programs)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="opsroom-") as file:
        file.writelines(f"{one}\n" for one in listed if not _VERSION.search(one))
        file.flush()
        # The tables belong to who restores them; the grants are for the administrator to give
        # again.
        arguments = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
        run_client(
            "pg_restore", [*arguments, f"--use-list={file.name}", str(backup)], address, programs
        )
    _refuse_schema(address)
    store = Store(address)
    try:
        with store.write() as on:
            execute(on, "INSERT INTO alembic_version VALUES (:one)", one=note.revision)
            close_database(on, RESTORING)
    finally:
        store.close()


_VERSION = lazy_pattern(r" TABLE DATA \S+ alembic_version ")


def _open(address: Address, closed: str, entry: Optional[Entry] = None) -> None:
    """Let the database be used, the entry in it, or say why it stays closed."""
    store = Store(address)
    try:
        with store.write() as on:
            reopen_database(on)
            if closed:
                close_database(on, closed)
            if entry is not None:
                append(store, on, entry)
    finally:
        store.close()


def _refuse_schema(address: Address) -> None:
    """pg_restore puts tables into the schema that they had. Where search_path does not lead there,
    the next command would begin a new record."""
    store = Store(address)
    try:
        with store.read() as on:
            if scalar(on, "SELECT to_regclass('ledger')::text") is not None:
                return
            schema = scalar(on, "SELECT schemaname FROM pg_tables WHERE tablename = 'ledger'")
    finally:
        store.close()
    raise Refusal(
        Code.NOT_ACCEPTED,
        f"The tables of the backup are in the schema {schema}, where {address.place} does not look "
        "for them.",
        "Restore it again into an empty database whose search_path names that schema "
        "(ALTER DATABASE ... SET search_path = ...).",
    )


_TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"


@dataclass(frozen=True)
class _Found:
    """What is wrong with what was put back: in sentences, and the noted hashes that it lacks."""

    breaks: Sequence[str]
    lost: Sequence[Head]


def _another(backup: Path, found: _Found, closed: str = "") -> Refusal:
    return Refusal(
        Code.NOT_ACCEPTED,
        f"{backup} is not the record that was noted: {found.breaks[0]}{closed}",
        "Use another backup in another database, or say with --because why this one.",
    )


def _verified(address: Address, heads: Sequence[Head]) -> _Found:
    store = Store(address)
    try:
        with store.read() as on:
            breaks = [one.message for one in verify_record(on, heads).breaks]
            archive = newest_archive(on)
            archived = archive.last if archive is not None else 0
            held = [
                scalar(
                    on,
                    "SELECT seq FROM ledger WHERE hash = :hash AND :record IN (0, seq)",
                    hash=one.hash.lower(),
                    record=one.record,
                )
                for one in heads
            ]
    finally:
        store.close()
    # What was archived is no loss, and cannot be compared here.
    lost = [one for one, seq in zip(heads, held) if seq is None and not 0 < one.record <= archived]
    return _Found(breaks, lost)


def _in_use(address: Address, what: str = "") -> Refusal:
    return Refusal(
        Code.NOT_ACCEPTED,
        f"{address.place[0].upper()}{address.place[1:]} is in use{what}: a backup is restored "
        "beside it, never over it.",
        "Name a database that does not exist yet (a file) or is empty (PostgreSQL); then change "
        "'database' in the config.",
    )


def _record(url: str, reason: _Reason, found: _Found) -> None:
    """Record why the backup is restored, where there is a reason."""
    entry = _reason_entry(reason, found)
    if entry is None:
        return
    store = open_store(url)
    try:
        with store.write() as on:
            append(store, on, entry)
    finally:
        store.close()


def _reason_entry(reason: _Reason, found: _Found) -> Optional[Entry]:
    if not reason.because:
        return None
    note, missing = reason.note, [*reason.missing, *found.lost]
    newest = max((one.record for one in missing), default=0)
    texts = [f"Restored from the backup of {note.made_at}, which ends with record {note.head}"]
    if newest > note.head:
        texts.append(f", without the records up to {newest}")
    elif missing:
        texts.append(f", without {len(missing)} hashes that were noted of it")
    if not note.intact:
        texts.append(", whose chain is broken")
    return Entry(
        Event.RESTORED,
        command="restore",
        requester=reason.by,
        message=f"{''.join(texts)}: {reason.because}",
        facts={
            "backup": note.file,
            "head": note.head,
            "intact": note.intact,
            "missing": [{"record": one.record, "hash": one.hash} for one in missing],
            "because": reason.because,
        },
    )
