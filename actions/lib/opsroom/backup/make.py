"""Making a backup while commands run: a file that holds one moment of the database, and a note
beside it with the newest record."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, closing, nullcontext, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Optional, Tuple

from .. import pack_version
from ..archive.file import digest_of
from ..db.connect import connect
from ..db.errors import translated
from ..db.sql import Transaction, moment, scalar
from ..db.store import Store
from ..db.url import Address
from ..errors import Code, Failure, Refusal
from ..records.chain import ChainReport, verify_chain
from .closure import refuse_restoring
from .note import Note, write_note
from .programs import run_client

_ENDINGS = {"sqlite": ".db", "postgresql": ".dump"}
_MODE = 0o640


def make(address: Address, folder: Path, now: datetime, programs: str = "") -> Note:
    """Back a database up into `folder`, which is made when missing; what it says about itself.

    The file appears under its name when it is whole: `opsroom-20261130T203100Z.db` for SQLite,
    `.dump` (pg_dump's custom format) for PostgreSQL, whose programs are in `programs` or on PATH.
    The chain is verified in what was copied; a broken one is backed up too, and the note says so.
    Raises Refusal(not_accepted) where there is no record, and Failure(store_...).
    """
    name = f"opsroom-{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}{_ENDINGS[address.dialect]}"
    temporary = _reserve(folder, name)
    try:
        copy = _sqlite if address.dialect == "sqlite" else _postgresql
        revision, chain = copy(address, temporary, programs)
        size, digest = digest_of(temporary)
        note = Note(
            file=name,
            size=size,
            sha256=digest,
            made_at=moment(now),
            place=address.place,
            dialect=address.dialect,
            revision=revision,
            records=chain.records,
            head=chain.head,
            head_hash=chain.head_hash,
            intact=chain.ok,
            pack=pack_version(),
        )
        # Without its note a backup is not accepted: the note of one that is not whole lies beside
        # nothing.
        write_note(folder, note)
        os.chmod(temporary, _MODE)
        os.replace(temporary, folder / name)
    except BaseException:
        # A disk that is full may keep SQLite from removing its journal.
        for one in (temporary, temporary.with_name(temporary.name + "-journal")):
            with suppress(OSError):
                one.unlink()
        raise
    return note


def _reserve(folder: Path, name: str) -> Path:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        temporary = folder / f".{name}.part"
        # Of two in the same second one has the name: their notes would be exchanged otherwise.
        with suppress(FileExistsError):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            if not (folder / name).exists():
                return temporary
            temporary.unlink()
    except OSError as error:
        why = error.strerror or type(error).__name__
        message = f"The folder {folder} cannot be used ({why})."
        raise Failure(Code.STORE_UNREACHABLE, message, "Name another with --folder.") from error
    message = f"{folder / name} exists already, or is being made."
    raise Refusal(Code.NOT_ACCEPTED, message, "Try again in a second.")


def _sqlite(address: Address, copy: Path, programs: str) -> Tuple[str, ChainReport]:
    refuse_missing(address)
    with ExitStack() as stack:
        with translated(address, nullcontext()):
            source = stack.enter_context(closing(connect(address)))
            source.execute("SELECT count(*) FROM sqlite_master").fetchall()
        # What fails from here on is the other disk.
        place = f"the copy of {address.path} in {copy.parent}"
        stack.enter_context(translated(Address("sqlite", place, str(copy)), nullcontext()))
        target = stack.enter_context(closing(sqlite3.connect(copy)))
        # In one step: between two, each command that is recorded would make it begin anew. It
        # reads, and who reads delays nobody.
        source.backup(target, pages=-1)
        # One file, without another for its log beside it.
        target.execute("PRAGMA journal_mode=DELETE")
    made = Store(Address("sqlite", f"the copy {copy}", str(copy), read_only=True))
    try:
        with made.read() as on:
            return _looked_at(on, address)
    finally:
        made.close()


def _postgresql(address: Address, copy: Path, programs: str) -> Tuple[str, ChainReport]:
    store = Store(address)
    try:
        with store.read() as on:
            # The dump sees what this transaction sees, whatever is recorded meanwhile.
            snapshot = scalar(on, "SELECT pg_export_snapshot()")
            found = _looked_at(on, address)
            run_client(
                "pg_dump",
                ["--format=custom", f"--snapshot={snapshot}", f"--file={copy}"],
                address,
                programs,
            )
            return found
    finally:
        store.close()


def _looked_at(on: Transaction, address: Address) -> Tuple[str, ChainReport]:
    """The migration and the chain of a database. Raises Refusal(not_accepted) where it is none of
    opsroom's."""
    known: Optional[str] = scalar(on, _REVISION[on.dialect])
    if known is None:
        raise _nothing(address)
    refuse_restoring(on, address.place, "Keep the backup that it is restored from.")
    revision = str(scalar(on, "SELECT version_num FROM alembic_version"))
    return revision, verify_chain(on)


_REVISION = {
    "sqlite": "SELECT name FROM sqlite_master WHERE name = 'ledger'",
    "postgresql": "SELECT to_regclass('ledger')::text",
}


def refuse_missing(address: Address) -> None:
    """Raises Refusal(not_accepted) where there is no such file: SQLite would make one."""
    if address.path and not os.path.exists(address.path):
        raise _nothing(address)


def _nothing(address: Address) -> Refusal:
    message = f"{address.place[0].upper()}{address.place[1:]} has no record of opsroom."
    return Refusal(Code.NOT_ACCEPTED, message, "Is the address right?")
