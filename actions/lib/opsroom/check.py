"""Checks a config file before StackStorm registers it: `python -m opsroom.check FILE`. Changes
nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

from .commands import KINDS
from .config import load, registration
from .config.checks import advice
from .config.problems import Problems, is_reference, references_in
from .config.yaml_file import ConfigFile, Note, UnreadableFile, is_within, read_config_file
from .db.url import read_address
from .errors import OpsroomError, Refusal
from .structs.patterns import lazy_pattern

_UNKNOWN = (
    "StackStorm takes this from its datastore, so it cannot be checked here; nor can how the "
    "rules of this config fit "
    "together"
)
_NO_JSONSCHEMA = (
    "the schema by which StackStorm checks a config was not looked at: the Python "
    "package jsonschema is missing"
)
_RELATIVE = (
    "database: with three slashes the path begins in whatever folder a command is started in; with "
    "four, as in sqlite:////opt/stackstorm/opsroom/opsroom.db, it is absolute"
)
_RELATIVE_FILE = lazy_pattern(r"sqlite(\+pysqlite)?:///(?!/)")


def check_file(path: Path, references: bool = True) -> Tuple[ConfigFile, List[Note], List[Note]]:
    """The config of a file, what is wrong with it, and what is doubtful, each in the order of the
    lines.

    With `references`, names of StackStorm's datastore stand for values that are not known yet. A
    file that cannot be read has an empty config and one mistake. No text has the value of a secret
    field in it.
    """
    try:
        found = read_config_file(path)
    except UnreadableFile as error:
        return ConfigFile(), [error.note], []
    mistakes, warnings = list(found.duplicates), list(found.warnings)
    problems = Problems(list(references_in(found.config)) if references else ())
    complaints: List[str] = []
    try:
        settings = load(found.config, KINDS, problems)
    except OpsroomError as error:
        complaints = [str(one) for one in error.facts.get("problems", [])] or [error.message]
    else:
        doubts = [f"{key}: {_UNKNOWN}" for key in problems.unknown] or advice(
            settings, found.config
        )
        warnings += [Note(found.line_of(one), one) for one in doubts]
    if not any(one.startswith("database:") for one in complaints):
        wrong, doubtful = _of_database(found.config.get("database"))
        complaints += wrong
        warnings += [Note(found.line_of(one), one) for one in doubtful]
    try:
        complaints += _of_registration(found, complaints)
    except ImportError:
        warnings.append(Note(0, _NO_JSONSCHEMA))
    mistakes += [Note(found.line_of(one), one) for one in complaints]
    return found, sorted(mistakes, key=_line), sorted(warnings, key=_line)


def _of_database(url: Any) -> Tuple[List[str], List[str]]:
    """What is wrong and what is doubtful about the address of the database. Commands read it when
    they open the database; here it is read with the file."""
    if not isinstance(url, str) or not url.strip() or is_reference(url):
        return [], []
    try:
        read_address(url)
    except Refusal as error:
        return [error.sentence()], []
    return [], [_RELATIVE] if _RELATIVE_FILE.match(url.strip()) else []


def _of_registration(found: ConfigFile, complaints: Sequence[str]) -> List[str]:
    """What StackStorm refuses beyond what opsroom has complained of, at the same place or around it
    or below it."""
    known = [found.place_of(one) for one in complaints]
    more: List[str] = []
    for place, what in registration.complaints(found.config):
        if not any(is_within(place, one) or is_within(one, place) for one in known):
            known.append(place)
            more.append(f"{place}: {what}")
    return more


def report(path: Path, mistakes: Sequence[Note], warnings: Sequence[Note]) -> List[str]:
    """One line for each note, `FILE:LINE: what`, and one that sums up."""
    lines = [_shown(path, one, "") for one in mistakes] + [
        _shown(path, one, "warning: ") for one in warnings
    ]
    doubts = f"{len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'}"
    if mistakes:
        wrong = f"{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'}"
        return [*lines, f"{path} is refused: {wrong}, {doubts}."]
    return [*lines, f"{path} can be registered: no mistakes, {doubts}."]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command. Exit status 0 when the file can be registered, 1 when it is refused."""
    parser = argparse.ArgumentParser(prog="python -m opsroom.check", description=__doc__)
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the pack's config, an opsroom.yaml"
    )
    path = parser.parse_args(arguments).file
    _, mistakes, warnings = check_file(path)
    for line in report(path, mistakes, warnings):
        # A terminal may know fewer letters than the file has.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    return 1 if mistakes else 0


def _line(note: Note) -> int:
    return note.line


def _shown(path: Path, note: Note, sort: str) -> str:
    return f"{path}:{note.line}: {sort}{note.text}" if note.line else f"{path}: {sort}{note.text}"


if __name__ == "__main__":
    sys.exit(main())
