"""The file of an archive: JSON lines, compressed with gzip, that anyone can read and verify.

The first line says what the file is: `opsroom_archive` is the version of the format; `first` and
`last` are the numbers of its records, `since` and `until` their times; `previous_hash` is that of
the record before the first (64 zeros for record 1), `head_hash` that of the last; `chain` is the
hash of record 1, `place` the database in words; `made_at`, `made_by`, `pack`; `about` says how to
verify it. Each line after it is a record: `hash`, and then exactly what the hash is made of.

A hash is the SHA-256 of the line without `hash`, as it stands: canonical JSON, which
`records/chain/__init__.py` describes.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple

from ..db.sql import clean
from ..errors import Code, Failure, Refusal
from ..records.chain import HASHED, canonical
from ..structs import dataclass

PREFIX, SUFFIX = "opsroom-archive-", ".jsonl.gz"
_FORMAT = "opsroom_archive"
_VERSION = 1
_ABOUT = (
    "Each line after this one is a record of opsroom. Its hash is the SHA-256, in hexadecimal "
    "digits, of the rest of the line as JSON with sorted names, without blanks, in UTF-8; its "
    "previous_hash is the hash of the record before it."
)
_MODE = 0o640
_SEQ = HASHED.index("seq")
_LEVEL = 6
# A line is longer only in a file that is no archive.
_MAX_LINE = 50_000_000
_START = '{"hash":"'
_HASH_END = len(_START) + 64


@dataclass(frozen=True)
class Header:
    """The first line; see the head of this module."""

    first: int
    last: int
    since: str
    until: str
    previous_hash: str
    head_hash: str
    chain: str
    place: str
    made_at: str
    made_by: str
    pack: str


# What is done with each record: its number, its hash, and its JSON text without the hash.
OnRecord = Callable[[int, str, str], None]


def file_name(first: int, last: int) -> str:
    """The name of the file with these records; names sort as records do."""
    return f"{PREFIX}{first:010d}-{last:010d}{SUFFIX}"


def pattern(first: int) -> str:
    """What the names of files look like that begin with record `first`."""
    return f"{PREFIX}{first:010d}-*{SUFFIX}"


def write_archive(path: Path, header: Header, rows: Iterable[Sequence[Any]]) -> None:
    """Write a file and wait until it is on the disk. `rows` are the records in order, with the
    columns of HASHED and then `hash`; memory does not grow with them.

    Raises Refusal(record_broken) for a record whose hash does not fit, or that does not continue
    the one before; Refusal(not_accepted) for one that is too large to be read again;
    Failure(store_unreachable). Whatever is raised, nothing is left of the file.
    """
    walk = _Walk(header, "the database")
    first_line = {_FORMAT: _VERSION, **asdict(header), "about": _ABOUT}
    try:
        # Never into a file that another process writes.
        with path.open("xb") as out, _gone_on_error(path):
            os.fchmod(out.fileno(), _MODE)
            # No name and no time in it: the same records make the same bytes.
            with gzip.GzipFile("", "wb", _LEVEL, out, mtime=0) as packed:
                packed.write(f"{clean(json.dumps(first_line, ensure_ascii=False))}\n".encode())
                for row in rows:
                    text, hash_ = _text(row), str(row[-1])
                    walk.take(text, hash_)
                    line = f'{_START}{hash_}",{text[1:]}\n'.encode()
                    if len(line) > _MAX_LINE:
                        message = f"Record {row[_SEQ]} is too large for an archive."
                        raise Refusal(Code.NOT_ACCEPTED, message)
                    packed.write(line)
            walk.end()
            out.flush()
            os.fsync(out.fileno())
            if hasattr(os, "posix_fadvise"):  # Linux
                # So that what is read back comes from the disk.
                os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        raise _unusable(path, "written", error) from error


@contextmanager
def _gone_on_error(path: Path) -> Iterator[None]:
    """Half a file does not keep a disk full."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def read_archive(path: Path, on_record: Optional[OnRecord] = None) -> Tuple[Header, str]:
    """Read a whole file and verify all of it: its header, and the SHA-256 of its bytes. Memory does
    not grow with it.

    Raises Refusal(record_broken) with what is wrong, and with which record; Refusal(not_accepted)
    for a file that is no archive; Failure(store_unreachable) for one that cannot be read.
    """
    try:
        digest = digest_of(path)[1]
        with gzip.open(path, "rb") as packed:
            header = _header(packed.readline(_MAX_LINE), path)
            walk = _Walk(header, str(path))
            while True:
                line = packed.readline(_MAX_LINE)
                if not line:
                    break
                text, hash_ = _parts(line, walk)
                number = walk.take(text, hash_)
                if on_record is not None:
                    on_record(number, hash_, text)
    except (EOFError, zlib.error) as error:
        raise _broken(f"{path} is damaged: it cannot be unpacked to its end.") from error
    except gzip.BadGzipFile as error:
        raise _broken(f"{path} is damaged, or was not compressed with gzip.") from error
    except OSError as error:
        raise _unusable(path, "read", error) from error
    walk.end()
    return header, digest


def digest_of(path: Path) -> Tuple[int, str]:
    """Size and SHA-256 of a file. Raises Failure(store_unreachable)."""
    found, size = sha256(), 0
    try:
        with path.open("rb") as file:
            while True:
                block = file.read(1 << 20)
                if not block:
                    return size, found.hexdigest()
                found.update(block)
                size += len(block)
    except OSError as error:
        raise _unusable(path, "read", error) from error


class _Walk:
    """A walk along the records of a file, each checked against its hash and the one before."""

    def __init__(self, header: Header, where: str) -> None:
        self._header, self._where = header, where
        self._seq, self._last, self._at = header.first - 1, header.previous_hash, ""

    def take(self, text: str, hash_: str) -> int:
        """Take the next record; its number."""
        try:
            values = json.loads(text)
            number, at, previous = values["seq"], values["at"], values["previous_hash"]
            kinds = tuple(map(type, values.values()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self.broken("is no record") from error
        if tuple(values) == HASHED and (
            kinds not in _KINDS or (values["milliseconds"] or 0) not in _WHOLE_NUMBERS
        ):
            raise self.broken("is no record")
        if number != self._seq + 1:
            raise self.broken(f"is missing: record {number} is in its place")
        if tuple(values) != HASHED or sha256(text.encode()).hexdigest() != hash_:
            raise self.broken("was changed: its hash does not match its content")
        if previous != self._last:
            raise self.broken("does not continue the one before it")
        if at < self._at:
            raise self.broken("is dated before the one before it")
        if number == self._header.first and at != self._header.since:
            raise self.broken("is not from when the first line says")
        if number == 1 and hash_ != self._header.chain:
            raise self.broken("does not begin the chain that the first line names")
        self._seq, self._last, self._at = number, hash_, at
        return self._seq

    def end(self) -> None:
        """Whether all of them were there."""
        header = self._header
        if self._seq != header.last:
            raise self.broken("is missing: the file ends before it")
        if (self._last, self._at) != (header.head_hash, header.until):
            message = f"{self._where}: record {self._seq} is not the last one that it should have."
            raise _broken(message)

    def broken(self, what: str) -> Refusal:
        """What is wrong with the next record."""
        return _broken(f"{self._where}: record {self._seq + 1} {what}.")


def _kinds(milliseconds: type) -> Tuple[type, ...]:
    whole = {"seq": int, "milliseconds": milliseconds}
    return tuple(whole.get(name, str) for name in HASHED)


# What a record's values are, in the order of HASHED; a file from elsewhere may hold anything.
_KINDS = (_kinds(int), _kinds(type(None)))
_WHOLE_NUMBERS = range(-(2**63), 2**63)


def _text(row: Sequence[Any]) -> str:
    try:
        text = canonical(row[:-1])
        text.encode()
    except (TypeError, ValueError):
        # SQLite lets anyone put what is no text into a text column.
        return "{}"
    return text


def _parts(line: bytes, walk: _Walk) -> Tuple[str, str]:
    """The JSON text of a record without its hash, and the hash."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise walk.broken("is no text") from error
    if not text.startswith(_START) or text[_HASH_END : _HASH_END + 2] != '",' or text[-1] != "\n":
        raise walk.broken("is no record")
    return "{" + text[_HASH_END + 2 : -1], text[len(_START) : _HASH_END]


def _header(line: bytes, path: Path) -> Header:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or _FORMAT not in found:
        raise Refusal(Code.NOT_ACCEPTED, f"{path} is no archive of opsroom.")
    if found[_FORMAT] != _VERSION:
        message = f"{path} is an archive of a newer opsroom (format {found[_FORMAT]!r})."
        raise Refusal(Code.NOT_ACCEPTED, message, "Use that version.")
    return Header(**_values(found, path))


def _values(found: Mapping[str, Any], path: Path) -> Dict[str, Any]:
    kinds = {"str": str, "int": int}
    for one in fields(Header):
        if not isinstance(found.get(one.name), kinds[str(one.type)]):
            raise _broken(f"The first line of {path} lacks {one.name}.")
    return {one.name: found[one.name] for one in fields(Header)}


def _broken(message: str) -> Refusal:
    return Refusal(
        Code.RECORD_BROKEN, message, "Use another copy of the file, such as one from a backup."
    )


def _unusable(path: Path, what: str, error: OSError) -> Failure:
    why = error.strerror or type(error).__name__
    return Failure(Code.STORE_UNREACHABLE, f"{path} cannot be {what} ({why}).")
