"""Putting a backup back: into a database that is not there or empty, and only where it continues
what was noted of the record elsewhere, unless someone says why not."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import List, Sequence

from ..audit.heads import Head, verify_record
from ..db.sql import scalar
from ..db.store import REFUSED, Store, open_store
from ..db.url import Address
from ..errors import Code, Failure, Refusal
from ..records.ledger import append
from ..records.model import Entry, Event
from ..structs import dataclass
from .closure import close_database
from .note import Note, read_note
from .programs import run_client


@dataclass(frozen=True)
class Restored:
    """What was put back, and the noted hashes (newest last) that are not in it."""

    note: Note
    missing: Sequence[Head]


def restore(
    backup: Path,
    address: Address,
    url: str,
    heads: Sequence[Head],
    because: str = "",
    by: str = "",
    programs: str = "",
) -> Restored:
    """Put a backup into the database at `url`, whose `address` it is.

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
            f"{backup} is of {_NAMES[note.dialect]}, {address.place} is of "
            f"{_NAMES[address.dialect]}.",
            "Restore it into the same sort of database, and move that one.",
        )
    if not note.intact and not because:
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"The chain of {backup} was broken when the backup was made.",
            "Use an older backup, or say with --because why it is to be restored.",
        )
    missing = [one for one in heads if _missing(one, note)]
    if missing and not because:
        raise _refused(note, missing[-1])
    known = [one for one in heads if one not in missing]
    if address.dialect == "sqlite":
        _into_file(backup, address, known, because)
    else:
        _into_server(backup, address, known, because, programs)
    if because:
        _record(url, note, missing, because, by)
    return Restored(note, missing)


_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _missing(head: Head, note: Note) -> bool:
    """Whether the note alone shows that the backup does not have a noted record."""
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


def _into_file(backup: Path, address: Address, heads: Sequence[Head], because: str) -> None:
    """Put the file there once it is verified."""
    path = Path(address.path)
    for one in (path, path.with_name(path.name + "-wal")):
        if one.exists() and one.stat().st_size:
            raise _in_use(address)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".restore-")
        os.close(descriptor)
        temporary = Path(name)
        try:
            shutil.copyfile(backup, temporary)
            found = _verified(Address("sqlite", str(backup), name, read_only=True), heads)
            if found and not because:
                raise _another(backup, found[0])
            os.chmod(temporary, 0o640)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failure(
            Code.STORE_UNREACHABLE,
            f"{backup} cannot be copied to {address.path} ({why}).",
            "Look at the folder's owner and disk.",
        ) from error


def _into_server(
    backup: Path, address: Address, heads: Sequence[Head], because: str, programs: str
) -> None:
    store = Store(address)
    try:
        with store.read() as on:
            tables = scalar(on, _TABLES)
    finally:
        store.close()
    if tables:
        raise _in_use(address)
    arguments = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    # The tables belong to who restores them; the grants are for the administrator to give again.
    run_client("pg_restore", [*arguments, str(backup)], address, programs)
    found = _verified(address, heads)
    if found and not because:
        _close(address)
        raise _another(backup, found[0], " The database is closed, so that no command uses it.")


_TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"


def _another(backup: Path, found: str, closed: str = "") -> Refusal:
    return Refusal(
        Code.NOT_ACCEPTED,
        f"{backup} is not the record that was noted: {found}{closed}",
        "Use another backup in another database, or say with --because why this one.",
    )


def _verified(address: Address, heads: Sequence[Head]) -> List[str]:
    store = Store(address)
    try:
        with store.read() as on:
            return [one.message for one in verify_record(on, heads).breaks]
    finally:
        store.close()


def _close(address: Address) -> None:
    store = Store(address)
    try:
        with store.write() as on:
            close_database(on, REFUSED)
    finally:
        store.close()


def _in_use(address: Address) -> Refusal:
    return Refusal(
        Code.NOT_ACCEPTED,
        f"{address.place[0].upper()}{address.place[1:]} is in use: a backup is restored beside "
        "it, never over it.",
        "Name a database that does not exist yet (a file) or is empty (PostgreSQL); then change "
        "'database' in the config.",
    )


def _record(url: str, note: Note, missing: Sequence[Head], because: str, by: str) -> None:
    store = open_store(url)
    try:
        lost = f", without the records up to {missing[-1].record}" if missing else ""
        entry = Entry(
            Event.RESTORED,
            command="restore",
            requester=by,
            message=f"Restored from the backup of {note.made_at}, which ends with record "
            f"{note.head}{lost}: {because}",
            facts={
                "backup": note.file,
                "head": note.head,
                "missing": [{"record": one.record, "hash": one.hash} for one in missing],
                "because": because,
            },
        )
        with store.write() as on:
            append(store, on, entry)
    finally:
        store.close()
