"""Hashes of newest records, kept outside of the database: they prove that nothing before them was changed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Tuple

from sqlalchemy import select
from sqlalchemy.engine import Connection

from ..errors import Code, Failure
from ..ledger_chain import Break, BreakKind, ChainReport, verify_chain
from ..store.tables import ledger

_LINE = re.compile(r"(?P<at>\S+) +(?P<record>[0-9]{1,18}) +(?P<hash>[0-9a-fA-F]{64})")


@dataclass(frozen=True)
class Head:
    """A hash that was noted: of which record (0 where only the hash is known), and when, as ISO 8601 or empty."""

    hash: str
    record: int = 0
    at: str = ""


@dataclass(frozen=True)
class Verified:
    """What a check found: the chain, and how many noted heads were compared with it. `breaks` holds those of both."""

    chain: ChainReport
    heads: int
    breaks: Tuple[Break, ...]
    broken: int

    @property
    def ok(self) -> bool:
        """Whether the chain holds and every noted head is in it."""
        return not self.broken


def verify_record(connection: Connection, heads: Iterable[Head] = ()) -> Verified:
    """Check the whole chain, and that each noted head is still where it was."""
    noted = list(heads)
    # A hash without its number is looked for in the pass that is made anyway.
    loose = [one for one in noted if not one.record]
    chain = verify_chain(connection, loose[0].hash if loose else "")
    lost = [found for one in noted if one.record or one in loose[1:] for found in _lost(connection, one, chain)]
    return Verified(chain, len(noted), (*chain.breaks, *lost), chain.broken + len(lost))


def _lost(connection: Connection, head: Head, chain: ChainReport) -> List[Break]:
    since = f" on {head.at}" if head.at else ""
    if head.record:
        found = connection.scalar(select(ledger.c.hash).where(ledger.c.seq == head.record))
        if found == head.hash.lower():
            return []
        what = "is gone" if found is None else "has another one now"
        told = f"Record {head.record}, whose hash was noted{since}, {what}: it was cut off or the chain was made anew."
    else:
        if connection.scalar(select(ledger.c.seq).where(ledger.c.hash == head.hash.lower())) is not None:
            return []
        told = f"No record has the hash {head.hash[:12]}… that was noted{since}."
    return [Break(head.record or chain.head, BreakKind.HEAD_GONE, told)]


def read_heads(path: Path) -> List[Head]:
    """The heads in a file; none when there is no file. Lines that are no head are skipped."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unusable(path, error) from error
    found = (_LINE.fullmatch(line.strip()) for line in lines)
    return [Head(one["hash"].lower(), int(one["record"]), one["at"]) for one in found if one]


def keep_head(path: Path, head: Head) -> None:
    """Add a head to a file, a line each: when, number, hash. One that is the last already is not added again."""
    known = read_heads(path)
    if known and (known[-1].record, known[-1].hash) == (head.record, head.hash):
        return
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        # One write, which the system appends as a whole: two runners at once do not mix their lines.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(descriptor, f"{head.at} {head.record} {head.hash}\n".encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> Failure:
    why = error.strerror or type(error).__name__
    return Failure(
        Code.STORE_UNREACHABLE, f"The file {path} cannot be used ({why}).", "Look at its owner and its disk."
    )
