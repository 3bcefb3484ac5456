"""Archives of the record: python -m opsroom.archive plan|make|verify|load ...

For plan and make the database is that of --database, or of the environment variable
OPSROOM_DATABASE, which others on the machine do not see. Exits with 0 when it is done, with 1 when
an archive or the record is broken, with 2 when nothing was done.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import List, Optional, Tuple
from urllib.parse import quote

from ..config.fields import Fields
from ..config.problems import Problems
from ..config.readers import read_ledger
from ..config.yaml_file import UnreadableFile, read_config_file
from ..db.store import Store, open_store
from ..db.url import read_address
from ..errors import Code, OpsroomError, Refusal
from .file import Header, read_archive
from .load import load
from .make import make, plan
from .proof import chained

_VARIABLE = "OPSROOM_DATABASE"
_CONFIG = Path("/opt/stackstorm/configs/opsroom.yaml")


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; returns the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if "database" in given and not given.database:
        parser.error(f"--database or {_VARIABLE} has to name the database")
    try:
        return int(_COMMANDS[given.command](given))
    except OpsroomError as error:
        owner = " It takes the role that owns the tables."
        refused = error.code is Code.STORE_READ_ONLY
        print(error.message + owner if refused else error.sentence(), file=sys.stderr)
        return 1 if error.code is Code.RECORD_BROKEN else 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.archive", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("plan", help="what would be archived now; changes nothing")
    one = commands.add_parser("make", help="archive what is older than ledger.keep of the config")
    one.add_argument("--folder", type=Path, required=True, help="where the archives are kept")
    for each in (show, one):
        each.add_argument(
            "--config", type=Path, default=_CONFIG, help=f"the pack's config ({_CONFIG})"
        )
        each.add_argument(
            "--database",
            default=os.environ.get(_VARIABLE, ""),
            help="such as sqlite:////opt/stackstorm/opsroom/opsroom.db, as the owner of the tables",
        )
    verify = commands.add_parser(
        "verify", help="whether archives are whole and continue each other"
    )
    back = commands.add_parser("load", help="put archives into an SQLite database for reading")
    for each in (verify, back):
        each.add_argument("files", type=Path, nargs="+", metavar="FILE")
    back.add_argument("--into", required=True, type=Path, help="a file that is not there yet")
    return parser


def _plan(given: argparse.Namespace) -> int:
    keep = _keep(given.config)
    store = _store(given.database)
    try:
        found = plan(store, keep)
    finally:
        store.close()
    if found is None:
        print("Nothing is due.")
        return 0
    number = found.last - found.first + 1
    print(
        f"{number:,} records are older than {found.before:%Y-%m-%d}: {found.first} to {found.last},"
        f" from {found.since[:10]} to {found.until[:10]}."
    )
    files = "1 file" if found.files == 1 else f"{found.files} files"
    print(
        f"make would put them into {files}, verify that, and take {number - found.stays:,} of them "
        f"out of the database; {found.stays:,} stay, since commands still need them."
    )
    return 0


def _make(given: argparse.Namespace) -> int:
    keep = _keep(given.config)
    store = _store(given.database)
    done = False
    try:
        for archive, gone in make(store, keep, given.folder, _user()):
            done = True
            print(given.folder / archive.file)
            print(
                f"Records {archive.first} to {archive.last} ({archive.since[:10]} to "
                f"{archive.until[:10]}) are in it, verified; {gone:,} left the database. "
                f"Record {archive.record} says so."
            )
    finally:
        store.close()
    if not done:
        print("Nothing is due.")
    return 0


def _verify(given: argparse.Namespace) -> int:
    headers: List[Tuple[Path, Header]] = []
    wrong: List[str] = []
    for path in given.files:
        try:
            header, digest = read_archive(path)
        except OpsroomError as error:
            wrong.append(error.message)
            continue
        headers.append((path, header))
        print(
            f"{path} holds: records {header.first} to {header.last} ({header.since[:10]} to "
            f"{header.until[:10]}), last hash {header.head_hash}, SHA-256 {digest}"
        )
    headers.sort(key=lambda one: one[1].first)
    wrong += chained(headers)
    for message in wrong:
        print(message, file=sys.stderr)
    return 1 if wrong else 0


def _load(given: argparse.Namespace) -> int:
    url = f"sqlite:///{quote(str(given.into.absolute()))}"
    first, last = load(given.files, url)
    print(f"Loaded records {first.first} to {last.last} ({first.since[:10]} to {last.until[:10]}).")
    example = f"audit report --database '{url}' --since {first.since[:4]}"
    print(f"For example: python -m opsroom.{example}")
    return 0


def _keep(path: Path) -> int:
    """`ledger.keep` of the config, in months. Raises Refusal(settings_invalid, not_configured)."""
    try:
        found = read_config_file(path)
    except UnreadableFile as error:
        raise Refusal(Code.SETTINGS_INVALID, f"{path}: {error.note.text}") from error
    problems = Problems()
    keep = read_ledger(Fields(found.config, "", problems)).keep
    lines = [*problems.lines, *(one.text for one in found.duplicates)]
    if lines:
        hint = f"Correct it; python -m opsroom.check {path} names all mistakes."
        raise Refusal(Code.SETTINGS_INVALID, f"{path}: {lines[0]}", hint)
    if not keep:
        raise Refusal(
            Code.NOT_CONFIGURED,
            f"{path} does not say how long records are kept, so they stay for good.",
            "Add ledger: {keep: 7y} to it.",
        )
    return keep


def _store(url: str) -> Store:
    address = read_address(url)
    if address.path and not os.path.exists(address.path):
        message = f"{address.place[0].upper()}{address.place[1:]} does not exist."
        raise Refusal(Code.NOT_ACCEPTED, message, "Is the address right?")
    return open_store(url)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, whose users have no names
        return str(os.getuid())


_COMMANDS = {"plan": _plan, "make": _make, "verify": _verify, "load": _load}


if __name__ == "__main__":
    sys.exit(main())
