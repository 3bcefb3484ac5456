"""From a config file to a session that can be talked to."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List

from opsroom.check import check_file, report

from .aliases import PackError, load_pack
from .session import Session


class CannotOpen(Exception):
    """A config or a pack that cannot be used; `problems` has one sentence for each complaint."""

    def __init__(self, problems: List[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def open_session(
    config: Path,
    pack: Path,
    database: str = "",
    speaker: str = "",
    room: str = "",
    warn: Callable[[str], None] = lambda line: None,
) -> Session:
    """A session over a pack's folder, with the config checked first. Raises CannotOpen.

    `warn` gets what is doubtful in the config, a line for each doubt.
    """
    found, mistakes, warnings = check_file(config, references=False)
    if mistakes:
        raise CannotOpen(report(config, mistakes, warnings)[:-1])
    raw = found.config
    if warnings:
        for line in report(config, mistakes, warnings)[:-1]:
            warn(line)
    try:
        loaded = load_pack(pack)
    except PackError as error:
        raise CannotOpen(error.problems) from None
    people = [str(name) for name in raw.get("people") or {}]
    return Session(
        pack=loaded,
        config=raw,
        database=database,
        speaker=speaker or (people[0] if people else "you"),
        room=room or str(raw.get("announce") or "#general"),
    )
