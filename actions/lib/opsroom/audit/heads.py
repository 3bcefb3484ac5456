"""Hashes of the newest records, kept outside of the database: they prove that nothing before them
was changed.

Each database has a file of its own, whose first line names it. Up to 0.3 all of them shared
`heads.txt`. What is in that file and in this record moves to its own file. What is not may belong
to another database, or be all that is left of a record that was changed: it stays, and is reported,
until the database that it belongs to has taken it over.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Iterable, List, Optional, Tuple

from ..db.sql import Transaction, scalar
from ..errors import Code, Failure, Refusal
from ..records.chain import Break, BreakKind, ChainReport, verify_chain
from ..records.chain.archives import Archive, newest_archive
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .clock import Jump, read_clock

# What all databases shared before 0.4, and how the first line of a database's own file begins.
_SHARED = "heads.txt"
_TITLE = "# hashes of "
_LINE = lazy_pattern(r"(?P<at>\S+) +(?P<record>[0-9]{1,18}) +(?P<hash>[0-9a-fA-F]{64})")


@dataclass(frozen=True)
class Head:
    """A hash that was noted: of which record (0 where only the hash is known), and when, as ISO
    8601 or empty."""

    hash: str
    record: int = 0
    at: str = ""


@dataclass(frozen=True)
class Verified:
    """What a check found: the chain, and how many noted heads were compared with it. `breaks` holds
    those of both.

    `jumps` are records that are dated wrongly: the chain holds. `archived` heads are of records
    that are only in archives: they were not compared.
    """

    chain: ChainReport
    heads: int
    breaks: Tuple[Break, ...]
    broken: int
    jumps: Tuple[Jump, ...] = ()
    archived: int = 0

    @property
    def ok(self) -> bool:
        """Whether the chain holds and every noted head is in it."""
        return not self.broken


def verify_record(
    connection: Transaction,
    heads: Iterable[Head] = (),
    more: Iterable[Break] = (),
    now: Optional[datetime] = None,
) -> Verified:
    """Check the whole chain, and that each noted head is still where it was. `more` is what else
    was found.

    With `now`, the database's time, also what is dated wrongly.
    """
    every = list(heads)
    # A hash without its number is looked for in the pass that is made anyway.
    loose = [one for one in every if not one.record]
    chain = verify_chain(connection, loose[0].hash if loose else "")
    noted = [one for one in every if not _only_archived(connection, one, chain.archive)]
    lost = [
        found
        for one in noted
        if one.record or one in loose[1:]
        for found in _lost(connection, one, chain)
    ]
    lost += more
    jumps = read_clock(connection, now).jumps if now is not None else ()
    return Verified(
        chain,
        len(noted),
        (*chain.breaks, *lost),
        chain.broken + len(lost),
        jumps,
        len(every) - len(noted),
    )


def _only_archived(connection: Transaction, head: Head, archive: Optional[Archive]) -> bool:
    """Whether a head is of a record whose hash the database does not have any more."""
    return (
        archive is not None
        and 0 < head.record < archive.last
        and _hash_of(connection, head.record, archive) is None
    )


def _hash_of(connection: Transaction, record: int, archive: Optional[Archive]) -> Any:
    """The hash that the record of that number has now; None where it is gone."""
    if archive is not None and archive.last == record:
        return archive.head_hash
    return scalar(connection, "SELECT hash FROM ledger WHERE seq = :record", record=record)


def _lost(connection: Transaction, head: Head, chain: ChainReport) -> List[Break]:
    since = f" on {head.at}" if head.at else ""
    if head.record:
        found = _hash_of(connection, head.record, chain.archive)
        if found == head.hash.lower():
            return []
        what = "is gone" if found is None else "has another one now"
        message = (
            f"Record {head.record}, whose hash was noted{since}, {what}: it was cut off or "
            "the chain was rebuilt."
        )
    else:
        archived = chain.archive is not None and chain.archive.head_hash == head.hash.lower()
        query = "SELECT seq FROM ledger WHERE hash = :hash"
        if archived or scalar(connection, query, hash=head.hash.lower()) is not None:
            return []
        message = f"No record has the hash {head.hash[:12]}… that was noted{since}."
        if chain.archive is not None:
            message += " Name its record, or look for it in the archives too (--archives)."
    return [Break(head.record or chain.head, BreakKind.HEAD_GONE, message)]


def heads_file(folder: Path, place: str) -> Path:
    """The file of one database, by the database in words."""
    return folder / f"heads-{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:16]}.txt"


def take_over(connection: Transaction, folder: Path, place: str) -> List[Head]:
    """Move what the shared file has of this record into its own file; returns what is left in the
    shared one."""
    shared, own = folder / _SHARED, heads_file(folder, place)
    every = read_heads(shared)
    archive = newest_archive(connection) if every else None
    mine = [
        one
        for one in every
        if one.record and _hash_of(connection, one.record, archive) == one.hash.lower()
    ]
    left = [one for one in every if one not in mine]
    # Of what is archived nothing shows here whose it is.
    reported = [one for one in left if not _only_archived(connection, one, archive)]
    # Where the folder cannot be written, they stay where they are.
    with suppress(Failure, OSError):
        if mine:
            known = read_heads(own)
            # The older ones first; before they are gone from the one file they are in the other.
            _replace(own, place, [*mine, *(one for one in known if one not in mine)])
            if left:
                _replace(shared, "", left)
            else:
                shared.unlink()
    return reported


def unclaimed(left: Iterable[Head]) -> List[Break]:
    """The sentence about hashes in the shared file that are not in this record."""
    return [
        Break(
            one.record,
            BreakKind.HEAD_GONE,
            f"{_SHARED}, which databases shared before 0.4, has a hash of record {one.record} "
            f"noted on {one.at} that is"
            " not in this record: it was cut off or rebuilt, or the hash is another "
            "database's. Then run audit verify"
            " with that database once: it takes its own.",
        )
        for one in left
    ]


def read_heads(path: Path) -> List[Head]:
    """The heads in a file; none when there is no file.

    Raises Refusal(not_accepted) for a line that is no head: skipped, it would not be compared.
    """
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unusable(path, error) from error
    heads = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise _no_heads(f"Line {number} of {path} is no noted hash.")
        heads.append(Head(found["hash"].lower(), int(found["record"]), found["at"]))
    return heads


def named_heads(path: Optional[Path], head: str = "", record: int = 0) -> List[Head]:
    """What a command line names to compare with: a file of heads, or one head and the number of its
    record.

    Raises Refusal(not_accepted) for a file without a head: nothing would be compared.
    """
    heads = read_heads(path) if path else []
    if path and not heads:
        raise _no_heads(f"{path} {'has no noted hash' if path.exists() else 'does not exist'}.")
    if head:
        heads.append(Head(head.strip().lower(), record))
    return heads


def _no_heads(what: str) -> Refusal:
    return Refusal(
        Code.NOT_ACCEPTED,
        what,
        "Each line is a time, the number of a record and its hash, such as those that python -m "
        "opsroom.audit verify --keep writes.",
    )


def keep_head(path: Path, head: Head, place: str) -> None:
    """Add a head of a database to its file, a line each: when, number, hash. The last one is not
    added again.

    Raises Refusal(not_accepted) for the file of another database.
    """
    known, named = read_heads(path), _named(path)
    if named and named != _name(place):
        message = f"{path} has the hashes of another database: {named}."
        raise Refusal(Code.NOT_ACCEPTED, message, "Name another file for this one.")
    if known and (known[-1].record, known[-1].hash) == (head.record, head.hash):
        return
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        # One write, which the system appends as a whole: two runners at once do not mix their
        # lines.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            first = "" if known or named else f"{_TITLE}{_name(place)}\n"
            os.write(descriptor, f"{first}{head.at} {head.record} {head.hash}\n".encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unusable(path, error) from error


def _named(path: Path) -> str:
    """The database that a file names in its first line; empty for one from before 0.4, and for
    none."""
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline(1000)
        if first.startswith(_TITLE):
            return first[len(_TITLE) :].strip()
    return ""


def _name(place: str) -> str:
    return " ".join(place.split())


def _replace(path: Path, place: str, heads: Iterable[Head]) -> None:
    title = f"{_TITLE}{_name(place)}\n" if place else ""
    lines = "".join(f"{one.at} {one.record} {one.hash}\n" for one in heads)
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".heads-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(title + lines)
                out.flush()
                os.fsync(out.fileno())
            os.chmod(temporary, 0o640)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> Failure:
    why = error.strerror or type(error).__name__
    return Failure(
        Code.STORE_UNREACHABLE,
        f"The file {path} cannot be used ({why}).",
        "Look at its owner and its disk.",
    )
