"""Whether every archive of a record is still there and what it was, up to the first record in the
database; and whether noted hashes are in them."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Set, Tuple

from ..audit.heads import Head
from ..db.sql import Transaction
from ..errors import OpsroomError
from ..records.chain import GENESIS, Break, BreakKind
from ..records.chain.archives import Archive, archives
from ..structs import dataclass
from .file import Header, read_archive


@dataclass(frozen=True)
class Proof:
    """What was found in a folder: how many archives there should be, how many of them were read and
    how many records these have, what is wrong with them, and the noted hashes that have to be
    looked for elsewhere. `compared` is how many noted hashes were of archived records."""

    breaks: Tuple[Break, ...]
    heads: Tuple[Head, ...]
    files: int = 0
    read: int = 0
    records: int = 0
    compared: int = 0


def prove(on: Transaction, folder: Path, heads: Iterable[Head]) -> Proof:
    """Read every archive of the record in `folder`, from record 1 to the last that was archived,
    and compare the noted hashes of archived records with them. Memory does not grow with them."""
    every, noted = archives(on), list(heads)
    wanted = {one.record for one in noted if one.record}
    loose = {one.hash.lower() for one in noted if not one.record}
    found: Dict[int, str] = {}
    seen: Set[str] = set()

    def look(number: int, hash_: str, text: str) -> None:
        if number in wanted:
            found[number] = hash_
        if hash_ in loose:
            seen.add(hash_)

    breaks: List[Break] = []
    previous, records, read = GENESIS, 0, 0
    for one in every:
        # Only its name counts: nobody writes into the table which files of the machine are read.
        path = folder / Path(one.file).name
        try:
            header, digest = read_archive(path, look)
        except OpsroomError as error:
            missing = not path.is_file()
            message = f"The archive {path.name} is not in {folder}." if missing else error.message
            breaks.append(Break(one.first, BreakKind.NOT_ARCHIVED, message))
        else:
            breaks += _differences(one, header, digest, previous, path)
            read += 1
            records += header.last - header.first + 1
        previous = one.head_hash
    left, lost = _compared(noted, every[-1].last if every else 0, found, seen)
    return Proof(
        files=len(every),
        read=read,
        records=records,
        breaks=(*breaks, *lost),
        heads=tuple(left),
        compared=len(noted) - len(left),
    )


def chained(headers: Sequence[Tuple[Path, Header]]) -> List[str]:
    """What is wrong with archives that should continue each other, in order."""
    found = []
    for (path, before), (after_path, after) in zip(headers, headers[1:]):
        if after.first != before.last + 1:
            found.append(
                f"{after_path} begins with record {after.first}, but {path} ends with "
                f"{before.last}."
            )
        elif (after.previous_hash, after.chain) != (before.head_hash, before.chain):
            found.append(f"{after_path} does not continue {path}: they are of two records.")
    return found


def _differences(
    one: Archive, header: Header, digest: str, previous: str, path: Path
) -> Iterable[Break]:
    """How a file differs from what the database says of it."""
    names = ("first", "last", "previous_hash", "head_hash", "chain", "since", "until")
    if any(getattr(one, name) != getattr(header, name) for name in names):
        message = f"{path} is not the archive of records {one.first} to {one.last}."
        yield Break(one.first, BreakKind.NOT_ARCHIVED, message)
    elif one.previous_hash != previous:
        message = f"{path} does not continue the archive before it."
        yield Break(one.first, BreakKind.UNLINKED, message)
    elif digest != one.sha256:
        message = f"{path} has another SHA-256 than when its records were taken out."
        yield Break(one.first, BreakKind.CHANGED, message)


def _compared(
    noted: Iterable[Head], last: int, found: Dict[int, str], seen: Set[str]
) -> Tuple[List[Head], List[Break]]:
    """The noted hashes that are of no archived record, and those that archived records do not
    have."""
    left: List[Head] = []
    lost: List[Break] = []
    for one in noted:
        if not one.record:
            if one.hash.lower() not in seen:
                left.append(one)
        elif one.record > last:
            left.append(one)
        elif found.get(one.record) != one.hash.lower():
            since = f" on {one.at}" if one.at else ""
            what = "has another one" if one.record in found else "is gone"
            message = f"The archived record {one.record}, whose hash was noted{since}, {what}."
            lost.append(Break(one.record, BreakKind.HEAD_GONE, message))
    return left, lost
