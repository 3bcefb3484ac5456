"""Backups of the record: python -m opsroom.backup make|check|restore|move|reopen ...

The database is that of --database, or of the environment variable OPSROOM_DATABASE, which others on
the machine do not see. Exits with 0 when it is done, with 1 when what was backed up is broken,
with 2 when nothing was done.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import List, Optional

from ..audit.heads import named_heads
from ..db.store import CLOSED, Store
from ..db.url import read_address
from ..errors import OpsroomError
from .closure import refuse_restoring, reopen_database
from .make import make, refuse_missing
from .move import move
from .note import read_note
from .restore import restore

_VARIABLE = "OPSROOM_DATABASE"
_TO_VARIABLE = "OPSROOM_NEW_DATABASE"


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; returns the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if "database" in given and not given.database:
        parser.error(f"--database or {_VARIABLE} has to name the database")
    if "to" in given and not given.to:
        parser.error(f"--to or {_TO_VARIABLE} has to name the new database")
    if "record" in given and given.record and not given.head:
        parser.error("--record is the number of the record of --head, which is missing")
    try:
        return int(_COMMANDS[given.command](given))
    except OpsroomError as error:
        print(error.sentence(), file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.backup", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("make", help="back the database up while commands run")
    one.add_argument("--folder", type=Path, required=True, help="where the backup goes")
    check = commands.add_parser("check", help="whether a backup is what it was when it was made")
    back = commands.add_parser("restore", help="put a backup into a new or empty database")
    for each in (check, back):
        each.add_argument("backup", type=Path, help="the file; its note lies beside it")
    back.add_argument("--heads", type=Path, help="a file of hashes noted elsewhere")
    back.add_argument("--head", default="", help="a hash noted elsewhere")
    back.add_argument("--record", type=int, default=0, help="the number of the record of --head")
    back.add_argument("--because", default="", help="why records may be missing; it is recorded")
    for each in (one, back):
        each.add_argument("--programs", default="", help="the folder of pg_dump and pg_restore")
    other = commands.add_parser("move", help="move everything into another, empty database")
    other.add_argument(
        "--to",
        default=os.environ.get(_TO_VARIABLE, ""),
        help=f"the URL of the new database; with a password rather in {_TO_VARIABLE}",
    )
    again = commands.add_parser("reopen", help="let a database be used again that was closed")
    for each in (one, back, other, again):
        each.add_argument(
            "--database",
            default=os.environ.get(_VARIABLE, ""),
            help="such as sqlite:////opt/stackstorm/opsroom/opsroom.db",
        )
    return parser


def _make(given: argparse.Namespace) -> int:
    note = make(
        read_address(given.database), given.folder, datetime.now(timezone.utc), given.programs
    )
    print(given.folder / note.file)
    print(f"{note.records} records; newest: record {note.head}, {note.head_hash}")
    if not note.intact:
        print("The chain is BROKEN: python -m opsroom.audit verify says where.", file=sys.stderr)
    return 0 if note.intact else 1


def _check(given: argparse.Namespace) -> int:
    note = read_note(given.backup)
    state = "holds" if note.intact else "was BROKEN"
    print(f"{given.backup} is whole; its chain {state} when it was made, at {note.made_at}.")
    print(f"{note.records} records; newest: record {note.head}, {note.head_hash}")
    return 0 if note.intact else 1


def _restore(given: argparse.Namespace) -> int:
    heads = named_heads(given.heads, given.head, given.record)
    restored = restore(
        given.backup,
        read_address(given.database),
        heads,
        given.because,
        _user(),
        given.programs,
    )
    note = restored.note
    print(f"Restored {note.records} records; newest: record {note.head}, {note.head_hash}")
    if note.revision.startswith(CLOSED):
        print("It is closed, as it was when it was backed up: reopen lets it be used.")
    if not heads:
        print("No noted hash was compared: nothing shows whether later records are missing.")
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, whose users have no names
        return str(os.getuid())


def _move(given: argparse.Namespace) -> int:
    moved = move(given.database, given.to)
    for table, number in moved.rows.items():
        if number:
            print(f"{number:>10,} {table}")
    print(f"Newest: record {moved.head}, {moved.head_hash}")
    print("The old database is closed. Set 'database' in the config to the new one.")
    return 0


def _reopen(given: argparse.Namespace) -> int:
    address = read_address(given.database)
    refuse_missing(address)
    store = Store(address)
    try:
        with store.write() as on:
            refuse_restoring(on, store.place, "Restore the backup into an empty database.")
            closed = reopen_database(on)
    finally:
        store.close()
    print("It can be used again." if closed else "It was not closed.")
    return 0


_COMMANDS = {
    "make": _make,
    "check": _check,
    "restore": _restore,
    "move": _move,
    "reopen": _reopen,
}


if __name__ == "__main__":
    sys.exit(main())
