"""Examines an installation without StackStorm: `python -m opsroom.doctor FILE`. Changes nothing."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Optional, Sequence
from urllib.parse import quote

from .action import default_database
from .check import check_file, report
from .commands import KINDS, Context
from .commands.doctor import examinations_of, examine
from .commands.doctor.findings import State, lines
from .config import load
from .config.problems import references_in
from .db.url import read_address
from .people import Speaker
from .secrets import redactor_for
from .stackstorm.chat import NoRoom


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command. Exit status 0 when nothing is wrong, 1 when something is, 2 when the file is no
    config."""
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.doctor", description=__doc__.splitlines()[0]
    )
    parser.add_argument("file", type=Path, help="the pack's config, an opsroom.yaml")
    parser.add_argument(
        "--database",
        default="",
        help="the URL of the database, where the config does not have it as it is",
    )
    given = parser.parse_args(arguments)
    found, mistakes, warnings = check_file(given.file)
    if mistakes:
        _print(report(given.file, mistakes, warnings))
        return 2
    unknown = sorted(set(references_in(found.config)))
    if unknown:
        # A name of the datastore in the place of a key would be refused, and say nothing.
        _print(
            [
                f"{given.file} takes {len(unknown)} values from StackStorm's datastore, "
                f"{unknown[0]} among them.",
                "Only StackStorm can fill them in: st2 run opsroom.doctor",
            ]
        )
        return 2
    settings = load(found.config, KINDS)
    url = given.database or settings.database or default_database()
    address = read_address(url)
    stranger = _stranger(address.path)
    if stranger:
        _print([stranger])
        return 2
    if address.path and not os.path.exists(address.path):
        # Made by this user, it would be closed to the one that StackStorm's actions run as.
        url = f"sqlite:///{quote(address.path)}?mode=ro"
    nobody = Speaker("the doctor", None, "", "", "", through_relay=False)
    context = Context(
        settings=settings,
        speaker=nobody,
        database=url,
        room=NoRoom(),
    )
    try:
        findings = examine(examinations_of(context))
    finally:
        context.close()
    redactor = redactor_for(found.config)
    _print([redactor.text(one) for one in lines(findings)])
    return 1 if any(one.state is State.WRONG for one in findings) else 0


def _stranger(path: str) -> str:
    """Why this user may not examine: asking a repository makes a mirror of it where it is deployed,
    which StackStorm's user could not write to then."""
    if not path or not os.path.exists(path) or os.stat(path).st_uid == os.geteuid():
        return ""
    owner = os.stat(path).st_uid
    return f"{path} is of another user: run this as its owner, sudo -u '#{owner}' ..."


def _print(shown: Sequence[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for line in shown:
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


if __name__ == "__main__":
    sys.exit(main())
