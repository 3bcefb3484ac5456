"""The chain of hashes through the ledger: how a record's hash is made, and checking all of them.

For an auditor. The hash of a record is the SHA-256, in 64 lower-case hexadecimal digits, of the
UTF-8 bytes of one JSON object (RFC 8785, the JSON Canonicalization Scheme) whose members are all
columns of the row in table `ledger` except `hash`, under the columns' names, with the values as
they are stored:

- `seq` is a whole number; `milliseconds` a whole number or null; every other column is a text.
  `facts` is a text that happens to hold JSON: it is taken as a text, not opened.
- Members are in the order of their names: app, at, chat_name, code, command, deployment,
  environment, event, execution_id, facts, message, milliseconds, person, previous_hash, requester,
  room, seq, st2_user, version, version_before. No blanks. Characters outside ASCII stand as
  themselves; only the quotation mark, the backslash and the characters below U+0020 are escaped,
  the latter as \\b \\t \\n \\f \\r or \\u00xx.
- `previous_hash` of a record is `hash` of the record before it; that of the first one, `seq` 1, is
  64 zeros.

In Python: `sha256(json.dumps(row, sort_keys=True, separators=(",", ":"),
ensure_ascii=False).encode()).hexdigest()`.

What the chain proves: no record was changed, taken out or put in, unless all later hashes were
recomputed. Someone with full rights on the database could do that, or cut the end off: note the
newest hash somewhere else now and then, and hand it to `verify_chain`."""

from __future__ import annotations

import json
import sqlite3
from enum import Enum
from functools import partial
from hashlib import sha256
from typing import Any, Callable, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ...db.sql import Transaction, scalar
from ...structs import dataclass
from .archives import Archive, kept, newest_archive

GENESIS = "0" * 64

# The hashed columns in the order of their names, which is the order in the JSON text: all of them
# but `hash`.
HASHED = (
    "app",
    "at",
    "chat_name",
    "code",
    "command",
    "deployment",
    "environment",
    "event",
    "execution_id",
    "facts",
    "message",
    "milliseconds",
    "person",
    "previous_hash",
    "requester",
    "room",
    "seq",
    "st2_user",
    "version",
    "version_before",
)

# A report is for people: a wholly broken ledger need not be listed record by record.
MAX_BREAKS = 20

_PREVIOUS = HASHED.index("previous_hash")
_SEQ = HASHED.index("seq")
_AT = HASHED.index("at")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class BreakKind(str, Enum):
    """In which way the chain is broken."""

    CHANGED = "changed"
    MISSING = "missing"
    UNLINKED = "unlinked"
    OUT_OF_TIME = "out_of_time"
    HEAD_GONE = "head_gone"
    NOT_ARCHIVED = "not_archived"


@dataclass(frozen=True)
class Break:
    """One place where the chain is broken: the record (`seq`) at which it shows, and a sentence."""

    seq: int
    kind: BreakKind
    message: str


@dataclass(frozen=True)
class ChainReport:
    """What a check found. `head` and `head_hash` are of the newest record (0 and 64 zeros when
    there is none).

    `breaks` holds the first MAX_BREAKS of the `broken` breaks. `archive` is what the chain in the
    database continues, None where nothing was archived.
    """

    records: int
    head: int
    head_hash: str
    broken: int
    breaks: Tuple[Break, ...]
    archive: Optional[Archive] = None

    @property
    def ok(self) -> bool:
        """Whether the chain holds."""
        return not self.broken


def record_hash(values: Mapping[str, Any]) -> str:
    """The hash of a record from its columns as stored. See the head of this module."""
    return _hash([values[name] for name in HASHED])


def verify_chain(on: Transaction, head_hash: str = "") -> ChainReport:
    """Read the whole ledger in order and check every record against its hash and the record before
    it.

    `head_hash`, a hash noted earlier, must be in the chain: this also finds an end that was cut off
    and a chain that was rebuilt. Memory does not grow with the ledger; a million records take
    some 5 seconds. Where records were archived, the chain begins after them, and a record has to
    say so.

    The database writes the JSON text of each record, of which the hash is made here: that takes a
    fifth of the time of doing it in Python. It only ever confirms records. A block of them in which
    anything does not fit is read again, as it is stored, and judged record by record.
    """
    archive = newest_archive(on)
    if archive is None:
        return _walked(on, _Walk(head_hash), scalar(on, "SELECT min(seq) FROM ledger"))
    with on.any_text():
        remaining = kept(on, archive)
    if remaining is None:
        message = (
            f"The table archives has records 1 to {archive.last} as archived, but no record of the "
            "ledger says so."
        )
        walk = _Walk(head_hash)
        walk.add(Break(archive.last, BreakKind.NOT_ARCHIVED, message))
        return _walked(on, walk, scalar(on, "SELECT min(seq) FROM ledger"))
    walk = _Walk(head_hash, archive.last, archive.head_hash, archive.until, archive)
    with on.any_text():
        for row in on.execute(
            f"{_ROWS} FROM ledger WHERE seq <= :seq ORDER BY seq", {"seq": archive.last}
        ):
            walk.take_kept(row, remaining)
    walk.miss_kept(remaining)
    first = scalar(on, "SELECT min(seq) FROM ledger WHERE seq > :seq", seq=archive.last)
    return _walked(on, walk, first)


def _walked(on: Transaction, walk: _Walk, first: Optional[int]) -> ChainReport:
    while first is not None:
        # Ranges of numbers, not counts of rows: two records of one number are in one block.
        block = {"first": first, "last": min(first + _BLOCK - 1, _LAST)}
        if not walk.confirm(partial(_documents, on, block)):
            with on.any_text():
                for row in on.execute(f"{_ROWS} {_IN_BLOCK}", block):
                    walk.take(row)
        first = scalar(on, "SELECT min(seq) FROM ledger WHERE seq > :last", last=block["last"])
    return walk.report()


def verify_after(on: Transaction, record: int, hash_: str) -> ChainReport:
    """The same for what follows a record that was verified before, and had this hash then: that it
    has it still, and that every record after it continues the chain.

    Raises nothing for a record that is gone: the chain is broken then.
    """
    row = on.execute("SELECT at, hash FROM ledger WHERE seq = :seq", {"seq": record}).fetchone()
    if row is None or row[1] != hash_:
        what = "is gone" if row is None else "has another hash"
        message = f"Record {record}, which was verified before, {what}."
        found = Break(record, BreakKind.HEAD_GONE, message)
        return ChainReport(0, record, hash_, 1, (found,))
    return _walked(on, _Walk("", record, hash_, row[0]), record + 1)


def check(rows: Iterable[Sequence[Any]], head_hash: str = "") -> ChainReport:
    """The same for rows in order, each with the columns of HASHED and then `hash`."""
    walk = _Walk(head_hash)
    for row in rows:
        walk.take(row)
    return walk.report()


# So many numbers are checked at once.
_BLOCK = 5000
# No record has a higher number in either database.
_LAST = 2**63 - 1
_IN_BLOCK = "FROM ledger WHERE seq BETWEEN :first AND :last ORDER BY seq"
_ROWS = f"SELECT {', '.join(HASHED)}, hash"
# Both escape what the canonical text escapes, in the same way, and put in no blanks.
_DOCUMENT = {
    "sqlite": f"json_object({', '.join(f'{name!r}, {name}' for name in HASHED)})",
    "postgresql": "(SELECT row_to_json(record)::text FROM"  # noqa: S608
    f" (SELECT {', '.join(f'ledger.{name}' for name in HASHED)}) AS record)",
}


def _documents(on: Transaction, block: Mapping[str, int]) -> Iterable[Sequence[Any]]:
    """Of each record in a block: seq, at, previous_hash, hash, and its JSON text."""
    columns = f"seq, at, previous_hash, hash, {_DOCUMENT[on.dialect]}"
    found: Iterable[Sequence[Any]] = on.execute(f"SELECT {columns} {_IN_BLOCK}", block)
    return found


class _Walk:
    """A walk along the chain: what was seen of it up to record `seq`."""

    def __init__(
        self,
        head_hash: str,
        seq: int = 0,
        last: str = GENESIS,
        at: str = "",
        archive: Optional[Archive] = None,
    ) -> None:
        """The rest is of the record where it begins, by default before the first; `archive` is
        where that one is."""
        self._breaks: List[Break] = []
        self._broken = self._records = 0
        self._seq, self._last, self._at = seq, last, at
        self._archive = archive
        self._kept: Set[int] = set()
        self._wanted = head_hash.strip().lower()
        self._seen = not self._wanted or (archive is not None and self._wanted == last)

    def add(self, found: Break) -> None:
        """Note a break."""
        self._broken += 1
        if len(self._breaks) < MAX_BREAKS:
            self._breaks.append(found)

    def take_kept(self, row: Sequence[Any], remaining: Mapping[int, str]) -> None:
        """Take a record that was archived and is still there: the chain says which, by their
        hashes."""
        self._records += 1
        number, hash_ = row[_SEQ], row[-1]
        self._kept.add(number)
        self._seen = self._seen or hash_ == self._wanted
        if remaining.get(number) != hash_:
            message = (
                f"Record {number} was changed or put in: it was archived, and is not what remained "
                "here then."
            )
            self.add(Break(number, BreakKind.CHANGED, message))
        elif _hash_or_none(row[:-1]) != hash_:
            self.add(Break(number, BreakKind.CHANGED, _changed(number)))

    def miss_kept(self, remaining: Mapping[int, str]) -> None:
        """Name those of them that are gone."""
        for number in sorted(set(remaining) - self._kept):
            message = f"Record {number}, which remained here when it was archived, is missing."
            self.add(Break(number, BreakKind.MISSING, message))

    def confirm(self, documents: Callable[[], Iterable[Sequence[Any]]]) -> bool:
        """Take the records of a block if nothing is wrong with any; else take none, and False."""
        seq, last, at, seen = self._seq, self._last, self._at, self._seen
        try:
            for here, when, previous, hash_, document in documents():
                if here != seq + 1 or previous != last or when < at:
                    return False
                if sha256(document.encode()).hexdigest() != hash_:
                    return False
                seq, last, at = here, hash_, when
                seen = seen or hash_ == self._wanted
        except (AttributeError, TypeError, ValueError, sqlite3.Error):
            # SQLite lets anyone put what is no text into a text column, and makes no JSON of it.
            return False
        self._records += seq - self._seq
        self._seq, self._last, self._at, self._seen = seq, last, at, seen
        return True

    def take(self, row: Sequence[Any]) -> None:
        """Take the next record, with the columns of HASHED and then `hash`."""
        self._records += 1
        for found in _breaks(row, self._seq, self._last, self._at):
            self.add(found)
        self._seq, self._last, self._at = row[_SEQ], row[-1], row[_AT]
        self._seen = self._seen or self._last == self._wanted

    def report(self) -> ChainReport:
        """What was found, with the noted hash missing where it was not seen."""
        breaks, broken = list(self._breaks), self._broken
        if not self._seen:
            broken += 1
            message = (
                "No record has the hash that was noted: records after it were cut off, or the "
                "chain was rebuilt."
            )
            if self._archive is not None:
                message += " If it is of an archived record, --archives of audit verify finds it."
            breaks.append(Break(self._seq, BreakKind.HEAD_GONE, message))
        return ChainReport(
            self._records, self._seq, self._last, broken, tuple(breaks), self._archive
        )


def _breaks(row: Sequence[Any], seq: int, last: str, at: str) -> Iterator[Break]:
    """What is wrong with a record that should follow record `seq`, with that one's hash and
    time."""
    number = row[_SEQ]
    if number != seq + 1:
        yield Break(number, BreakKind.MISSING, _gap(seq, number))
    elif row[_PREVIOUS] != last:
        message = (
            f"Record {number} does not continue record {seq}: one of the two was changed or put in."
        )
        yield Break(
            number,
            BreakKind.UNLINKED,
            message if seq else f"Record {number} does not begin a chain.",
        )
    if _hash_or_none(row[:-1]) != row[-1]:
        yield Break(number, BreakKind.CHANGED, _changed(number))
    # A chain made by opsroom never goes back in time.
    elif isinstance(at, str) and row[_AT] < at:
        yield Break(number, BreakKind.OUT_OF_TIME, f"Record {number} is dated before record {seq}.")


def _changed(number: int) -> str:
    return f"Record {number} was changed or put in by hand: its hash does not match its content."


def _gap(seq: int, number: int) -> str:
    if number < 1:
        return f"Record {number} was put in: the first record is number 1."
    first, final = seq + 1, number - 1
    return (
        f"Record {first} is missing."
        if first == final
        else f"Records {first} to {final} are missing."
    )


def canonical(values: Sequence[Any]) -> str:
    """The JSON text of which a record's hash is made, from the columns of HASHED."""
    return _encode(dict(zip(HASHED, values)))


def _hash(values: Sequence[Any]) -> str:
    return sha256(canonical(values).encode("utf-8")).hexdigest()


def _hash_or_none(values: Sequence[Any]) -> Optional[str]:
    # SQLite lets anyone put bytes, or bytes that are no text, into a text column.
    try:
        return _hash(values)
    except (TypeError, ValueError):
        return None
