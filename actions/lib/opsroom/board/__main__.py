"""The board without StackStorm: python -m opsroom.board CONFIG, for a timer on the machine of the
web server.

It takes the folder actions/lib on PYTHONPATH, Jinja2 and PyYAML, and psycopg for a record in
PostgreSQL. Where the config takes values from StackStorm's datastore, which only StackStorm can
read, the places are not asked what they run: the page shows the record. Exits with 0 when the page
was made, with 1 when it was not, with 2 when the config cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import List, Optional

from ..action import default_database
from ..commands import KINDS, Context
from ..config import load
from ..config.model import Settings
from ..config.problems import Problems, is_reference, references_in
from ..config.yaml_file import UnreadableFile, read_config_file
from ..errors import OpsroomError
from ..people import Speaker
from ..secrets import redactor_for
from .publication import publish


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        raw = read_config_file(given.config).config
        references = list(references_in(raw))
        settings = _narrowed(load(raw, KINDS, Problems(references)), given, bool(references))
    except UnreadableFile as error:
        print(f"{given.config}: {error.note.text}", file=sys.stderr)
        return 2
    except OpsroomError as error:
        print(error.sentence(), file=sys.stderr)
        return 2
    database = given.database or settings.database or default_database()
    if is_reference(database):
        print(
            "The config takes the address of the database from StackStorm's datastore. Give it "
            "here: --database URL",
            file=sys.stderr,
        )
        return 2
    context = Context(settings, _NOBODY, database, mask=redactor_for(raw).data)
    try:
        print(publish(context).message)
    except OpsroomError as error:
        print(error.sentence(), file=sys.stderr)
        return 1
    finally:
        context.close()
    return 0


# Nobody in particular asks: what the page shows, everyone may ask.
_NOBODY = Speaker("the board", None, "", "", "", through_relay=False)


def _narrowed(settings: Settings, given: argparse.Namespace, unknown: bool) -> Settings:
    board = settings.board
    if given.folder:
        board = replace(board, folder=str(given.folder.resolve()))
    if unknown or given.no_ask:
        board = replace(board, ask=False)
    return replace(settings, board=board)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.board", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="the pack's opsroom.yaml")
    parser.add_argument("--database", default="", help="such as sqlite:////path/opsroom.db?mode=ro")
    parser.add_argument("--folder", type=Path, help="where the page goes; without it, board.folder")
    parser.add_argument("--no-ask", action="store_true", help="show the record alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
