"""The record for auditors without StackStorm: python -m opsroom.audit report|verify --database URL
...

Needs only the folder actions/lib on PYTHONPATH, psycopg for a record in PostgreSQL, and Jinja2 for
a report as a page. Exits with 0 when the record is intact and complete, with 1 when it is broken or
incomplete (or a noted hash is missing), with 2 when that could not be determined.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import List, Optional

from ..archive.proof import Proof, prove
from ..db.store import open_store
from ..errors import OpsroomError
from ..html import write
from ..text import stamp
from .heads import Head, keep_head, named_heads, verify_record
from .period import read_period
from .render import FORMATS, file_name, render
from .report import headline, make_report, verdict


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        return _report(given) if given.command == "report" else _verify(given)
    except OpsroomError as error:
        print(error.sentence(), file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.audit", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="the changes of a period as a file")
    report.add_argument(
        "--since", required=True, help="a month (2026-11), a day, a year or a moment, in UTC"
    )
    report.add_argument(
        "--until", default="", help="the last day, month or year; without it, all of --since"
    )
    report.add_argument("--environment", default="", help="only this one")
    report.add_argument("--format", choices=FORMATS, default="html")
    report.add_argument(
        "--folder", type=Path, default=Path("."), help="where the file goes; - for standard output"
    )
    report.add_argument(
        "--web", default="", help="the address of StackStorm's web interface, for links"
    )
    verify = commands.add_parser("verify", help="check every record and every noted hash")
    verify.add_argument(
        "--record", type=int, default=0, help="the number of the record that --head is of"
    )
    verify.add_argument(
        "--keep", action="store_true", help="add the newest hash to the file of --heads"
    )
    for one in (report, verify):
        one.add_argument(
            "--database", required=True, help="such as sqlite:////path/opsroom.db?mode=ro"
        )
        one.add_argument("--head", default="", help="a hash noted earlier")
    verify.add_argument(
        "--archives", type=Path, help="the folder of the archives, to verify them too"
    )
    verify.add_argument(
        "--heads", type=Path, help="a file of noted hashes, one a line: when, record, hash"
    )
    return parser


def _report(given: argparse.Namespace) -> int:
    period = read_period(given.since, given.until)
    link = (f"{given.web.rstrip('/')}/#/history/", "/general") if given.web else ("", "")
    store = open_store(given.database)
    try:
        report = make_report(store, period, given.environment, given.head, link)
    finally:
        store.close()
    content = render(report, given.format)
    summary = f"{period.title}, {report.scope}: {headline(report)} {verdict(report)}"
    if str(given.folder) == "-":
        sys.stdout.buffer.write(content)
        print(summary, file=sys.stderr)
    else:
        print(summary)
        print(write(given.folder, file_name(report, given.format), content))
    return 0 if report.complete else 1


def _verify(given: argparse.Namespace) -> int:
    # The first time that a hash is kept, there is none to compare with.
    first = given.keep and given.heads and not given.heads.exists()
    heads = named_heads(None if first else given.heads, given.head, given.record)
    store = open_store(given.database)
    try:
        with store.read() as connection:
            now = store.now(connection)
            proof = Proof((), tuple(heads))
            if given.archives:
                proof = prove(connection, given.archives, heads)
            found = verify_record(connection, proof.heads, proof.breaks, now)
    finally:
        store.close()
    chain = found.chain
    places = "1 place" if found.broken == 1 else f"{found.broken} places"
    state = "holds" if found.ok else f"is BROKEN in {places}"
    compared = found.heads + proof.compared
    print(f"The record {state}: {chain.records} records, {compared} noted hashes compared.")
    if chain.archive is not None:
        print(f"{chain.archive.text}.")
    if proof.files:
        files = "1 archive" if proof.files == 1 else f"{proof.files} archives"
        if proof.read < proof.files:
            files = f"{proof.read} of {files}"
        print(f"Verified as well: {files} with {proof.records} records.")
    if found.archived:
        what = f"{found.archived} noted hashes are of archived records"
        print(f"{what} and were not compared: --archives compares them.")
    for one in found.breaks:
        print(one.message)
    for jump in found.jumps:
        print(jump.message)
    print(f"Newest: record {chain.head}, {chain.head_hash}")
    if given.keep and given.heads and found.ok and chain.records:
        keep_head(given.heads, Head(chain.head_hash, chain.head, stamp(now)), store.place)
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main())
