"""What a backup says about itself, in a file beside it: enough to tell that it is whole, and which
record it ends with, without opening it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Dict

from ..archive.file import digest_of
from ..errors import Code, Refusal
from ..html import write
from ..structs import dataclass

SUFFIX = ".json"
# How a note begins; another number is of another opsroom.
_FORMAT = "opsroom_backup"
_VERSION = 1


@dataclass(frozen=True)
class Note:
    """A backup: the file's name, size in bytes and SHA-256; when it was made (ISO 8601, UTC), of
    which database, in words; its dialect and migration; how many records it has, and number and
    hash of the newest (0 and 64 zeros where it has none). `intact` is whether the chain held."""

    file: str
    size: int
    sha256: str
    made_at: str
    place: str
    dialect: str
    revision: str
    records: int
    head: int
    head_hash: str
    intact: bool
    pack: str


def note_path(backup: Path) -> Path:
    """Where the note of a backup is."""
    return backup.with_name(backup.name + SUFFIX)


def write_note(folder: Path, note: Note) -> None:
    """Put a note beside its backup. Raises Failure(store_unreachable)."""
    text = json.dumps({_FORMAT: _VERSION, **asdict(note)}, indent=2, ensure_ascii=False)
    write(folder, note.file + SUFFIX, f"{text}\n".encode(), "note of the backup")


def read_note(backup: Path) -> Note:
    """The note of a backup, and the proof that the file is the one that it is about.

    Raises Refusal(not_accepted) for a file without a note, or one that is not what it was.
    """
    path = note_path(backup)
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        message = f"{backup} has no note beside it ({path.name})."
        raise Refusal(
            Code.NOT_ACCEPTED, message, "Copy the note together with the backup."
        ) from error
    except (OSError, ValueError) as error:
        raise Refusal(Code.NOT_ACCEPTED, f"The note {path} cannot be read.") from error
    note = _note_in(found, path)
    size, digest = digest_of(backup)
    if (size, digest) != (note.size, note.sha256):
        message = f"{backup} is not what it was when it was made: its {_difference(note, size)}."
        raise Refusal(Code.NOT_ACCEPTED, message, "Use another copy of it, or an older backup.")
    return note


def _difference(note: Note, size: int) -> str:
    if size != note.size:
        return f"size is {size:,} bytes instead of {note.size:,}"
    return "content has another SHA-256"


def _note_in(found: Any, path: Path) -> Note:
    if not isinstance(found, dict) or found.get(_FORMAT) != _VERSION:
        raise Refusal(Code.NOT_ACCEPTED, f"{path} is no note of a backup of this opsroom.")
    kinds = {"str": str, "int": int, "bool": bool}
    values: Dict[str, Any] = {}
    for one in fields(Note):
        value = found.get(one.name)
        if not isinstance(value, kinds[str(one.type)]):
            raise Refusal(Code.NOT_ACCEPTED, f"{path} lacks {one.name}.")
        values[one.name] = value
    return Note(**values)
