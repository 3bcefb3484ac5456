"""Delivery figures without StackStorm: python -m opsroom.metrics --on production --for 90d ...

Needs only the folder actions/lib on PYTHONPATH, psycopg for a record in PostgreSQL, and Jinja2 for
a page. It reads no config: applications are named one by one, and without --of all that were
deployed there count. Exits with 0, or with 2 where the figures could not be made.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import List, Optional

from ..audit.period import read_period
from ..db.store import open_store
from ..errors import Code, OpsroomError, Refusal
from ..html import write
from ..names import comparable, listed, shown
from ..times.zones import is_zone, zone
from .model import Scope
from .render import FORMATS, file_name, render
from .report import make_report
from .text import room_text


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        return _report(given)
    except OpsroomError as error:
        print(error.sentence(), file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.metrics", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--database", required=True, help="sqlite:////path/opsroom.db?mode=ro")
    parser.add_argument("--of", action="append", default=[], metavar="APP", help="may be repeated")
    parser.add_argument("--on", default="production", metavar="ENVIRONMENT")
    parser.add_argument(
        "--for",
        dest="since",
        default="90d",
        metavar="PERIOD",
        help="90d, last quarter, 2026-Q3, 2026-11; with --until where it begins",
    )
    parser.add_argument("--until", default="", help="the last day, month, quarter or year")
    parser.add_argument("--timezone", default="UTC", help="whose days count; by default UTC")
    parser.add_argument("--format", choices=FORMATS, default="html")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write a file there; - for standard output"
    )
    return parser


def _report(given: argparse.Namespace) -> int:
    if not is_zone(given.timezone):
        message = f"{shown(given.timezone)} is no time zone."
        raise Refusal(Code.INVALID_TIME, message, "For example: --timezone Europe/London")
    place = zone(given.timezone)
    period = read_period(given.since, given.until, zone=place)
    title = f"{listed(given.of)} on {given.on}" if given.of else given.on
    # Without a config an incident is about the application that its record names.
    named = {comparable(one): one for one in given.of}
    scope = Scope(title, given.on, tuple(given.of) or None, named)
    store = open_store(given.database)
    try:
        report = make_report(store, scope, period, place, given.timezone)
    finally:
        store.close()
    if given.out is None:
        print(room_text(report))
    elif str(given.out) == "-":
        sys.stdout.buffer.write(render(report, given.format))
    else:
        print(room_text(report))
        print(write(given.out, file_name(report, given.format), render(report, given.format)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
